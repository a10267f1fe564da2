//! What is said to HTTP proxies. In: a stream to one and where it should lead; out: the stream, leading there, or what
//! requests must say so that the proxy passes them on. Invariant: a failure names the proxy and never its
//! credentials, and nothing that a proxy sends is shown but numbers.

use super::connection::Stream;
use super::endpoint::Endpoint;
use crate::protocol::Problem;
use crate::record::Failure;
use crate::scenario::Proxy;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::StatusCode;
use std::io;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// More than any head of an answer to CONNECT.
const LONGEST: usize = 16 << 10;

/// What requests say to a proxy that passes them on one by one (RFC 9112, section 3.2.2).
#[derive(Debug)]
pub(in crate::protocol) struct Forward {
    /// `http://host:port`, before the path.
    pub(in crate::protocol) origin: String,
    /// The value of `proxy-authorization`.
    pub(in crate::protocol) authorization: Option<String>,
    /// The proxy, without credentials.
    pub(in crate::protocol) proxy: String,
}

impl Forward {
    pub(super) fn new(proxy: &Proxy, endpoint: &Endpoint) -> Self {
        let url = endpoint.url();
        let origin = url.origin().ascii_serialization();
        Self {
            origin,
            authorization: authorization(proxy),
            proxy: proxy.address(),
        }
    }
}

/// What `proxy-authorization` says.
fn authorization(proxy: &Proxy) -> Option<String> {
    let (user, password) = proxy.credentials.as_ref()?;
    let both = BASE64_STANDARD.encode(format!("{user}:{password}"));
    Some(format!("Basic {both}"))
}

/// A problem on the way to a proxy or with it.
pub(super) fn at(proxy: &Proxy, mut problem: Problem) -> Problem {
    problem.detail = format!("the proxy {}: {}", proxy.address(), problem.detail);
    problem
}

/// What a proxy that does not open a way has said.
pub(in crate::protocol) fn refused(proxy: &str, status: StatusCode, to: &str) -> Problem {
    let words = status.canonical_reason().unwrap_or_default();
    let why = match (status.as_u16(), to) {
        (407, _) => "; write its user and password: `proxy: http://user:password@host:port`",
        (403 | 405, "CONNECT") => "; it may not allow tunnels to this port",
        _ => "",
    };
    let said = format!("{} {words}", status.as_u16());
    let detail = format!(
        "the proxy {proxy} answered {} to {to}{why}",
        said.trim_end()
    );
    Problem::new(Failure::Connect, detail)
}

/// Has an HTTP proxy open a tunnel (RFC 9110, section 9.3.6).
pub(super) async fn tunnel(
    proxy: &Proxy,
    endpoint: &Endpoint,
    mut stream: Stream,
) -> Result<Stream, Problem> {
    let broken = |error: io::Error| {
        let detail = format!("the proxy {}, asked for a tunnel: {error}", proxy.address());
        Problem::new(Failure::Connect, detail)
    };
    let authority = endpoint.authority();
    let credentials = authorization(proxy).map_or_else(String::new, |authorization| {
        format!("proxy-authorization: {authorization}\r\n")
    });
    let request = format!("CONNECT {authority} HTTP/1.1\r\nhost: {authority}\r\n{credentials}\r\n");
    stream.write_all(request.as_bytes()).await.map_err(broken)?;
    stream.flush().await.map_err(broken)?;
    let status = answer(&mut stream).await.map_err(broken)?;
    if status.is_success() {
        Ok(stream)
    } else {
        Err(refused(&proxy.address(), status, "CONNECT"))
    }
}

/// The status of the answer to CONNECT. What comes behind a successful head is the other side's, and is not read.
async fn answer(stream: &mut Stream) -> io::Result<StatusCode> {
    let odd = |what: &str| io::Error::other(what.to_owned());
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= LONGEST {
            return Err(odd("the head of its answer does not end"));
        }
        // Byte by byte: once a connection, and never a byte too many.
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(odd("it closed the connection without an answer"));
            }
            Err(error) => return Err(error),
        }
        let line = head.len() >= 5 && !head.starts_with(b"HTTP/");
        if line {
            return Err(odd("its answer is not HTTP"));
        }
    }
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    // The status line comes first: what is wrong behind it does not matter.
    response.parse(&head).ok();
    response
        .code
        .and_then(|code| StatusCode::from_u16(code).ok())
        .ok_or_else(|| odd("its answer is not HTTP"))
}
