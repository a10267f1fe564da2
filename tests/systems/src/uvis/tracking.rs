//! Live positions. In: a WebSocket of somebody who is signed in, and what they want to see; out: a position at a time, with
//! the instant it was taken at. Invariant: a position leaves as soon as it is taken.

use super::fleet::{Fleet, User, now, plate, position, vehicles};
use super::tokens::Refusal;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// How far behind a broken socket is.
const LAG: Duration = Duration::from_millis(400);

/// What a subscriber says first.
#[derive(Deserialize)]
#[serde(tag = "type", rename = "subscribe")]
struct Subscribe {
    /// Positions a second.
    hz: f64,
}

/// Opens the socket.
pub(super) async fn open(
    State(fleet): State<Arc<Fleet>>,
    user: Result<User, Refusal>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Refusal> {
    let user = user.or_else(|refused| {
        let open = fleet.broken.on("tracking-open");
        let guest = super::fleet::user("north-01@uvis.test").filter(|_| open);
        guest.ok_or(refused)
    })?;
    Ok(upgrade.on_upgrade(async move |socket| push(&fleet, &user, socket).await))
}

/// Until one of both sides ends it.
async fn push(fleet: &Fleet, user: &User, mut socket: WebSocket) {
    let number = fleet.sockets.fetch_add(1, Ordering::Relaxed);
    let behind = fleet.broken.on("tracking-lag") && number.is_multiple_of(100);
    let lag = if behind { LAG } else { Duration::ZERO };
    let silent = fleet.broken.on("tracking-silent");
    let mut pace: Option<Interval> = None;
    let vehicles: Vec<u64> = vehicles(user.depot).collect();
    let mut circle = vehicles.iter().cycle();
    loop {
        let due = async {
            match &mut pace {
                Some(pace) => drop(pace.tick().await),
                None => std::future::pending().await,
            }
        };
        let sent = tokio::select! {
            () = due => match circle.next() {
                Some(vehicle) if !silent => say(&mut socket, &seen(*vehicle, now().saturating_sub(lag))).await,
                _ => Ok(()),
            },
            heard = socket.recv() => {
                let Some(Ok(message)) = heard else { return };
                let Message::Text(text) = message else { continue };
                match serde_json::from_str::<Subscribe>(&text) {
                    Ok(wish) if wish.hz > 0.0 && wish.hz <= 100.0 => {
                        let mut every = interval(Duration::from_secs_f64(1.0 / wish.hz));
                        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
                        pace = Some(every);
                        say(&mut socket, &json!({ "type": "subscribed", "depot": user.depot })).await
                    }
                    _ => say(&mut socket, &json!({ "type": "error", "detail": "subscribe first" })).await,
                }
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

/// Where a vehicle was, and when.
fn seen(vehicle: u64, at: Duration) -> Value {
    let (latitude, longitude) = position(vehicle, at);
    json!({
        "type": "position",
        "vehicle": vehicle,
        "plate": plate(vehicle),
        "latitude": latitude,
        "longitude": longitude,
        "sent_at": at.as_micros() as u64,
    })
}

async fn say(socket: &mut WebSocket, value: &Value) -> Result<(), axum::Error> {
    socket.send(Message::text(value.to_string())).await
}
