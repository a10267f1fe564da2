//! Servers of every kind on a stream in memory: odd and broken answers, and what happens around them.

mod differential;

use super::reader::Purpose;
use super::request::Outgoing;
use super::{Arrival, Received, Scratch, exchange, is_quiet};
use crate::protocol::Headers;
use crate::protocol::http::wire::exchange::Lost;
use crate::record::Failure;
use bytes::Bytes;
use http::Method;
use std::cell::RefCell;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::task::yield_now;

/// Virtual: long enough for whatever is still to happen.
const WAIT: Duration = Duration::from_secs(1);

/// What a server does once it has read the head of a request.
#[derive(Debug, Clone, Default)]
struct Script {
    pieces: Vec<Vec<u8>>,
    /// Closes behind the last piece.
    close: bool,
}

impl Script {
    fn of(text: &[u8], step: usize, close: bool) -> Self {
        Self {
            pieces: text.chunks(step).map(<[u8]>::to_vec).collect(),
            close,
        }
    }

    /// Plays it; the connection, where it stays open.
    async fn play(self, mut stream: DuplexStream) -> Option<DuplexStream> {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            if stream.read_buf(&mut request).await.unwrap() == 0 {
                return None;
            }
        }
        for piece in self.pieces {
            // The client may be gone, which ends the play.
            stream.write_all(&piece).await.ok()?;
            for _ in 0..3 {
                yield_now().await;
            }
        }
        (!self.close).then_some(stream)
    }
}

fn outgoing<'a>(method: &'a Method, headers: &'a Headers, body: &'a Bytes) -> Outgoing<'a> {
    Outgoing {
        method,
        path: "/",
        headers,
        host: "test",
        cookies: None,
        body,
    }
}

/// A request through our client; `None` when the answer does not end.
async fn talk(method: &Method, script: Script) -> Option<Result<Received, Lost>> {
    let (mut client, server) = duplex(1 << 20);
    let server = tokio::spawn(script.play(server));
    let (scratch, mut arrival) = (RefCell::<Scratch>::default(), Arrival::default());
    let (headers, body) = (Headers::default(), Bytes::new());
    let request = outgoing(method, &headers, &body);
    let purpose = Purpose {
        to_head: *method == Method::HEAD,
        keep: true,
        follow: false,
    };
    let talk = exchange(&mut client, &scratch, &request, purpose, &mut arrival);
    let mut result = tokio::time::timeout(WAIT, talk).await.ok()?;
    let held = tokio::time::timeout(WAIT, server).await;
    if let Ok(received) = &mut result {
        assert!(arrival.head.is_some() && arrival.end >= arrival.head);
        let quiet = poll_fn(|cx| Poll::Ready(is_quiet(&mut client, &scratch, cx))).await;
        received.reusable &= quiet && held.is_ok();
    }
    Some(result)
}

