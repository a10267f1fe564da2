//! Stairs on records that a recorder made: what is said of each part, and of all.

use super::super::tests::{file, landing, verdict};
use crate::budget::{Place, Planned, StretchOutcome, Verdict, judge};
use crate::record::{
    Failure, FlowLayout, Health, Histogram, Layout, Model, Outcome, PhaseRecord, Quantile,
    Recorder, Refusal, RunRecord, Sample, StepLayout, Stop, Tally, Window,
};
use crate::units::Nanos;

const MS: Nanos = 1_000_000;
const SECOND: Nanos = 1_000_000_000;
/// Seconds of a part.
const EVERY: u64 = 10;
const STAIRS: [&str; 4] = [
    "step 1 (100 req/s)",
    "step 2 (200 req/s)",
    "step 3 (300 req/s)",
    "step 4 (1000 req/s)",
];

/// What becomes of a request.
#[derive(Clone, Copy)]
enum Ends {
    /// Answered after so many milliseconds.
    In(u64),
    /// Answered with this status, which fails its check.
    With(u16),
    /// Sent so many milliseconds late.
    Late(u64),
    /// Never answered.
    Broken,
    /// The same, and given up after so many milliseconds.
    GivenUp(u64),
}

/// A recorded run of 20 requests a second; what becomes of one is told by its part.
fn recorded(
    names: &[&str],
    budgets: &[&str],
    per_second: u64,
    ends: impl Fn(u64) -> Ends,
) -> RunRecord {
    let steps = [Place::new("browse", "landing")];
    let layout = Layout {
        steps: vec![StepLayout {
            name: "landing".into(),
            label: "browse/landing".into(),
            checks: vec!["status == 200".into()],
            limits: file(budgets).limits(&steps).remove(0),
            ..StepLayout::default()
        }],
        flows: vec![FlowLayout {
            name: "browse".into(),
            outside: false,
        }],
        ..Layout::default()
    };
    let mut recorder = Recorder::new(&layout);
    let mut record = landing(Tally::default());
    let mut lag = Histogram::default();
    let seconds = names.len() as u64 * EVERY;
    for second in 0..seconds {
        for request in 0..per_second {
            let intended = second * SECOND + request * SECOND / per_second;
            let sample = sample(intended, ends(second / EVERY));
            recorder.arrival(1);
            recorder.flow_started(0, true);
            recorder.sent(sample.lag(), true);
            lag.record(sample.lag());
            if sample.status == Some(429) {
                recorder.refused(0, true, Refusal::Wall);
            }
            recorder.record(&sample);
        }
        record.timeline.push(Window {
            start: second * SECOND,
            length: SECOND,
            ..recorder.take_window()
        });
    }
    let phases = names.iter().zip(0..).map(|(name, i)| PhaseRecord {
        name: (*name).to_owned(),
        start: i * EVERY * SECOND,
        end: (i + 1) * EVERY * SECOND,
        measured: true,
    });
    let recorded = recorder.finish();
    RunRecord {
        steps: recorded.steps,
        flows: recorded.flows,
        failures: recorded.failures,
        phases: phases.collect(),
        elapsed: seconds * SECOND,
        health: Health {
            lag,
            ..record.health.clone()
        },
        ..record
    }
}

fn sample(intended: Nanos, ends: Ends) -> Sample {
    let (late, took, outcome, status) = match ends {
        Ends::In(ms) => (0, ms, Outcome::Ok, Some(200)),
        Ends::With(status) => (0, 5, Outcome::CheckFailed(0), Some(status)),
        Ends::Late(ms) => (ms, 20, Outcome::Ok, Some(200)),
        Ends::Broken => (0, 5, Outcome::Failed(Failure::Read), None),
        Ends::GivenUp(ms) => (0, ms, Outcome::Failed(Failure::Timeout), None),
    };
    let sent = intended + late * MS;
    Sample {
        intended,
        sent,
        first_byte: status.map(|_| sent + MS),
        done: sent + took * MS,
        status,
        received: 100,
        ..Sample::of(0, outcome)
    }
}

const P95: [&str; 2] = ["p95 < 500ms", "error_rate < 5%"];

/// A run of four stairs.
fn stairs(ends: impl Fn(u64) -> Ends) -> RunRecord {
    recorded(&STAIRS, &P95, 20, ends)
}

fn said(verdict: &Verdict) -> Vec<String> {
    let all = verdict.stretches.iter();
    all.map(|s| s.outcome.text()).collect()
}

