//! Servers of every kind on a stream in memory: odd and broken answers, and what happens around them.

mod answers;
mod differential;

use super::request::Outgoing;
use super::sending::Lost;
use super::{Arrival, Purpose, Received, Scratch, exchange, is_quiet};
use crate::protocol::{Headers, Keep};
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
        forward: None,
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
        keep: Keep::Whole,
        follow: false,
        open: false,
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
