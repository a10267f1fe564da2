//! Records made by hand, and what is said about them.

mod budgets;
mod instrument;
mod messages;
mod parts;
mod times;
mod verdicts;

use super::*;
use crate::budget::parse;
use crate::record::{
    CacheCount, CheckCount, Counts, FlowRecord, Health, Histogram, OverCount, Tally,
};
use crate::source::Source;
use crate::units::Nanos;
use std::sync::Arc;

const MS: Nanos = 1_000_000;
const SECOND: Nanos = 1_000_000_000;
const OPEN: Model = Model::Open {
    requests: 500.0,
    flows: 250.0,
    peak: None,
    poisson: true,
};
const CLOSED: Model = Model::Closed { users: 9 };
const PASSES: Model = Model::Passes { passes: 1 };

/// A histogram of `count` values.
fn times(count: u64, value: Nanos) -> Histogram {
    let mut histogram = Histogram::default();
    (0..count).for_each(|_| histogram.record(value));
    histogram
}

/// `ok` passed requests that took 100 ms.
fn passed(ok: u64) -> Tally {
    Tally {
        sent: ok,
        ok,
        response: times(ok, 100 * MS),
        service: times(ok, 90 * MS),
        ttfb: times(ok, 80 * MS),
        checks: vec![CheckCount {
            passed: ok,
            failed: 0,
        }],
        ..Tally::default()
    }
}

/// The same, with more that went wrong in every way.
fn mixed(ok: u64, check_failed: u64, failed: u64, timed_out: u64) -> Tally {
    let mut tally = passed(ok);
    tally.sent += check_failed + failed + timed_out;
    tally.check_failed = check_failed;
    tally.response_check_failed = times(check_failed, 5 * MS);
    tally.checks[0].failed = check_failed;
    tally.failed = failed;
    tally.timed_out = timed_out;
    tally.timeout = if timed_out > 0 { SECOND } else { 0 };
    tally
}

/// `n` requests, `slow` of them at 900 ms.
fn slow(n: u64, slow: u64) -> Tally {
    let mut tally = passed(n - slow);
    tally.sent += slow;
    tally.ok += slow;
    tally.response.merge(&times(slow, 900 * MS));
    tally.service.merge(&times(slow, 900 * MS));
    tally.over = vec![OverCount {
        metric: Metric::Response,
        limit: 500 * MS,
        over: slow,
    }];
    tally
}

/// A healthy run of profile `launch`: browse/landing, browse/products and purchase/pay.
fn run(model: Model, tallies: [Tally; 3]) -> RunRecord {
    let flow = |name: &str| FlowRecord {
        name: name.into(),
        ..FlowRecord::default()
    };
    let offered = tallies.iter().map(|t| t.sent + t.dropped).sum();
    let in_time = tallies.iter().map(|t| t.ok + t.check_failed).sum();
    let names = [(0, "landing"), (0, "products"), (1, "pay")];
    let steps = names.into_iter().zip(tallies).map(|((flow, name), tally)| {
        let label = format!("{}/{name}", ["browse", "purchase"][flow]);
        StepRecord {
            flow,
            name: name.into(),
            label,
            line: 10,
            checks: vec!["status == 200".into()],
            measured: tally,
            ..StepRecord::default()
        }
    });
    RunRecord {
        profile: "launch".into(),
        model,
        steps: steps.collect(),
        flows: vec![flow("browse"), flow("purchase")],
        counts: Counts {
            offered,
            in_time,
            duration: 10 * SECOND,
            ..Counts::default()
        },
        health: Health {
            lag: times(1_000, MS / 20),
            cpu_share: 0.2,
            conserved: true,
            ..Health::default()
        },
        ..RunRecord::default()
    }
}

/// A healthy open run in which only browse/landing was used.
pub(super) fn landing(tally: Tally) -> RunRecord {
    run(OPEN, [tally, Tally::default(), Tally::default()])
}

pub(super) fn file(budgets: &[&str]) -> BudgetFile {
    let text = format!("budgets:\n  - {}\n", budgets.join("\n  - "));
    parse(Arc::new(Source::new("b.yaml", text))).unwrap()
}

pub(super) fn verdict(record: &RunRecord, budgets: &[&str]) -> Verdict {
    judge(record, Some(&file(budgets)))
}

/// What is said about one budget.
fn one(record: &RunRecord, budget: &str) -> Judgement {
    verdict(record, &[budget]).judgements.remove(0)
}
