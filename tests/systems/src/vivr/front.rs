//! What every answer of vivr carries. In: requests with their origin; out: security headers, and CORS for origins that are
//! known. Invariant: an origin that is not on the list gets no word of permission.

use super::Shared;
use crate::kit::careful as careful_headers;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ORIGIN, VARY, VIA,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// The origins whose scripts may read the API.
const ORIGINS: [&str; 2] = ["https://www.vivr.example", "https://admin.vivr.example"];

/// Adds the headers that tell browsers to be careful.
pub(super) async fn careful(State(shop): Shared, request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    answer.headers_mut().extend(careful_headers(&shop.broken));
    answer
}

/// The last hop names itself.
pub(super) async fn served_by(request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    let via = HeaderValue::from_static("1.1 stand-in.cloudfront.net (CloudFront)");
    answer.headers_mut().insert(VIA, via);
    answer
}

/// Answers preflights, and says which origins may read an answer.
pub(super) async fn cors(State(shop): Shared, request: Request, next: Next) -> Response {
    let origin = request.headers().get(ORIGIN).cloned();
    let listed = |origin: &&HeaderValue| ORIGINS.iter().any(|known| **origin == **known);
    let known = origin
        .as_ref()
        .filter(|origin| shop.on("cors-open") || (listed(origin) && !shop.on("cors-closed")));
    let mut answer = if *request.method() == Method::OPTIONS {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    let headers = answer.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = known {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        for (name, value) in [
            (ACCESS_CONTROL_ALLOW_CREDENTIALS, "true"),
            (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
            (
                ACCESS_CONTROL_ALLOW_HEADERS,
                "content-type, idempotency-key",
            ),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    answer
}
