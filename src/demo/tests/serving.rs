//! How connections begin and end, and what is refused on them.

use super::super::{GRACE, Shop};
use super::{Client, shop};
use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn bodies_and_heads_are_bounded() {
    let shop = shop();
    let mut client = Client::new(&shop).await;
    let long = "x".repeat(17 * 1024);
    let reply = client.send(Method::POST, "/api/session", &[], &long).await;
    assert_eq!(reply.status, 413);
    let mut raw = TcpStream::connect(shop.addr).await.unwrap();
    let head = format!(
        "GET / HTTP/1.1\r\nhost: shop\r\nx: {}\r\n\r\n",
        "x".repeat(1024 * 1024)
    );
    // The shop may hang up while this is being written; what counts is that it never says 200.
    let _ = raw.write_all(head.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = raw.read_to_end(&mut answer).await;
    assert!(
        !answer.starts_with(b"HTTP/1.1 200"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
}

#[tokio::test]
async fn vanishing_clients_do_no_harm() {
    let shop = shop();
    for start in [
        "",
        "GET",
        "GET / HTTP/1.1\r\nhost: x\r\n\r\n",
        "POST /api/session HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\n{",
        "\0\0\0",
    ] {
        for linger in [None, Some(())] {
            let mut stream = TcpStream::connect(shop.addr).await.unwrap();
            stream.write_all(start.as_bytes()).await.unwrap();
            if linger.is_some() {
                stream.set_zero_linger().unwrap();
            }
        }
    }
    assert_eq!(Client::new(&shop).await.get("/", &[]).await.status, 200);
}

#[tokio::test]
async fn dropping_the_handle_closes_the_port_and_idle_connections() {
    let shop = shop();
    let mut client = Client::new(&shop).await;
    assert_eq!(client.status("/", &[], None).await, 200);
    let addr = shop.addr;
    let started = Instant::now();
    drop(shop);
    assert!(started.elapsed() < GRACE * 10);
    assert!(TcpStream::connect(addr).await.is_err());
    let request = Request::new(Full::<Bytes>::default());
    assert!(client.0.send_request(request).await.is_err());
}

#[tokio::test]
async fn a_request_under_way_is_answered_before_the_shop_closes() {
    let bound = Shop::bind((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
    let (addr, state) = (bound.addr, Arc::clone(&bound.state));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(bound.serve(stopped));
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream
        .write_all(b"GET /api/products?slow=100ms HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    while state.requests.load(Ordering::Relaxed) == 0 {
        tokio::task::yield_now().await;
    }
    stop.send(()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    serving.await.unwrap();
}