const FAST: Ends = Ends::In(20);

#[test]
fn of_requests_that_were_given_up_no_more_is_known_than_the_shortest_wait() {
    let record = stairs(|part| match part {
        0 | 1 => FAST,
        2 => Ends::GivenUp(1_000),
        _ => Ends::GivenUp(8_000),
    });
    let stretches = verdict(&record, &P95).stretches;
    let known = |part: usize| stretches[part].response;
    assert_eq!(known(2), [Quantile::AtLeast(SECOND); 3]);
    assert_eq!(known(3), known(2));
}

#[test]
fn a_stair_counts_only_if_all_before_it_hold() {
    type Story = fn(u64) -> Ends;
    #[rustfmt::skip]
    let rows: [(&str, Story, [&str; 4], &str); 8] = [
        ("fast", |_| FAST, ["holds"; 4],
            "every stair holds, from 100 req/s to 1,000 req/s"),
        ("slow from the third on", |p| if p < 2 { FAST } else { Ends::In(900) },
            ["holds", "holds", "breaks: p95 < 500ms (900 ms)", "breaks: p95 < 500ms (900 ms)"],
            "the last stair that holds is 200 req/s; at 300 req/s `p95 < 500ms` breaks (900 ms)"),
        ("slow for one stair", |p| if p == 1 { Ends::In(900) } else { FAST },
            ["holds", "breaks: p95 < 500ms (900 ms)", "holds", "holds"],
            "the last stair that holds is 100 req/s; at 200 req/s `p95 < 500ms` breaks (900 ms)"),
        ("slow from the first", |_| Ends::In(900),
            ["breaks: p95 < 500ms (900 ms)"; 4],
            "not even the first stair holds; at 100 req/s `p95 < 500ms` breaks (900 ms)"),
        ("no connection", |p| if p < 3 { FAST } else { Ends::Broken },
            ["holds", "holds", "holds", "breaks: p95 < 500ms (100 % over 500 ms, 5 % may) and 1 more"],
            "the last stair that holds is 300 req/s; at 1,000 req/s `p95 < 500ms` breaks (100 % over 500 ms, 5 % may), \
             and 1 more budget; most failures: connection lost before the answer was complete"),
        ("an overload that says so", |p| if p < 1 { FAST } else { Ends::With(503) },
            ["holds", "breaks: p95 < 500ms (100 % over 500 ms, 5 % may) and 1 more",
             "breaks: p95 < 500ms (100 % over 500 ms, 5 % may) and 1 more",
             "breaks: p95 < 500ms (100 % over 500 ms, 5 % may) and 1 more"],
            "the last stair that holds is 100 req/s; at 200 req/s `p95 < 500ms` breaks (100 % over 500 ms, 5 % may), \
             and 1 more budget; most failures: checks failed on 5xx answers"),
        ("a limiter", |p| if p < 2 { FAST } else { Ends::With(429) },
            ["holds", "holds", "refused: 100 %", "refused: 100 %"],
            "the last stair that holds is 200 req/s; at 300 req/s something in front of the target begins to refuse \
             requests (100 % of them): its limit is found, not the target's"),
        ("slow, then a limiter", |p| match p { 0 => FAST, 1 => Ends::In(900), _ => Ends::With(429) },
            ["holds", "breaks: p95 < 500ms (900 ms)", "refused: 100 %", "refused: 100 %"],
            "the last stair that holds is 100 req/s; at 200 req/s `p95 < 500ms` breaks (900 ms); from 300 req/s on \
             something in front of the target refuses requests"),
    ];
    for (name, story, parts, statement) in rows {
        let record = stairs(story);
        let verdict = verdict(&record, &P95);
        assert_eq!(said(&verdict), parts, "{name}");
        assert_eq!(verdict.statement.as_deref(), Some(statement), "{name}");
    }
}

#[test]
fn a_stair_with_too_few_requests_does_not_hide_those_behind_it() {
    let slow = |p| if p < 3 { FAST } else { Ends::In(900) };
    let mut record = stairs(slow);
    // Of the first stair fewer requests are left than could ever pass.
    record.steps[0].measured.slots.ended[..10].fill(2);
    let statement = verdict(&record, &P95).statement.unwrap();
    assert_eq!(
        statement,
        "no stair can be said to hold; 100 req/s is undecided: `p95 < 500ms`: 20 requests can never show p95; needs 59; \
         by itself 300 req/s holds, and at 1,000 req/s `p95 < 500ms` breaks (900 ms)"
    );
}

