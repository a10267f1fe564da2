//! Answers. In: a status and what to say; out: whole HTTP responses. Invariant: every error is JSON with
//! one `error` sentence, and every body's length is known before it is sent.

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, HeaderValue,
    IF_NONE_MATCH, LOCATION, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, StatusCode};
use http_body_util::Full;

/// A response as the shop makes them.
pub(super) type Answer = http::Response<Full<Bytes>>;

/// An answer with a content type and a body.
pub(super) fn body(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Answer::new(Full::new(body.into()));
    *answer.status_mut() = status;
    set(&mut answer, CONTENT_TYPE, kind);
    set(&mut answer, X_CONTENT_TYPE_OPTIONS, "nosniff");
    answer
}

/// A JSON document.
pub(super) fn json(status: StatusCode, document: impl Into<Bytes>) -> Answer {
    let mut answer = body(status, "application/json", document);
    set(&mut answer, CACHE_CONTROL, "no-store");
    answer
}

/// An HTML page with the headers a careful shop sends.
pub(super) fn html(page: &Bytes) -> Answer {
    let mut answer = body(StatusCode::OK, "text/html; charset=utf-8", page.clone());
    set(&mut answer, CONTENT_SECURITY_POLICY, "default-src 'self'");
    set(&mut answer, X_FRAME_OPTIONS, "DENY");
    answer
}

/// An error: `{"error":"…"}`.
pub(super) fn error(status: StatusCode, message: &str) -> Answer {
    let mut answer = json(status, serde_json::json!({ "error": message }).to_string());
    if status == StatusCode::UNAUTHORIZED {
        set(&mut answer, WWW_AUTHENTICATE, "Bearer realm=\"shop\"");
    }
    answer
}

/// A redirect, without a body.
pub(super) fn redirect(status: StatusCode, location: &'static str) -> Answer {
    let mut answer = empty(status);
    set(&mut answer, LOCATION, location);
    answer
}

/// 204 for OPTIONS, or 405, both with the methods that the address knows.
pub(super) fn methods(status: StatusCode, allowed: &'static str) -> Answer {
    let mut answer = if status == StatusCode::METHOD_NOT_ALLOWED {
        error(
            status,
            "this address does not know that method; see the header `allow`",
        )
    } else {
        empty(status)
    };
    set(&mut answer, ALLOW, allowed);
    answer
}

/// A document that may be kept and revalidated: 304 when the client has it already.
pub(super) fn tagged(tag: &str, request: &HeaderMap, document: impl FnOnce() -> Bytes) -> Answer {
    let mut answer = if has_tag(request, tag) {
        empty(StatusCode::NOT_MODIFIED)
    } else {
        json(StatusCode::OK, document())
    };
    set(&mut answer, CACHE_CONTROL, "no-cache");
    if let Ok(tag) = HeaderValue::from_str(tag) {
        answer.headers_mut().insert(ETAG, tag);
    }
    answer
}

/// Whether `If-None-Match` holds the tag, by the weak comparison of RFC 9110 §13.1.2.
fn has_tag(request: &HeaderMap, tag: &str) -> bool {
    request
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|given| given == "*" || given.strip_prefix("W/").unwrap_or(given) == tag)
}

/// Sets a header to a fixed value.
pub(super) fn set(answer: &mut Answer, name: HeaderName, value: &'static str) {
    answer
        .headers_mut()
        .insert(name, HeaderValue::from_static(value));
}

/// Adds a header whose value was made here, out of digits and fixed words.
pub(super) fn put(answer: &mut Answer, name: &HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().append(name, value);
    }
}

fn empty(status: StatusCode) -> Answer {
    let mut answer = Answer::new(Full::default());
    *answer.status_mut() = status;
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entity_tags_compare_weakly_and_in_lists() {
        for (given, expected) in [
            ("\"a\"", true),
            ("W/\"a\"", true),
            ("\"b\", W/\"a\"", true),
            ("*", true),
            ("\"b\"", false),
            ("a", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(IF_NONE_MATCH, given.parse().unwrap());
            assert_eq!(has_tag(&headers, "\"a\""), expected, "{given}");
        }
        assert!(!has_tag(&HeaderMap::new(), "\"a\""));
    }
}
