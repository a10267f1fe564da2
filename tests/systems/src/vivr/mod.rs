//! vivr: an e-commerce shop behind a CDN. In: switches; out: its pages, its API and its CDN on one address. Invariant:
//! carts, payments and orders are kept per session, and what is paid once is ordered once.

mod alerts;
mod catalogue;
mod cdn;
mod checkout;
mod front;
mod pages;

use crate::kit::{Services, Switch, Switches};
use axum::extract::State;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What can be broken.
pub(crate) const SWITCHES: &[Switch] = &[
    switch("health-down", "the database is gone: /api/health says 503"),
    switch(
        "head-refused",
        "HEAD /api/health answers 405, so that uptime monitors are blind",
    ),
    switch("health-flaps", "/api/health says 503 once in fifty times"),
    switch(
        "cart-lost",
        "carts are forgotten as soon as they are filled",
    ),
    switch("order-lost", "orders are paid and never confirmed"),
    switch("page-hangs", "the product page never answers"),
    switch("slow-api", "one API call in ten takes 700 ms"),
    switch("some-errors", "0.2 % of all requests answer 500"),
    switch("outage", "one request in ten answers 500"),
    switch(
        "payments-fail",
        "one payment in ten is declined for no reason",
    ),
    switch("cold-cache", "the CDN keeps nothing"),
    switch("slow-pages", "the CDN takes 3.2 s for a page"),
    switch(
        "slow-in-browsers",
        "pages are ready after 4.1 s in people's browsers, quick as the server may be",
    ),
    switch(
        "one-at-a-time",
        "one request is answered after the other, 50 ms each",
    ),
    switch(
        "alerts-lost",
        "the database is gone, and Slack, PagerDuty and Alertmanager take no word of it",
    ),
    switch("no-hsts", "no Strict-Transport-Security"),
    switch(
        "weak-csp",
        "the Content-Security-Policy lets inline scripts run",
    ),
    switch("no-frame-options", "no X-Frame-Options"),
    switch("cors-open", "every origin may read the API, with cookies"),
    switch("cors-closed", "the shop's own origin may not read the API"),
];

const fn switch(name: &'static str, breaks: &'static str) -> Switch {
    Switch { name, breaks }
}

/// What all handlers share.
pub(super) struct Shop {
    broken: Switches,
    began: Instant,
    calls: AtomicU64,
    api_calls: AtomicU64,
    health_calls: AtomicU64,
    till: Mutex<checkout::Till>,
    told: Mutex<Vec<Value>>,
    /// Who holds it is answered; only `one-at-a-time` asks for it.
    turn: tokio::sync::Mutex<()>,
}

type Shared = State<Arc<Shop>>;

impl Shop {
    fn on(&self, switch: &str) -> bool {
        self.broken.on(switch)
    }

    fn till(&self) -> MutexGuard<'_, checkout::Till> {
        self.till.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether this call is one of so many, counted from the first.
fn one_in(counter: &AtomicU64, many: u64) -> bool {
    counter.fetch_add(1, Ordering::Relaxed) % many == many - 1
}

/// Opens its services.
pub(crate) async fn open(services: &mut Services, broken: Switches) -> io::Result<()> {
    let shop = Arc::new(Shop {
        broken,
        began: Instant::now(),
        calls: AtomicU64::new(0),
        api_calls: AtomicU64::new(0),
        health_calls: AtomicU64::new(0),
        till: Mutex::default(),
        told: Mutex::default(),
        turn: tokio::sync::Mutex::default(),
    });
    let api = Router::new()
        .route("/api/products", get(catalogue::products))
        .route("/api/cart", post(checkout::add).get(checkout::cart))
        .route("/api/checkout", post(checkout::begin))
        .route("/api/checkout/{payment}/pay", post(checkout::pay))
        .route("/api/vitals", get(vitals))
        .layer(from_fn_with_state(shop.clone(), front::cors))
        .layer(from_fn_with_state(shop.clone(), slow_api));
    let health = match shop.on("head-refused") {
        true => get(health).head(async || StatusCode::METHOD_NOT_ALLOWED),
        false => get(health),
    };
    let app = api
        .merge(pages::router())
        .route("/api/health", health)
        .layer(from_fn_with_state(shop.clone(), front::careful))
        .layer(from_fn_with_state(
            Arc::new(cdn::Cdn::new(&shop.broken)),
            cdn::edge,
        ))
        .layer(from_fn_with_state(shop.clone(), errors))
        .layer(from_fn(front::served_by))
        .with_state(shop.clone());
    services.http("VIVR_URL", app).await?;
    alerts::open(services, shop).await
}

async fn health(State(shop): Shared) -> Response {
    let flaps = shop.on("health-flaps") && one_in(&shop.health_calls, 50);
    let down = shop.on("health-down") || shop.on("alerts-lost") || flaps;
    let service = |up: bool| if up { "up" } else { "down" };
    let status = match down {
        true => StatusCode::SERVICE_UNAVAILABLE,
        false => StatusCode::OK,
    };
    let body = json!({
        "status": if down { "error" } else { "ok" },
        "services": { "database": service(!down), "redis": "up" },
        "uptime": shop.began.elapsed().as_secs_f64(),
    });
    (status, Json(body)).into_response()
}

/// What people's browsers measured of the pages in the last minutes, in seconds.
async fn vitals(State(shop): Shared) -> Json<Value> {
    let load = match shop.on("slow-in-browsers") {
        true => 4.1,
        false => 1.9,
    };
    Json(json!({ "page_load": { "p75": load }, "views": shop.calls.load(Ordering::Relaxed) }))
}

/// Breaks what concerns all requests.
async fn errors(
    State(shop): Shared,
    request: axum::extract::Request,
    next: axum::middleware::Next,
) -> Response {
    let many = match (shop.on("outage"), shop.on("some-errors")) {
        (true, _) => 10,
        (_, true) => 500,
        _ => u64::MAX,
    };
    if one_in(&shop.calls, many) {
        return (StatusCode::INTERNAL_SERVER_ERROR, "internal server error").into_response();
    }
    if shop.on("one-at-a-time") {
        let _turn = shop.turn.lock().await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    next.run(request).await
}

async fn slow_api(
    State(shop): Shared,
    request: axum::extract::Request,
    next: axum::middleware::Next,
) -> Response {
    if shop.on("slow-api") && one_in(&shop.api_calls, 10) {
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
    next.run(request).await
}
