//! The shop over real loopback, asked by a small hyper client.

mod serving;
mod shopping;

use super::{Handle, Shop};
use bytes::Bytes;
use http::header::{HeaderMap, HeaderName};
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

const EMAIL: &str = "ada.archer@shop.example";
const PASSWORD: &str = "kelp-ember-60";

/// One keep-alive connection.
struct Client(SendRequest<Full<Bytes>>);

struct Reply {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Client {
    async fn new(shop: &Handle) -> Self {
        let stream = TcpStream::connect(shop.addr).await.unwrap();
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Self(sender)
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "shop");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::from(body.to_owned())).unwrap();
        self.0.ready().await.unwrap();
        let (head, body) = self.0.send_request(request).await.unwrap().into_parts();
        Reply {
            status: head.status.as_u16(),
            headers: head.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    }

    async fn status(&mut self, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> u16 {
        match body {
            Some(body) => self.post(path, headers, body).await.status,
            None => self.get(path, headers).await.status,
        }
    }

    async fn get(&mut self, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.send(Method::GET, path, headers, "").await
    }

    async fn post(&mut self, path: &str, headers: &[(&str, &str)], body: &Value) -> Reply {
        self.send(Method::POST, path, headers, &body.to_string())
            .await
    }

    /// Signs in and returns the cookie pair and the value of an authorization header.
    async fn sign_in(&mut self) -> (String, String) {
        let reply = self
            .post(
                "/api/session",
                &[],
                &json!({ "email": EMAIL, "password": PASSWORD }),
            )
            .await;
        assert_eq!(reply.status, 200);
        let cookie = reply
            .header("set-cookie")
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        (
            cookie,
            format!("Bearer {}", reply.json()["token"].as_str().unwrap()),
        )
    }
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        let name: HeaderName = name.parse().unwrap();
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

fn shop() -> Handle {
    Shop::spawn_thread().unwrap()
}
