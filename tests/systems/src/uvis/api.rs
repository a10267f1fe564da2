//! The API: who answers what, and how long it took. In: requests; out: answers with `server-timing`. Invariant: only what
//! is under `/api/v1`, but for signing in, asks for a token.

use super::database::TAKEN;
use super::fleet::{Fleet, User, plate, position, vehicles};
use super::tokens::{Refusal, refusal};
use super::{dispatches, monitoring, pages, reports, tokens, tracking};
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// All of it.
pub(super) fn router(fleet: Arc<Fleet>) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/docs", get(docs))
        .route("/metrics", get(monitoring::metrics))
        .route("/search", get(pages::search))
        .route("/session", post(pages::sign_in))
        .route("/account", get(pages::account))
        .route("/account/phone", post(pages::phone))
        .route("/api/v1/auth/token", post(tokens::log_in))
        .route("/api/v1/me", get(me))
        .route("/api/v1/vehicles", get(overview))
        .route("/api/v1/vehicles/{id}", get(vehicle))
        .route("/api/v1/geofences", get(geofences))
        .route("/api/v1/dispatches", post(dispatches::create))
        .route("/api/v1/dispatches/{id}", get(dispatches::show))
        .route("/api/v1/dispatches/{id}", patch(dispatches::update))
        .route("/api/v1/dispatches/{id}/assign", post(dispatches::assign))
        .route("/api/v1/dispatches/{id}/close", post(dispatches::close))
        .route("/api/v1/reports", post(reports::create))
        .route("/api/v1/reports/{id}/file", get(reports::file))
        .route("/ws/tracking", get(tracking::open))
        .layer(from_fn_with_state(Arc::clone(&fleet), timed))
        .with_state(fleet)
}

/// Says how long an answer took, and how much of that the database.
async fn timed(State(fleet): State<Arc<Fleet>>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let number = fleet.requests.fetch_add(1, Ordering::Relaxed);
    let answered = async {
        if fleet.broken.on("api-slow") && number.is_multiple_of(8) {
            tokio::time::sleep(Duration::from_millis(300)).await;
        } else if fleet.broken.on("slower") {
            tokio::time::sleep(Duration::from_millis(80)).await;
        }
        let answer = next.run(request).await;
        (answer, TAKEN.with(Cell::get))
    };
    let (mut answer, database) = TAKEN.scope(Cell::default(), answered).await;
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    let timing = format!(
        "db;dur={:.2}, total;dur={:.2}",
        milliseconds(database),
        milliseconds(begun.elapsed())
    );
    if let Ok(timing) = HeaderValue::from_str(&timing) {
        answer.headers_mut().insert("server-timing", timing);
    }
    answer
}

async fn health(State(fleet): State<Arc<Fleet>>) -> Response {
    fleet.database.query(Duration::from_millis(1)).await;
    if fleet.broken.on("api-down") {
        let body = json!({ "status": "unhealthy", "database": "unreachable" });
        return (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response();
    }
    Json(json!({ "status": "healthy", "database": "ok", "redis": "ok" })).into_response()
}

async fn docs(State(fleet): State<Arc<Fleet>>) -> Response {
    if fleet.broken.on("docs-down") {
        return refusal(StatusCode::NOT_FOUND, "not found").into_response();
    }
    Html("<!doctype html><title>uvis - Swagger UI</title><div id=swagger-ui></div>").into_response()
}

async fn me(user: User) -> Response {
    Json(json!({ "email": user.email, "depot": user.depot })).into_response()
}

#[derive(Deserialize)]
struct Filter {
    plate: Option<String>,
}

/// The vehicles of the user's depot, from the cache; or those with a plate, from the database.
async fn overview(
    State(fleet): State<Arc<Fleet>>,
    user: User,
    Query(filter): Query<Filter>,
) -> Result<Response, Refusal> {
    let wanted = filter.plate.unwrap_or_default();
    let row = |id: u64| json!({ "id": id, "plate": plate(id), "depot": user.depot });
    let all = vehicles(user.depot).filter(|id| plate(*id).contains(&wanted));
    let body = json!({ "vehicles": all.map(row).collect::<Vec<_>>() });
    if wanted.is_empty() {
        return Ok(kept(&fleet, &format!("vehicles of {}", user.depot), body).await);
    }
    let searched = fleet.database.search(&wanted).await;
    searched.map_err(|said| refusal(StatusCode::INTERNAL_SERVER_ERROR, &said))?;
    Ok(Json(body).into_response())
}

async fn geofences(State(fleet): State<Arc<Fleet>>, user: User) -> Response {
    let body =
        json!({ "geofences": [{ "depot": user.depot, "center": [52.5186, 13.4081], "km": 12 }] });
    kept(&fleet, &format!("geofences of {}", user.depot), body).await
}

/// An answer that may come from the cache, and says whether it did.
async fn kept(fleet: &Fleet, key: &str, body: serde_json::Value) -> Response {
    let cache = if fleet.database.cached(key).await {
        "HIT"
    } else {
        "MISS"
    };
    let headers = [
        (header::CACHE_CONTROL.as_str(), "private, max-age=10"),
        ("x-cache", cache),
    ];
    (headers, Json(body)).into_response()
}

/// Where a vehicle is now.
async fn vehicle(
    State(fleet): State<Arc<Fleet>>,
    user: User,
    Path(id): Path<u64>,
) -> Result<Response, Refusal> {
    fleet.database.query(Duration::from_millis(2)).await;
    if !vehicles(user.depot).any(|own| own == id) {
        return Err(refusal(StatusCode::NOT_FOUND, "no such vehicle"));
    }
    let (latitude, longitude) = position(id, super::fleet::now());
    let body =
        json!({ "id": id, "plate": plate(id), "latitude": latitude, "longitude": longitude });
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
}
