//! The result for machines. In: a view; out: `result.json`, one document by the published [`SCHEMA`]. Invariant:
//! times are milliseconds, shares are fractions of one, an unknown value is `null`, and a change that could break
//! a reader changes the number in `schema`.

mod events;
mod history;
mod parts;
mod server;

pub use events::{EVENTS, Events, LiveEvents};

use super::{
    ExhibitRow, FailureRow, FlowRow, GroupRow, GuardRow, HealthView, Latency, MessagesRow,
    PolicyRow, Reporter, StepRow, TraceRow, View,
};
use crate::budget::{Judgement, Outcome};
use crate::record;
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// JSON Schema (draft 2020-12) of `result.json`.
pub const SCHEMA: &str = include_str!("result.schema.json");

/// `result.json`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json;

impl Reporter for Json {
    fn render(&self, view: &View, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(record::json_lines(&document(view))?.as_bytes())?;
        out.write_all(b"\n")
    }
}

fn document(view: &View) -> Value {
    let mut document = whole(view);
    // Absent where there are none, as groups are.
    if let (Some(object), false) = (document.as_object_mut(), view.policies.is_empty()) {
        let policies = view.policies.iter().map(|row| policy(view, row)).collect();
        object.insert("policies".into(), Value::Array(policies));
    }
    if let (Some(object), false) = (document.as_object_mut(), view.groups.is_empty()) {
        let groups = view.groups.iter().map(group).collect();
        object.insert("groups".into(), Value::Array(groups));
    }
    if let (Some(object), false) = (document.as_object_mut(), view.server.is_empty()) {
        let server = view.server.iter().map(server::row).collect();
        object.insert("server".into(), Value::Array(server));
    }
    if let (Some(object), false) = (document.as_object_mut(), view.parts.is_empty()) {
        let parts = view.parts.iter().map(parts::part).collect();
        object.insert("parts".into(), Value::Array(parts));
        object.insert("statement".into(), json!(view.statement));
    }
    if let (Some(object), Some(row)) = (document.as_object_mut(), &view.history) {
        object.insert("history".into(), history::history(row));
    }
    document
}

fn whole(view: &View) -> Value {
    json!({
        "schema": "tollgate.result/1",
        "verdict": view.word.text().to_lowercase(),
        "sentence": view.sentence,
        "exit": {
            "code": view.exit.code,
            "reason": view.exit.reason,
            "also": view.exit.also,
        },
        "run": run(view),
        "totals": totals(view),
        "budgets": view.budgets.iter().map(|b| budget(view, b)).collect::<Vec<_>>(),
        "guards": view.guards.iter().map(guard).collect::<Vec<_>>(),
        "steps": view.steps.iter().map(step).collect::<Vec<_>>(),
        "flows": view.flows.iter().map(flow).collect::<Vec<_>>(),
        "checks": view.checks.iter().map(|check| json!({
            "step": check.step,
            "line": check.line,
            "what": check.what,
            "count": check.count,
            "n": check.n,
            "budgeted": check.budgeted,
        })).collect::<Vec<_>>(),
        "failures": view.failures.iter().map(failure).collect::<Vec<_>>(),
        "uncovered": view.uncovered,
        "why": view.why,
        "health": health(view, &view.health),
        "environment": {
            "tollgate": view.run.version,
            "revision": view.run.revision,
            "host": view.run.host,
            "system": view.run.system,
            "processor": view.run.processor,
            "plan": view.run.plan,
        },
    })
}

fn guard(guard: &GuardRow) -> Value {
    json!({
        "text": guard.text,
        "line": guard.line,
        "tripped_s": guard.tripped.map(rounded),
        "broken_since_s": guard.since.map(rounded),
        "longest_broken_s": rounded(guard.longest),
        "worst_share": rounded(guard.worst),
        "finding": guard.finding,
    })
}

fn run(view: &View) -> Value {
    let run = &view.run;
    let mut facts = json!({
        "scenario": run.scenario,
        "file": run.file,
        "profile": run.profile,
        "environment": run.env,
        "target": run.target,
        "budgets": run.budget_file,
        "started": run.started,
        "elapsed_s": rounded(run.elapsed),
        "measured_s": rounded(run.measured),
        "seed": run.seed,
        "load": run.load,
        "via": run.via,
        "connections": run.connections,
        "phases": run.phases.iter().map(|phase| json!({
            "name": phase.name,
            "start_s": rounded(phase.start),
            "end_s": rounded(phase.end),
            "measured": phase.measured,
        })).collect::<Vec<_>>(),
        "stopped": run.stop,
        "unreachable": run.unreachable,
    });
    // Absent where nobody is missing.
    if !run.not_told.is_empty() {
        facts["not_told"] = json!(run.not_told);
    }
    facts
}

fn totals(view: &View) -> Value {
    let totals = &view.totals;
    let mut object = counts(&totals.all);
    object.insert("arrivals".into(), totals.arrivals.into());
    object.insert("started".into(), totals.started.into());
    object.insert("dropped_in_flight".into(), totals.dropped_in_flight.into());
    object.insert("dropped_data".into(), totals.dropped_data.into());
    object.insert("offered".into(), totals.offered.into());
    object.insert(
        "offered_per_second".into(),
        rounded(totals.offered_rate).into(),
    );
    object.insert("latency_ms".into(), clocks(&totals.all));
    Value::Object(object)
}

