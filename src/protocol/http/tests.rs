//! The client against servers on loopback that do what a test tells them, one connection at a time.

use super::*;
use crate::protocol::{Answer, Headers, Keep, Location, Opens};
use http::uri::PathAndQuery;
use http::{Method, StatusCode, Version};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::LocalSet;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

async fn listen() -> TcpListener {
    TcpListener::bind(("127.0.0.1", 0)).await.unwrap()
}

fn client_of(target: &str, connections: Connections) -> Client {
    let tls = TlsSettings::default();
    let blueprint = Blueprint::new(target.parse().unwrap(), tls, Reach::Any);
    Client::new(blueprint.unwrap().with_connections(connections))
}

fn client(listener: &TcpListener, connections: Connections) -> Client {
    let target = format!("http://{}", listener.local_addr().unwrap());
    client_of(&target, connections)
}

fn call() -> Call {
    Call {
        step: 0,
        method: Method::GET,
        url: Location::Target(PathAndQuery::from_static("/")),
        headers: Headers::default(),
        body: bytes::Bytes::new(),
        plain: None,
        timeout: Duration::from_secs(20),
        redirects: 0,
        keep_body: Keep::No,
        opens: Opens::Nothing,
    }
}

/// Reads one request and answers it.
async fn reply(stream: &mut TcpStream, answer: &str) {
    let mut request = [0; 1024];
    assert!(stream.read(&mut request).await.unwrap() > 0);
    stream.write_all(answer.as_bytes()).await.unwrap();
}

/// Takes a connection, answers one request and hands the connection over.
async fn answer(listener: &TcpListener) -> TcpStream {
    let (mut stream, _) = listener.accept().await.unwrap();
    reply(&mut stream, OK).await;
    stream
}

/// Waits until the reactor has seen all that happened before.
async fn settle(listener: &TcpListener) {
    let near = TcpStream::connect(listener.local_addr().unwrap());
    let (near, far) = tokio::join!(near, listener.accept());
    near.unwrap().write_all(b"x").await.unwrap();
    far.unwrap().0.read_exact(&mut [0]).await.unwrap();
}

#[tokio::test]
async fn connections_of_a_user_end_with_its_session() {
    let listener = listen().await;
    let task = async {
        for (connections, at_the_end) in [
            (Connections::PerUser, false),
            (Connections::PerRequest, true),
        ] {
            let client = client(&listener, connections);
            let mut session = Session::default();
            let (call, now) = (call(), Instant::now());
            let (exchange, mut stream) =
                tokio::join!(client.call(&call, &mut session, now), answer(&listener));
            assert!(exchange.result.is_ok());
            assert_eq!(session.kept.is_empty(), at_the_end);
            session.end();
            assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0, "closed");
            assert_eq!(client.stats().opened, 1);
        }
    };
    LocalSet::new().run_until(task).await;
}

#[tokio::test]
async fn pools_are_filled_where_connections_are_shared() {
    let listener = listen().await;
    let task = async {
        for (connections, opened) in [
            (Connections::Shared, 100),
            (Connections::PerUser, 0),
            (Connections::PerRequest, 0),
        ] {
            let client = client(&listener, connections);
            client.open_ahead(100).await;
            assert_eq!(client.stats().opened, opened, "{connections:?}");
        }
        // A target that is gone is left for the run to find.
        let client = client(&listener, Connections::Shared);
        drop(listener);
        client.open_ahead(100).await;
        assert_eq!(client.stats().opened, 0);
    };
    LocalSet::new().run_until(task).await;
}

