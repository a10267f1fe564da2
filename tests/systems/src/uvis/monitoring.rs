//! Prometheus and the page that it reads, Grafana, Kibana. In: what the API counts; out: `/metrics`, the query API for the
//! expressions that are asked here, and how the three are. Invariant: Prometheus answers from what was scraped only.

use super::database::BOUNDS;
use super::fleet::{Fleet, MEMORY, now};
use axum::extract::{Form, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

/// How often the page is read, and how far back a rate looks.
const EVERY: Duration = Duration::from_millis(200);
const BACK: f64 = 15.0;
/// Some hours.
const MOST: usize = 50_000;

/// One scrape.
pub(super) struct Scrape {
    /// Seconds since 1970.
    at: f64,
    cpu: f64,
    memory: f64,
    /// Queries up to each bound, and all of them.
    queries: [u64; BOUNDS.len() + 1],
}

impl Scrape {
    async fn of(fleet: &Fleet) -> Self {
        let mut queries = fleet.database.counts();
        for bucket in 1..queries.len() {
            queries[bucket] += queries[bucket - 1];
        }
        Self {
            at: now().as_secs_f64(),
            cpu: fleet.cpu_seconds(),
            memory: fleet.memory().await,
            queries,
        }
    }
}

/// Scrapes for ever.
pub(super) async fn scrape(fleet: Arc<Fleet>) {
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        let scrape = Scrape::of(&fleet).await;
        let mut kept = fleet.scrapes.lock().await;
        kept.truncate(MOST);
        kept.push_front(scrape);
    }
}

