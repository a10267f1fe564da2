//! The run as events, one JSON document a line (NDJSON). In: a view; out: `start`, a `window` a second, each `failure`,
//! `guard` and `budget`, `end`. Invariant: the first line names the schema, the last one says how it ended; times are
//! seconds since the run began, latencies milliseconds.

use super::{budget, guard, rounded};
use crate::record::{self, PhaseRecord, RunRecord, Window};
use crate::report::{FailureRow, Point, Reporter, RunView, Slice, View};
use crate::units::Nanos;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::time::Duration;

/// JSON Schema (draft 2020-12) of a line of `events.ndjson`.
pub const EVENTS: &str = include_str!("events.schema.json");

/// `events.ndjson`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Events;

impl Reporter for Events {
    fn render(&self, view: &View, out: &mut dyn Write) -> io::Result<()> {
        let windows = view.windows.iter().map(window);
        let failures = view.failures.iter().map(failure);
        let guards = view.guards.iter().map(|g| named("guard", guard(g)));
        let budgets = view.budgets.iter();
        let budgets = budgets.map(|b| named("budget", budget(view, b)));
        let all = [start(&view.run)]
            .into_iter()
            .chain(windows)
            .chain(failures);
        for event in all.chain(guards).chain(budgets).chain([end(view)]) {
            out.write_all(document(&event)?.as_bytes())?;
        }
        Ok(())
    }
}

/// The same lines while a run goes.
#[derive(Debug)]
pub struct LiveEvents {
    run: RunView,
    phases: Vec<PhaseRecord>,
    timeout: Nanos,
}

impl LiveEvents {
    /// Of a run that begins; `timeout` is the shortest of its requests.
    pub fn new(record: &RunRecord, timeout: Duration) -> Self {
        Self {
            run: RunView::of(record),
            phases: record.phases.clone(),
            timeout: timeout.as_nanos() as Nanos,
        }
    }

    /// The first line.
    pub fn start(&self) -> String {
        document(&start(&self.run)).unwrap_or_default()
    }

    /// A second that has passed.
    pub fn window(&self, passed: &Window) -> String {
        let slice = Slice::of(passed, &self.phases, self.timeout);
        document(&window(&slice)).unwrap_or_default()
    }
}

/// One line.
fn document(event: &Value) -> Result<String, serde_json::Error> {
    Ok(record::json(event)? + "\n")
}

/// Puts the event's name before its fields.
fn named(event: &str, fields: Value) -> Value {
    let mut out = json!({ "event": event });
    if let (Some(out), Value::Object(mut fields)) = (out.as_object_mut(), fields) {
        out.append(&mut fields);
    }
    out
}

fn start(run: &RunView) -> Value {
    json!({
        "event": "start",
        "schema": "tollgate.events/1",
        "scenario": run.scenario,
        "profile": run.profile,
        "environment": run.env,
        "target": run.target,
        "started": run.started,
        "seed": run.seed,
        "load": run.load,
        "revision": run.revision,
        "tollgate": run.version,
    })
}

fn window(slice: &Slice) -> Value {
    let ms = |point: Point| point.ms.map(rounded);
    json!({
        "event": "window",
        "start_s": rounded(slice.start),
        "end_s": rounded(slice.end()),
        "phase": slice.phase,
        "measured": slice.measured,
        "offered": slice.offered,
        "sent": slice.sent,
        "ok": slice.ok,
        "not_ok": slice.not_ok,
        "timed_out": slice.timed_out,
        "dropped": slice.dropped,
        "in_flight": slice.in_flight,
        "lag_ms": rounded(slice.lag),
        "p50_ms": ms(slice.p50),
        "p95_ms": ms(slice.p95),
        "p99_ms": ms(slice.p99),
        "max_ms": ms(slice.max),
    })
}

fn failure(failure: &FailureRow) -> Value {
    let exhibit = failure.exhibits.first();
    json!({
        "event": "failure",
        "step": failure.step,
        "place": failure.place(),
        "kind": failure.kind,
        "what": failure.what,
        "count": failure.count,
        "of": failure.of,
        "first_s": rounded(failure.first),
        "last_s": rounded(failure.last),
        "expected": exhibit.and_then(|e| e.expected.as_ref()),
        "actual": exhibit.and_then(|e| e.actual.as_ref()),
    })
}

fn end(view: &View) -> Value {
    let all = &view.totals.all;
    json!({
        "event": "end",
        "elapsed_s": rounded(view.run.elapsed),
        "verdict": view.word.text().to_lowercase(),
        "sentence": view.sentence,
        "exit": { "code": view.exit.code, "reason": view.exit.reason, "also": view.exit.also },
        "n": all.n(),
        "errors": all.errors(),
        "p95_ms": all.response.p95.ms.map(rounded),
    })
}
