//! Ways to a server, each to a listener on loopback that says what it was asked.

mod tls;

use super::*;
use crate::scenario::{Environment, parse};
use crate::source::Source;
use std::path::Path;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixListener};

/// A dialer for a scenario with these lines at its top.
fn dialer(target: &str, top: &str) -> Dialer {
    let text = format!("target: {target}\n{top}\nflows: {{ f: {{ steps: [{{ get: / }}] }} }}\n");
    let environment = Environment::empty();
    let loaded = parse(
        Source::new("s.yaml", text),
        Path::new("s.yaml"),
        &environment,
    );
    let scenario = loaded.unwrap().scenario;
    let dialer = Dialer::new(scenario.tls).unwrap();
    dialer.with_network(scenario.network, &scenario.target.value)
}

fn endpoint(url: &str) -> Endpoint {
    Endpoint::new(&url.parse().unwrap())
}

async fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// Reads what was asked, answers, and echoes one word behind it.
async fn proxy(listener: &TcpListener, exchanges: &[(usize, &[u8])]) -> Vec<u8> {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut asked = Vec::new();
    for (length, answer) in exchanges {
        let mut part = vec![0; *length];
        stream.read_exact(&mut part).await.unwrap();
        asked.extend(part);
        stream.write_all(answer).await.unwrap();
    }
    echo(&mut stream).await;
    asked
}

async fn echo(stream: &mut TcpStream) {
    let mut word = [0; 4];
    if stream.read_exact(&mut word).await.is_ok() {
        stream.write_all(&word).await.unwrap();
    }
}

async fn works(connection: &mut Connection) {
    connection.stream.write_all(b"ping").await.unwrap();
    let mut word = [0; 4];
    connection.stream.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"ping");
}

/// Scheme and credentials, more keys, what the proxy reads and answers, all that it was asked.
type Case<'a> = (&'a str, &'a str, Vec<(usize, &'a [u8])>, &'a [u8]);

#[tokio::test]
async fn socks_proxies_are_asked_for_names_or_addresses() {
    let (hello, welcome): (usize, &[u8]) = (3, b"\x05\x00");
    let done: &[u8] = b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50";
    let cases: [Case<'_>; 3] = [
        (
            "socks5h://",
            "",
            vec![(hello, welcome), (4 + 1 + 9 + 2, done)],
            b"\x05\x01\x00\x05\x01\x00\x03\x09shop.test\x00\x50",
        ),
        (
            "socks5://",
            "resolve: { shop.test: 10.0.0.7 }",
            vec![(hello, welcome), (10, done)],
            b"\x05\x01\x00\x05\x01\x00\x01\x0a\x00\x00\x07\x00\x50",
        ),
        (
            "socks5h://ann:pass@",
            "",
            vec![(4, b"\x05\x02"), (10, b"\x01\x00"), (16, done)],
            b"\x05\x02\x00\x02\x01\x03ann\x04pass\x05\x01\x00\x03\x09shop.test\x00\x50",
        ),
    ];
    for (scheme, top, exchanges, expected) in cases {
        let (listener, port) = listen().await;
        let top = format!("proxy: {scheme}127.0.0.1:{port}\n{top}");
        let dialer = dialer("http://shop.test", &top);
        let endpoint = endpoint("http://shop.test");
        let mut phases = Phases::default();
        let client = async {
            let opened = dialer.open(&endpoint, Offer::Http1, &mut phases).await;
            let mut connection = opened.unwrap();
            works(&mut connection).await;
            assert_eq!(
                (connection.peer, connection.forward.is_some()),
                (None, false)
            );
        };
        let ((), asked) = tokio::join!(client, proxy(&listener, &exchanges));
        assert_eq!(asked, expected, "{scheme}");
        assert!(phases.connect.is_some() && phases.tls.is_none());
    }
}

#[tokio::test]
async fn a_socks_proxy_that_refuses_is_named_without_its_credentials() {
    for (credentials, exchanges, words) in [
        ("", vec![(3, &b"\x05\xff"[..])], "it wants to know who asks"),
        (
            "ann:pass@",
            vec![(4, b"\x05\x02"), (10, b"\x01\x01")],
            "user or password is wrong",
        ),
        (
            "",
            vec![(3, b"\x05\x00"), (16, b"\x05\x05\x00\x01\0\0\0\0\0\0")],
            "the target refused the connection",
        ),
        ("", vec![(3, b"\x05\x02")], "it wants to know who asks"),
        (
            "",
            vec![(3, b"\x05\x00"), (16, b"\x05\x00\x00\x09")],
            "its answer is not SOCKS 5",
        ),
        ("", vec![(3, b"HTTP/1.1 400")], "its answer is not SOCKS 5"),
    ] {
        let (listener, port) = listen().await;
        let dialer = dialer(
            "http://shop.test",
            &format!("proxy: socks5h://{credentials}127.0.0.1:{port}"),
        );
        let endpoint = endpoint("http://shop.test");
        let mut phases = Phases::default();
        let opening = dialer.open(&endpoint, Offer::Http1, &mut phases);
        let (opened, _) = tokio::join!(
            async { opening.await.unwrap_err() },
            proxy(&listener, &exchanges)
        );
        assert_eq!(opened.failure, Failure::Connect);
        let named = format!("the proxy 127.0.0.1:{port}, asked for shop.test:80: ");
        assert!(opened.detail.starts_with(&named), "{opened:?}");
        assert!(opened.detail.contains(words), "{opened:?}");
        assert!(!opened.detail.contains("ann:"), "{opened:?}");
    }
}

