//! The tests' own target, tested: a fault that does not happen proves nothing.

use crate::support::target::{
    Certificate, HOSTILE, Target, refused, target, target_tls, target_tls_with,
};
use bytes::Bytes;
use flate2::read::{GzDecoder, ZlibDecoder};
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use std::io::{ErrorKind, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

const PATIENCE: Duration = Duration::from_secs(20);

/// Everything the target writes for one request, until it closes the connection, and how it closed.
async fn raw(target: &Target, path: &str) -> (Vec<u8>, Result<(), ErrorKind>) {
    let mut stream = TcpStream::connect(target.addr).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let reading = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer));
    let end = reading.await.expect("the target closes");
    (answer, end.map(drop).map_err(|error| error.kind()))
}

/// A connection that hyper drives.
async fn client(target: &Target) -> SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(target.addr).await.unwrap();
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

async fn send(
    client: &mut SendRequest<Full<Bytes>>,
    request: Request<&str>,
) -> http::Response<Bytes> {
    client.ready().await.unwrap();
    let request = request.map(|body| Full::from(body.to_owned()));
    let (head, body) = client.send_request(request).await.unwrap().into_parts();
    http::Response::from_parts(head, body.collect().await.unwrap().to_bytes())
}

async fn get(client: &mut SendRequest<Full<Bytes>>, path: &str) -> http::Response<Bytes> {
    send(client, Request::get(path).body("").unwrap()).await
}

#[tokio::test]
async fn it_answers_on_kept_connections_and_counts() {
    let target = target();
    let mut client = client(&target).await;
    for (path, status) in [
        ("/ok", 200),
        ("/status/204", 204),
        ("/status/404", 404),
        ("/status/503", 503),
        ("/sequence/200,500,429", 200),
        ("/sequence/200,500,429", 500),
        ("/sequence/200,500,429", 429),
        ("/sequence/200,500,429", 200),
        ("/redirect/0", 200),
        ("/redirect/3", 302),
        ("/loop", 302),
        ("/redirect/1?status=307", 307),
        ("/informational", 200),
        ("/chunked", 200),
        ("/hostile", 200),
        ("/hostile/500", 500),
        ("/delay/1", 200),
        ("/slow-body?every=1&bytes=3", 200),
        ("/nonsense", 404),
        ("/ok", 200),
    ] {
        assert_eq!(get(&mut client, path).await.status(), status, "{path}");
    }
    let head = send(&mut client, Request::head("/ok").body("").unwrap()).await;
    assert_eq!(head.headers()["content-length"], "3");
    assert_eq!(
        (target.hits("/ok"), target.hits("/never"), target.requests()),
        (3, 0, 21)
    );
    assert_eq!(target.connections(), 1);
    assert!(target.wait_for("/ok", 3, PATIENCE));
    assert!(!target.wait_for("/ok", 4, Duration::ZERO));
}

#[tokio::test]
async fn bodies_are_what_they_should_be() {
    let target = target();
    let mut client = client(&target).await;
    let location =
        |answer: &http::Response<Bytes>| answer.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(
        location(&get(&mut client, "/redirect/2").await),
        "/redirect/1"
    );
    assert_eq!(
        location(&get(&mut client, "/redirect/2?status=308").await),
        "/redirect/1?status=308"
    );
    assert_eq!(
        get(&mut client, "/chunked").await.body(),
        "first,second,third\n"
    );
    assert_eq!(
        get(&mut client, "/slow-body?every=1&bytes=4").await.body(),
        "xxxx"
    );
    assert_eq!(get(&mut client, "/hostile").await.body(), HOSTILE);
    assert_eq!(get(&mut client, "/headers/50").await.headers().len(), 52);
    let started = Instant::now();
    get(&mut client, "/delay/30").await;
    assert!(started.elapsed() >= Duration::from_millis(30));

    let mut text = String::new();
    let gzip = get(&mut client, "/gzip").await;
    assert_eq!(gzip.headers()["content-encoding"], "gzip");
    GzDecoder::new(&gzip.body()[..])
        .read_to_string(&mut text)
        .unwrap();
    ZlibDecoder::new(&get(&mut client, "/deflate").await.body()[..])
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, "{\"compressed\":true}{\"compressed\":true}");
}

#[tokio::test]
async fn echo_and_cookies_show_what_was_sent() {
    let target = target();
    let mut client = client(&target).await;
    let request = Request::put("/echo?a=1")
        .header("X-Test", "yes")
        .body("{\"b\":2}")
        .unwrap();
    let echo: Value = serde_json::from_slice(send(&mut client, request).await.body()).unwrap();
    assert_eq!(echo["method"], "PUT");
    assert_eq!(
        (&echo["path"], &echo["query"]),
        (&"/echo".into(), &"a=1".into())
    );
    assert_eq!(echo["body"], "{\"b\":2}");
    assert!(
        echo["headers"]
            .as_array()
            .unwrap()
            .contains(&serde_json::json!(["x-test", "yes"]))
    );
    assert_eq!(target.seen("/echo")[0].header("x-test"), Some("yes"));

    assert_eq!(
        get(&mut client, "/cookie/set")
            .await
            .headers()
            .get_all("set-cookie")
            .iter()
            .count(),
        2
    );
    let set = get(&mut client, "/cookie/set?a=1&b=2").await;
    let set: Vec<_> = set.headers().get_all("set-cookie").iter().collect();
    assert_eq!(set, ["a=1; Path=/", "b=2; Path=/"]);
    let request = Request::get("/cookie/show")
        .header("cookie", "a=1; b=2")
        .body("")
        .unwrap();
    assert_eq!(
        send(&mut client, request).await.body(),
        "{\"a\":\"1\",\"b\":\"2\"}"
    );
}

