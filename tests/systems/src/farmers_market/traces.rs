//! The store of traces, as `OpenTelemetry` fills it. In: the `traceparent` of each request (W3C); out: its spans, by trace.
//! Invariant: only requests whose trace is sampled leave a span.

use super::{Shared, Site};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// Spans by trace.
#[derive(Debug, Default)]
pub(super) struct Store(Mutex<HashMap<String, Vec<Value>>>);

/// `00-<trace>-<span>-01`: the trace, and whether it is sampled.
fn read(headers: &HeaderMap) -> Option<(&str, bool)> {
    let value = headers.get(TRACEPARENT)?.to_str().ok()?;
    let parts: Vec<&str> = value.split('-').collect();
    let ["00", trace, span, flags] = parts[..] else {
        return None;
    };
    let digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    let hex = |text: &str, digits: usize| text.len() == digits && text.bytes().all(digit);
    let real = |text: &str| text.bytes().any(|b| b != b'0');
    if !(hex(trace, 32) && hex(span, 16) && hex(flags, 2) && real(trace) && real(span)) {
        return None;
    }
    let flags = u8::from_str_radix(flags, 16).ok()?;
    Some((trace, flags & 1 == 1))
}

/// Keeps a span of each request, and says in the answer to which trace it belongs.
pub(super) async fn follow(State(site): Shared, request: Request, next: Next) -> Response {
    let Some((trace, sampled)) = read(request.headers()) else {
        return next.run(request).await;
    };
    let trace = trace.to_owned();
    let name = format!("{} {}", request.method(), request.uri().path());
    let began = Instant::now();
    let mut answer = next.run(request).await;
    if let Ok(said) = HeaderValue::from_str(&format!("trace;desc=\"{trace}\"")) {
        answer.headers_mut().insert(SERVER_TIMING, said);
    }
    if sampled && !site.on("no-traces") {
        let took = began.elapsed().as_secs_f64();
        let span = json!({ "name": name, "status": answer.status().as_u16(), "seconds": took });
        let mut all = site.traces.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(trace).or_default().push(span);
    }
    answer
}

pub(super) fn router() -> Router<Arc<Site>> {
    Router::new().route("/api/traces/{trace}", get(show))
}

async fn show(State(site): Shared, Path(trace): Path<String>) -> Response {
    let all = site.traces.0.lock().unwrap_or_else(PoisonError::into_inner);
    match all.get(&trace) {
        Some(spans) => Json(json!({ "trace": trace, "spans": spans })).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_traceparents_count() {
        let trace = "0af7651916cd43dd8448eb211c80319c";
        let span = "b7ad6b7169203331";
        for (value, want) in [
            (format!("00-{trace}-{span}-01"), Some((trace, true))),
            (format!("00-{trace}-{span}-00"), Some((trace, false))),
            (format!("00-{}-{span}-01", "0".repeat(32)), None),
            (format!("00-{trace}-01"), None),
            (format!("ff-{trace}-{span}-01"), None),
            (format!("00-{}-{span}-01", trace.to_uppercase()), None),
        ] {
            let headers = HeaderMap::from_iter([(TRACEPARENT, value.parse().unwrap())]);
            assert_eq!(read(&headers), want, "{value}");
        }
    }
}