#[test]
fn a_wall_stays_an_invalid_run() {
    let record = stairs(|p| if p < 2 { FAST } else { Ends::With(429) });
    let verdict = verdict(&record, &P95);
    assert_eq!(verdict.exit.code, 7, "{}", verdict.sentence);
    // What is refused from the first request on is how the application answers.
    let record = stairs(|_| Ends::With(429));
    let verdict = super::super::tests::verdict(&record, &P95);
    let first = &verdict.stretches[0].outcome;
    assert!(matches!(first, StretchOutcome::Breaks { .. }), "{first:?}");
}

#[test]
fn a_late_generator_ends_the_statement_and_spoils_no_other_stair() {
    let record = stairs(|p| if p == 2 { Ends::Late(80) } else { FAST });
    let verdict = verdict(&record, &P95);
    assert_eq!(verdict.exit.code, 7, "{}", verdict.sentence);
    let late = "generator at fault: about 100 % of the requests were sent more than 10 ms late";
    assert_eq!(said(&verdict), ["holds", "holds", late, "holds"]);
    assert_eq!(
        verdict.statement.as_deref(),
        Some(
            "the last stair that holds is 200 req/s; at 300 req/s the generator was at fault (about 100 % of the requests \
             were sent more than 10 ms late), so nothing is known from there on"
        )
    );
}

#[test]
fn a_fault_that_has_no_place_leaves_what_holds_and_doubts_what_breaks() {
    let mut record = stairs(|p| if p < 2 { FAST } else { Ends::In(900) });
    (record.health.throttled, record.health.cpu_share) = (9, 0.95);
    let said = said(&verdict(&record, &P95));
    assert_eq!(said[..2], ["holds", "holds"]);
    let doubt =
        "generator at fault: it may be what breaks it: stopped by a CPU quota: 9 times at 95 % CPU";
    assert_eq!(said[2..], [doubt, doubt]);
    record.health.conserved = false;
    let said = super::tests::said(&verdict(&record, &P95));
    assert_eq!(said, ["generator at fault: its counts do not add up"; 4]);
}

#[test]
fn what_a_stop_cuts_off_does_not_hold() {
    let mut record = stairs(|_| FAST);
    let windows: Vec<Window> = record.timeline.windows()[..25].to_vec();
    record.timeline = crate::record::Timeline::default();
    windows.into_iter().for_each(|w| record.timeline.push(w));
    record.steps[0].measured.slots.ended.truncate(25);
    (record.stop, record.elapsed) = (Some(Stop::Interrupted), 25 * SECOND);
    let verdict = verdict(&record, &P95);
    let cut = "undecided: the run ended in it";
    assert_eq!(said(&verdict), ["holds", "holds", cut, "not reached"]);
    let statement = verdict.statement.unwrap();
    let expected =
        "the last stair that holds is 200 req/s; 300 req/s is undecided: the run ended in it";
    assert_eq!(statement, expected);
}

#[test]
fn only_what_can_be_asked_of_a_part_is_asked() {
    let slow = |p| if p < 2 { FAST } else { Ends::In(900) };
    let whole = ["p95 < 500ms", "p95 < 500ms in 90% of 5s windows"];
    let rows: [(&[&str], &str); 5] = [
        (
            &[
                "max < 2s",
                "mean < 900ms",
                "p95 < 500ms in 90% of 5s windows",
                "p95 < 500ms during soak",
            ],
            "no budget of this run can be asked of a stair: add one such as `p95 < 500ms` or `error_rate < 1%` to learn \
             which rate holds",
        ),
        (
            &whole,
            "the last stair that holds is 200 req/s; at 300 req/s `p95 < 500ms` breaks (900 ms)",
        ),
        (
            &["p95 of landing < 500ms during launch"],
            "the last stair that holds is 200 req/s; at 300 req/s `p95 of landing < 500ms during launch` breaks (100 % over \
             500 ms, 5 % may)",
        ),
        (
            &["p99.9 < 500ms"],
            "no stair can be said to hold; 100 req/s is undecided: `p99.9 < 500ms`: 200 requests can never show p99.9; \
             needs 2,995",
        ),
        (
            &["throughput >= 15 req/s"],
            "every stair holds, from 100 req/s to 1,000 req/s",
        ),
    ];
    for (budgets, statement) in rows {
        let record = recorded(&STAIRS, budgets, 20, slow);
        let verdict = verdict(&record, budgets);
        assert_eq!(verdict.statement.as_deref(), Some(statement), "{budgets:?}");
    }
    let record = stairs(slow);
    assert_eq!(
        judge(&record, None).stretches[0].outcome,
        StretchOutcome::NotJudged
    );
}

