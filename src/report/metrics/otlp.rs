//! OTLP in JSON, as `POST /v1/metrics` and `/v1/traces` take it. In: a view; out: one request of each. Invariant: 64-bit
//! numbers are texts, a histogram has one bucket more than bounds, and the spans of a smoke test form one trace.

use super::list::{Metric, Point, Value as Measured, metrics};
use crate::record;
use crate::report::view::Buckets;
use crate::report::{ExhibitRow, Reporter, StepRow, View};
use rand::{RngExt as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde_json::{Value, json};
use std::io::{self, Write};
use url::Url;

/// `otlp-metrics.json`.
#[derive(Debug, Clone, Copy, Default)]
pub struct OtlpMetrics;

/// `otlp-traces.json`: a span for each exchange of a smoke test that was kept; no span of a load.
#[derive(Debug, Clone, Copy, Default)]
pub struct OtlpTraces;

impl Reporter for OtlpMetrics {
    fn render(&self, view: &View, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", record::json(&metrics_request(view))?)
    }
}

impl Reporter for OtlpTraces {
    fn render(&self, view: &View, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", record::json(&traces_request(view))?)
    }
}

pub(super) fn metrics_request(view: &View) -> Value {
    let times = times(view);
    let all: Vec<Value> = metrics(view).iter().map(|m| metric(m, times)).collect();
    json!({ "resourceMetrics": [{
        "resource": resource(view),
        "scopeMetrics": [{ "scope": scope(view), "metrics": all }],
    }] })
}

pub(super) fn traces_request(view: &View) -> Value {
    json!({ "resourceSpans": [{
        "resource": resource(view),
        "scopeSpans": [{ "scope": scope(view), "spans": spans(view) }],
    }] })
}

/// Address and port of the target, as labels.
pub(super) fn server(target: &str) -> Vec<(&'static str, String)> {
    let Ok(url) = Url::parse(target) else {
        return Vec::new();
    };
    let host = url.host_str().unwrap_or_default().to_owned();
    let port = url.port_or_known_default().unwrap_or_default().to_string();
    vec![("server.address", host), ("server.port", port)]
}

fn resource(view: &View) -> Value {
    let run = &view.run;
    let mut attributes = vec![
        text("service.name", "tollgate"),
        text("service.version", &run.version),
        text("test.suite.name", &run.scenario),
        text("host.name", &run.host),
    ];
    attributes.extend(
        run.revision
            .as_ref()
            .map(|id| text("vcs.ref.head.revision", id)),
    );
    attributes.extend(
        run.env
            .as_ref()
            .map(|env| text("deployment.environment.name", env)),
    );
    json!({ "attributes": attributes })
}

fn scope(view: &View) -> Value {
    json!({ "name": "tollgate", "version": view.run.version })
}

fn text(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

fn number(key: &str, value: u64) -> Value {
    json!({ "key": key, "value": { "intValue": value.to_string() } })
}

/// When the run began and ended, in nanoseconds since 1970.
fn times(view: &View) -> (u64, u64) {
    let started: Option<jiff::Timestamp> = view.run.started.parse().ok();
    let started = started.map_or(0, |at| {
        u64::try_from(at.as_nanosecond()).unwrap_or_default()
    });
    (started, started + nanos(view.run.elapsed))
}

fn nanos(seconds: f64) -> u64 {
    (seconds * 1e9).round() as u64
}

fn metric(metric: &Metric, times: (u64, u64)) -> Value {
    let points: Vec<Value> = metric.points.iter().map(|p| point(p, times)).collect();
    let mut out = json!({ "name": metric.name, "description": metric.help, "unit": metric.unit });
    match metric.points.first().map(|p| &p.value) {
        Some(Measured::Histogram(_)) => {
            out["histogram"] = json!({ "aggregationTemporality": 2, "dataPoints": points });
        }
        Some(Measured::Counter(_)) => {
            out["sum"] = json!({
                "aggregationTemporality": 2, "isMonotonic": true, "dataPoints": points,
            });
        }
        _ => out["gauge"] = json!({ "dataPoints": points }),
    }
    out
}

fn point(point: &Point, (start, end): (u64, u64)) -> Value {
    let attributes = point.labels.iter().map(|(key, value)| match *key {
        "server.port" => number(key, value.parse().unwrap_or_default()),
        key => text(key, value),
    });
    let mut out = json!({
        "attributes": attributes.collect::<Vec<_>>(),
        "startTimeUnixNano": start.to_string(),
        "timeUnixNano": end.to_string(),
    });
    match &point.value {
        Measured::Gauge(value) => out["asDouble"] = json!(value),
        Measured::Counter(count) => out["asInt"] = json!(count.to_string()),
        Measured::Histogram(buckets) => histogram(&mut out, buckets),
    }
    out
}

fn histogram(out: &mut Value, buckets: &Buckets) {
    let bounds: Vec<f64> = buckets.within.iter().map(|(bound, _)| *bound).collect();
    let upto = buckets.within.iter().map(|(_, count)| *count);
    let mut below = 0;
    let counts: Vec<String> = upto
        .chain([buckets.count])
        .map(|count| (count - std::mem::replace(&mut below, count)).to_string())
        .collect();
    out["count"] = json!(buckets.count.to_string());
    out["sum"] = json!(buckets.sum);
    out["explicitBounds"] = json!(bounds);
    out["bucketCounts"] = json!(counts);
}

/// A span for the run, and one for each exchange below it.
fn spans(view: &View) -> Vec<Value> {
    if view.run.under_load {
        return Vec::new();
    }
    // The same run has the same ids, whenever it is rendered.
    let (start, end) = times(view);
    let mut dice = Xoshiro256PlusPlus::seed_from_u64(start ^ view.run.seed);
    let trace = format!("{:032x}", dice.random::<u128>().max(1));
    let mut id = || format!("{:016x}", dice.random::<u64>().max(1));
    let root = id();
    let passed = view.exit.code == 0;
    let mut spans = vec![json!({
        "traceId": trace, "spanId": root, "kind": 1,
        "name": format!("tollgate {}", view.run.scenario),
        "startTimeUnixNano": start.to_string(), "endTimeUnixNano": end.to_string(),
        "attributes": [
            text("test.suite.name", &view.run.scenario),
            text("test.suite.run.status", if passed { "success" } else { "failure" }),
        ],
        "status": { "code": if passed { 1 } else { 2 } },
    })];
    for step in &view.steps {
        let own = |label: &str| label == step.label;
        let failed = view.failures.iter().filter(|f| own(&f.step));
        let failed = failed.flat_map(|f| f.exhibits.iter().map(|e| (e, Some(f.kind))));
        let passed = step
            .exchanges
            .iter()
            .map(|e| (e, e.retried.then_some("retried")));
        for (exhibit, error) in passed.chain(failed) {
            let ids = (trace.as_str(), root.as_str(), id());
            spans.push(span(view, step, (exhibit, error), ids));
        }
    }
    spans
}

fn span(
    view: &View,
    step: &StepRow,
    (exhibit, error): (&ExhibitRow, Option<&str>),
    (trace, parent, id): (&str, &str, String),
) -> Value {
    let start = times(view).0 + nanos(exhibit.at);
    let mut attributes = vec![
        text("http.request.method", &step.method),
        text("test.case.name", &step.label),
        text(
            "test.case.result.status",
            if error.is_some() { "fail" } else { "pass" },
        ),
        text("user_agent.synthetic.type", "test"),
    ];
    attributes.extend(
        server(&view.run.target)
            .iter()
            .map(|(key, value)| match *key {
                "server.port" => number(key, value.parse().unwrap_or_default()),
                key => text(key, value),
            }),
    );
    attributes.extend(
        exhibit
            .status
            .map(|status| number("http.response.status_code", status.into())),
    );
    attributes.extend(error.map(|kind| text("error.type", &kind.replace(' ', "_"))));
    json!({
        "traceId": trace, "spanId": id, "parentSpanId": parent, "kind": 3,
        "name": format!("{} {}", step.method, step.name),
        "startTimeUnixNano": start.to_string(),
        "endTimeUnixNano": (start + nanos(exhibit.took / 1e3)).to_string(),
        "attributes": attributes,
        "status": { "code": if error.is_some() { 2 } else { 1 } },
    })
}
