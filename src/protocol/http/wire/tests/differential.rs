//! Our reading of answers against hyper's: valid ones, damaged at random, cut at random, must come out the same, or
//! be refused by both. Where we differ on purpose, the answers are not made here:
//!
//! - 101 to 128 headers or trailers, which hyper refuses and we read;
//! - heads between our limit and hyper's;
//! - lengths of 2⁶⁴ − 2 and above, which hyper refuses at once and we wait for.

use super::*;
use crate::properties::cases;
use http::{HeaderMap, Request, Version};
use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::TokioIo;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// What a client makes of an answer.
#[derive(Debug, PartialEq)]
enum Outcome {
    Answer {
        status: u16,
        version: Version,
        headers: Vec<(String, Vec<u8>)>,
        body: Vec<u8>,
        reusable: bool,
    },
    Refused,
    /// More must come.
    Waits,
}

async fn ours(method: &Method, script: Script) -> Outcome {
    let closed = script.close;
    match talk(method, script).await {
        None => Outcome::Waits,
        Some(Err(_)) => Outcome::Refused,
        Some(Ok(received)) => Outcome::Answer {
            status: received.status.as_u16(),
            version: received.version,
            headers: sorted(received.headers_of()),
            body: received.body,
            reusable: received.reusable && !closed,
        },
    }
}

impl Received {
    fn headers_of(&self) -> impl Iterator<Item = (String, Vec<u8>)> {
        let pairs = self.head.iter();
        pairs.map(|(name, value)| (name.to_ascii_lowercase(), value.to_vec()))
    }
}

/// By name only: what one name has keeps its order.
fn sorted(headers: impl Iterator<Item = (String, Vec<u8>)>) -> Vec<(String, Vec<u8>)> {
    let mut headers: Vec<_> = headers.collect();
    headers.sort_by(|a, b| a.0.cmp(&b.0));
    headers
}

fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (String, Vec<u8>)> {
    headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
}

async fn hypers(method: &Method, script: Script) -> Outcome {
    let (client, server) = duplex(1 << 20);
    let closed = script.close;
    let server = tokio::spawn(script.play(server));
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(client))
        .await
        .unwrap();
    tokio::spawn(connection.with_upgrades());
    let request = Request::builder()
        .method(method)
        .uri("/")
        .header("host", "test");
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let exchange = async {
        let (head, body) = sender.send_request(request).await.ok()?.into_parts();
        Some((head, body.collect().await.ok()?.to_bytes().to_vec()))
    };
    match tokio::time::timeout(WAIT, exchange).await {
        Err(_) => Outcome::Waits,
        Ok(None) => Outcome::Refused,
        Ok(Some((head, body))) => {
            let held = tokio::time::timeout(WAIT, server).await;
            for _ in 0..5 {
                yield_now().await;
            }
            let ready = tokio::time::timeout(WAIT, sender.ready()).await;
            let reusable = matches!(ready, Ok(Ok(()))) && !sender.is_closed();
            Outcome::Answer {
                status: head.status.as_u16(),
                version: head.version,
                headers: sorted(pairs(&head.headers)),
                body,
                reusable: reusable && held.is_ok() && !closed,
            }
        }
    }
}

/// The same; of a head that cannot become one hyper learns at its end only, we at once.
async fn hypers_at_last(method: &Method, script: Script, ours: &Outcome) -> Outcome {
    match hypers(method, script.clone()).await {
        Outcome::Waits if *ours == Outcome::Refused => {
            let close = true;
            hypers(method, Script { close, ..script }).await
        }
        outcome => outcome,
    }
}

