//! Whom owners want told: Slack, PagerDuty, and Alertmanager, which writes the mails. In: their posts; out: `/received`,
//! what came, in order. Invariant: each answers as the real one does.

use super::Services;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// What came, where it is taken at all.
struct Inbox {
    lost: bool,
    received: Mutex<Vec<Value>>,
}

/// Opens all of them on one address, `ALERTS`, and sets the variables that lead to them; with `lost` nobody takes anything.
pub(crate) async fn open(services: &mut Services, lost: bool) -> io::Result<()> {
    let inbox = Inbox {
        lost,
        received: Mutex::default(),
    };
    let app = Router::new()
        .route("/{who}/{*path}", post(take))
        .route("/received", get(received))
        .with_state(Arc::new(inbox));
    services.http("ALERTS", app).await?;
    let base = services.get("ALERTS");
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
    State(inbox): State<Arc<Inbox>>,
    Path((who, _)): Path<(String, String)>,
    Json(what): Json<Value>,
) -> StatusCode {
    if inbox.lost {
        return StatusCode::NOT_FOUND;
    }
    let status = match who.as_str() {
        "pagerduty" => StatusCode::ACCEPTED,
        _ => StatusCode::OK,
    };
    let mut received = inbox
        .received
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    received.push(json!({ "who": who, "what": what }));
    status
}

async fn received(State(inbox): State<Arc<Inbox>>) -> Json<Vec<Value>> {
    let received = inbox
        .received
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    Json(received.clone())
}
