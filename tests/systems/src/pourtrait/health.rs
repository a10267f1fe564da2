//! Health and monitoring. In: what was answered so far; out: the health page, `HEAD` of it, and the dashboard. Invariant:
//! both are made of what is true of this server, switches included; vitals are the one thing that is made up, since no
//! browser ever comes by.

use super::{Shared, Site, lock};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What a process of this size has in use; nobody measures it here.
const MEMORY_MB: u64 = 143;

/// What was answered.
#[derive(Debug, Default)]
pub(super) struct Figures {
    first: Option<Instant>,
    answered: u32,
    errors: u32,
    spent: Duration,
    api: u64,
}

impl Figures {
    /// How long ago the first request was.
    pub(super) fn since_first(&mut self) -> Duration {
        self.first.get_or_insert_with(Instant::now).elapsed()
    }

    /// The number of a request to the API, from one.
    pub(super) fn api_turn(&mut self) -> u64 {
        self.api += 1;
        self.api
    }

    pub(super) fn answered(&mut self, took: Duration, error: bool) {
        self.answered += 1;
        self.errors += u32::from(error);
        self.spent += took;
    }

    fn mean_ms(&self) -> f64 {
        self.spent.as_secs_f64() * 1e3 / f64::from(self.answered.max(1))
    }

    fn error_rate(&self) -> f64 {
        f64::from(self.errors) / f64::from(self.answered.max(1))
    }
}

/// Every service with its state, 503 when one that nothing works without is down.
pub(super) async fn health(State(site): Shared) -> Response {
    let down = site.broken.on("database-down");
    let status = if down {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::OK
    };
    let word = if down { "unhealthy" } else { "healthy" };
    if site.broken.on("health-terse") {
        return Json(json!({ "status": word })).into_response();
    }
    let mut services = serde_json::Map::new();
    for (name, ms, switch) in [
        ("database", 4, "database-down"),
        ("ai", 31, "ai-down"),
        ("image_processing", 9, "images-down"),
        ("email", 12, "email-down"),
        ("storage", 6, "storage-down"),
    ] {
        let is_down = site.broken.on(switch);
        let state = if is_down { "down" } else { "up" };
        services.insert(
            name.into(),
            json!({ "status": state, "response_time_ms": ms }),
        );
    }
    let mut body = json!({ "status": word, "services": services });
    if site.broken.on("health-without-figures") {
        body["services"] = body["services"]
            .as_object()
            .map_or(Value::Null, |services| {
                services
                    .keys()
                    .map(|name| (name.clone(), json!({ "status": "up" })))
                    .collect()
            });
    } else {
        body["memory"] = json!({ "used_mb": MEMORY_MB, "limit_mb": 1024 });
        body["uptime_s"] = json!(site.started.elapsed().as_secs());
    }
    (status, [(CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

/// What uptime monitors ask.
pub(super) async fn head(State(site): Shared) -> Response {
    if site.broken.on("head-differs") {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    health(State(site)).await
}

/// Metrics since the start, alerts that are active, and what people's browsers reported.
pub(super) async fn dashboard(State(site): Shared) -> Json<Value> {
    let (requests, mean, errors) = {
        let figures = lock(&site.figures);
        (figures.answered, figures.mean_ms(), figures.error_rate())
    };
    let mut metrics = json!({ "requests": requests, "mean_ms": mean, "error_rate": errors, "memory_mb": MEMORY_MB });
    if site.broken.on("dashboard-empty") {
        metrics = json!({});
    }
    let vital = |name: &str, good: f64, bad: f64| if site.broken.on(name) { bad } else { good };
    Json(json!({
        "metrics": metrics,
        "alerts": { "active": alerts(&site, errors) },
        "web_vitals": {
            "lcp_ms": { "p75": vital("lcp", 1_840.0, 3_120.0) },
            "inp_ms": { "p75": vital("inp", 64.0, 140.0) },
            "cls": { "p75": vital("cls", 0.04, 0.24) },
        },
    }))
}

fn alerts(site: &Site, errors: f64) -> Vec<Value> {
    let alert = |level: &str, what: &str| json!({ "level": level, "message": what });
    let mut active = Vec::new();
    if site.broken.on("database-down") {
        active.push(alert("critical", "the database does not answer"));
    }
    if site.broken.on("critical-alert") {
        active.push(alert("critical", "no backup for 26 hours"));
    }
    if errors > 0.05 {
        active.push(alert("high", "more than 5 % errors"));
    }
    active
}
