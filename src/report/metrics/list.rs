//! What is measured, by name. In: a view; out: metrics with their points. Invariant: the names are those of
//! OpenTelemetry's conventions where there are such, else they begin with `tollgate.`.

use crate::report::view::Buckets;
use crate::report::{StepRow, View};
use std::collections::BTreeSet;

/// A value with its labels.
pub(super) struct Point {
    pub(super) labels: Vec<(&'static str, String)>,
    pub(super) value: Value,
}

pub(super) enum Value {
    Gauge(f64),
    Counter(u64),
    Histogram(Buckets),
}

/// One metric.
pub(super) struct Metric {
    /// With dots.
    pub(super) name: &'static str,
    /// `s`, `1` (a share), `{request}`, or nothing.
    pub(super) unit: &'static str,
    pub(super) help: &'static str,
    pub(super) points: Vec<Point>,
}

impl Metric {
    /// As OpenMetrics writes it: without dots, with its unit.
    pub(super) fn text_name(&self) -> String {
        let name = self.name.replace('.', "_");
        match self.unit {
            "s" => format!("{name}_seconds"),
            "1" => format!("{name}_ratio"),
            _ => name,
        }
    }
}

/// Every name that OpenMetrics may show, with its suffixes: what dashboards can be built on.
pub fn metric_names(view: &View) -> BTreeSet<String> {
    let named = metrics(view).into_iter().flat_map(|metric| {
        let name = metric.text_name();
        match metric.points.first().map(|p| &p.value) {
            Some(Value::Histogram(_)) => ["_bucket", "_sum", "_count"]
                .map(|suffix| format!("{name}{suffix}"))
                .into(),
            Some(Value::Counter(_)) => vec![format!("{name}_total")],
            _ => vec![name],
        }
    });
    named.collect()
}

pub(super) fn metrics(view: &View) -> Vec<Metric> {
    let mut all: Vec<Metric> = latencies(view).into();
    all.extend(counts(view));
    all.extend(budgets(view));
    all.extend(run(view));
    // A family without points is none.
    all.retain(|metric| !metric.points.is_empty());
    let mut common = vec![
        ("scenario", view.run.scenario.clone()),
        ("profile", view.run.profile.clone()),
    ];
    common.extend(view.run.env.clone().map(|env| ("environment", env)));
    for point in all.iter_mut().flat_map(|metric| &mut metric.points) {
        point.labels.splice(0..0, common.iter().cloned());
    }
    all
}

fn of_step(step: &StepRow) -> Vec<(&'static str, String)> {
    vec![("flow", step.flow.clone()), ("step", step.name.clone())]
}

fn latencies(view: &View) -> [Metric; 3] {
    let server = super::otlp::server(&view.run.target);
    let mut service = Vec::new();
    let mut response = Vec::new();
    for (step, buckets) in view.steps.iter().zip(&view.buckets) {
        let mut labels = of_step(step);
        labels.push(("http.request.method", step.method.clone()));
        labels.extend(server.iter().cloned());
        service.push(Point {
            labels,
            value: Value::Histogram(buckets.service.clone()),
        });
        for (result, own) in [("ok", &buckets.ok), ("check failed", &buckets.check_failed)] {
            if own.count == 0 && result != "ok" {
                continue;
            }
            let mut labels = of_step(step);
            labels.push(("result", result.to_owned()));
            response.push(Point {
                labels,
                value: Value::Histogram(own.clone()),
            });
        }
    }
    let metric = |name, help, points| Metric {
        name,
        unit: "s",
        help,
        points,
    };
    [
        metric(
            "http.client.request.duration",
            "From the send of a request to its last byte, of answered requests of the measured phase.",
            service,
        ),
        metric(
            "tollgate.response.duration",
            "From the instant a request should have left to its last byte, of answered requests of the measured phase.",
            response,
        ),
        metric(
            "tollgate.schedule.lag",
            "How late requests were sent.",
            vec![Point {
                labels: Vec::new(),
                value: Value::Histogram(view.lag.clone()),
            }],
        ),
    ]
}

fn counts(view: &View) -> [Metric; 3] {
    let count = |labels, n| Point {
        labels,
        value: Value::Counter(n),
    };
    let requests = view.steps.iter().flat_map(|step| {
        let results = [
            ("ok", step.ok),
            ("check failed", step.check_failed),
            ("failed", step.failed),
            ("timed out", step.timed_out),
            ("aborted", step.aborted),
            ("dropped", step.dropped),
            ("skipped", step.skipped),
        ];
        results.map(|(result, n)| {
            let mut labels = of_step(step);
            labels.push(("result", result.to_owned()));
            count(labels, n)
        })
    });
    let checks = view.steps.iter().flat_map(|step| {
        step.checks.iter().flat_map(move |check| {
            [("passed", check.passed), ("failed", check.failed)].map(|(result, n)| {
                let mut labels = of_step(step);
                labels.push(("check", check.text.clone()));
                labels.push(("result", result.to_owned()));
                count(labels, n)
            })
        })
    });
    let totals = &view.totals;
    let dropped = totals.dropped_in_flight + totals.dropped_data;
    let arrivals = [("started", totals.started), ("dropped", dropped)];
    let arrivals = arrivals.map(|(result, n)| count(vec![("result", result.to_owned())], n));
    let metric = |name, unit, help, points| Metric {
        name,
        unit,
        help,
        points,
    };
    [
        metric(
            "tollgate.requests",
            "{request}",
            "Requests of the measured phase by how they ended.",
            requests.collect(),
        ),
        metric(
            "tollgate.checks",
            "{check}",
            "Checks of the measured phase by what they found.",
            checks.collect(),
        ),
        metric(
            "tollgate.arrivals",
            "{arrival}",
            "Flow starts that the schedule drew.",
            arrivals.into(),
        ),
    ]
}

fn budgets(view: &View) -> [Metric; 2] {
    let judged = || {
        let rows = view.budgets.iter();
        rows.filter(|b| b.outcome != crate::budget::Outcome::NotRun)
    };
    let label = |text: &str| vec![("budget", text.to_owned())];
    let held = judged().map(|row| Point {
        labels: label(&row.text),
        value: Value::Gauge(if row.outcome.holds() { 1.0 } else { 0.0 }),
    });
    let headroom = judged().filter_map(|row| {
        Some(Point {
            labels: label(&row.text),
            value: Value::Gauge(row.headroom?),
        })
    });
    [
        Metric {
            name: "tollgate.budget.held",
            unit: "",
            help: "1 where the budget holds.",
            points: held.collect(),
        },
        Metric {
            name: "tollgate.budget.headroom",
            unit: "1",
            help: "Share of the limit that is left, negative when over.",
            points: headroom.collect(),
        },
    ]
}

fn run(view: &View) -> [Metric; 4] {
    let one = |name, unit, help, value: f64| Metric {
        name,
        unit,
        help,
        points: vec![Point {
            labels: Vec::new(),
            value: Value::Gauge(value),
        }],
    };
    let started: Option<jiff::Timestamp> = view.run.started.parse().ok();
    let started = started.map_or(0.0, |at| at.as_second() as f64);
    [
        one(
            "tollgate.run.started",
            "s",
            "When the run began, since 1970.",
            started,
        ),
        one(
            "tollgate.run.duration",
            "s",
            "From the first arrival due to the last answer.",
            view.run.elapsed,
        ),
        one(
            "tollgate.run.exit",
            "",
            "The exit code: 0 pass, 3 check, 4 budget, 6 unreachable, 7 invalid, 8 guard.",
            view.exit.code.into(),
        ),
        one(
            "tollgate.generator.cpu",
            "1",
            "Use of the generator's busiest thread.",
            view.health.cpu_share,
        ),
    ]
}
