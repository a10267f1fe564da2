//! The shop's live feed, `/live`. In: a WebSocket; out: a welcome, what is in stock as it changes, and an answer to
//! each ping. Invariant: a client that does not read, or is gone, costs nothing but its connection.

use super::answer::{self, Answer};
use super::counter;
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_core::Stream as _;
use futures_sink::Sink as _;
use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderValue, StatusCode};
use hyper::body::Incoming;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serde_json::json;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::{Duration, SystemTime};
use tokio_websockets::{CloseCode, Error, Limits, Message, ServerBuilder, WebSocketStream};

/// From one change of the stock to the next.
const PACE: Duration = Duration::from_millis(100);
/// The products whose stock changes.
const PRODUCTS: u64 = 20;
/// The longest message that is read.
const LONGEST: usize = 16 * 1024;
/// What servers put behind a key before they hash it (RFC 6455, 4.2.2).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// Answers a handshake; what follows is spoken by a task of its own.
pub(super) fn open(mut request: http::Request<Incoming>) -> Answer {
    let upgrade = hyper::upgrade::on(&mut request);
    let headers = request.headers();
    let asks = headers
        .get(UPGRADE)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"));
    let Some(key) = headers.get(SEC_WEBSOCKET_KEY).filter(|_| asks) else {
        let words = "this address is a WebSocket; ask for an upgrade";
        let mut refusal = answer::error(StatusCode::UPGRADE_REQUIRED, words);
        answer::set(&mut refusal, UPGRADE, "websocket");
        answer::set(&mut refusal, SEC_WEBSOCKET_VERSION, "13");
        return refusal;
    };
    let accept = STANDARD.encode(digest(
        &SHA1_FOR_LEGACY_USE_ONLY,
        &[key.as_bytes(), GUID].concat(),
    ));
    tokio::spawn(async move {
        if let Ok(upgraded) = upgrade.await {
            let limits = Limits::default().max_payload_len(Some(LONGEST));
            let builder = ServerBuilder::new().limits(limits);
            // How a client leaves is its own affair.
            let _ = speak(builder.serve(TokioIo::new(upgraded))).await;
        }
    });
    let mut answer = answer::body(StatusCode::SWITCHING_PROTOCOLS, "text/plain", "");
    answer.headers_mut().clear();
    answer::set(&mut answer, CONNECTION, "upgrade");
    answer::set(&mut answer, UPGRADE, "websocket");
    if let Ok(accept) = HeaderValue::from_str(&accept) {
        answer.headers_mut().insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    answer
}

async fn speak(mut socket: Socket) -> Result<(), Error> {
    send(&mut socket, json!({ "type": "welcome", "sent_at": now() })).await?;
    let mut ticks = tokio::time::interval(PACE);
    let mut count = 0;
    loop {
        tokio::select! {
            message = receive(&mut socket) => match message {
                None => return Ok(()),
                Some(message) => reply(&mut socket, &message?).await?,
            },
            _ = ticks.tick() => {
                let bits = counter::mix(count);
                count += 1;
                let (product, stock) = (1 + bits % PRODUCTS, (bits >> 32) % 50);
                let change = json!({ "type": "stock", "product": product, "stock": stock, "sent_at": now() });
                send(&mut socket, change).await?;
            }
        }
    }
}

/// Answers `{"type": "ping", "id": …}` with the same id; closes with 1008 on what is no JSON.
async fn reply(socket: &mut Socket, message: &Message) -> Result<(), Error> {
    let Some(text) = message.as_text() else {
        return Ok(());
    };
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(said) if said["type"] == "ping" => {
            let pong = json!({ "type": "pong", "id": said["id"], "sent_at": now() });
            send(socket, pong).await
        }
        Ok(_) => Ok(()),
        Err(_) => {
            let refusal = Message::close(Some(CloseCode::POLICY_VIOLATION), "not JSON");
            put(socket, refusal).await
        }
    }
}

async fn send(socket: &mut Socket, document: serde_json::Value) -> Result<(), Error> {
    put(socket, Message::text(document.to_string())).await
}

async fn put(socket: &mut Socket, message: Message) -> Result<(), Error> {
    poll_fn(|cx| Pin::new(&mut *socket).poll_ready(cx)).await?;
    Pin::new(&mut *socket).start_send(message)?;
    poll_fn(|cx| Pin::new(&mut *socket).poll_flush(cx)).await
}

async fn receive(socket: &mut Socket) -> Option<Result<Message, Error>> {
    poll_fn(|cx| Pin::new(&mut *socket).poll_next(cx)).await
}

/// Milliseconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}
