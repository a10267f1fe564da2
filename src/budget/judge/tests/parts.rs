//! Budgets on what is counted apart, on records that a recorder made.

use super::*;
use crate::record::{
    Failure, FlowLayout, Layout, Outcome as Ended, Part, Recorder, Sample, StepLayout,
};

/// Two steps, for `budgets`: of each ten requests to landing one is refused with 503 at once, one fails a check with
/// 200 after 900 ms, one times out, and the others pass with 200 after 100 ms; products answers 404 to everything. A
/// passed request to landing captures its number.
fn recorded(budgets: &[&str], requests: u64) -> RunRecord {
    let places = [
        Place::new("browse", "landing"),
        Place::new("browse", "products"),
    ];
    let limits = file(budgets).limits(&places);
    let steps = limits.into_iter().map(|limits| StepLayout {
        limits,
        ..StepLayout::default()
    });
    let mut recorder = Recorder::new(&Layout {
        steps: steps.collect(),
        flows: vec![FlowLayout::default()],
        parts: file(budgets).parts(&places),
        ..Layout::default()
    });
    let captures: Vec<usize> = file(budgets)
        .parts(&places)
        .iter()
        .enumerate()
        .filter(|(_, part)| part.step == 0 && matches!(part.part, Part::Capture(_)))
        .map(|(index, _)| index)
        .collect();
    for i in 0..requests {
        let (status, took, outcome) = match i % 10 {
            0 => (Some(503), 1, Ended::CheckFailed(0)),
            1 => (Some(200), 900, Ended::CheckFailed(0)),
            2 => (None, 1_000, Ended::Failed(Failure::Timeout)),
            _ => (Some(200), 100, Ended::Ok),
        };
        let at = i * SECOND / 10;
        recorder.record(&sample(0, at, (status, took, outcome)));
        recorder.record(&sample(1, at, (Some(404), 5, Ended::Ok)));
        for part in captures.iter().filter(|_| outcome == Ended::Ok) {
            recorder.number(*part, true, at, Some((i % 10) as f64 / 2.0));
        }
    }
    let recorded = recorder.finish();
    let mut record = run(OPEN, [Tally::default(), Tally::default(), Tally::default()]);
    for (ours, theirs) in record.steps.iter_mut().zip(recorded.steps) {
        ours.measured = theirs.measured;
    }
    record.parts = recorded.parts;
    record
}

fn sample(step: usize, at: Nanos, (status, ms, outcome): (Option<u16>, u64, Ended)) -> Sample {
    Sample {
        intended: at,
        sent: at,
        first_byte: Some(at + MS / 2),
        done: at + ms * MS,
        status,
        received: 100,
        ..Sample::of(step, outcome)
    }
}

fn said(budget: &str) -> Judgement {
    one(&recorded(&[budget], 1_000), budget)
}

#[test]
fn answers_of_a_status_are_judged_apart() {
    for (budget, n, violations, actual, outcome) in [
        // 700 passed and 100 that failed a check after 900 ms.
        (
            "p95 of 2xx < 500ms",
            800,
            100,
            "over every limit: 12.5 % failed",
            Outcome::Fail,
        ),
        ("p80 of 2xx < 500ms", 800, 100, "100 ms", Outcome::Pass),
        (
            "p80 of 2xx of landing < 50ms",
            800,
            800,
            "100 ms",
            Outcome::Fail,
        ),
        ("error_rate of 200 < 20%", 800, 100, "12.5 %", Outcome::Pass),
        ("p99 of 404 < 6ms", 1_000, 0, "5 ms", Outcome::Pass),
        (
            "p80 of 2xx < 500ms in 95% of 10s windows",
            800,
            100,
            "10 of 10 windows hold",
            Outcome::Pass,
        ),
    ] {
        let judgement = said(budget);
        let found = (
            judgement.n,
            judgement.violations,
            judgement.actual.as_deref(),
        );
        assert_eq!(found, (n, Some(violations), Some(actual)), "{budget}");
        assert_eq!(judgement.outcome, outcome, "{budget}");
    }
    let judgement = said("p80 of 2xx < 500ms");
    assert_eq!(judgement.scope, "2xx");
    let note = judgement.note.unwrap();
    assert!(
        note.contains("1,200 of 2,000 requests were not answered with 2xx"),
        "{note}"
    );
    let none = said("p95 of 3xx < 1s");
    assert_eq!((none.outcome, none.n), (Outcome::Undecided, 0));
}

