//! HTTP/2 servers of every kind on loopback, frame by frame: what a request meets there, and what it is called.

mod differential;
mod faults;
mod sharing;

use crate::protocol::http::{Blueprint, Client};
use crate::protocol::transport::TlsSettings;
use crate::protocol::{
    Call, Exchange, Headers, Keep, Location, Opens, Protocol as _, Reach, Session,
};
use crate::scenario::{Connections, Http};
use bytes::Bytes;
use http::Method;
use http::uri::PathAndQuery;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::LocalSet;
use tokio::time::Instant;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW: u8 = 8;
const CONTINUATION: u8 = 9;

const ACK: u8 = 1;
const END: u8 = 1;
const WHOLE: u8 = 4;
const PADDED: u8 = 8;

const NO_ERROR: u32 = 0;
const INTERNAL: u32 = 2;
const REFUSED: u32 = 7;
const CANCEL: u32 = 8;

/// `:status: 200` and `204`, as HPACK has them.
const OK: &[u8] = &[0x88];
const EMPTY: &[u8] = &[0x89];

async fn listen() -> TcpListener {
    TcpListener::bind(("127.0.0.1", 0)).await.unwrap()
}

fn client(listener: &TcpListener, connections: Connections, streams: Option<u32>) -> Client {
    let target = format!("http://{}", listener.local_addr().unwrap());
    let tls = TlsSettings::default();
    let blueprint = Blueprint::new(target.parse().unwrap(), tls, Reach::Any).unwrap();
    let blueprint = blueprint.with_connections(connections);
    Client::new(blueprint.with_http(Http::Two, streams))
}

fn get() -> Call {
    Call {
        step: 0,
        method: Method::GET,
        url: Location::Target(PathAndQuery::from_static("/")),
        headers: Headers::default(),
        body: Bytes::new(),
        plain: None,
        timeout: Duration::from_secs(20),
        redirects: 0,
        keep_body: Keep::Whole,
        opens: Opens::Nothing,
    }
}

fn post(body: Vec<u8>) -> Call {
    Call {
        method: Method::POST,
        body: body.into(),
        plain: None,
        ..get()
    }
}

/// Sends a call as a user who has nothing yet.
async fn send(client: &Client, call: &Call) -> Exchange {
    let mut session = Session::default();
    client.call(call, &mut session, Instant::now()).await
}

/// `name: value` as HPACK has it, not to be remembered.
fn literal(name: &str, value: &str) -> Vec<u8> {
    let mut out = vec![0];
    for text in [name, value] {
        // Lengths from 127 on go on in further bytes.
        let mut length = text.len();
        if length < 127 {
            out.push(length as u8);
        } else {
            out.push(127);
            length -= 127;
            while length >= 128 {
                out.push((length % 128 + 128) as u8);
                length /= 128;
            }
            out.push(length as u8);
        }
        out.extend_from_slice(text.as_bytes());
    }
    out
}

fn status(code: &str) -> Vec<u8> {
    [&[8, 3], code.as_bytes()].concat()
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut out = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    out.extend([kind, flags]);
    out.extend(stream.to_be_bytes());
    out.extend(payload);
    out
}

/// A connection that was accepted.
struct Peer(TcpStream);

impl Peer {
    /// Accepts, reads the preface and says hello.
    async fn accept(listener: &TcpListener, settings: &[(u16, u32)]) -> Self {
        let mut peer = Self::silent(listener).await;
        let payload = settings.iter().flat_map(|(key, value)| {
            let value = value.to_be_bytes();
            key.to_be_bytes().into_iter().chain(value)
        });
        peer.frame(SETTINGS, 0, 0, &payload.collect::<Vec<_>>())
            .await;
        peer
    }

    async fn silent(listener: &TcpListener) -> Self {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut preface = [0; 24];
        stream.read_exact(&mut preface).await.unwrap();
        assert_eq!(&preface, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        Self(stream)
    }

    /// Sends a frame; the client may be gone.
    async fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> bool {
        let bytes = frame(kind, flags, stream, payload);
        self.0.write_all(&bytes).await.is_ok()
    }

    /// The next frame: kind, flags, stream, payload; `None` at the end.
    async fn next(&mut self) -> Option<(u8, u8, u32, Vec<u8>)> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).await.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        self.0.read_exact(&mut payload).await.ok()?;
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        Some((head[3], head[4], stream, payload))
    }

    /// Whether nothing is there to be read.
    async fn is_empty(&mut self) -> bool {
        let mut byte = [0];
        let look = self.0.peek(&mut byte);
        tokio::time::timeout(Duration::from_millis(20), look)
            .await
            .is_err()
    }

    /// The next frame of a kind.
    async fn await_frame(&mut self, kind: u8) -> (u8, u32, Vec<u8>) {
        loop {
            let (own, flags, stream, payload) = self.next().await.expect("no end yet");
            if own == kind {
                return (flags, stream, payload);
            }
        }
    }

    /// The stream of the next request.
    async fn request(&mut self) -> u32 {
        self.await_frame(HEADERS).await.1
    }

    async fn reset(&mut self, stream: u32, code: u32) {
        self.frame(RESET, 0, stream, &code.to_be_bytes()).await;
    }

    async fn go_away(&mut self, last: u32, code: u32) {
        let payload = [last.to_be_bytes(), code.to_be_bytes()].concat();
        self.frame(GOAWAY, 0, 0, &payload).await;
    }

    /// `200` with a body of five bytes.
    async fn answer(&mut self, stream: u32) {
        self.frame(HEADERS, WHOLE, stream, OK).await;
        self.frame(DATA, END, stream, b"hello").await;
    }

    /// Until the client closes.
    async fn stay(&mut self) {
        while self.next().await.is_some() {}
    }
}