#[tokio::test]
async fn a_chunked_request_body_is_read() {
    let target = target();
    let mut stream = TcpStream::connect(target.addr).await.unwrap();
    let request = "POST /echo HTTP/1.1\r\nhost: test\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n\
                   3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("\"body\":\"abcde\"}"), "{answer}");
}

#[tokio::test]
async fn faults_happen() {
    let target = target();
    assert_eq!(
        raw(&target, "/reset").await,
        (Vec::new(), Err(ErrorKind::ConnectionReset))
    );
    assert_eq!(raw(&target, "/close").await, (Vec::new(), Ok(())));
    for (path, start, end) in [
        (
            "/half",
            "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nx",
            "xxx",
        ),
        ("/half-head", "HTTP/1.1 200 OK", "content-le"),
        ("/garbage", "\u{16}\u{3}", "\r\n\r\n"),
        (
            "/bad-chunk",
            "HTTP/1.1 200 OK",
            "not hexadecimal\r\nbad\r\n",
        ),
        (
            "/hostile-head",
            "HTTP/1.1 200 OK\r\nx-hostile: ::error::",
            "\r\n\r\n",
        ),
        ("/informational", "HTTP/1.1 103 Early Hints\r\n", "ok\n"),
    ] {
        let (bytes, closed) = raw(&target, path).await;
        let text = String::from_utf8(bytes).unwrap();
        assert!(
            text.starts_with(start) && text.ends_with(end),
            "{path}: {text:?}"
        );
        assert_eq!(closed, Ok(()), "{path}");
    }
}

#[tokio::test]
async fn stalls_and_endless_bodies_last_until_the_client_leaves() {
    let target = target();
    let mut stalled = TcpStream::connect(target.addr).await.unwrap();
    stalled
        .write_all(b"GET /stall HTTP/1.1\r\n\r\n")
        .await
        .unwrap();
    let mut endless = TcpStream::connect(target.addr).await.unwrap();
    endless
        .write_all(b"GET /endless HTTP/1.1\r\n\r\n")
        .await
        .unwrap();
    let mut bytes = vec![0; 4 * 1024 * 1024];
    endless.read_exact(&mut bytes).await.unwrap();
    drop(endless);
    assert!(target.wait_for("/stall", 1, PATIENCE));
    assert_eq!(
        stalled.try_read(&mut bytes).unwrap_err().kind(),
        ErrorKind::WouldBlock
    );
    // Others are served meanwhile.
    assert_eq!(get(&mut client(&target).await, "/ok").await.status(), 200);
}

#[tokio::test]
async fn it_dies_to_order_and_when_stopped() {
    let mut target = target();
    let mut client = client(&target).await;
    assert_eq!(get(&mut client, "/die/2").await.status(), 200);
    assert!(
        client
            .send_request(Request::get("/die/2").body(Full::default()).unwrap())
            .await
            .is_err()
    );
    target.stop();
    assert_eq!(target.hits("/die/2"), 2);
    assert_eq!(
        TcpStream::connect(target.addr).await.unwrap_err().kind(),
        ErrorKind::ConnectionRefused
    );
    let refused = refused();
    assert_eq!(
        TcpStream::connect(refused.addr).await.unwrap_err().kind(),
        ErrorKind::ConnectionRefused
    );
}

/// A TLS connection that trusts the given CA only.
async fn connect(target: &Target, ca: &std::path::Path) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(ca).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(target.addr).await.unwrap();
    let name = ServerName::from(target.addr.ip());
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

#[tokio::test]
async fn a_proper_certificate_is_accepted_by_those_who_know_the_ca() {
    let tls = target_tls();
    assert!(tls.target.url("/ok").starts_with("https://127.0.0.1:"));
    let mut stream = connect(&tls.target, tls.ca()).await.unwrap();
    stream
        .write_all(b"GET /ok HTTP/1.1\r\nhost: test\r\n\r\n")
        .await
        .unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    assert_eq!(
        (tls.target.hits("/ok"), tls.target.broken_handshakes()),
        (1, 0)
    );

    stream
        .write_all(b"GET /reset HTTP/1.1\r\nhost: test\r\n\r\n")
        .await
        .unwrap();
    let mut rest = Vec::new();
    assert!(stream.read_to_end(&mut rest).await.is_err());
}

#[tokio::test]
async fn other_certificates_are_refused_for_their_own_reason() {
    for (kind, reason) in [
        (Certificate::Expired, "Expired"),
        (Certificate::WrongHost, "NotValidForName"),
        (Certificate::SelfSigned, "UnknownIssuer"),
    ] {
        let tls = target_tls_with(kind);
        let error = connect(&tls.target, tls.ca()).await.unwrap_err();
        assert!(format!("{error:?}").contains(reason), "{kind:?}: {error:?}");
        assert_eq!(tls.target.requests(), 0);
    }
}
