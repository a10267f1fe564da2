//! Runs of any size, recorded by the real recorder: so many steps, so many seconds. In: both; out: a record and its
//! verdict. Invariant: the same every time, and every part of a request has a value somewhere.

use super::sample_run::{SECOND, budgets, environment};
use tollgate::budget::{Verdict, judge};
use tollgate::record::{
    Counts, Failure, FlowLayout, Health, Histogram, Layout, Model, Outcome, PhaseRecord, Recorder,
    RunRecord, Sample, StepLayout, Window,
};

/// Requests a second.
const RATE: u64 = 20;

/// A load of so many steps over so many seconds; one step in seven fails now and then.
pub(crate) fn sized(steps: usize, seconds: u64) -> (RunRecord, Verdict) {
    let mut recorder = Recorder::new(&layout(steps));
    let mut record = RunRecord::default();
    for second in 0..seconds {
        for i in 0..RATE {
            let n = second * RATE + i;
            recorder.arrival(1);
            let sample = sample(n, steps, second * SECOND + i * SECOND / RATE);
            recorder.flow_started(sample.step % 3, true);
            recorder.sent(sample.lag(), true);
            let ok = sample.outcome == Outcome::Ok;
            recorder.record(&sample);
            recorder.flow_ended(sample.step % 3, true, ok, sample.service());
        }
        record.timeline.push(Window {
            start: second * SECOND,
            length: SECOND,
            in_flight: 3 + second % 9,
            ..recorder.take_window()
        });
    }
    let requests = seconds * RATE;
    let recorded = recorder.finish();
    let record = RunRecord {
        scenario: "shop".into(),
        file: "scenarios/shop.yaml".into(),
        profile: "launch".into(),
        target: "http://127.0.0.1:8080".into(),
        started: "2026-11-21T02:00:00Z".into(),
        elapsed: seconds * SECOND,
        model: Model::Open {
            requests: RATE as f64,
            flows: RATE as f64,
            peak: None,
            poisson: true,
        },
        phases: vec![PhaseRecord {
            name: "launch".into(),
            start: 0,
            end: seconds * SECOND,
            measured: true,
        }],
        counts: counts(requests, seconds),
        steps: recorded.steps,
        flows: recorded.flows,
        failures: recorded.failures,
        health: health(requests, recorded.lag),
        environment: environment(),
        ..record
    };
    let verdict = judge(&record, Some(&budgets()));
    (record, verdict)
}

fn counts(requests: u64, seconds: u64) -> Counts {
    Counts {
        in_time: requests,
        arrivals: requests,
        started: requests,
        offered: requests,
        duration: seconds * SECOND,
        ..Counts::default()
    }
}

fn health(requests: u64, lag: Histogram) -> Health {
    Health {
        lag,
        conserved: true,
        processors: 2.0,
        workers: 1,
        connections: requests / 50,
        reused: requests - requests / 50,
        in_flight: 11,
        in_flight_limit: 1_000,
        ..Health::default()
    }
}

fn layout(steps: usize) -> Layout {
    let flows = ["browse", "purchase", "account"];
    let step = |index: usize| StepLayout {
        flow: index % 3,
        name: format!("step {index}"),
        label: format!("{}/step {index}", flows[index % 3]),
        method: "GET".into(),
        line: 10 + index,
        checks: vec!["status == 200".into()],
        ..StepLayout::default()
    };
    Layout {
        steps: (0..steps).map(step).collect(),
        flows: flows
            .map(|name| FlowLayout {
                name: name.into(),
                outside: false,
            })
            .into(),
        ..Layout::default()
    }
}

fn sample(n: u64, steps: usize, intended: u64) -> Sample {
    let dice = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
    let step = (n % steps as u64) as usize;
    let slow = 1 + step as u64 % 11;
    let service = slow * (4_000_000 + dice % 9_000_000)
        + if dice.is_multiple_of(97) {
            SECOND / 3
        } else {
            0
        };
    let sent = intended + 40_000 + dice % 200_000;
    let opened = n.is_multiple_of(50);
    let (outcome, status) = match (step % 7, dice % 40) {
        (3, 0) => (Outcome::CheckFailed(0), Some(503)),
        (3, 1) => (Outcome::Failed(Failure::Timeout), None),
        _ => (Outcome::Ok, Some(200)),
    };
    Sample {
        step,
        measured: true,
        intended,
        sent,
        first_byte: status.map(|_| sent + service * 7 / 10),
        done: sent + service,
        wait: None,
        dns: opened.then_some(900_000),
        connect: opened.then_some(300_000),
        tls: opened.then_some(2_100_000),
        write: Some(30_000),
        outcome,
        status,
        received: 2_048,
        decoded: status.map(|_| 6_000),
    }
}