#[test]
fn captured_numbers_are_judged_exactly() {
    for (budget, n, violations, actual, outcome) in [
        ("capture depth max < 5", 700, None, "4.5", Outcome::Pass),
        ("capture depth max < 4.5", 700, None, "4.5", Outcome::Fail),
        ("capture depth min >= 1.5", 700, None, "1.5", Outcome::Pass),
        ("capture depth mean < 3.1", 700, None, "3", Outcome::Pass),
        (
            "capture depth p80 of landing < 4.2",
            700,
            Some(100),
            "4",
            Outcome::Pass,
        ),
        (
            "capture depth p90 < 4.2",
            700,
            Some(100),
            "4.5",
            Outcome::Fail,
        ),
    ] {
        let judgement = said(budget);
        assert_eq!(
            (judgement.n, judgement.violations),
            (n, violations),
            "{budget}"
        );
        assert_eq!(judgement.actual.as_deref(), Some(actual), "{budget}");
        assert_eq!(judgement.outcome, outcome, "{budget}: {judgement:?}");
    }
}

#[test]
fn what_is_no_number_violates_and_is_told() {
    let budget = "capture depth p90 < 10";
    let places = [Place::new("browse", "landing")];
    let mut recorder = Recorder::new(&Layout {
        steps: vec![StepLayout::default()],
        flows: vec![FlowLayout::default()],
        parts: file(&[budget]).parts(&places),
        ..Layout::default()
    });
    let odd = [None, Some(-1.0), Some(f64::NAN), Some(2e12)];
    let fine = [Some(0.0), Some(9.0), Some(10.0), Some(5e6)];
    for value in odd.into_iter().chain(fine) {
        recorder.number(0, true, 0, value);
    }
    let mut record = landing(passed(10));
    record.parts = recorder.finish().parts;
    let judgement = one(&record, budget);
    assert_eq!((judgement.n, judgement.violations), (8, Some(5)));
    let note = judgement.note.unwrap();
    assert!(note.contains("4 captured no number"), "{note}");
    let high = one(&record, "capture depth p50 < 10000000");
    assert_eq!(high.actual.as_deref(), Some("≥ 3,600,000"));
    assert!(one(&record, "capture depth max < 10").outcome.broken());
}

#[test]
fn a_run_that_did_not_count_a_part_decides_nothing() {
    for budget in ["p95 of 2xx < 1s", "capture depth max < 9 during launch"] {
        let judgement = one(&landing(passed(1_000)), budget);
        assert_eq!(judgement.outcome, Outcome::Undecided, "{budget}");
        let note = judgement.note.unwrap();
        assert!(note.contains("run it again with this budget"), "{note}");
    }
}

#[test]
fn a_budget_of_a_part_judges_no_failure_of_the_whole() {
    let budgets = ["error_rate of 2xx < 50%"];
    let exit = |budgets: &[&str]| verdict(&recorded(budgets, 1_000), budgets).exit.code;
    assert_eq!(exit(&budgets), 3);
    assert_eq!(exit(&[budgets[0], "error_rate < 50%"]), 0);
}

#[test]
fn groups_tags_and_hosts_are_their_steps() {
    let mut record = run(OPEN, [passed(1_000), slow(1_000, 900), passed(1_000)]);
    record.steps[0].groups = vec!["assets".into()];
    record.steps[2].groups = vec!["assets".into()];
    record.steps[1].tags = vec!["checkout".into()];
    record.steps[1].host = Some("cdn.test:8443".into());
    for (budget, n, scope, holds) in [
        ("p95 of group assets < 500ms", 2_000, "group assets", true),
        (
            "p95 of browse/assets < 500ms",
            1_000,
            "group browse/assets",
            true,
        ),
        ("p95 of tag checkout < 500ms", 1_000, "tag checkout", false),
        ("p95 of checkout < 500ms", 1_000, "tag checkout", false),
        (
            "p95 of host cdn.test < 500ms",
            1_000,
            "host cdn.test",
            false,
        ),
        ("p95 of flow browse < 500ms", 2_000, "flow browse", false),
    ] {
        let judgement = one(&record, budget);
        let found = (
            judgement.n,
            judgement.scope.as_str(),
            judgement.outcome.holds(),
        );
        assert_eq!(found, (n, scope, holds), "{budget}");
    }
}
