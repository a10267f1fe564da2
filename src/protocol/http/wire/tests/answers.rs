//! Odd answers that must be read and broken ones that must be refused, each cut in many ways.

use super::*;

/// Answer, method, whether the server closes; status, body, whether the connection can be used again.
type Odd = (&'static str, Method, bool, u16, &'static str, bool);

#[rustfmt::skip]
const ODD: &[Odd] = &[
    ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", Method::GET, false, 200, "ok", true),
    ("HTTP/1.1 200\r\nContent-Length:2\r\n\r\nok", Method::GET, false, 200, "ok", true),
    ("HTTP/1.1 299 \r\ncontent-length: 2, 2\r\ncontent-length: 2\r\n\r\nok", Method::GET, false, 299, "ok", true),
    ("\r\nHTTP/1.1 200 OK\ncontent-length: 0\n\n", Method::GET, false, 200, "", true),
    ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok!", Method::GET, false, 200, "ok", false),
    ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: foo, Close\r\n\r\nok", Method::GET, false, 200, "ok", false),
    ("HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok", Method::GET, false, 200, "ok", false),
    ("HTTP/1.0 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\nok", Method::GET, false, 200, "ok", true),
    ("HTTP/1.0 200 OK\r\n\r\nuntil the end", Method::GET, true, 200, "until the end", false),
    ("HTTP/1.1 200 OK\r\n\r\n", Method::GET, true, 200, "", false),
    ("HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nraw", Method::GET, true, 200, "raw", false),
    ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", Method::GET, false, 204, "", true),
    ("HTTP/1.1 101 Switching Protocols\r\n\r\n", Method::GET, false, 101, "", false),
    ("HTTP/1.1 304 Not Modified\r\ncontent-length: 100\r\n\r\n", Method::GET, false, 304, "", true),
    ("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n", Method::HEAD, false, 200, "", true),
    ("HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", Method::GET, false, 200, "ok", true),
    ("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\nt: 1\r\n\r\n", Method::GET, false, 200, "ok", true),
    ("HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\nHTTP", Method::GET, false, 200, "", false),
];

const BROKEN: &[(&str, Failure)] = &[
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
];

#[tokio::test(start_paused = true)]
async fn odd_answers_are_read() {
    for (text, method, close, status, body, reusable) in ODD {
        for step in [1, 2, 5, 1000] {
            let script = Script::of(text.as_bytes(), step, *close);
            let received = talk(method, script).await.unwrap().unwrap();
            assert_eq!(received.status, *status, "{text} by {step}");
            assert_eq!(received.body, body.as_bytes(), "{text} by {step}");
            assert_eq!(received.size, body.len() as u64);
            assert_eq!(received.reusable, *reusable, "{text} by {step}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn broken_answers_have_their_kind() {
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(129));
    let long = format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "x".repeat(256 << 10));
    let endless = format!("HTTP/1.1 200 OK\r\na: {}", "x".repeat(300 << 10));
    let large = [&many, &long, &endless].map(|text| (text.as_str(), Failure::Protocol));
    for (text, failure) in BROKEN.iter().copied().chain(large) {
        for step in [1, 7, 64 << 10] {
            if text.len() / step > 10_000 {
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
