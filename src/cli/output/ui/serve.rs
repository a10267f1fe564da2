//! The server of the live report. In: connections from this machine; out: one page. Invariant: it answers `GET /` by a
//! name that only this machine has, so that a page from elsewhere cannot read it by way of a browser (DNS rebinding);
//! connections, heads and times are bounded, and bodies are not read.

use super::Ui;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

/// Connections at once; more wait in the listen queue.
const CONNECTIONS: usize = 16;
/// A whole request head within this, in bytes and in time.
const HEAD: usize = 8 * 1024;
const HEAD_TIME: Duration = Duration::from_secs(2);
/// A connection, from the first byte to the last.
const CONNECTION_TIME: Duration = Duration::from_secs(10);

/// Behind a system that is out of descriptors.
const PAUSE: Duration = Duration::from_millis(200);

pub(super) async fn serve(listener: std::net::TcpListener, ui: Arc<Ui>) {
    let Ok(listener) = TcpListener::from_std(listener) else {
        return;
    };
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let ui = Arc::clone(&ui);
                tokio::spawn(async move {
                    // How a client leaves is its own affair.
                    timeout(CONNECTION_TIME, converse(stream, ui)).await.ok();
                    drop(place);
                });
            }
            Err(_) => sleep(PAUSE).await,
        }
    }
}

async fn converse(stream: TcpStream, ui: Arc<Ui>) {
    let last = AtomicBool::new(false);
    let service = service_fn(|request| {
        let response = answer(&request, &ui, &last);
        async move { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_header_size(HEAD)
        .max_buf_size(HEAD)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    connection.await.ok();
    if last.load(Ordering::Relaxed) {
        ui.seen();
    }
}

/// The answer; `last` is set where it is the end of the run.
fn answer(request: &Request<Incoming>, ui: &Ui, last: &AtomicBool) -> Response<Full<Bytes>> {
    let mut hosts = request.headers().get_all(HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok());
    if hosts.next().is_some() || !host.is_some_and(|host| is_ours(host, ui.address)) {
        let said = "this report is served to this machine only, by its own address\n";
        return text(StatusCode::MISDIRECTED_REQUEST, said);
    }
    if request.method() != Method::GET {
        let mut refused = text(StatusCode::METHOD_NOT_ALLOWED, "only GET\n");
        let get = HeaderValue::from_static("GET");
        refused.headers_mut().insert(ALLOW, get);
        return refused;
    }
    if request.uri().path() != "/" {
        return text(StatusCode::NOT_FOUND, "the report is at /\n");
    }
    let (page, ended) = ui.page();
    last.store(ended, Ordering::Relaxed);
    with(StatusCode::OK, "text/html; charset=utf-8", page)
}

/// A name that resolves to this machine whoever is asked: a foreign name may be made to point here.
fn is_ours(host: &str, address: SocketAddr) -> bool {
    let port = address.port();
    let names = [
        address.ip().to_string(),
        format!("[{}]", address.ip()),
        "localhost".into(),
    ];
    names.iter().any(|name| {
        let with_port = format!("{name}:{port}");
        host.eq_ignore_ascii_case(&with_port) || (port == 80 && host.eq_ignore_ascii_case(name))
    })
}

fn text(status: StatusCode, said: &'static str) -> Response<Full<Bytes>> {
    with(
        status,
        "text/plain; charset=utf-8",
        Bytes::from_static(said.as_bytes()),
    )
}

fn with(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    // The page's own policy is in the page; this much holds of every answer.
    const HEADERS: [(&str, &str); 5] = [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "same-origin"),
        (
            "content-security-policy",
            "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ),
    ];
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for (name, value) in HEADERS {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_ours() {
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        for (host, address, ours) in [
            ("127.0.0.1:8088", "127.0.0.1:8088", true),
            ("localhost:8088", "127.0.0.1:8088", true),
            ("LOCALHOST:8088", "127.0.0.1:8088", true),
            ("[::1]:8088", "[::1]:8088", true),
            ("127.0.0.1", "127.0.0.1:80", true),
            ("127.0.0.1", "127.0.0.1:8088", false),
            ("127.0.0.1:9", "127.0.0.1:8088", false),
            ("rebound.example:8088", "127.0.0.1:8088", false),
            ("127.0.0.1.nip.io:8088", "127.0.0.1:8088", false),
            ("localhost.evil.example:8088", "127.0.0.1:8088", false),
            ("", "127.0.0.1:8088", false),
        ] {
            assert_eq!(is_ours(host, at(address)), ours, "{host} at {address}");
        }
    }
}
