//! The platform behind the pages. In: requests; out: projects, sign-ups, health, what the server has in use and the score of
//! the last Lighthouse run. Invariant: a sign-up is found again, and an address signs up once.

use super::{Deployment, Shared};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::sleep;

const PROJECTS: [(&str, &str); 4] = [
    ("harbour", "Harbour"),
    ("meadow", "Meadow"),
    ("lantern", "Lantern"),
    ("quarry", "Quarry"),
];
/// How long the database takes for the list: so long that nothing else of an answer counts beside it.
const QUERY: Duration = Duration::from_millis(100);
const SLOWER: Duration = Duration::from_millis(120);

/// Who has signed up.
#[derive(Debug, Default)]
pub(super) struct Platform {
    last: u64,
    sign_ups: BTreeMap<u64, String>,
}

impl Deployment {
    /// A panic in another handler says nothing about the numbers behind the lock.
    fn platform(&self) -> MutexGuard<'_, Platform> {
        self.platform.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All projects.
pub(super) async fn projects(State(deployment): Shared) -> Json<Value> {
    if deployment.on("slower") {
        sleep(SLOWER).await;
    } else if !deployment.on("faster") {
        sleep(QUERY).await;
    }
    let items = PROJECTS.map(|(slug, title)| json!({ "slug": slug, "title": title }));
    Json(json!({ "items": items }))
}

/// One project.
pub(super) async fn project(Path(slug): Path<String>) -> Result<Json<Value>, StatusCode> {
    let mut projects = PROJECTS.iter();
    let (slug, title) = projects
        .find(|(own, _)| *own == slug)
        .ok_or(StatusCode::NOT_FOUND)?;
    Ok(Json(
        json!({ "slug": slug, "title": title, "about": format!("{title}, rebuilt") }),
    ))
}

#[derive(Debug, Deserialize)]
pub(super) struct SignUp {
    email: String,
}

/// Somebody wants to be told of the relaunch.
pub(super) async fn sign_up(
    State(deployment): Shared,
    Json(given): Json<SignUp>,
) -> Result<(StatusCode, Json<Value>), StatusCode> {
    let mut platform = deployment.platform();
    if !given.email.contains('@') {
        return Err(StatusCode::UNPROCESSABLE_ENTITY);
    }
    platform.last += 1;
    let id = platform.last;
    if !deployment.on("sign-up-lost") {
        platform.sign_ups.insert(id, given.email);
    }
    Ok((
        StatusCode::CREATED,
        Json(json!({ "id": id, "state": "pending" })),
    ))
}

/// What became of a sign-up.
pub(super) async fn sign_up_state(
    State(deployment): Shared,
    Path(id): Path<u64>,
) -> Result<Json<Value>, StatusCode> {
    let platform = deployment.platform();
    let email = platform.sign_ups.get(&id).ok_or(StatusCode::NOT_FOUND)?;
    Ok(Json(
        json!({ "id": id, "email": email, "state": "confirmed" }),
    ))
}

/// Whether it is there at all.
pub(super) async fn health(State(deployment): Shared) -> Json<Value> {
    Json(json!({ "status": "healthy", "deployment": deployment.name }))
}

/// What the server has in use, for Prometheus.
pub(super) async fn metrics(State(deployment): Shared) -> String {
    let cpu = if deployment.on("cpu") { 0.91 } else { 0.37 };
    let memory = if deployment.on("memory") { 0.86 } else { 0.52 };
    format!(
        "# TYPE cpu_used_ratio gauge\ncpu_used_ratio {cpu}\n# TYPE memory_used_ratio gauge\nmemory_used_ratio {memory}\n"
    )
}

/// The scores of the last Lighthouse run, made elsewhere: no browser comes by here.
pub(super) async fn lighthouse(State(deployment): Shared) -> Json<Value> {
    let performance = if deployment.on("lighthouse") { 84 } else { 96 };
    Json(json!({ "performance": performance, "accessibility": 98 }))
}
