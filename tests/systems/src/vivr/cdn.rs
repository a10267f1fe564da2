//! The CDN before vivr, as `CloudFront` does it. In: requests; out: what it kept, or what the origin answers. Invariant:
//! only what the origin calls public is kept, for as long as it says, and `x-cache` tells the truth.

use crate::kit::Switches;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{AGE, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

const X_CACHE: HeaderName = HeaderName::from_static("x-cache");
/// Longer answers are passed on and not kept.
const LIMIT: usize = 1 << 20;

/// An answer that is kept.
#[derive(Clone)]
struct Kept {
    headers: HeaderMap,
    body: Bytes,
    since: Instant,
    good_for: Duration,
}

/// The edge and what it keeps.
pub(super) struct Cdn {
    cold: bool,
    slow: bool,
    kept: Mutex<HashMap<String, Kept>>,
}

impl Cdn {
    pub(super) fn new(broken: &Switches) -> Self {
        Self {
            cold: broken.on("cold-cache"),
            slow: broken.on("slow-pages"),
            kept: Mutex::default(),
        }
    }

    fn find(&self, key: &str) -> Option<Kept> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.get(key)?;
        (found.since.elapsed() < found.good_for).then(|| found.clone())
    }
}

/// Answers from the edge, or asks the origin.
pub(super) async fn edge(State(cdn): State<Arc<Cdn>>, request: Request, next: Next) -> Response {
    let key = request.uri().to_string();
    let cacheable = request.method() == Method::GET;
    if let Some(kept) = cdn.find(&key).filter(|_| cacheable) {
        let age = kept.since.elapsed().as_secs();
        wait(&cdn, &kept.headers).await;
        let mut answer = (kept.headers, kept.body).into_response();
        answer.headers_mut().insert(AGE, age.into());
        return said(answer, "Hit from cloudfront");
    }
    let answer = next.run(request).await;
    wait(&cdn, answer.headers()).await;
    let good_for = good_for(answer.headers()).filter(|_| cacheable && !cdn.cold);
    let (Some(good_for), StatusCode::OK) = (good_for, answer.status()) else {
        return said(answer, "Miss from cloudfront");
    };
    let (parts, body) = answer.into_parts();
    let Ok(body) = to_bytes(body, LIMIT).await else {
        return said(
            StatusCode::BAD_GATEWAY.into_response(),
            "Error from cloudfront",
        );
    };
    let kept = Kept {
        headers: parts.headers.clone(),
        body: body.clone(),
        since: Instant::now(),
        good_for,
    };
    let mut all = cdn.kept.lock().unwrap_or_else(PoisonError::into_inner);
    all.insert(key, kept);
    drop(all);
    said(
        Response::from_parts(parts, Body::from(body)),
        "Miss from cloudfront",
    )
}

fn said(mut answer: Response, what: &'static str) -> Response {
    let value = HeaderValue::from_static(what);
    answer.headers_mut().insert(X_CACHE, value);
    answer
}

async fn wait(cdn: &Cdn, headers: &HeaderMap) {
    let page = headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if cdn.slow && page {
        tokio::time::sleep(Duration::from_millis(3_200)).await;
    }
}

/// `public, s-maxage=60` as a time; nothing where it may not be kept.
fn good_for(headers: &HeaderMap) -> Option<Duration> {
    let control = headers.get(CACHE_CONTROL)?.to_str().ok()?;
    let mut said = control.split(',').map(str::trim);
    if said.clone().all(|word| word != "public") {
        return None;
    }
    let seconds = said.find_map(|word| word.strip_prefix("s-maxage="))?;
    seconds.parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_public_is_kept_and_as_long_as_it_says() {
        for (control, want) in [
            ("public, s-maxage=60, stale-while-revalidate=600", Some(60)),
            ("s-maxage=60", None),
            ("private, no-store", None),
            ("public, max-age=60", None),
            ("public, s-maxage=soon", None),
        ] {
            let headers =
                HeaderMap::from_iter([(CACHE_CONTROL, HeaderValue::from_static(control))]);
            assert_eq!(
                good_for(&headers),
                want.map(Duration::from_secs),
                "{control}"
            );
        }
    }
}
