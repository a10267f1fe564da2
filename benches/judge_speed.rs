//! How long judging takes: a run of 200 steps and an hour at 500 req/s, made up, and 100 budgets on it.
//! `cargo bench --bench judge_speed`
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark that prints and may stop"
)]

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;
use tollgate::budget;
use tollgate::record::{
    FlowLayout, Health, Layout, Model, Outcome, PhaseRecord, Recorder, RunRecord, Sample,
    StepLayout, Timeline, Window, load, save,
};
use tollgate::source::Source;

const STEPS: u64 = 200;
const SECONDS: u64 = 3_600;
const RATE: u64 = 500;
const SECOND: u64 = 1_000_000_000;

/// One budget in `whole` is on all requests, the others are each on a step.
fn budgets(whole: usize) -> budget::BudgetFile {
    let mut text = String::from("budgets:\n");
    for i in 0..100 {
        if i % whole == 0 {
            writeln!(text, "  - p99 < {}ms", 300 + i).unwrap();
        } else {
            writeln!(text, "  - p95 of step {} < 250ms", i * 2).unwrap();
        }
    }
    budget::parse(Arc::new(Source::new("budgets.yaml", text))).unwrap()
}

/// A hundred budgets of every kind, each on all requests or on a flow.
fn mixed() -> budget::BudgetFile {
    let mut text = String::from("budgets:\n");
    for i in 0..10 {
        for budget in [
            format!("mean < {}ms", 200 + i),
            format!("max of shop < {}ms", 300 + i),
            format!("stddev < {}ms", 200 + i),
            format!("error_rate < {}%", i + 1),
            format!("service p99.9 < {}ms", 400 + i),
            format!("ttfb p50 of shop < {}ms", 150 + i),
            format!("p95 < 300ms in 9{i}% of 10s windows"),
            format!("apdex({}ms) > 0.9", 150 + i),
            format!("count(5xx) < {}", i + 5),
            format!("bytes p99 < {}kB", 10 + i),
        ] {
            writeln!(text, "  - {budget}").unwrap();
        }
    }
    budget::parse(Arc::new(Source::new("budgets.yaml", text))).unwrap()
}

fn sample(step: u64, second: u64, at: u64) -> Sample {
    // A spread of latencies that needs many buckets.
    let took = 5_000_000 + (at.wrapping_mul(2_654_435_761) % 200_000_000);
    Sample {
        step: usize::try_from(step).unwrap(),
        measured: true,
        intended: second * SECOND + at % SECOND,
        sent: second * SECOND + at % SECOND + 40_000,
        first_byte: Some(second * SECOND + at % SECOND + took / 2),
        done: second * SECOND + at % SECOND + took,
        wait: None,
        dns: None,
        connect: None,
        tls: None,
        write: None,
        outcome: Outcome::Ok,
        status: Some(200),
        received: 900 + at % 5_000,
        decoded: None,
    }
}

/// Every step with the limits that the budgets have for it.
fn layout(budgets: &budget::BudgetFile) -> Layout {
    let places: Vec<budget::Place> = (0..STEPS)
        .map(|i| budget::Place::new("shop", format!("step {i}")))
        .collect();
    let steps = places.iter().zip(budgets.limits(&places));
    let steps = steps.map(|(place, limits)| StepLayout {
        name: place.step.clone(),
        label: place.label(),
        limits,
        ..StepLayout::default()
    });
    Layout {
        steps: steps.collect(),
        flows: vec![FlowLayout {
            name: "shop".into(),
            outside: false,
        }],
        ..Layout::default()
    }
}

fn run(budgets: &budget::BudgetFile) -> RunRecord {
    let mut recorder = Recorder::new(&layout(budgets));
    let mut timeline = Timeline::default();
    for second in 0..SECONDS {
        for i in 0..RATE {
            let at = (second * RATE + i) * 7_919;
            recorder.record(&sample((second * RATE + i) % STEPS, second, at));
        }
        timeline.push(Window {
            start: second * SECOND,
            length: SECOND,
            ..recorder.take_window()
        });
    }
    let recorded = recorder.finish();
    RunRecord {
        profile: "launch".into(),
        model: Model::Open {
            requests: 500.0,
            flows: 2.5,
            peak: None,
            poisson: true,
        },
        steps: recorded.steps,
        flows: recorded.flows,
        failures: recorded.failures,
        exhibits: recorded.exhibits,
        health: Health {
            conserved: true,
            ..Health::default()
        },
        timeline,
        phases: vec![PhaseRecord {
            name: "launch".into(),
            start: 0,
            end: SECONDS * SECOND,
            measured: true,
        }],
        ..RunRecord::default()
    }
}

/// Most memory resident so far, as the system tells it.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmHWM"));
    line.map_or_else(
        || "?".into(),
        |l| l.split_whitespace().skip(1).collect::<Vec<_>>().join(" "),
    )
}

fn main() {
    let path = std::env::temp_dir().join("tollgate-judge-speed.tg");
    if std::env::args().nth(1).as_deref() != Some("judge") {
        save(&run(&budgets(10)), &path).unwrap();
        println!(
            "run file: {} KB; now: … judge",
            std::fs::metadata(&path).unwrap().len() / 1_000
        );
        return;
    }
    let started = Instant::now();
    let record = load(&path).unwrap();
    println!("load {:?}, peak memory {}", started.elapsed(), peak());
    let cases = [
        ("10 of 100 budgets on all steps", budgets(10)),
        ("100 of 100 budgets on all steps", budgets(1)),
        ("100 budgets of every kind", mixed()),
    ];
    for (what, file) in cases {
        let started = Instant::now();
        let verdict = budget::judge(&record, Some(&file));
        let took = started.elapsed();
        println!("judge, {what}: {took:?}, peak memory {}", peak());
        println!("  {}", verdict.sentence);
    }
}