#[tokio::test]
async fn tunnels_are_opened_and_refusals_name_the_proxy() {
    let request = b"CONNECT shop.test:80 HTTP/1.1\r\nhost: shop.test:80\r\n\
                    proxy-authorization: Basic YW5uOnBhc3M=\r\n\r\n";
    for (answer, words) in [
        ("HTTP/1.1 200 Connection established\r\n\r\n", None),
        ("HTTP/1.0 200\r\nvia: x\r\n\r\n", None),
        (
            "HTTP/1.1 407 Nonsense\r\nproxy-authenticate: Basic\r\n\r\n",
            Some("answered 407 Proxy Authentication Required to CONNECT"),
        ),
        (
            "HTTP/1.1 403 No\r\n\r\n",
            Some("answered 403 Forbidden to CONNECT; it may not allow"),
        ),
        (
            "HTTP/1.1 599 \x1b[31m\r\n\r\n",
            Some("answered 599 to CONNECT"),
        ),
        ("SSH-2.0-x\r\n\r\n", Some("its answer is not HTTP")),
        (
            "HTTP/1.1 200",
            Some("closed the connection without an answer"),
        ),
    ] {
        let (listener, port) = listen().await;
        let top = format!("proxy: http://ann:pass@127.0.0.1:{port}");
        let dialer = dialer("http://shop.test", &top);
        // What is no client of requests gets a tunnel, for `http:` too.
        let endpoint = endpoint("http://shop.test");
        let mut phases = Phases::default();
        let client = async {
            let opened = dialer.open(&endpoint, Offer::Http1, &mut phases).await;
            match (opened, words) {
                (Ok(mut connection), None) => works(&mut connection).await,
                (Err(problem), Some(words)) => {
                    assert!(problem.detail.contains(words), "{problem:?}");
                    let named = format!("the proxy 127.0.0.1:{port}");
                    assert!(problem.detail.starts_with(&named), "{problem:?}");
                    assert_eq!(problem.failure, Failure::Connect);
                }
                (opened, _) => panic!("{answer:?}: {opened:?}"),
            }
        };
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = vec![0; request.len()];
            stream.read_exact(&mut asked).await.unwrap();
            assert_eq!(asked, request);
            stream.write_all(answer.as_bytes()).await.unwrap();
            if words.is_none() {
                echo(&mut stream).await;
            }
        };
        tokio::join!(client, server);
    }
}

#[tokio::test]
async fn a_proxy_that_is_gone_is_named() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let gone = socket.local_addr().unwrap();
    for scheme in ["http", "https", "socks5h"] {
        let dialer = dialer("http://shop.test", &format!("proxy: {scheme}://{gone}"));
        let opening = dialer
            .open(
                &endpoint("https://shop.test"),
                Offer::Http1,
                &mut Phases::default(),
            )
            .await;
        let problem = opening.unwrap_err();
        assert_eq!(problem.failure, Failure::Connect);
        assert!(
            problem.detail.starts_with(&format!("the proxy {gone}: ")),
            "{problem:?}"
        );
    }
}

#[tokio::test]
async fn a_unix_socket_serves_the_target_and_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    let dialer = dialer("http://app.test", &format!("unix: {}", path.display()));
    let (target, mut phases) = (endpoint("http://app.test"), Phases::default());
    let missing = dialer.open(&target, Offer::Http1, &mut phases).await;
    let problem = missing.unwrap_err();
    let named = format!("the Unix socket {}: ", path.display());
    assert!(problem.detail.starts_with(&named), "{problem:?}");
    assert_eq!(problem.failure, Failure::Connect);

    let listener = UnixListener::bind(&path).unwrap();
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut word = [0; 4];
        stream.read_exact(&mut word).await.unwrap();
        stream.write_all(&word).await.unwrap();
    };
    let client = async {
        let opened = dialer.open(&target, Offer::Http1, &mut phases).await;
        works(&mut opened.unwrap()).await;
    };
    tokio::join!(client, server);
    let (other, port) = listen().await;
    let elsewhere = endpoint(&format!("http://127.0.0.1:{port}"));
    let opening = dialer.open(&elsewhere, Offer::Http1, &mut phases);
    let (opened, _) = tokio::join!(opening, other.accept());
    assert!(opened.unwrap().peer.is_some());
}

#[tokio::test]
async fn names_lead_where_the_scenario_sends_them() {
    let (listener, port) = listen().await;
    for (url, top) in [
        (
            format!("http://shop.test:{port}"),
            "resolve: { shop.test: 127.0.0.1 }".to_owned(),
        ),
        (
            "http://shop.test".into(),
            format!("resolve: {{ \"shop.test:80\": \"127.0.0.1:{port}\", \"*\": 127.0.0.2 }}"),
        ),
        (
            format!("http://localhost:{port}"),
            "ip: 4\ndns: request".into(),
        ),
    ] {
        let (dialer, endpoint) = (dialer("http://x.test", &top), endpoint(&url));
        let mut phases = Phases::default();
        let opening = dialer.open(&endpoint, Offer::Http1, &mut phases);
        let (opened, _) = tokio::join!(opening, listener.accept());
        let peer = opened.unwrap().peer.unwrap();
        assert_eq!(peer, listener.local_addr().unwrap());
        let looked_up = url.contains("localhost");
        assert_eq!(phases.dns.is_some(), looked_up, "{url}");
        // Kept for the run where that is how often names are looked up.
        assert!(endpoint.addresses(&Network::default()).is_none());
    }
    let dialer = dialer("http://x.test", "ip: 6");
    let opening = dialer
        .open(
            &endpoint("http://127.0.0.1"),
            Offer::Http1,
            &mut Phases::default(),
        )
        .await;
    let problem = opening.unwrap_err();
    assert_eq!(problem.failure, Failure::Dns);
    assert!(
        problem.detail.contains("no IPv6 address, and `ip: 6`"),
        "{problem:?}"
    );
}
