//! The same answers over HTTP/1.1 and HTTP/2 are the same to users: everything but the version and what it says about
//! itself.

use super::*;
use crate::properties::cases;
use crate::protocol::Answer;
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// What a server says.
#[derive(Debug, Clone)]
struct Said {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// Where the body is cut into chunks, or frames.
    cut: usize,
    trailers: bool,
}

fn said() -> impl Strategy<Value = Said> {
    let header = (
        prop::sample::select(vec![
            "content-type",
            "etag",
            "set-cookie",
            "x-a",
            "location",
        ]),
        "[ -~]{0,20}".prop_map(|value| value.trim().to_owned()),
    );
    (
        prop::sample::select(vec![200_u16, 201, 204, 206, 302, 304, 404, 418, 500, 503]),
        prop::collection::vec(header, 0..6),
        prop::collection::vec(any::<u8>(), 0..3000),
        1..1000_usize,
        any::<bool>(),
    )
        .prop_map(|(status, headers, body, cut, trailers)| Said {
            status,
            headers,
            body: if matches!(status, 204 | 304) {
                Vec::new()
            } else {
                body
            },
            cut,
            trailers,
        })
}

async fn over_http1(said: &Said, call: &Call) -> Exchange {
    let listener = listen().await;
    let target = format!("http://{}", listener.local_addr().unwrap());
    let blueprint = Blueprint::new(target.parse().unwrap(), TlsSettings::default(), Reach::Any);
    let client = Client::new(blueprint.unwrap());
    let mut out = format!("HTTP/1.1 {}\r\n", said.status).into_bytes();
    for (name, value) in &said.headers {
        out.extend(format!("{name}: {value}\r\n").bytes());
    }
    if !matches!(said.status, 204 | 304) {
        out.extend(b"transfer-encoding: chunked\r\n");
    }
    out.extend(b"\r\n");
    if !matches!(said.status, 204 | 304) && call.method != Method::HEAD {
        for part in said.body.chunks(said.cut) {
            out.extend(format!("{:x}\r\n", part.len()).bytes());
            out.extend(part);
            out.extend(b"\r\n");
        }
        out.extend(b"0\r\n");
        if said.trailers {
            out.extend(b"x-sum: 1\r\n");
        }
        out.extend(b"\r\n");
    }
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(stream.read(&mut [0; 1024]).await.unwrap() > 0);
        stream.write_all(&out).await.unwrap();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        exchange = send(&client, call) => exchange,
        () = server => unreachable!(),
    }
}

async fn over_http2(said: &Said, call: &Call) -> Exchange {
    let listener = listen().await;
    let client = client(&listener, Connections::Shared, None);
    let server = async {
        let (stream, _) = listener.accept().await.unwrap();
        let mut connection = h2::server::handshake(stream).await.unwrap();
        while let Some(request) = connection.accept().await {
            let (request, mut respond) = request.unwrap();
            let mut response = http::Response::new(());
            *response.status_mut() = said.status.try_into().unwrap();
            for (name, value) in &said.headers {
                let value = HeaderValue::from_str(value).unwrap();
                let name = HeaderName::from_static(name);
                response.headers_mut().append(name, value);
            }
            let empty = said.body.is_empty() || request.method() == Method::HEAD;
            let ends = empty && !said.trailers;
            let mut stream = respond.send_response(response, ends).unwrap();
            if !empty {
                for part in said.body.chunks(said.cut) {
                    stream
                        .send_data(Bytes::copy_from_slice(part), false)
                        .unwrap();
                }
            }
            if said.trailers {
                let mut trailers = HeaderMap::new();
                trailers.insert("x-sum", HeaderValue::from_static("1"));
                stream.send_trailers(trailers).unwrap();
            } else if !ends {
                stream.send_data(Bytes::new(), true).unwrap();
            }
        }
    };
    tokio::select! {
        exchange = send(&client, call) => exchange,
        () = server => panic!("closed"),
    }
}

/// All that users see of an answer.
fn seen(exchange: Exchange) -> impl PartialEq + std::fmt::Debug {
    let answer: Answer = exchange.result.unwrap();
    let mut headers: Vec<(String, Vec<u8>)> = answer
        .headers
        .iter()
        .filter(|(name, _)| *name != "transfer-encoding")
        .map(|(name, value)| (name.to_owned(), value.to_vec()))
        .collect();
    // What one name has keeps its order.
    headers.sort_by(|a, b| a.0.cmp(&b.0));
    (answer.status, headers, answer.body, answer.received)
}

#[test]
fn answers_are_the_same_on_both_versions() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut runner = TestRunner::new(cases(64));
    let strategy = (said(), any::<bool>(), any::<bool>());
    runner
        .run(&strategy, |(said, head, keep)| {
            let call = Call {
                method: if head { Method::HEAD } else { Method::GET },
                keep_body: if keep { Keep::Whole } else { Keep::No },
                ..get()
            };
            let both = async {
                let one = over_http1(&said, &call).await;
                (one, over_http2(&said, &call).await)
            };
            let (one, two) = LocalSet::new().block_on(&runtime, both);
            prop_assert_eq!(seen(one), seen(two));
            Ok(())
        })
        .unwrap();
}
