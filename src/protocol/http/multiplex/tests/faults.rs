//! One request and what a server makes of it: the answer, or the kind of failure, which is that of HTTP/1.1.

use super::*;
use crate::record::Failure;
use std::pin::Pin;

type Play = for<'a> fn(&'a mut Peer) -> Pin<Box<dyn Future<Output = ()> + 'a>>;
/// What it is, what the server does, and what comes of it: status and body, or the failure and words in its detail.
type Case = (
    &'static str,
    Play,
    Result<(u16, &'static str), (Failure, &'static str)>,
);

#[rustfmt::skip]
const CASES: &[Case] = &[
    ("an answer", |p| Box::pin(async { let s = p.request().await; p.answer(s).await; p.stay().await; }),
        Ok((200, "hello"))),
    ("no body", |p| Box::pin(async { let s = p.request().await; p.frame(HEADERS, WHOLE | END, s, EMPTY).await; p.stay().await; }),
        Ok((204, ""))),
    ("a status alone, and an empty frame with the end", |p| Box::pin(async {
        let s = p.request().await;
        p.frame(HEADERS, WHOLE, s, OK).await;
        p.frame(DATA, END, s, b"").await;
        p.stay().await;
    }), Ok((200, ""))),
    ("early hints, padding, trailers", |p| Box::pin(async {
        let s = p.request().await;
        p.frame(HEADERS, WHOLE, s, &status("103")).await;
        p.frame(HEADERS, WHOLE | PADDED, s, &[&[3][..], OK, &[0; 3]].concat()).await;
        p.frame(DATA, PADDED, s, b"\x02he\0\0").await;
        p.frame(DATA, 0, s, b"llo").await;
        p.frame(HEADERS, WHOLE | END, s, &literal("x-sum", "1")).await;
        p.stay().await;
    }), Ok((200, "hello"))),
    ("a head in two frames", |p| Box::pin(async {
        let s = p.request().await;
        p.frame(HEADERS, END, s, OK).await;
        p.frame(CONTINUATION, WHOLE, s, &literal("a", "b")).await;
        p.stay().await;
    }), Ok((200, ""))),
    ("settings, pings and windows in between", |p| Box::pin(async {
        let s = p.request().await;
        p.frame(PING, 0, 0, b"12345678").await;
        p.frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 9]).await;
        p.frame(WINDOW, 0, 0, &[0, 0, 1, 0]).await;
        p.frame(99, 0, 0, b"unknown").await;
        let (flags, _, payload) = p.await_frame(PING).await;
        assert_eq!((flags, &payload[..]), (ACK, &b"12345678"[..]));
        p.answer(s).await;
        p.stay().await;
    }), Ok((200, "hello"))),
    ("going away, but not before this answer", |p| Box::pin(async {
        let s = p.request().await;
        p.go_away(s, NO_ERROR).await;
        p.answer(s).await;
    }), Ok((200, "hello"))),
    ("an end behind the answer", |p| Box::pin(async {
        let s = p.request().await;
        p.answer(s).await;
        p.reset(s, NO_ERROR).await;
        p.stay().await;
    }), Ok((200, "hello"))),
    ("reset at once", |p| Box::pin(async { let s = p.request().await; p.reset(s, INTERNAL).await; p.stay().await; }),
        Err((Failure::Read, "INTERNAL_ERROR"))),
    ("reset behind the head", |p| Box::pin(async {
        let s = p.request().await;
        p.frame(HEADERS, WHOLE, s, OK).await;
        p.reset(s, CANCEL).await;
        p.stay().await;
    }), Err((Failure::Read, "CANCEL"))),
    ("reset in the body", |p| Box::pin(async {
        let s = p.request().await;
        p.frame(HEADERS, WHOLE, s, OK).await;
        p.frame(DATA, 0, s, b"hel").await;
        p.reset(s, INTERNAL).await;
        p.stay().await;
    }), Err((Failure::Read, "INTERNAL_ERROR"))),
    ("wants HTTP/1.1", |p| Box::pin(async { let s = p.request().await; p.reset(s, 13).await; p.stay().await; }),
        Err((Failure::Protocol, "`http: 1.1`"))),
    ("closed at once", |_| Box::pin(async {}), Err((Failure::Read, ""))),
    ("closed behind the request", |p| Box::pin(async { p.request().await; }),
        Err((Failure::Read, ""))),
    ("closed in the body", |p| Box::pin(async {
        let s = p.request().await;
        p.frame(HEADERS, WHOLE, s, OK).await;
        p.frame(DATA, 0, s, b"hel").await;
        p.0.shutdown().await.unwrap();
        p.stay().await;
    }), Err((Failure::Read, "in the middle of the body"))),
    ("going away with an error", |p| Box::pin(async {
        let s = p.request().await;
        p.go_away(s, INTERNAL).await;
        p.0.shutdown().await.unwrap();
        p.stay().await;
    }), Err((Failure::Read, ""))),
    ("a body before the head", |p| Box::pin(async { let s = p.request().await; p.frame(DATA, 0, s, b"x").await; p.stay().await; }),
        Err((Failure::Protocol, "PROTOCOL_ERROR"))),
    ("an answer to nobody", |p| Box::pin(async { p.request().await; p.frame(HEADERS, WHOLE, 7, OK).await; p.stay().await; }),
        Err((Failure::Protocol, "PROTOCOL_ERROR"))),
    ("a reset of nobody", |p| Box::pin(async { p.request().await; p.reset(99, CANCEL).await; p.stay().await; }),
        Err((Failure::Protocol, "PROTOCOL_ERROR"))),
    ("less than its content-length", |p| Box::pin(async {
        let s = p.request().await;
        p.frame(HEADERS, WHOLE, s, &[OK, &literal("content-length", "9")].concat()).await;
        p.frame(DATA, END, s, b"hello").await;
        p.stay().await;
    }), Err((Failure::Protocol, "PROTOCOL_ERROR"))),
    ("a head that is no HPACK", |p| Box::pin(async { let s = p.request().await; p.frame(HEADERS, WHOLE, s, &[0xff, 0xff]).await; p.stay().await; }),
        Err((Failure::Protocol, "breaks the rules"))),
    ("a frame that is too long", |p| Box::pin(async {
        let s = p.request().await;
        p.frame(HEADERS, WHOLE, s, OK).await;
        p.frame(DATA, 0, s, &[0; 20_000]).await;
        p.stay().await;
    }), Err((Failure::Protocol, "FRAME_SIZE_ERROR"))),
    ("settings that are none", |p| Box::pin(async { p.request().await; p.frame(SETTINGS, 0, 0, b"x").await; p.stay().await; }),
        Err((Failure::Protocol, "breaks the rules"))),
    ("more than 128 headers", |p| Box::pin(async {
        let s = p.request().await;
        p.frame(HEADERS, WHOLE | END, s, &[OK, &literal("a", "b").repeat(129)].concat()).await;
        p.stay().await;
    }), Err((Failure::Protocol, "more than 128 headers"))),
    ("a head without end", |p| Box::pin(async {
        let s = p.request().await;
        p.frame(HEADERS, 0, s, OK).await;
        while p.frame(CONTINUATION, 0, s, &literal("a", "b")).await {}
    }), Err((Failure::Protocol, ""))),
    ("a head of a megabyte", |p| Box::pin(async {
        let s = p.request().await;
        p.frame(HEADERS, 0, s, OK).await;
        for _ in 0..100 {
            p.frame(CONTINUATION, 0, s, &literal("a", &"x".repeat(10_000))).await;
        }
        p.frame(CONTINUATION, WHOLE | END, s, &[]).await;
        p.stay().await;
    }), Err((Failure::Protocol, ""))),
    ("a small head that grows", |p| Box::pin(async {
        let s = p.request().await;
        // 3,000 bytes are remembered (0x40), and said again 10,000 times (0xbe: the newest that is remembered).
        let mut head = OK.to_vec();
        let remembered = literal("a", &"x".repeat(3000));
        head.push(0x40);
        head.extend(&remembered[1..]);
        head.extend([0xbe; 10_000]);
        p.frame(HEADERS, WHOLE | END, s, &head).await;
        p.stay().await;
    }), Err((Failure::Protocol, ""))),
    ("HTTP/1.1", |p| Box::pin(async { p.0.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await.unwrap(); p.stay().await; }),
        Err((Failure::Protocol, "`http: 1.1`"))),
];