#[tokio::test(start_paused = true)]
async fn odd_answers_are_read() {
    for (text, method, close, status, body, reusable) in [
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
            "GET",
            false,
            200,
            "ok",
            true,
        ),
        (
            "HTTP/1.1 200\r\nContent-Length:2\r\n\r\nok",
            "GET",
            false,
            200,
            "ok",
            true,
        ),
        (
            "HTTP/1.1 299 \r\ncontent-length: 2, 2\r\ncontent-length: 2\r\n\r\nok",
            "GET",
            false,
            299,
            "ok",
            true,
        ),
        (
            "\r\nHTTP/1.1 200 OK\ncontent-length: 0\n\n",
            "GET",
            false,
            200,
            "",
            true,
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok!",
            "GET",
            false,
            200,
            "ok",
            false,
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: foo, Close\r\n\r\nok",
            "GET",
            false,
            200,
            "ok",
            false,
        ),
        (
            "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
            "GET",
            false,
            200,
            "ok",
            false,
        ),
        (
            "HTTP/1.0 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\nok",
            "GET",
            false,
            200,
            "ok",
            true,
        ),
        (
            "HTTP/1.0 200 OK\r\n\r\nuntil the end",
            "GET",
            true,
            200,
            "until the end",
            false,
        ),
        ("HTTP/1.1 200 OK\r\n\r\n", "GET", true, 200, "", false),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nraw",
            "GET",
            true,
            200,
            "raw",
            false,
        ),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
            "GET",
            false,
            204,
            "",
            true,
        ),
        (
            "HTTP/1.1 101 Switching Protocols\r\n\r\n",
            "GET",
            false,
            101,
            "",
            false,
        ),
        (
            "HTTP/1.1 304 Not Modified\r\ncontent-length: 100\r\n\r\n",
            "GET",
            false,
            304,
            "",
            true,
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n",
            "HEAD",
            false,
            200,
            "",
            true,
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            "GET",
            false,
            200,
            "ok",
            true,
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\nt: 1\r\n\r\n",
            "GET",
            false,
            200,
            "ok",
            true,
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\nHTTP",
            "GET",
            false,
            200,
            "",
            false,
        ),
    ] {
        for step in [1, 2, 5, 1000] {
            let script = Script::of(text.as_bytes(), step, close);
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let received = talk(&method, script).await.unwrap().unwrap();
            assert_eq!(received.status, status, "{text} by {step}");
            assert_eq!(received.body, body.as_bytes(), "{text} by {step}");
            assert_eq!(received.received, body.len() as u64);
            assert_eq!(received.reusable, reusable, "{text} by {step}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn broken_answers_have_their_kind() {
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(129));
    let long = format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "x".repeat(256 << 10));
    let endless = format!("HTTP/1.1 200 OK\r\na: {}", "x".repeat(300 << 10));
    for (text, failure) in [
        ("", Failure::Read),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nok",
            Failure::Read,
        ),
        ("HTTP/1.1 200 OK\r\ncontent-le", Failure::Read),
        ("HTTP/1.1 100 Continue\r\n\r\n", Failure::Read),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n",
            Failure::Read,
        ),
        ("\u{16}\u{3}\u{1}", Failure::Protocol),
        ("SSH-2.0-OpenSSH\r\n", Failure::Protocol),
        ("HTTP/2 200\r\n\r\n", Failure::Protocol),
        ("HTTP/1.1 099 Low\r\n\r\n", Failure::Protocol),
        ("HTTP/1.1 2000 High\r\n\r\n", Failure::Protocol),
        ("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", Failure::Protocol),
        ("HTTP/1.1 200 OK\r\n folded: x\r\n\r\n", Failure::Protocol),
        ("HTTP/1.1 200 OK\r\na: \0\r\n\r\n", Failure::Protocol),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok",
            Failure::Protocol,
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: +2\r\n\r\nok",
            Failure::Protocol,
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length:\r\n\r\nok",
            Failure::Protocol,
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\nok",
            Failure::Protocol,
        ),
        (
            "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            Failure::Protocol,
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
            Failure::Protocol,
        ),
        (&many, Failure::Protocol),
        (&long, Failure::Protocol),
        (&endless, Failure::Protocol),
    ] {
        for step in [1, 7, 64 << 10] {
            if text.len() / step > 100_000 {
                continue;
            }
            let script = Script::of(text.as_bytes(), step, true);
            let lost = talk(&Method::GET, script).await.unwrap().unwrap_err();
            let start = text.get(..80).unwrap_or(text);
            assert_eq!(
                lost.problem.failure, failure,
                "{start:?} by {step}: {lost:?}"
            );
            assert_eq!(lost.unanswered, text.is_empty(), "{start:?}");
            assert!(!lost.unsent);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_request_met_decides_whether_it_may_be_sent_again() {
    let (scratch, mut arrival) = (RefCell::<Scratch>::default(), Arrival::default());
    let (headers, large) = (Headers::default(), Bytes::from(vec![0; 1 << 20]));
    let request = outgoing(&Method::PUT, &headers, &large);
    let purpose = Purpose::default();
    // Nobody is there any more.
    let (mut client, server) = duplex(1024);
    drop(server);
    let lost = exchange(&mut client, &scratch, &request, purpose, &mut arrival);
    let lost = lost.await.unwrap_err();
    assert!(lost.unsent && lost.unanswered);
    assert_eq!(lost.problem.failure, Failure::Write);
    for (answer, expected) in [
        ("", Err((Failure::Write, true))),
        ("HTTP/1.1 4", Err((Failure::Read, false))),
        (
            "HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno",
            Ok(413),
        ),
    ] {
        // The body does not fit and is not read.
        let (mut client, server) = duplex(1024);
        let script = Script::of(answer.as_bytes(), 1000, true);
        let server = tokio::spawn(async move { script.play_without_body(server).await });
        let result = exchange(&mut client, &scratch, &request, purpose, &mut arrival).await;
        server.await.unwrap();
        match (result, expected) {
            (Ok(received), Ok(status)) => {
                assert_eq!(received.status, status);
                assert!(!received.reusable, "the body is still under way");
            }
            (Err(lost), Err((failure, unanswered))) => {
                assert_eq!(
                    (lost.problem.failure, lost.unanswered),
                    (failure, unanswered)
                );
                assert!(!lost.unsent);
            }
            (result, _) => panic!("{answer:?}: {result:?}"),
        }
    }
}

impl Script {
    /// Reads the first part of a request, however it ends, and plays.
    async fn play_without_body(self, mut stream: DuplexStream) {
        let mut part = [0; 100];
        stream.read_exact(&mut part).await.unwrap();
        for piece in self.pieces {
            stream.write_all(&piece).await.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_written_slowly_arrives_whole() {
    let (scratch, mut arrival) = (RefCell::<Scratch>::default(), Arrival::default());
    let headers = Headers::default();
    for length in [0, 10, 64 << 10, (64 << 10) + 1, 1 << 20] {
        let body = Bytes::from((0..length).map(|i| (i % 251) as u8).collect::<Vec<_>>());
        let (mut client, mut server) = duplex(777);
        let expected = body.clone();
        let server = tokio::spawn(async move {
            let head = format!("POST / HTTP/1.1\r\nhost: test\r\ncontent-length: {length}\r\n\r\n");
            let mut got = vec![0; head.len() + length];
            server.read_exact(&mut got).await.unwrap();
            assert!(got.starts_with(head.as_bytes()) && got.ends_with(&expected));
            server
                .write_all(b"HTTP/1.1 204 None\r\n\r\n")
                .await
                .unwrap();
            server
        });
        let request = outgoing(&Method::POST, &headers, &body);
        let purpose = Purpose::default();
        let done = exchange(&mut client, &scratch, &request, purpose, &mut arrival).await;
        assert!(done.unwrap().reusable);
        server.await.unwrap();
    }
}