#[test]
fn a_limit_that_was_not_counted_is_judged_by_the_windows_and_says_so() {
    let record = stairs(|p| if p < 2 { FAST } else { Ends::In(900) });
    let verdict = verdict(&record, &["p95 < 100ms"]);
    // How requests depend on each other is not known there, so that they count as a quarter.
    let held = "holds, marginally";
    assert_eq!(
        said(&verdict)[..3],
        [held, held, "breaks: p95 < 100ms (900 ms)"]
    );
    let note = verdict.stretches[0].note.as_deref().unwrap();
    assert!(note.contains("the run did not count this limit"), "{note}");
    // Of a step alone the windows know nothing.
    let verdict = super::super::tests::verdict(&record, &["p95 of landing < 100ms"]);
    assert_eq!(said(&verdict), ["not judged"; 4]);
}

#[test]
fn a_target_that_falls_behind_does_not_offer_its_throughput() {
    // Answers come at 10 a second from the third stair on, and what is left comes after the end.
    let mut record = stairs(|_| FAST);
    let windows: Vec<Window> = record.timeline.windows().to_vec();
    record.timeline = crate::record::Timeline::default();
    for mut window in windows {
        window.counts.ok = if window.start < 20 * SECOND { 20 } else { 10 };
        record.timeline.push(window);
    }
    let verdict = verdict(&record, &["throughput >= 15 req/s"]);
    let behind = "breaks: throughput >= 15 req/s (10 req/s, 100 of 200 offered requests)";
    assert_eq!(said(&verdict), ["holds", "holds", behind, behind]);
}

#[test]
fn slots_that_two_parts_share_are_left_out_of_both() {
    let mut record = stairs(|p| if p < 2 { FAST } else { Ends::In(900) });
    for phase in &mut record.phases {
        phase.start += if phase.start > 0 { SECOND / 2 } else { 0 };
        phase.end += SECOND / 2;
    }
    let verdict = verdict(&record, &P95);
    let n: Vec<u64> = verdict.stretches.iter().map(|s| s.n).collect();
    assert_eq!(n, [200, 180, 180, 180]);
    let note = verdict.stretches[0].note.as_deref().unwrap();
    assert!(note.contains("left out"), "{note}");
}

#[test]
fn what_the_names_say_is_what_was_planned() {
    #[rustfmt::skip]
    let rows: [(&[&str], &[Option<f64>]); 3] = [
        (&["base (50 req/s)", "rise", "spike (500 req/s)", "fall", "base (50 req/s)"],
            &[Some(50.0), Some(275.0), Some(500.0), Some(275.0), Some(50.0)]),
        (&["stage 1 (to 200 req/s)", "stage 2 (at 10 flows/s)", "stage 3 (to nothing)"],
            &[Some(100.0), Some(20.0), Some(10.0)]),
        (&["one", "two"], &[None, None]),
    ];
    for (names, planned) in rows {
        // 250 flows a second make 500 requests.
        let verdict = verdict(&recorded(names, &P95, 20, |_| FAST), &P95);
        let rates = verdict.stretches.iter().map(|s| match s.planned {
            Some(Planned::Rate(rate)) => Some(rate),
            _ => None,
        });
        assert_eq!(rates.collect::<Vec<_>>(), planned, "{names:?}");
        assert_eq!(verdict.statement, None);
        let first = &verdict.stretches[0];
        assert_eq!(
            (first.n, first.offered, first.achieved),
            (200, Some(20.0), Some(20.0))
        );
        assert!(matches!(first.response[1], Quantile::Value(v) if v / MS == 20));
    }
    let names = ["stage 1 (to 50 users)", "stage 2 (to 0 users)"];
    let mut record = recorded(&names, &P95, 20, |_| FAST);
    record.model = Model::Closed { users: 50 };
    let verdict = verdict(&record, &P95);
    let planned: Vec<_> = verdict.stretches.iter().map(|s| s.planned).collect();
    assert_eq!(
        planned,
        [Some(Planned::Users(25.0)), Some(Planned::Users(25.0))]
    );
}

#[test]
fn a_load_that_does_not_change_has_no_parts() {
    let verdict = verdict(&recorded(&["launch"], &P95, 20, |_| FAST), &P95);
    assert_eq!((verdict.stretches.len(), verdict.statement), (0, None));
}
