//! Runs at the edges: a smoke pass of a hostile server, and one that is too large for a page.

use super::sample_run::{SECOND, budgets, environment, fail};
use std::collections::BTreeMap;
use tollgate::budget::{Verdict, judge};
use tollgate::record::{
    Exhibit, Failure, FailureCount, FlowLayout, Health, Histogram, Layout, Message, Model, Outcome,
    Recorded, Recorder, RunRecord, Sample, StepLayout, What, Window, Wrong,
};

const MS: u64 = 1_000_000;

/// Everything a server could put into an answer to act on whoever reads the report.
pub(crate) const HOSTILE: &str = "\x1b[2J\x1b]0;owned\x07\0\u{9b}31m]]><script>alert(1)</script>\n::error::owned\n##[error]owned\r\n::add-mask::x\n=cmd|'/c calc'!A1\u{202e}gpj.exe\u{ffff}<!-- ::error::owned ::stop-commands::owned <img src=x onerror=alert(1)>' onload='x";

/// A smoke pass against a server that answers with [`HOSTILE`]; the step after the failed one is not sent.
pub(crate) fn hostile() -> (RunRecord, Verdict) {
    let Recorded {
        steps,
        flows,
        failures,
        exhibits,
        lag,
        ..
    } = hostile_recorder().finish();
    let record = RunRecord {
        scenario: "shop".into(),
        file: "scenarios/shop.yaml".into(),
        profile: "smoke".into(),
        target: "http://127.0.0.1:8080".into(),
        started: "2026-11-21T02:00:00Z".into(),
        elapsed: 6 * MS,
        model: Model::Passes { passes: 1 },
        steps,
        flows,
        failures,
        exhibits,
        health: Health {
            lag,
            conserved: true,
            ..Health::default()
        },
        environment: environment(),
        ..RunRecord::default()
    };
    let verdict = judge(&record, None);
    (record, verdict)
}

fn hostile_recorder() -> Recorder {
    let step = |name: &str, line| StepLayout {
        name: name.into(),
        label: format!("browse/{name}"),
        line,
        checks: vec!["status == 200".into(), "body contains \"welcome\"".into()],
        ..StepLayout::default()
    };
    let mut recorder = Recorder::new(&Layout {
        steps: vec![step("landing", 7), step("@products", 12)],
        flows: vec![FlowLayout {
            name: "browse".into(),
            outside: false,
        }],
        ..Layout::default()
    });
    recorder.flow_started(0, true);
    recorder.sent(50_000, true);
    recorder.record(&Sample {
        sent: 50_000,
        first_byte: Some(4 * MS),
        done: 5 * MS,
        connect: Some(210_000),
        status: Some(200),
        received: 400,
        ..Sample::of(0, Outcome::CheckFailed(1))
    });
    recorder.skipped(1..2, true);
    recorder.flow_ended(0, true, false, 0);
    recorder.exhibit(hostile_exhibit());
    recorder
}

fn hostile_exhibit() -> Exhibit {
    let message = || Message {
        headers: vec![
            ("x-server".into(), HOSTILE.into()),
            (HOSTILE.into(), "v".into()),
        ],
        body: HOSTILE.into(),
        cut: true,
        origin: None,
        packed: false,
    };
    Exhibit {
        step: 0,
        what: Some(What::Check(1)),
        retried: false,
        findings: Vec::new(),
        at: 50_000,
        took: 5 * MS,
        phases: Vec::new(),
        expected: Some("text that contains \"welcome\"".into()),
        actual: Some(format!("text \"{HOSTILE}\"")),
        request_line: format!("GET http://127.0.0.1:8080/{HOSTILE}"),
        request: message(),
        status: Some(200),
        response: Some(message()),
        said: Vec::new(),
    }
}

/// Five hundred steps, each failing in four ways with three long exchanges, over an hour.
pub(crate) fn large() -> (RunRecord, Verdict) {
    let (mut record, _) = fail();
    let mut pay = record.steps[4].clone();
    // Percentiles of a few values are as wide on the page, and quicker to find.
    pay.measured.response = record.steps[4].measured.connect.clone();
    pay.measured.service = record.steps[4].measured.connect.clone();
    pay.measured.response_check_failed = Histogram::default();
    pay.measured.ttfb = record.steps[4].measured.connect.clone();
    let exhibit = record.exhibits[0].clone();
    let body = "x <y> & ".repeat(64);
    record.steps.clear();
    record.failures.clear();
    record.exhibits.clear();
    for i in 0..500 {
        let mut step = pay.clone();
        step.name = format!("a step with a rather long name, number {i}");
        step.label = format!("purchase/{}", step.name);
        step.measured.statuses = BTreeMap::from([(201, 100), (404, 3), (500, 7), (503, 2)]);
        record.steps.push(step);
        for check in 0..4 {
            let what = What::Check(check);
            record.failures.push(FailureCount {
                step: i,
                what,
                label: format!("json $.items[{check}].name == \"a value\""),
                count: 10,
                first: SECOND,
                last: 9 * SECOND,
            });
            let mut kept = exhibit.clone();
            (kept.step, kept.what) = (i, Some(what));
            kept.request.body.clone_from(&body);
            if let Some(response) = &mut kept.response {
                response.body.clone_from(&body);
                response.headers = vec![("x-header".into(), "v".repeat(2_000)); 5];
            }
            record.exhibits.extend([kept.clone(), kept.clone(), kept]);
        }
    }
    if let Some(phase) = record.phases.last_mut() {
        phase.end = 3_600 * SECOND;
    }
    let mut window = record.timeline.windows()[20].clone();
    for i in record.timeline.windows().len() as u64..3600 {
        window.response = Histogram::default();
        let slow = 1 + (i / 61) % 7;
        (1..300).for_each(|n| window.response.record(n * n * slow * slow * 1_117));
        window.wrong = vec![
            (Wrong::Check(5), i % 3),
            (Wrong::Failure(Failure::Timeout), i % 5),
        ];
        record.timeline.push(Window {
            start: i * SECOND,
            length: SECOND,
            ..window.clone()
        });
    }
    let verdict = judge(&record, Some(&budgets()));
    (record, verdict)
}
