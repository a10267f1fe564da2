//! A request as bytes. In: a call and where it goes; out: its head, with a small body behind it. Invariant: host and
//! length are right whatever the scenario says, and everything is appended to memory that is used again.

use crate::protocol::Headers;
use crate::protocol::transport::Forward;
use bytes::Bytes;
use http::{Method, header};
use std::io::Write as _;

/// Bodies up to this size go out with their head in one write.
const TOGETHER: usize = 64 << 10;

/// One request, borrowed.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Outgoing<'a> {
    pub(in super::super) method: &'a Method,
    /// Path and query.
    pub(in super::super) path: &'a str,
    pub(in super::super) headers: &'a Headers,
    /// What the host header says where the scenario does not.
    pub(in super::super) host: &'a str,
    /// What a proxy that passes requests on must be told.
    pub(in super::super) forward: Option<&'a Forward>,
    /// What the user's jar has for this request.
    pub(in super::super) cookies: Option<&'a str>,
    pub(in super::super) body: &'a Bytes,
}

impl Outgoing<'_> {
    /// Replaces `out` with the request. What is left of the body is to be written behind it.
    pub(super) fn render(&self, out: &mut Vec<u8>) -> Bytes {
        out.clear();
        out.extend_from_slice(self.method.as_str().as_bytes());
        out.push(b' ');
        if let Some(forward) = self.forward {
            out.extend_from_slice(forward.origin.as_bytes());
        }
        if !self.path.starts_with(['/', '*']) {
            out.push(b'/');
        }
        out.extend_from_slice(self.path.as_bytes());
        out.extend_from_slice(b" HTTP/1.1\r\n");
        if !self.headers.has_host() {
            line(out, b"host: ", self.host);
        }
        if let Some(authorization) = self.forward.and_then(|f| f.authorization.as_deref()) {
            line(out, b"proxy-authorization: ", authorization);
        }
        match self.cookies {
            None => out.extend_from_slice(self.headers.lines()),
            Some(cookies) => self.lines_with(cookies, out),
        }
        let length = self.body.len();
        if length > 0 || matches!(*self.method, Method::POST | Method::PUT | Method::PATCH) {
            // Writing to a vector does not fail.
            write!(out, "content-length: {length}\r\n").ok();
        }
        out.extend_from_slice(b"\r\n");
        if length > TOGETHER {
            return self.body.clone();
        }
        out.extend_from_slice(self.body);
        Bytes::new()
    }

    /// The headers with the jar's cookies behind the scenario's own.
    fn lines_with(&self, cookies: &str, out: &mut Vec<u8>) {
        if !self.headers.has_cookie() {
            out.extend_from_slice(self.headers.lines());
            return line(out, b"cookie: ", cookies);
        }
        for (name, value) in self.headers.iter() {
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value);
            if name == header::COOKIE {
                out.extend_from_slice(b"; ");
                out.extend_from_slice(cookies.as_bytes());
            }
            out.extend_from_slice(b"\r\n");
        }
    }
}

fn line(out: &mut Vec<u8>, name: &[u8], value: &str) {
    out.extend_from_slice(name);
    out.extend_from_slice(value.as_bytes());
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(outgoing: &Outgoing<'_>) -> String {
        let mut out = b"old".to_vec();
        let rest = outgoing.render(&mut out);
        assert_eq!(
            rest.len(),
            if outgoing.body.len() > TOGETHER {
                outgoing.body.len()
            } else {
                0
            }
        );
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn requests_are_whole_and_say_how_long_they_are() {
        let (mut headers, mut own) = (Headers::default(), Headers::default());
        headers.add(&header::ACCEPT, "*/*");
        own.add(&header::COOKIE, "c=3");
        own.add(&header::HOST, "x");
        let (empty, body) = (Bytes::new(), Bytes::from_static(b"hello"));
        let plain = Outgoing {
            method: &Method::GET,
            path: "/a?b",
            headers: &headers,
            host: "h:1",
            forward: None,
            cookies: None,
            body: &empty,
        };
        let post = Outgoing {
            method: &Method::POST,
            ..plain
        };
        for (outgoing, expected) in [
            (
                plain,
                "GET /a?b HTTP/1.1\r\nhost: h:1\r\naccept: */*\r\n\r\n",
            ),
            (
                Outgoing {
                    path: "?q",
                    cookies: Some("a=1; b=2"),
                    ..plain
                },
                "GET /?q HTTP/1.1\r\nhost: h:1\r\naccept: */*\r\ncookie: a=1; b=2\r\n\r\n",
            ),
            (
                Outgoing {
                    path: "*",
                    headers: &own,
                    cookies: Some("a=1"),
                    ..plain
                },
                "GET * HTTP/1.1\r\ncookie: c=3; a=1\r\nhost: x\r\n\r\n",
            ),
            (
                Outgoing {
                    body: &body,
                    ..post
                },
                "POST /a?b HTTP/1.1\r\nhost: h:1\r\naccept: */*\r\ncontent-length: 5\r\n\r\nhello",
            ),
            (
                post,
                "POST /a?b HTTP/1.1\r\nhost: h:1\r\naccept: */*\r\ncontent-length: 0\r\n\r\n",
            ),
        ] {
            assert_eq!(rendered(&outgoing), expected);
        }
        let large = Bytes::from(vec![b'x'; TOGETHER + 1]);
        let large = rendered(&Outgoing {
            body: &large,
            ..post
        });
        assert!(large.ends_with("content-length: 65537\r\n\r\n"));
    }
}
