//! Whom vivr wants told: Slack, PagerDuty, and Alertmanager, which writes the mails. In: their posts; out: `/received`, what
//! came, in order. Invariant: each answers as the real one does.

use super::{Shared, Shop};
use crate::kit::Services;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::io;
use std::sync::{Arc, PoisonError};

/// Opens them on one address.
pub(super) async fn open(services: &mut Services, shop: Arc<Shop>) -> io::Result<()> {
    let app = Router::new()
        .route("/{who}/{*path}", post(take))
        .route("/received", get(received))
        .with_state(shop);
    services.http("VIVR_ALERTS", app).await?;
    let base = services.get("VIVR_ALERTS");
    for (variable, value) in [
        ("SLACK_WEBHOOK", format!("{base}/slack/services/T1/B1")),
        ("PAGERDUTY_URL", format!("{base}/pagerduty/v2/enqueue")),
        ("PAGERDUTY_KEY", "R0UT1NGK3Y".to_owned()),
        ("ALERTMANAGER", format!("{base}/alertmanager/")),
    ] {
        services.set(variable, value);
    }
    Ok(())
}

async fn take(
    State(shop): Shared,
    Path((who, _)): Path<(String, String)>,
    Json(what): Json<Value>,
) -> StatusCode {
    if shop.on("alerts-lost") {
        return StatusCode::NOT_FOUND;
    }
    let mut told = shop.told.lock().unwrap_or_else(PoisonError::into_inner);
    let status = match who.as_str() {
        "pagerduty" => StatusCode::ACCEPTED,
        _ => StatusCode::OK,
    };
    told.push(json!({ "who": who, "what": what }));
    status
}

async fn received(State(shop): Shared) -> Json<Vec<Value>> {
    let told = shop.told.lock().unwrap_or_else(PoisonError::into_inner);
    Json(told.clone())
}