/// An answer in parts that belong together, most of the time.
fn answer() -> impl Strategy<Value = Vec<u8>> {
    let first = prop::sample::select(vec![
        "HTTP/1.1 200 OK",
        "HTTP/1.1 404 Not Found",
        "HTTP/1.1 302 ",
        "HTTP/1.1 500",
        "HTTP/1.1 204 No Content",
        "HTTP/1.1 304 Not Modified",
        "HTTP/1.0 200 OK",
        "HTTP/1.1 101 Switching Protocols",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK",
        "HTTP/1.1 103 Early\r\nlink: x\r\n\r\nHTTP/1.1 200 OK",
        "\r\nHTTP/1.1 200 \u{e9}t\u{e9}",
    ]);
    let header = prop::sample::select(vec![
        "content-length: 5",
        "Content-Length: 5, 5",
        "content-length: 0",
        "content-length: 12",
        "transfer-encoding: chunked",
        "Transfer-Encoding: gzip, Chunked",
        "transfer-encoding: identity",
        "connection: close",
        "connection: keep-alive",
        "Connection: Upgrade, close",
        "set-cookie: a=b; Path=/",
        "x-e: \u{e9}",
        "empty:",
        "spaced:   a  b\t",
        "location: /elsewhere",
    ]);
    let body = prop::sample::select(vec![
        "",
        "hello",
        "hello world!",
        "5\r\nhello\r\n0\r\n\r\n",
        "5;a=b\r\nhello\r\n1 \r\n!\r\n00\r\nx: y\r\n\r\n",
        "A\r\n0123456789\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    ]);
    (first, prop::collection::vec(header, 0..5), body).prop_map(|(first, headers, body)| {
        let mut text = format!("{first}\r\n");
        for header in headers {
            text.extend([header, "\r\n"]);
        }
        text.extend(["\r\n", body]);
        text.into_bytes()
    })
}

/// Damage: where (as a share of the length), how much goes away, what comes in its place.
fn damage() -> impl Strategy<Value = (f64, usize, Vec<u8>)> {
    let telling = prop::sample::select(vec![
        &b"\r\n"[..],
        b"\n",
        b"\r",
        b" ",
        b"\t",
        b":",
        b",",
        b";",
        b"0",
        b"5",
        b"f",
        b"-",
        b"\0",
        b"\xff",
        b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"content-length: 5\r\n",
        b"transfer-encoding: chunked\r\n",
    ]);
    let bytes = prop_oneof![
        telling.prop_map(<[u8]>::to_vec),
        prop::collection::vec(any::<u8>(), 0..4)
    ];
    (0.0..1.0, 0..4usize, bytes)
}

#[derive(Debug, Clone)]
struct Case {
    head: bool,
    script: Script,
}

fn case() -> impl Strategy<Value = Case> {
    let damages = prop_oneof![
        2 => Just(Vec::new()),
        5 => prop::collection::vec(damage(), 1..4),
    ];
    let cuts = prop::collection::vec(0.0..1.0, 0..6);
    let parts = (
        answer(),
        damages,
        cuts,
        prop::bool::weighted(0.1),
        any::<bool>(),
    );
    parts.prop_map(|(mut text, damages, cuts, head, close)| {
        for (place, gone, new) in damages {
            let start = (text.len() as f64 * place) as usize;
            let end = (start + gone).min(text.len());
            text.splice(start..end, new);
        }
        let mut cuts: Vec<usize> = cuts
            .iter()
            .map(|c| (text.len() as f64 * c) as usize)
            .collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        cuts.dedup();
        let pieces = cuts.windows(2).map(|w| text[w[0]..w[1]].to_vec()).collect();
        Case {
            head,
            script: Script { pieces, close },
        }
    })
}

#[test]
fn answers_are_read_as_hyper_reads_them() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let mut runner = TestRunner::new(cases(500));
    runner
        .run(&case(), |case| {
            let method = if case.head { Method::HEAD } else { Method::GET };
            let (ours, hypers) = runtime.block_on(async {
                let ours = ours(&method, case.script.clone()).await;
                let hypers = hypers_at_last(&method, case.script, &ours).await;
                (ours, hypers)
            });
            prop_assert_eq!(ours, hypers);
            Ok(())
        })
        .unwrap();
}
