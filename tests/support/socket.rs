//! `WebSockets` that misbehave to order, frame by frame. In: a handshake for `/ws/WHAT`; out: what `WHAT` says. Invariant:
//! frames are written here by hand, so that no library shares its mistakes with the one that is tested.

use super::wire::{Conversation, Seen, Wire};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io;
use std::time::{Duration, SystemTime};

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
/// From one message of the feed to the next.
const PACE: Duration = Duration::from_millis(10);

/// Plays a conversation to its end.
pub(super) async fn play<S: Wire>(talk: &mut Conversation<S>, seen: &Seen) -> io::Result<bool> {
    let what = seen.path.trim_start_matches("/ws/");
    if seen.header("authorization") == Some("Bearer wrong") {
        talk.write("HTTP/1.1 401 No\r\ncontent-length: 12\r\n\r\nwrong token\n")
            .await?;
        return Ok(true);
    }
    let mut opening = handshake(seen, what);
    if what == "together" {
        // The head and the first message in one write, a second one in pieces.
        opening.extend(frame(TEXT, br#"{"type":"welcome"}"#));
        talk.write(opening).await?;
        for byte in frame(TEXT, br#"{"type":"slow"}"#) {
            talk.write([byte]).await?;
        }
        return listen(talk).await;
    }
    talk.write(opening).await?;
    match what {
        "live" => feed(talk).await,
        "fragments" => {
            talk.write(frame(0x01, b"{\"type\":")).await?;
            talk.write(frame(PING, b"are you there")).await?;
            talk.write(frame(0x80, b"\"whole\"}")).await?;
            listen(talk).await
        }
        _ => broken(talk, what).await,
    }
}

fn handshake(seen: &Seen, what: &str) -> Vec<u8> {
    let key = seen.header("sec-websocket-key").unwrap_or_default();
    let text = format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let mut accept = STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()));
    if what == "wrong-accept" {
        accept = "bm90IHlvdXJzIGF0IGFsbCBhdCBhbGw=".into();
    }
    let mut head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: {accept}\r\n"
    );
    let offered = seen.header("sec-websocket-protocol").unwrap_or_default();
    let first = offered.split(", ").next().unwrap_or_default();
    match what {
        "extension" => head += "sec-websocket-extensions: permessage-deflate\r\n",
        "unoffered" => head += "sec-websocket-protocol: other\r\n",
        "none" => {}
        _ if first.is_empty() => {}
        _ => write!(head, "sec-websocket-protocol: {first}\r\n").unwrap(),
    }
    (head + "\r\n").into_bytes()
}

/// A frame without a mask.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..126 => frame.push(length as u8),
        length => {
            frame.push(126);
            frame.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    frame
}

fn close(code: u16, reason: &str) -> Vec<u8> {
    frame(CLOSE, &[&code.to_be_bytes(), reason.as_bytes()].concat())
}

/// The next frame of the client: it must be masked.
async fn next<S: Wire>(talk: &mut Conversation<S>) -> io::Result<(u8, Vec<u8>)> {
    let head = talk.exactly(2).await?;
    assert!(head[1] & 0x80 != 0, "clients mask their frames");
    let length = match head[1] & 0x7f {
        126 => {
            let length = talk.exactly(2).await?;
            usize::from(length[0]) << 8 | usize::from(length[1])
        }
        127 => {
            let length: [u8; 8] = talk.exactly(8).await?.try_into().unwrap();
            usize::try_from(u64::from_be_bytes(length)).unwrap()
        }
        length => usize::from(length),
    };
    let mask = talk.exactly(4).await?;
    let mut payload = talk.exactly(length).await?;
    for (byte, mask) in payload.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
    Ok((head[0], payload))
}

/// Answers what comes until the client closes; `false`: the connection ends.
async fn listen<S: Wire>(talk: &mut Conversation<S>) -> io::Result<bool> {
    loop {
        let (kind, payload) = next(talk).await?;
        if kind == CLOSE {
            talk.write(frame(CLOSE, &payload)).await?;
            return Ok(false);
        }
        answer(talk, kind, &payload).await?;
    }
}

/// A welcome, then a message every few milliseconds, each with the time of its sending.
async fn feed<S: Wire>(talk: &mut Conversation<S>) -> io::Result<bool> {
    let welcome = json!({ "type": "welcome", "session": "s-17", "sent_at": now() });
    talk.write(frame(TEXT, welcome.to_string().as_bytes()))
        .await?;
    let mut ticks = tokio::time::interval(PACE);
    let mut number = 0;
    loop {
        tokio::select! {
            came = talk.some() => {
                came?;
                let (kind, payload) = next(talk).await?;
                if kind == CLOSE {
                    talk.write(frame(CLOSE, &payload)).await?;
                    return Ok(false);
                }
                answer(talk, kind, &payload).await?;
            }
            _ = ticks.tick() => {
                number += 1;
                let position = json!({ "type": "position", "number": number, "sent_at": now() });
                talk.write(frame(TEXT, position.to_string().as_bytes())).await?;
            }
        }
    }
}

async fn answer<S: Wire>(talk: &mut Conversation<S>, kind: u8, payload: &[u8]) -> io::Result<()> {
    let reply = match kind {
        PING => frame(0x8a, payload),
        BINARY => frame(BINARY, payload),
        TEXT => match serde_json::from_slice::<Value>(payload) {
            Ok(said) => frame(
                TEXT,
                json!({ "reply_to": said, "sent_at": now() })
                    .to_string()
                    .as_bytes(),
            ),
            Err(_) => close(1008, "not JSON"),
        },
        _ => return Ok(()),
    };
    talk.write(reply).await
}

/// What a server must not do.
async fn broken<S: Wire>(talk: &mut Conversation<S>, what: &str) -> io::Result<bool> {
    let (word, rest) = what.split_once('/').unwrap_or((what, ""));
    match word {
        "masked" => talk.write([0x81, 0x81, 1, 2, 3, 4, b'a' ^ 1]).await?,
        "reserved" => talk.write(frame(0xc1, b"x")).await?,
        "opcode" => talk.write(frame(0x83, b"x")).await?,
        "long-ping" => talk.write(frame(PING, &[0; 126])).await?,
        "latin" => talk.write(frame(TEXT, b"gr\xfc\xdfe")).await?,
        "code" => {
            let frame = close(rest.parse().unwrap(), "as you like");
            talk.write(frame).await?;
        }
        "no-code" => talk.write(frame(CLOSE, b"")).await?,
        // A frame that says to be a terabyte long.
        "huge" => talk.write([0x82, 127, 0, 0, 1, 0, 0, 0, 0, 0]).await?,
        "vanish" => return Ok(false),
        "torn" => {
            talk.stream.tear();
            return Ok(false);
        }
        "endless" => {
            let piece = frame(0x00, &vec![b'x'; 60_000]);
            talk.write(frame(0x01, b"x")).await?;
            loop {
                talk.write(&piece).await?;
            }
        }
        "flood" => {
            let pings = frame(PING, &[7; 125]).repeat(100);
            loop {
                talk.write(&pings).await?;
            }
        }
        // Neither pings nor a close are answered.
        "mute" => {}
        _ => return listen(talk).await,
    }
    talk.gone().await;
    Ok(false)
}

/// Milliseconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    u64::try_from(since.unwrap().as_millis()).unwrap()
}
