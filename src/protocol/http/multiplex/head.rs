//! Heads as HTTP/2 has them. In: a request as on HTTP/1.1; out: its header list; and back for answers. Invariant: no
//! header about the connection goes out, and `:authority` is what `host` would have been.

use crate::expr::Head;
use crate::protocol::http::wire::{Has, Outgoing};
use http::header::{
    CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, COOKIE, HOST, LOCATION, SET_COOKIE, TE,
    TRANSFER_ENCODING, UPGRADE,
};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use std::io::Write as _;

/// Headers of one answer, as on HTTP/1.1.
const MOST: usize = 128;

/// Where a request goes, in the parts that HTTP/2 sends.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Target<'a> {
    pub(in super::super) scheme: &'a Scheme,
    /// Where the scenario names no host.
    pub(in super::super) authority: &'a Authority,
    pub(in super::super) path: &'a PathAndQuery,
}

/// The head of a request; `Err` says what of it HTTP/2 cannot carry.
pub(super) fn request(outgoing: &Outgoing<'_>, target: Target<'_>) -> Result<Request<()>, String> {
    let mut authority = None;
    let mut headers = HeaderMap::with_capacity(8);
    for (name, value) in outgoing.headers.iter() {
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
            continue;
        };
        if name == HOST {
            let host = std::str::from_utf8(value).unwrap_or_default();
            if host != target.authority.as_str() {
                let own = host.parse();
                authority = Some(own.map_err(|e| format!("`host: {host}` is no host: {e}"))?);
            }
        } else if !of_connection(&name, value) {
            let joined;
            let value = match outgoing.cookies {
                Some(cookies) if name == COOKIE => {
                    joined = [value, b"; ", cookies.as_bytes()].concat();
                    &joined[..]
                }
                _ => value,
            };
            headers.append(name, header_value(value)?);
        }
    }
    if let Some(cookies) = outgoing.cookies.filter(|_| !outgoing.headers.has_cookie()) {
        headers.append(COOKIE, header_value(cookies.as_bytes())?);
    }
    let length = outgoing.body.len();
    if length > 0 || matches!(*outgoing.method, Method::POST | Method::PUT | Method::PATCH) {
        headers.insert(CONTENT_LENGTH, length.into());
    }
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(target.scheme.clone());
    parts.authority = Some(authority.unwrap_or_else(|| target.authority.clone()));
    parts.path_and_query = Some(if target.path.as_str().starts_with(['/', '*']) {
        target.path.clone()
    } else {
        let path = format!("/{}", target.path);
        path.parse().map_err(|_| format!("`{path}` is no path"))?
    });
    let mut request = Request::new(());
    *request.method_mut() = outgoing.method.clone();
    *request.uri_mut() = Uri::from_parts(parts).map_err(|e| e.to_string())?;
    *request.version_mut() = http::Version::HTTP_2;
    *request.headers_mut() = headers;
    Ok(request)
}

fn header_value(bytes: &[u8]) -> Result<HeaderValue, String> {
    HeaderValue::from_bytes(bytes).map_err(|e| e.to_string())
}

/// Headers that HTTP/2 knows nothing of (RFC 9113, 8.2.2).
fn of_connection(name: &HeaderName, value: &[u8]) -> bool {
    if *name == TE {
        return !value.eq_ignore_ascii_case(b"trailers");
    }
    *name == CONNECTION
        || *name == TRANSFER_ENCODING
        || *name == UPGRADE
        || matches!(
            name.as_str(),
            "keep-alive" | "proxy-connection" | "http2-settings"
        )
}

/// The head of an answer, and what stands in it.
pub(super) fn answer(status: StatusCode, headers: &HeaderMap) -> Result<(Head, Has), String> {
    if headers.len() > MOST {
        return Err(format!("more than {MOST} headers"));
    }
    let mut has = Has::default();
    let length = headers.iter().map(|(n, v)| n.as_str().len() + v.len() + 4);
    let mut bytes = Vec::with_capacity("HTTP/2 200\r\n\r\n".len() + length.sum::<usize>());
    // Writing to a vector does not fail.
    write!(bytes, "HTTP/2 {}\r\n", status.as_str()).ok();
    for (name, value) in headers {
        has.location |= *name == LOCATION;
        has.cookies |= *name == SET_COOKIE;
        has.coding |= *name == CONTENT_ENCODING;
        has.timing |= name.as_str() == "server-timing";
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            bytes.extend_from_slice(part);
        }
    }
    bytes.extend_from_slice(b"\r\n");
    Ok((Head::owned(bytes), has))
}