/// The page of the API.
pub(super) async fn metrics(State(fleet): State<Arc<Fleet>>) -> Response {
    let now = Scrape::of(&fleet).await;
    let mut text = format!(
        "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total {}\n\
         # TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes {}\n\
         # TYPE machine_memory_bytes gauge\nmachine_memory_bytes {MEMORY}\n\
         # TYPE db_query_seconds histogram\n",
        now.cpu, now.memory
    );
    let all = now.queries[BOUNDS.len()];
    let bounds = BOUNDS
        .iter()
        .map(ToString::to_string)
        .chain(["+Inf".to_owned()]);
    for (bound, count) in bounds.zip(now.queries) {
        // Writing to a text cannot fail.
        let _written = writeln!(text, "db_query_seconds_bucket{{le=\"{bound}\"}} {count}");
    }
    let seconds = fleet.database.seconds();
    let _written = writeln!(
        text,
        "db_query_seconds_sum {seconds}\ndb_query_seconds_count {all}"
    );
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

/// Prometheus.
pub(super) fn prometheus(fleet: Arc<Fleet>) -> Router {
    Router::new()
        .route("/-/healthy", get(healthy))
        .route("/api/v1/query_range", get(range).post(range))
        .route("/api/v1/query", get(instant).post(instant))
        .with_state(fleet)
}

async fn healthy(State(fleet): State<Arc<Fleet>>) -> Response {
    if fleet.broken.on("prometheus-down") {
        return (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable\n").into_response();
    }
    "Prometheus Server is Healthy.\n".into_response()
}

/// Grafana.
pub(super) fn grafana(fleet: Arc<Fleet>) -> Router {
    let health = async |State(fleet): State<Arc<Fleet>>| {
        let (status, database) = if fleet.broken.on("grafana-down") {
            (StatusCode::SERVICE_UNAVAILABLE, "failing")
        } else {
            (StatusCode::OK, "ok")
        };
        (
            status,
            Json(json!({ "database": database, "version": "11.4.0" })),
        )
    };
    Router::new()
        .route("/api/health", get(health))
        .with_state(fleet)
}

/// Kibana.
pub(super) fn kibana(fleet: Arc<Fleet>) -> Router {
    let status = async |State(fleet): State<Arc<Fleet>>| {
        let (status, level) = if fleet.broken.on("kibana-down") {
            (StatusCode::SERVICE_UNAVAILABLE, "critical")
        } else {
            (StatusCode::OK, "available")
        };
        let overall = json!({ "level": level });
        (
            status,
            Json(json!({ "name": "uvis", "status": { "overall": overall } })),
        )
    };
    Router::new()
        .route("/api/status", get(status))
        .with_state(fleet)
}

#[derive(Deserialize)]
struct Asked {
    query: String,
    time: Option<f64>,
    start: Option<f64>,
    end: Option<f64>,
    step: Option<f64>,
}

async fn instant(State(fleet): State<Arc<Fleet>>, Form(asked): Form<Asked>) -> Response {
    let at = asked.time.unwrap_or_else(|| now().as_secs_f64());
    answer(&fleet, &asked.query, &[at], "vector").await
}

async fn range(State(fleet): State<Arc<Fleet>>, Form(asked): Form<Asked>) -> Response {
    let (Some(start), Some(end), Some(step)) = (asked.start, asked.end, asked.step) else {
        return wrong("invalid parameter \"start\"");
    };
    if step <= 0.0 || end < start || (end - start) / step > 11_000.0 {
        return wrong("exceeded maximum resolution of 11,000 points per timeseries");
    }
    let steps = ((end - start) / step) as u64;
    let times: Vec<f64> = (0..=steps)
        .map(|index| start + index as f64 * step)
        .collect();
    answer(&fleet, &asked.query, &times, "matrix").await
}

async fn answer(fleet: &Fleet, query: &str, times: &[f64], kind: &str) -> Response {
    let Some(expression) = expression(query) else {
        return wrong("this stand-in does not know the expression");
    };
    let kept = fleet.scrapes.lock().await;
    let mut values = Vec::new();
    for at in times {
        // The newest first.
        let past = kept.iter().skip_while(|scrape| scrape.at > *at);
        let mut seen = past.take_while(|scrape| scrape.at > at - BACK);
        if let (Some(last), first) = (seen.next(), seen.last())
            && let Some(value) = expression(first, last)
        {
            values.push(json!([at, value.to_string()]));
        }
    }
    let series = match (kind, values.last()) {
        (_, None) => json!([]),
        ("vector", Some(value)) => json!([{ "metric": {}, "value": value }]),
        _ => json!([{ "metric": {}, "values": values }]),
    };
    Json(json!({ "status": "success", "data": { "resultType": kind, "result": series } }))
        .into_response()
}

fn wrong(error: &str) -> Response {
    let body = json!({ "status": "error", "errorType": "bad_data", "error": error });
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}

/// Of the first scrape of a stretch, where there are two, and of the last one.
type Expression = fn(Option<&Scrape>, &Scrape) -> Option<f64>;

fn expression(query: &str) -> Option<Expression> {
    let query: String = query.split_whitespace().collect();
    match query.as_str() {
        "process_resident_memory_bytes/machine_memory_bytes" => {
            Some(|_, last| Some(last.memory / MEMORY))
        }
        "rate(process_cpu_seconds_total[15s])" => {
            Some(|first, last| first.map(|first| (last.cpu - first.cpu) / (last.at - first.at)))
        }
        "histogram_quantile(0.95,sumby(le)(rate(db_query_seconds_bucket[15s])))" => {
            Some(|first, last| first.and_then(|first| quantile(0.95, first, last)))
        }
        _ => None,
    }
}

/// As Prometheus reads it from a histogram: in a straight line between the bounds of its bucket.
fn quantile(share: f64, first: &Scrape, last: &Scrape) -> Option<f64> {
    let up_to = |bucket: usize| (last.queries[bucket] - first.queries[bucket]) as f64;
    let all = up_to(BOUNDS.len());
    let rank = share * all;
    let bucket = (0..BOUNDS.len()).find(|bucket| up_to(*bucket) >= rank);
    let Some(bucket) = bucket.filter(|_| all > 0.0) else {
        return (all > 0.0).then_some(BOUNDS[BOUNDS.len() - 1]);
    };
    let below = bucket.checked_sub(1);
    let (low, before) = below.map_or((0.0, 0.0), |below| (BOUNDS[below], up_to(below)));
    Some(low + (BOUNDS[bucket] - low) * (rank - before) / (up_to(bucket) - before))
}
