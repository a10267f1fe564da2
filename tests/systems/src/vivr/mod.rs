//! vivr: an e-commerce shop behind a CDN. In: switches; out: its pages, its API and its CDN on one address. Invariant:
//! carts, payments and orders are kept per session, and what is paid once is ordered once.

mod catalogue;
mod cdn;
mod checkout;
mod front;
mod pages;

use crate::kit::{Calls, Services, Switch, Switches, alerts};
use axum::extract::State;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What can be broken.
pub(crate) const SWITCHES: &[Switch] = &[
    Switch::new("health-down", "the database is gone: /api/health says 503"),
    Switch::new(
        "head-refused",
        "HEAD /api/health answers 405, so that uptime monitors are blind",
    ),
    Switch::new("health-flaps", "/api/health says 503 once in fifty times"),
    Switch::new(
        "cart-lost",
        "carts are forgotten as soon as they are filled",
    ),
    Switch::new("order-lost", "orders are paid and never confirmed"),
    Switch::new("page-hangs", "the product page never answers"),
    Switch::new("slow-api", "one API call in ten takes 700 ms"),
    Switch::new(
        "slower",
        "every API call takes 80 ms more than last night, which the budget allows",
    ),
    Switch::new("some-errors", "0.2 % of all requests answer 500"),
    Switch::new("outage", "one request in ten answers 500"),
    Switch::new(
        "payments-fail",
        "one payment in ten is declined for no reason",
    ),
    Switch::new("cold-cache", "the CDN keeps nothing"),
    Switch::new("slow-pages", "the CDN takes 3.2 s for a page"),
    Switch::new(
        "slow-in-browsers",
        "pages are ready after 4.1 s in people's browsers, quick as the server may be",
    ),
    Switch::new(
        "one-at-a-time",
        "one request is answered after the other, 50 ms each",
    ),
    Switch::new(
        "alerts-lost",
        "the database is gone, and neither Slack, PagerDuty nor the mail server takes word of it",
    ),
    Switch::new("no-hsts", "no Strict-Transport-Security"),
    Switch::new(
        "weak-csp",
        "the Content-Security-Policy lets inline scripts run",
    ),
    Switch::new("no-frame-options", "no X-Frame-Options"),
    Switch::new("cors-open", "every origin may read the API, with cookies"),
    Switch::new("cors-closed", "the shop's own origin may not read the API"),
];

/// What all handlers share.
pub(super) struct Shop {
    broken: Switches,
    began: Instant,
    calls: Calls,
    api_calls: Calls,
    health_calls: Calls,
    till: Mutex<checkout::Till>,
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

/// Opens its services.
pub(crate) async fn open(services: &mut Services, broken: Switches) -> io::Result<()> {
    let alerts_lost = broken.on("alerts-lost");
    let shop = Arc::new(Shop {
        broken,
        began: Instant::now(),
        calls: Calls::default(),
        api_calls: Calls::default(),
        health_calls: Calls::default(),
        till: Mutex::default(),
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
    let health = if shop.on("head-refused") {
        get(health).head(async || StatusCode::METHOD_NOT_ALLOWED)
    } else {
        get(health)
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
        .with_state(shop);
    services.http("VIVR_URL", app).await?;
    alerts::open(services, alerts_lost).await
}

async fn health(State(shop): Shared) -> Response {
    let flaps = shop.on("health-flaps") && shop.health_calls.one_in(50);
    let down = shop.on("health-down") || shop.on("alerts-lost") || flaps;
    let service = |up: bool| if up { "up" } else { "down" };
    let status = if down {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::OK
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
    let load = if shop.on("slow-in-browsers") {
        4.1
    } else {
        1.9
    };
    Json(json!({ "page_load": { "p75": load }, "views": shop.calls.count() }))
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
    if shop.calls.one_in(many) {
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
    if shop.on("slow-api") && shop.api_calls.one_in(10) {
        tokio::time::sleep(Duration::from_millis(700)).await;
    } else if shop.on("slower") {
        tokio::time::sleep(Duration::from_millis(80)).await;
    }
    next.run(request).await
}
