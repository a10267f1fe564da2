//! Reports: made while somebody waits, then fetched as a file. In: a day; out: CSV. Invariant: the file is as long as the
//! answer that announced it said.

use super::fleet::{Fleet, User, plate, position, vehicles};
use super::tokens::{Refusal, refusal};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::InvalidHeaderValue;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

/// How many are kept for fetching.
const KEPT: usize = 500;

struct Report {
    id: u64,
    owner: String,
    day: String,
    text: String,
}

/// The newest reports.
#[derive(Default)]
pub(super) struct Reports {
    kept: VecDeque<Report>,
    made: u64,
}

#[derive(Deserialize)]
pub(super) struct Wish {
    day: String,
}

/// Makes one; it takes its time.
pub(super) async fn create(
    State(fleet): State<Arc<Fleet>>,
    user: User,
    Json(wish): Json<Wish>,
) -> Response {
    let late = fleet.broken.on("report-late");
    tokio::time::sleep(Duration::from_millis(if late { 2_500 } else { 300 })).await;
    fleet.database.query(Duration::from_millis(10)).await;
    let mut text = String::from("plate,minute,latitude,longitude\n");
    for vehicle in vehicles(user.depot) {
        for minute in 0..60 {
            let (latitude, longitude) = position(vehicle, Duration::from_secs(60 * minute));
            let plate = plate(vehicle);
            // Writing to a text cannot fail.
            let _written = writeln!(text, "{plate},{minute},{latitude:.5},{longitude:.5}");
        }
    }
    let mut reports = fleet.reports.lock().await;
    reports.made += 1;
    let (id, bytes) = (reports.made, text.len());
    let body = json!({
        "id": id,
        "file": format!("/api/v1/reports/{id}/file"),
        "rows": text.lines().count() - 1,
        "bytes": bytes,
    });
    reports.kept.truncate(KEPT - 1);
    reports.kept.push_front(Report {
        id,
        owner: user.email,
        day: wish.day,
        text,
    });
    (StatusCode::CREATED, Json(body)).into_response()
}

/// Gives its file.
pub(super) async fn file(
    State(fleet): State<Arc<Fleet>>,
    user: User,
    Path(id): Path<u64>,
) -> Result<Response, Refusal> {
    let reports = fleet.reports.lock().await;
    let mut kept = reports.kept.iter();
    let report = kept.find(|report| report.id == id && report.owner == user.email);
    let report = report.ok_or_else(|| refusal(StatusCode::NOT_FOUND, "no such report"))?;
    let end = if fleet.broken.on("report-cut") {
        report.text.len() / 2
    } else {
        report.text.len()
    };
    let mut answer = report.text[..end].to_owned().into_response();
    let headers = answer.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        "text/csv; charset=utf-8".parse().map_err(broken)?,
    );
    if !fleet.broken.on("report-unnamed") {
        let name = format!("attachment; filename=\"fleet-{}.csv\"", report.day);
        headers.insert(header::CONTENT_DISPOSITION, name.parse().map_err(broken)?);
    }
    Ok(answer)
}

/// A day that fits into no header.
fn broken(_: InvalidHeaderValue) -> Refusal {
    refusal(StatusCode::UNPROCESSABLE_ENTITY, "no such day")
}
