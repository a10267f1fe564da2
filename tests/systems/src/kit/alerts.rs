//! Whom owners want told: Slack, PagerDuty, and people by mail. In: what is posted and mailed to them; out: `/received`,
//! what came, in order. Invariant: each answers as the real one does.

use super::{Services, mail};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;

/// What came, where it is taken at all.
struct Inbox {
    lost: bool,
    received: Mutex<Vec<Value>>,
}

impl Inbox {
    fn take(&self, who: &str, what: &Value) {
        let mut received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        received.push(json!({ "who": who, "what": what }));
    }
}

/// Opens all of them, `ALERTS` and a mail server, and sets the variables that lead to them; with `lost` nobody takes
/// anything.
pub(crate) async fn open(services: &mut Services, lost: bool) -> io::Result<()> {
    let inbox = Arc::new(Inbox {
        lost,
        received: Mutex::default(),
    });
    let app = Router::new()
        .route("/{who}/{*path}", post(take))
        .route("/received", get(received))
        .with_state(Arc::clone(&inbox));
    services.http("ALERTS", app).await?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let base = services.get("ALERTS");
    for (variable, value) in [
        ("SLACK_WEBHOOK", format!("{base}/slack/services/T1/B1")),
        ("PAGERDUTY_URL", format!("{base}/pagerduty/v2/enqueue")),
        ("PAGERDUTY_KEY", "R0UT1NGK3Y".to_owned()),
        ("MAIL_SERVER", listener.local_addr()?.to_string()),
        ("MAIL_TLS", "none".to_owned()),
    ] {
        services.set(variable, value);
    }
    services.tasks.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let taken = |text: String| inbox.take("mail", &json!(text));
            // One conversation after the other; who breaks off ends its own only.
            let _ended = mail::converse(stream, inbox.lost, taken).await;
        }
    });
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
    inbox.take(&who, &what);
    match who.as_str() {
        "pagerduty" => StatusCode::ACCEPTED,
        _ => StatusCode::OK,
    }
}

async fn received(State(inbox): State<Arc<Inbox>>) -> Json<Vec<Value>> {
    let received = inbox
        .received
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    Json(received.clone())
}