#[tokio::test]
async fn what_a_server_does_has_its_kind() {
    let run = async {
        for (name, play, expected) in CASES {
            let listener = listen().await;
            let client = client(&listener, Connections::Shared, None);
            let call = get();
            let server = async {
                let mut peer = if *name == "HTTP/1.1" {
                    Peer::silent(&listener).await
                } else {
                    Peer::accept(&listener, &[]).await
                };
                play(&mut peer).await;
            };
            let exchange = tokio::select! {
                exchange = send(&client, &call) => exchange,
                exchange = async { server.await; std::future::pending().await } => exchange,
            };
            match (exchange.result, expected) {
                (Ok(answer), Ok((status, body))) => {
                    assert_eq!(answer.status, *status, "{name}");
                    assert_eq!(answer.body, body, "{name}");
                    assert_eq!(answer.version, http::Version::HTTP_2);
                }
                (Err(problem), Err((failure, words))) => {
                    assert_eq!(problem.failure, *failure, "{name}: {problem:?}");
                    assert!(problem.detail.contains(words), "{name}: {problem:?}");
                }
                (result, _) => panic!("{name}: {result:?}"),
            }
        }
    };
    LocalSet::new().run_until(run).await;
}

/// Sent on and on, whatever the client says.
#[tokio::test]
async fn floods_end_with_the_timeout_or_before() {
    let ping = frame(PING, 0, 0, b"12345678");
    let settings = frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 9]);
    let window = frame(WINDOW, 0, 1, &[0, 0, 0, 1]);
    let empty = frame(DATA, 0, 1, b"");
    let hints = frame(HEADERS, WHOLE, 1, &status("103"));
    let unknown = frame(99, 0, 0, b"what");
    let run = async {
        for (name, flood) in [
            ("ping", ping),
            ("settings", settings),
            ("window", window),
            (
                "data",
                [frame(HEADERS, WHOLE, 1, OK), empty.repeat(100)].concat(),
            ),
            ("hints", hints),
            ("unknown", unknown),
        ] {
            let listener = listen().await;
            let client = client(&listener, Connections::Shared, None);
            let call = Call {
                timeout: Duration::from_millis(300),
                ..get()
            };
            let server = async {
                let mut peer = Peer::accept(&listener, &[]).await;
                peer.request().await;
                let (mut reader, mut writer) = peer.0.split();
                let flood = flood.repeat(100);
                tokio::join!(
                    async { while writer.write_all(&flood).await.is_ok() {} },
                    async {
                        tokio::io::copy(&mut reader, &mut tokio::io::sink())
                            .await
                            .ok()
                    }
                );
            };
            let exchange = tokio::select! {
                exchange = send(&client, &call) => exchange,
                exchange = async { server.await; std::future::pending().await } => exchange,
            };
            let failure = exchange.result.unwrap_err().failure;
            assert!(
                matches!(failure, Failure::Timeout | Failure::Protocol),
                "{name}: {failure:?}"
            );
        }
    };
    LocalSet::new().run_until(run).await;
}

