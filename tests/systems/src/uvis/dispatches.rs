//! Dispatches: created → assigned → under way → closed. In: requests of their owners; out: rows. Invariant: a step that the
//! state does not allow answers 409 and changes nothing; a row of somebody else is a row that is not there.

use super::fleet::{Fleet, User, vehicles};
use super::tokens::{Refusal, refusal};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    Created,
    Assigned,
    UnderWay,
    Closed,
}

#[derive(Debug, Clone, Serialize)]
struct Dispatch {
    id: u64,
    #[serde(skip)]
    owner: String,
    from: String,
    to: String,
    state: Stage,
    vehicle: Option<u64>,
    note: Option<String>,
}

/// All rows.
#[derive(Debug, Default)]
pub(super) struct Dispatches(HashMap<u64, Dispatch>);

impl Dispatches {
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }
}

type Answer = Result<Response, Refusal>;

#[derive(Deserialize)]
pub(super) struct Order {
    from: String,
    to: String,
}

/// Makes one.
pub(super) async fn create(
    State(fleet): State<Arc<Fleet>>,
    user: User,
    Json(order): Json<Order>,
) -> Answer {
    fleet.database.query(Duration::from_millis(2)).await;
    let rows = &mut fleet.dispatches.lock().await.0;
    let id = rows.len() as u64 + 1;
    let made = Dispatch {
        id,
        owner: user.email,
        from: order.from,
        to: order.to,
        state: Stage::Created,
        vehicle: None,
        note: None,
    };
    let place = [(header::LOCATION, format!("/api/v1/dispatches/{id}"))];
    let answer = (StatusCode::CREATED, place, Json(&made)).into_response();
    rows.insert(id, made);
    Ok(answer)
}

/// Shows one.
pub(super) async fn show(
    State(fleet): State<Arc<Fleet>>,
    user: User,
    Path(id): Path<u64>,
) -> Answer {
    change(&fleet, &user, id, |_| Ok(())).await
}

#[derive(Deserialize)]
pub(super) struct Assignment {
    vehicle: u64,
}

/// Gives it a vehicle of the user's own depot.
pub(super) async fn assign(
    State(fleet): State<Arc<Fleet>>,
    user: User,
    Path(id): Path<u64>,
    Json(sent): Json<Assignment>,
) -> Answer {
    if !vehicles(user.depot).any(|vehicle| vehicle == sent.vehicle) {
        let detail = "no such vehicle in this depot";
        return Err(refusal(StatusCode::UNPROCESSABLE_ENTITY, detail));
    }
    change(&fleet, &user, id, |row| {
        step(row, &[Stage::Created], Stage::Assigned)?;
        row.vehicle = Some(sent.vehicle);
        Ok(())
    })
    .await
}

#[derive(Deserialize)]
pub(super) struct Update {
    note: String,
}

/// The driver is on the way and says something.
pub(super) async fn update(
    State(fleet): State<Arc<Fleet>>,
    user: User,
    Path(id): Path<u64>,
    Json(sent): Json<Update>,
) -> Answer {
    change(&fleet, &user, id, |row| {
        step(row, &[Stage::Assigned, Stage::UnderWay], Stage::UnderWay)?;
        row.note = Some(sent.note);
        Ok(())
    })
    .await
}

/// The vehicle has arrived.
pub(super) async fn close(
    State(fleet): State<Arc<Fleet>>,
    user: User,
    Path(id): Path<u64>,
) -> Answer {
    let careless = fleet.broken.on("state-unchecked");
    let answer = change(&fleet, &user, id, |row| {
        if careless {
            row.state = Stage::UnderWay;
        }
        step(row, &[Stage::Assigned, Stage::UnderWay], Stage::Closed)
    });
    let answer = answer.await;
    let lost = fleet.broken.on("state-lost");
    if let Some(row) = fleet
        .dispatches
        .lock()
        .await
        .0
        .get_mut(&id)
        .filter(|_| lost)
    {
        row.state = Stage::UnderWay;
    }
    answer
}

fn step(row: &mut Dispatch, from: &[Stage], to: Stage) -> Result<(), Refusal> {
    if !from.contains(&row.state) {
        let detail = format!("a dispatch that is {:?} cannot be {to:?}", row.state);
        return Err(refusal(StatusCode::CONFLICT, &detail.to_lowercase()));
    }
    row.state = to;
    Ok(())
}

/// Changes a row of the user's own, and shows it.
async fn change(
    fleet: &Fleet,
    user: &User,
    id: u64,
    change: impl FnOnce(&mut Dispatch) -> Result<(), Refusal>,
) -> Answer {
    fleet.database.query(Duration::from_millis(2)).await;
    let mut rows = fleet.dispatches.lock().await;
    let open = fleet.broken.on("rows-of-others");
    let row = rows.0.get_mut(&id);
    let row = row.filter(|row| open || row.owner == user.email);
    let row = row.ok_or_else(|| refusal(StatusCode::NOT_FOUND, "no such dispatch"))?;
    change(row)?;
    Ok(Json(&*row).into_response())
}
