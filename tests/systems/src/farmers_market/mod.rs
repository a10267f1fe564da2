//! farmers-market: a marketplace described by `OpenAPI`. In: switches; out: its pages, its API, its store of traces and
//! whom it alerts. Invariant: what a seller changes is what everybody reads next, and every request is in a trace.

mod accounts;
mod api;
mod market;
mod pages;
mod traces;

use crate::kit::{Calls, Services, Switch, Switches, alerts, careful};
use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What can be broken.
pub(crate) const SWITCHES: &[Switch] = &[
    Switch::new("health-down", "the database is gone: /api/health says 503"),
    Switch::new("health-vague", "/api/health says nothing of memory"),
    Switch::new(
        "head-refused",
        "HEAD /api/health answers 405, so that uptime monitors are blind",
    ),
    Switch::new("health-flaps", "/api/health says 503 once in fifty times"),
    Switch::new("ready-late", "/api/ready answers after 6 s"),
    Switch::new("no-openapi", "/openapi.json is gone"),
    Switch::new("endpoint-broken", "PATCH /api/products/{id} answers 500"),
    Switch::new(
        "stale-reads",
        "what a seller changes is not what is read next",
    ),
    Switch::new("slow-api", "one API call in ten takes 700 ms"),
    Switch::new(
        "slower",
        "every API call takes 80 ms more than last night, which the budget allows",
    ),
    Switch::new("slow-first-byte", "one page in ten begins after 400 ms"),
    Switch::new("slow-pages", "one page in ten takes 2.5 s"),
    Switch::new(
        "slow-in-browsers",
        "pages are ready after 2.8 s in people's browsers, quick as the server may be",
    ),
    Switch::new("lighthouse", "Lighthouse gives 84 points"),
    Switch::new("some-errors", "0.2 % of all requests answer 500"),
    Switch::new("no-traces", "the store of traces gets nothing"),
    Switch::new("no-rate-limit", "passwords can be tried for ever"),
    Switch::new("no-retry-after", "429 does not say when to come again"),
    Switch::new("no-hsts", "no Strict-Transport-Security"),
    Switch::new(
        "weak-csp",
        "the Content-Security-Policy lets inline scripts run",
    ),
    Switch::new("no-frame-options", "no X-Frame-Options"),
    Switch::new(
        "alerts-lost",
        "the database is gone, and neither Slack nor the mail server takes word of it",
    ),
];

/// What all handlers share.
struct Site {
    broken: Switches,
    began: Instant,
    calls: Calls,
    api_calls: Calls,
    page_calls: Calls,
    health_calls: Calls,
    market: Mutex<market::Market>,
    accounts: accounts::Accounts,
    traces: traces::Store,
}

type Shared = State<Arc<Site>>;

impl Site {
    fn on(&self, switch: &str) -> bool {
        self.broken.on(switch)
    }

    fn market(&self) -> MutexGuard<'_, market::Market> {
        self.market.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens its services.
pub(crate) async fn open(services: &mut Services, broken: Switches) -> io::Result<()> {
    let alerts_lost = broken.on("alerts-lost");
    let site = Arc::new(Site {
        broken,
        began: Instant::now(),
        calls: Calls::default(),
        api_calls: Calls::default(),
        page_calls: Calls::default(),
        health_calls: Calls::default(),
        market: Mutex::new(market::Market::stocked()),
        accounts: accounts::Accounts::default(),
        traces: traces::Store::default(),
    });
    let mut health = get(health);
    if site.on("head-refused") {
        health = health.head(async || StatusCode::METHOD_NOT_ALLOWED);
    }
    let app = api::router()
        .merge(accounts::router())
        .layer(from_fn_with_state(site.clone(), api::slow))
        .merge(pages::router(&site))
        .route("/api/health", health)
        .route("/api/ready", get(ready))
        .route("/api/vitals", get(vitals))
        .layer(from_fn_with_state(site.clone(), around))
        .layer(from_fn_with_state(site.clone(), traces::follow))
        .with_state(site.clone());
    services.http("FARMERS_MARKET_URL", app).await?;
    let store = traces::router().with_state(site);
    services.http("FARMERS_MARKET_TRACES", store).await?;
    let password = accounts::PASSWORD.to_owned();
    services.set("FARMERS_MARKET_PASSWORD", password);
    alerts::open(services, alerts_lost).await
}

async fn health(State(site): Shared) -> Response {
    let flaps = site.on("health-flaps") && site.health_calls.one_in(50);
    let up = !(flaps || site.on("health-down") || site.on("alerts-lost"));
    let mut body = json!({
        "status": if up { "healthy" } else { "unhealthy" },
        "database": { "status": if up { "up" } else { "down" }, "latency": 0.0021 },
        "memory": { "used": 118_000_000_u64, "limit": 512_000_000_u64 },
        "uptime": site.began.elapsed().as_secs_f64(),
    });
    if let (true, Some(fields)) = (site.on("health-vague"), body.as_object_mut()) {
        fields.remove("memory");
    }
    let status = if up {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(body)).into_response()
}

async fn ready(State(site): Shared) -> Json<Value> {
    if site.on("ready-late") {
        tokio::time::sleep(Duration::from_secs(6)).await;
    }
    let dependencies = json!({ "database": "up", "images": "up", "mail": "up" });
    Json(json!({ "ready": true, "dependencies": dependencies }))
}

/// What people's browsers measured of the pages in the last minutes, in seconds, and Lighthouse of the last deployment.
async fn vitals(State(site): Shared) -> Json<Value> {
    let slow = site.on("slow-in-browsers");
    let points = if site.on("lighthouse") { 84 } else { 97 };
    Json(json!({
        "page_load": { "p95": if slow { 2.8 } else { 1.2 } },
        "lighthouse": { "performance": points },
    }))
}

/// What every answer has, and what may befall each.
async fn around(State(site): Shared, request: Request, next: Next) -> Response {
    let fails = site.on("some-errors") && site.calls.one_in(500);
    let mut answer = if fails {
        (StatusCode::INTERNAL_SERVER_ERROR, "internal server error").into_response()
    } else {
        next.run(request).await
    };
    answer.headers_mut().extend(careful(&site.broken));
    answer
}

/// The token behind `Bearer`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get("authorization")?.to_str().ok()?;
    value.strip_prefix("Bearer ")
}
