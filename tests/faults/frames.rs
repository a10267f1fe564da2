//! Servers that break the rules of HTTP/2 and of `WebSockets`, frame by frame. In: a connection; out: what they do with it.
//! Invariant: the frames are written by hand, so that no library shares its mistakes with the one that is tested.

use super::table::{gone, request};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;

/// `:status: 200`, from the table of RFC 7541.
const OK: &[u8] = &[0x88];
const REFUSED_STREAM: &[u8] = &[0, 0, 0, 7];
const INTERNAL_ERROR: &[u8] = &[0, 0, 0, 2];

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// Shakes hands.
fn begin(stream: &mut TcpStream) -> io::Result<()> {
    stream.read_exact(&mut [0; 24])?;
    stream.write_all(&frame(SETTINGS, 0, 0, &[]))
}

/// The stream of the next request.
fn asked(stream: &mut TcpStream) -> io::Result<u32> {
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head)?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        stream.read_exact(&mut vec![0; length as usize])?;
        if head[3] == HEADERS {
            return Ok(u32::from_be_bytes([head[5], head[6], head[7], head[8]]));
        }
    }
}

/// A server that knows no HTTP/2. It reads on: closed over unread bytes, a connection is reset, and the answer may be lost.
pub(super) fn older(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")?;
    gone(stream)
}

pub(super) fn reset(stream: &mut TcpStream) -> io::Result<()> {
    begin(stream)?;
    let id = asked(stream)?;
    stream.write_all(&frame(HEADERS, 4, id, OK))?;
    stream.write_all(&frame(RST_STREAM, 0, id, INTERNAL_ERROR))?;
    gone(stream)
}

/// Every request is refused at once, on every connection.
pub(super) fn refused(stream: &mut TcpStream) -> io::Result<()> {
    begin(stream)?;
    loop {
        let id = asked(stream)?;
        stream.write_all(&frame(RST_STREAM, 0, id, REFUSED_STREAM))?;
    }
}

/// A stream is reset, over and over.
pub(super) fn rapid_reset(stream: &mut TcpStream) -> io::Result<()> {
    begin(stream)?;
    let id = asked(stream)?;
    flood(
        stream,
        &frame(RST_STREAM, 0, id, INTERNAL_ERROR).repeat(100),
    )
}

pub(super) fn going_away(stream: &mut TcpStream) -> io::Result<()> {
    begin(stream)?;
    asked(stream)?;
    stream.write_all(&frame(GOAWAY, 0, 0, &[0; 8]))?;
    gone(stream)
}

pub(super) fn settings(stream: &mut TcpStream) -> io::Result<()> {
    begin(stream)?;
    asked(stream)?;
    flood(
        stream,
        &frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 9]).repeat(100),
    )
}

pub(super) fn pings(stream: &mut TcpStream) -> io::Result<()> {
    begin(stream)?;
    asked(stream)?;
    flood(stream, &frame(PING, 0, 0, b"12345678").repeat(100))
}

pub(super) fn continuation(stream: &mut TcpStream) -> io::Result<()> {
    begin(stream)?;
    let id = asked(stream)?;
    stream.write_all(&frame(HEADERS, 0, id, OK))?;
    let mut field = vec![0, 1, b'a', 0x7f, 0x81, 0x4d];
    field.extend([b'x'; 10_000]);
    loop {
        stream.write_all(&frame(CONTINUATION, 0, id, &field))?;
    }
}

/// More than the window allows.
pub(super) fn window(stream: &mut TcpStream) -> io::Result<()> {
    begin(stream)?;
    let id = asked(stream)?;
    stream.write_all(&frame(HEADERS, 4, id, OK))?;
    let block = frame(DATA, 0, id, &[0; 16_384]);
    loop {
        stream.write_all(&block)?;
    }
}

/// The same, on and on; what the client says to it is read and thrown away.
fn flood(stream: &mut TcpStream, frames: &[u8]) -> io::Result<()> {
    let mut reader = stream.try_clone()?;
    thread::spawn(move || gone(&mut reader));
    loop {
        stream.write_all(frames)?;
    }
}

/// A message in fragments, none of them the last.
pub(super) fn endless_message(stream: &mut TcpStream) -> io::Result<()> {
    upgrade(stream)?;
    stream.write_all(&[0x01, 1, b'x'])?;
    let mut fragment = vec![0x00, 126, 0xff, 0xff];
    fragment.resize(4 + 0xffff, b'x');
    loop {
        stream.write_all(&fragment)?;
    }
}

/// A frame of exabytes.
pub(super) fn huge_frame(stream: &mut TcpStream) -> io::Result<()> {
    upgrade(stream)?;
    let mut head = vec![0x81, 127];
    head.extend(0x0fff_ffff_ffff_ffff_u64.to_be_bytes());
    stream.write_all(&head)?;
    loop {
        stream.write_all(&[b'x'; 4096])?;
    }
}

/// Frames with a mask, which only clients may send.
pub(super) fn masked_frame(stream: &mut TcpStream) -> io::Result<()> {
    upgrade(stream)?;
    stream.write_all(&[0x81, 0x81, 1, 2, 3, 4, b'x'])?;
    gone(stream)
}

/// Agrees to a WebSocket.
fn upgrade(stream: &mut TcpStream) -> io::Result<()> {
    let head = request(stream)?;
    let head = String::from_utf8_lossy(&head);
    let key = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let own = name.eq_ignore_ascii_case("sec-websocket-key");
        own.then_some(value.trim())
    });
    let text = format!(
        "{}258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
        key.unwrap_or_default()
    );
    let accept = STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()));
    write!(
        stream,
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: {accept}\r\n\r\n"
    )
}