fn counts(step: &StepRow) -> Map<String, Value> {
    let mut object = Map::new();
    for (name, count) in [
        ("n", step.n()),
        ("sent", step.sent),
        ("ok", step.ok),
        ("check_failed", step.check_failed),
        ("failed", step.failed),
        ("timed_out", step.timed_out),
        ("aborted", step.aborted),
        ("dropped", step.dropped),
        ("skipped", step.skipped),
        ("warmup_sent", step.warmup),
        ("new_connections", step.new_connections),
        ("received_bytes", step.received),
        ("errors", step.errors()),
    ] {
        object.insert(name.into(), count.into());
    }
    // Absent where there are none: most scenarios cannot have any.
    for (count, name) in step.asides() {
        object.insert(name.replace(' ', "_"), count.into());
    }
    object.insert("decoded_bytes".into(), json!(step.decoded));
    if let Some(row) = &step.messages {
        object.insert("messages".into(), messages(row));
    }
    object.insert("error_share".into(), json!(step.error_share()));
    object.insert("per_second".into(), rounded(step.throughput).into());
    object
}

fn step(step: &StepRow) -> Value {
    let mut object = Map::new();
    object.insert("label".into(), json!(step.label));
    object.insert("flow".into(), json!(step.flow));
    object.insert("name".into(), json!(step.name));
    object.insert("place".into(), json!(step.place()));
    object.append(&mut counts(step));
    let statuses: Map<String, Value> = step
        .statuses
        .iter()
        .map(|(status, n)| (status.to_string(), json!(n)))
        .collect();
    object.insert("statuses".into(), Value::Object(statuses));
    let checks: Vec<Value> = step
        .checks
        .iter()
        .map(|c| json!({ "text": c.text, "passed": c.passed, "failed": c.failed }))
        .collect();
    object.insert("checks".into(), Value::Array(checks));
    object.insert("latency_ms".into(), clocks(step));
    if !step.timings.is_empty() {
        object.insert("server_timing".into(), server::timings(step));
    }
    if !step.slowest.is_empty() {
        let slowest = step.slowest.iter().map(|slow| {
            json!({
                "at_s": rounded(slow.at),
                "response_ms": rounded(slow.took),
                "status": slow.status,
                "trace": trace(&slow.trace),
            })
        });
        object.insert("slowest".into(), slowest.collect());
    }
    // Absent where there are none: load keeps no passes.
    if !step.exchanges.is_empty() {
        let exchanges = step.exchanges.iter().map(exhibit).collect();
        object.insert("exchanges".into(), Value::Array(exchanges));
    }
    Value::Object(object)
}

fn messages(row: &MessagesRow) -> Value {
    json!({
        "received": row.received,
        "sent": row.sent,
        "missing": row.missing,
        "ahead": row.ahead,
        "most_ahead_ms": rounded(row.most_ahead as f64 / 1e6),
        "stale": row.stale,
        "per_second": rounded(row.per_second),
        "latency_ms": {
            "latency": latency(&row.latency),
            "first": latency(&row.first),
            "gap": latency(&row.gap),
        },
    })
}

fn clocks(step: &StepRow) -> Value {
    json!({
        "response": latency(&step.response),
        "service": latency(&step.service),
        "ttfb": latency(&step.ttfb),
        "connect": latency(&step.connect),
        "tls": latency(&step.tls),
        "wait": latency(&step.wait),
        "dns": latency(&step.dns),
        "write": latency(&step.write),
        "body": latency(&step.body),
    })
}

/// Percentiles by name; those among timed-out requests are lower bounds and are named under `at_least`.
fn latency(latency: &Latency) -> Value {
    let mut object = Map::new();
    object.insert("n".into(), latency.n.into());
    let named = [
        ("mean", latency.mean),
        ("min", latency.min),
        ("p50", latency.p50),
        ("p90", latency.p90),
        ("p95", latency.p95),
        ("p99", latency.p99),
        ("p99.9", latency.p999),
        ("max", latency.max),
    ];
    for (name, point) in named {
        object.insert(name.into(), json!(point.ms.map(rounded)));
    }
    let bounds: Vec<&str> = named
        .iter()
        .filter(|(_, point)| point.at_least)
        .map(|(name, _)| *name)
        .collect();
    object.insert("at_least".into(), json!(bounds));
    Value::Object(object)
}

fn budget(view: &View, budget: &Judgement) -> Value {
    json!({
        "text": budget.text,
        "place": view.budget_place(budget.line),
        "scope": budget.scope,
        "level": budget.level,
        "outcome": match budget.outcome {
            Outcome::Pass => "pass",
            Outcome::Fail => "fail",
            Outcome::Marginal { passed: true } => "marginal_pass",
            Outcome::Marginal { passed: false } => "marginal_fail",
            Outcome::Undecided => "undecided",
            Outcome::NotRun => "not_run",
        },
        "limit": budget.limit,
        "actual": budget.actual,
        "headroom": budget.headroom,
        "n": budget.n,
        "violations": budget.violations,
        "interval": budget.interval.as_ref().map(|(low, high)| [low, high]),
        "needed": budget.needed,
        "effective_n": budget.effective,
        "inflation": budget.inflation.map(rounded),
        "exact": budget.exact,
        "note": budget.note,
        "worst": budget.worst,
    })
}