#[tokio::test]
async fn a_stream_that_timed_out_is_reset_and_its_connection_goes_on() {
    let run = async {
        let listener = listen().await;
        let client = client(&listener, Connections::Shared, None);
        let call = Call {
            timeout: Duration::from_millis(50),
            ..get()
        };
        let server = async {
            let mut peer = Peer::accept(&listener, &[]).await;
            let first = peer.request().await;
            let (_, stream, code) = peer.await_frame(RESET).await;
            assert_eq!((stream, &code[..]), (first, &CANCEL.to_be_bytes()[..]));
            let second = peer.request().await;
            // Late, and for nobody.
            peer.answer(first).await;
            peer.answer(second).await;
            peer.stay().await;
        };
        let requests = async {
            let exchange = send(&client, &call).await;
            let problem = exchange.result.unwrap_err();
            assert_eq!(problem.failure, Failure::Timeout);
            assert!(problem.detail.contains("no answer within"));
            assert_eq!(send(&client, &get()).await.result.unwrap().body, "hello");
        };
        tokio::select! { () = requests => {}, () = server => panic!("closed") }
        let stats = client.stats();
        assert_eq!((stats.opened, stats.reused, stats.reconnects), (1, 1, 0));
    };
    LocalSet::new().run_until(run).await;
}

#[tokio::test]
async fn an_answer_may_come_before_the_body_is_sent() {
    let run = async {
        let listener = listen().await;
        let client = client(&listener, Connections::Shared, None);
        let server = async {
            let mut peer = Peer::accept(&listener, &[]).await;
            for code in [NO_ERROR, CANCEL] {
                let stream = peer.request().await;
                peer.frame(HEADERS, WHOLE, stream, &status("413")).await;
                peer.frame(DATA, END, stream, b"too large").await;
                peer.reset(stream, code).await;
            }
            let stream = peer.request().await;
            peer.answer(stream).await;
            peer.stay().await;
        };
        let requests = async {
            for _ in 0..2 {
                let answer = send(&client, &post(vec![0; 1 << 20])).await.result.unwrap();
                assert_eq!(
                    (answer.status.as_u16(), &answer.body[..]),
                    (413, &b"too large"[..])
                );
            }
            assert!(send(&client, &get()).await.result.is_ok());
        };
        tokio::select! { () = requests => {}, () = server => panic!("closed") }
        assert_eq!(client.stats().opened, 1);
    };
    LocalSet::new().run_until(run).await;
}

#[tokio::test]
async fn a_body_that_nobody_takes_is_a_failed_write() {
    let run = async {
        let listener = listen().await;
        let client = client(&listener, Connections::Shared, None);
        let server = async {
            let mut peer = Peer::accept(&listener, &[]).await;
            peer.request().await;
            peer.await_frame(DATA).await;
        };
        let call = post(vec![0; 1 << 20]);
        let (exchange, ()) = tokio::join!(send(&client, &call), server);
        assert_eq!(exchange.result.unwrap_err().failure, Failure::Write);
    };
    LocalSet::new().run_until(run).await;
}