#[tokio::test]
async fn a_request_is_repeated_only_when_nobody_can_have_acted_on_it() {
    for (method, half, again) in [
        (Method::GET, "", true),
        (Method::DELETE, "", true),
        (Method::POST, "", false),
        (Method::PATCH, "", false),
        (Method::GET, "H", false),
    ] {
        let listener = listen().await;
        let client = client(&listener, Connections::Shared);
        let (mut session, now) = (Session::default(), Instant::now());
        let call = Call { method, ..call() };
        let first = client.call(&call, &mut session, now);
        let (first, mut stream) = tokio::join!(first, answer(&listener));
        assert!(first.result.is_ok() && first.connect.is_some());
        // The second request meets a server that has just decided to close.
        let second = client.call(&call, &mut session, now);
        let server = async {
            reply(&mut stream, half).await;
            drop(stream);
            if again {
                answer(&listener).await;
            }
        };
        let (second, ()) = tokio::join!(second, server);
        match second.result {
            Ok(answer) => assert!(again && answer.status == 200),
            Err(problem) => assert!(!again && problem.failure == Failure::Read, "{problem:?}"),
        }
        let stats = client.stats();
        assert_eq!(stats.opened, 1 + u64::from(again));
        assert_eq!((stats.reused, stats.reconnects), (0, u64::from(again)));
    }
}

#[tokio::test]
async fn kept_connections_are_looked_at_before_they_are_used() {
    for words in ["", "HTTP/1.1 408 Request Timeout\r\n\r\n"] {
        let listener = listen().await;
        let client = client(&listener, Connections::PerUser);
        let (mut session, now) = (Session::default(), Instant::now());
        let post = Call {
            method: Method::POST,
            ..call()
        };
        let first = client.call(&post, &mut session, now);
        let (_, mut stream) = tokio::join!(first, answer(&listener));
        stream.write_all(words.as_bytes()).await.unwrap();
        drop(stream);
        settle(&listener).await;
        let second = client.call(&post, &mut session, now);
        let (second, _) = tokio::join!(second, answer(&listener));
        assert_eq!(second.result.unwrap().status, 200);
        let stats = client.stats();
        assert_eq!((stats.opened, stats.reconnects), (2, 1));
    }
}

#[tokio::test]
async fn connections_that_the_server_is_about_to_close_are_left_alone() {
    for (said, opened) in [
        ("timeout=0", 2),
        ("max=9, timeout=600", 1),
        ("timeout=x", 1),
    ] {
        let listener = listen().await;
        let client = client(&listener, Connections::Shared);
        let (mut session, now) = (Session::default(), Instant::now());
        let text = format!("HTTP/1.1 200 OK\r\nkeep-alive: {said}\r\ncontent-length: 0\r\n\r\n");
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            reply(&mut stream, &text).await;
            if opened == 2 {
                answer(&listener).await;
            } else {
                reply(&mut stream, OK).await;
            }
        };
        let call = call();
        let both = async {
            for _ in 0..2 {
                let exchange = client.call(&call, &mut session, now).await;
                assert!(exchange.result.is_ok(), "{said}");
            }
        };
        tokio::join!(both, server);
        let stats = client.stats();
        assert_eq!((stats.opened, stats.reconnects), (opened, 0), "{said}");
    }
}

#[tokio::test]
async fn an_answer_knows_where_it_came_from() {
    let listener = listen().await;
    let port = listener.local_addr().unwrap().port();
    let client = client_of(&format!("http://localhost:{port}"), Connections::Shared);
    let call = Call {
        redirects: 3,
        keep_body: Keep::Whole,
        ..call()
    };
    let mut session = Session::default();
    let exchange = client.call(&call, &mut session, Instant::now());
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        for text in [
            "HTTP/1.1 302 Found\r\nlocation: /b?c\r\ncontent-length: 7\r\n\r\nnot yet",
            "HTTP/1.1 307 X\r\nlocation: d\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.0 200 Fine  by me\r\nset-cookie: a=b\r\n\r\nhere",
        ] {
            reply(&mut stream, text).await;
        }
    };
    let (exchange, ()) = tokio::join!(exchange, server);
    assert!(exchange.dns.is_some() && exchange.connect.is_some() && exchange.tls.is_none());
    let answer: Answer = exchange.result.unwrap();
    assert_eq!(
        (answer.version, answer.reason()),
        (Version::HTTP_10, "Fine  by me")
    );
    assert_eq!((&answer.body[..], answer.received), (&b"here"[..], 4));
    assert_eq!(answer.peer, Some(listener.local_addr().unwrap()));
    assert_eq!(answer.certificate, None);
    let chain: Vec<_> = answer
        .redirects
        .iter()
        .map(|(s, u)| (*s, u.path(), u.query()))
        .collect();
    assert_eq!(
        chain,
        [
            (StatusCode::FOUND, "/b", Some("c")),
            (StatusCode::TEMPORARY_REDIRECT, "/d", None)
        ]
    );
    assert_eq!(answer.redirected_to().unwrap().path(), "/d");
    assert!(!session.jar.is_empty());
}