fn flow(flow: &FlowRow) -> Value {
    json!({
        "name": flow.name,
        "started": flow.started,
        "completed": flow.completed,
        "stopped": flow.stopped,
        "dropped": flow.dropped,
        "duration_ms": latency(&flow.duration),
    })
}

fn group(group: &GroupRow) -> Value {
    json!({
        "flow": group.flow,
        "name": group.name,
        "line": group.line,
        "completed": group.completed,
        "stopped": group.stopped,
        "duration_ms": latency(&group.duration),
    })
}

fn policy(view: &View, policy: &PolicyRow) -> Value {
    json!({
        "policy": policy.name,
        "step": policy.step,
        "place": view.place(policy.line),
        "level": if policy.warns { "warn" } else { "fail" },
        "answers": policy.count.answers,
        "looked_at": policy.count.looked,
        "nothing_to_judge": policy.count.idle,
        "failed": policy.count.failed,
        "warned": policy.count.warned,
        "failure": policy.failed,
        "warning": policy.warned,
    })
}

fn failure(failure: &FailureRow) -> Value {
    json!({
        "step": failure.step,
        "line": failure.line,
        "kind": failure.kind,
        "what": failure.what,
        "count": failure.count,
        "of": failure.of,
        "first_s": rounded(failure.first),
        "last_s": rounded(failure.last),
        "exhibits": failure.exhibits.iter().map(exhibit).collect::<Vec<_>>(),
    })
}

fn exhibit(exhibit: &ExhibitRow) -> Value {
    let mut object = plain_exhibit(exhibit);
    if let Some(object) = object.as_object_mut() {
        if !exhibit.phases.is_empty() {
            let phases = exhibit.phases.iter();
            let phases: Map<String, Value> = phases
                .map(|(name, time)| ((*name).to_owned(), rounded(*time).into()))
                .collect();
            object.insert("phases_ms".into(), Value::Object(phases));
        }
        if let Some(row) = &exhibit.trace {
            object.insert("trace".into(), trace(row));
        }
        if exhibit.retried {
            object.insert("retried".into(), true.into());
            object.insert("what".into(), json!(exhibit.what));
        }
        if let Some(other) = &exhibit.same_as {
            object.insert("same_as".into(), json!(other));
        }
        if let Some((title, text)) = &exhibit.page {
            object.insert("page".into(), json!({ "title": title, "text": text }));
        }
        if !exhibit.findings.is_empty() {
            let findings = exhibit.findings.iter().map(|finding| {
                json!({
                    "check": finding.check,
                    "held": finding.held,
                    "expected": finding.expected,
                    "actual": finding.actual,
                })
            });
            object.insert("checks".into(), findings.collect());
        }
        if !exhibit.said.is_empty() {
            let messages = exhibit.said.iter().map(|said| {
                json!({
                    "sent": said.sent,
                    "after_ms": rounded(said.after),
                    "text": said.text,
                    "cut": said.cut,
                })
            });
            object.insert("messages".into(), messages.collect());
        }
    }
    object
}

fn trace(trace: &TraceRow) -> Value {
    json!({ "id": trace.id, "sampled": trace.sampled, "url": trace.link })
}

fn plain_exhibit(exhibit: &ExhibitRow) -> Value {
    json!({
        "at_s": rounded(exhibit.at),
        "took_ms": rounded(exhibit.took),
        "expected": exhibit.expected,
        "actual": exhibit.actual,
        "request": exhibit.request_line,
        "status": exhibit.status,
        "response_headers": exhibit.response_headers,
        "response_body": exhibit.response_body,
        "response_cut": exhibit.response_cut,
        "curl": exhibit.curl,
    })
}

fn health(view: &View, health: &HealthView) -> Value {
    json!({
        "evidence": view.evidence.iter().map(|e| json!({
            "name": e.name,
            "value": e.value,
            "limit": e.limit,
            "holds": e.holds,
            "consequence": e.consequence,
            "advice": e.advice,
        })).collect::<Vec<_>>(),
        "lag_ms": latency(&health.lag),
        "cpu_seconds": rounded(health.cpu_seconds),
        "cpu_share": rounded(health.cpu_share),
        "processors": health.processors,
        "throttled": health.throttled,
        "peak_memory_bytes": health.peak_memory,
        "workers": health.workers,
        "connections_opened": health.connections,
        "connections_reused": health.reused,
        "reconnects": health.reconnects,
        "http2_share": health.http2_share.map(rounded),
        "in_flight_max": health.in_flight,
        "in_flight_limit": health.in_flight_limit,
        "descriptor_limit": health.descriptor_limit,
        "counts_add_up": health.conserved,
    })
}

/// Six decimals: nanoseconds of a millisecond, microseconds of a second.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