/// Reads one request, answers it, and gives what it said.
async fn told(listener: &TcpListener, answer: &str) -> String {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        assert!(stream.read_buf(&mut request).await.unwrap() > 0);
    }
    stream.write_all(answer.as_bytes()).await.unwrap();
    String::from_utf8(request).unwrap()
}

#[tokio::test]
async fn no_secret_follows_to_another_origin() {
    let (here, there) = (listen().await, listen().await);
    let task = async {
        for (from, to, leaves) in [(&here, &there, true), (&here, &here, false)] {
            // A connection for each request, so that the server reads them one by one.
            let client = client(from, Connections::PerRequest);
            let mut headers = Headers::default();
            for (name, value) in [
                ("connection", "close"),
                ("authorization", "Bearer secret-1"),
                ("x-api-key", "secret-2"),
                ("x-auth-token", "secret-3"),
                ("cookie", "sid=secret-4"),
                ("x-shop", "secret-5"),
                ("x-tenant", "tea"),
            ] {
                let name = http::HeaderName::from_static(name);
                assert!(headers.add(&name, value));
            }
            headers.confide(&http::HeaderName::from_static("x-shop"));
            let call = Call {
                url: Location::Target(PathAndQuery::from_static("/a?key=secret-6")),
                headers,
                redirects: 2,
                ..call()
            };
            let (mut session, now) = (Session::default(), Instant::now());
            let led = format!(
                "HTTP/1.1 302 X\r\nlocation: http://{}/b\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
                to.local_addr().unwrap()
            );
            let server = async {
                let first = told(from, &led).await;
                assert_eq!(first.matches("secret-").count(), 6, "{first}");
                told(to, OK).await
            };
            let (exchange, seen) = tokio::join!(client.call(&call, &mut session, now), server);
            assert!(exchange.result.is_ok(), "{:?}", exchange.result);
            assert!(
                seen.starts_with("GET /b HTTP/1.1\r\n") && seen.contains("x-tenant: tea"),
                "{seen}"
            );
            // The query is where the server leads to: nothing is added.
            let kept = if leaves { 0 } else { 5 };
            assert_eq!(seen.matches("secret-").count(), kept, "{seen}");
        }
    };
    LocalSet::new().run_until(task).await;
}

#[tokio::test]
async fn time_limits_name_what_was_there() {
    let listener = listen().await;
    let client = client(&listener, Connections::Shared);
    for (text, milliseconds, words) in [
        ("", 20, "no answer within 20 ms"),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n",
            1000,
            "its body did not end within 1 s",
        ),
    ] {
        let call = Call {
            timeout: Duration::from_millis(milliseconds),
            ..call()
        };
        let (mut session, now) = (Session::default(), Instant::now());
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            reply(&mut stream, text).await;
            // Until the client gives up.
            stream.read_exact(&mut [0]).await.ok();
        };
        let (exchange, ()) = tokio::join!(client.call(&call, &mut session, now), server);
        let problem = exchange.result.unwrap_err();
        assert_eq!(problem.failure, Failure::Timeout);
        assert!(problem.detail.ends_with(words), "{problem:?}");
        assert_eq!(exchange.done, now + call.timeout);
    }
}

#[test]
fn a_port_that_is_silent_about_tls_is_named() {
    let took = Some(Duration::from_millis(1));
    let phases = |connect, tls| Phases {
        dns: None,
        connect,
        tls,
    };
    for (secure, phases, named) in [
        (true, phases(took, None), true),
        (true, phases(None, None), false),
        (true, phases(took, took), false),
        (false, phases(took, None), false),
    ] {
        let seen = stuck(secure, &phases);
        assert_eq!(seen.is_some(), named, "{phases:?}");
        let words = timed_out(Duration::from_secs(10), Arrival::default(), seen);
        let expected = if named {
            "connected, but the TLS handshake did not end within 10 s"
        } else {
            "no answer within 10 s"
        };
        assert_eq!(words, expected);
    }
}
