use crate::budget::{Outcome, judge, parse};
use crate::record::{PhaseRecord, RunRecord, ServerSeries, ServerSource};
use crate::source::Source;
use std::sync::Arc;

const SECOND: u64 = 1_000_000_000;

/// A run of two unmeasured seconds and then one reading a second, `cpu`; `None` could not be read.
fn record(values: &[Option<f64>]) -> RunRecord {
    let mut cpu = ServerSeries {
        name: "cpu".into(),
        from: ServerSource::Prometheus,
        what: "rate(x[5s])".into(),
        ..ServerSeries::default()
    };
    // What comes before and after is not judged.
    cpu.push(SECOND, Some(1e9));
    for (second, value) in (2..).zip(values) {
        cpu.push(second * SECOND, *value);
    }
    let end = (2 + values.len() as u64) * SECOND - 1;
    cpu.push(end + SECOND, Some(-1e9));
    let phase = |name: &str, start, end, measured| PhaseRecord {
        name: name.into(),
        start,
        end,
        measured,
    };
    RunRecord {
        profile: "launch".into(),
        phases: vec![
            phase("warm-up", 0, 2 * SECOND - 1, false),
            phase("launch", 2 * SECOND, end, true),
        ],
        server: vec![cpu],
        ..RunRecord::default()
    }
}

fn judged(record: &RunRecord, sentence: &str) -> crate::budget::Judgement {
    let text = format!("budgets:\n  - {sentence}\n");
    let file = parse(Arc::new(Source::new("b.yaml", text))).unwrap();
    judge(record, Some(&file)).judgements.remove(0)
}

fn series(values: &[f64]) -> Vec<Option<f64>> {
    values.iter().copied().map(Some).collect()
}

#[test]
fn each_statistic_in_the_unit_of_its_limit() {
    let record = record(&series(&[0.1, 0.2, 0.3, 0.4, 0.93, 0.5]));
    for (sentence, passes, actual) in [
        ("server cpu < 95%", true, "93 %"),
        ("server cpu < 93%", false, "93 %"),
        ("server cpu max <= 93%", true, "93 %"),
        ("server cpu > 9%", true, "10 %"),
        ("server cpu min > 0.1", false, "0.1"),
        ("server cpu mean < 0.41", true, "0.405"),
        ("server cpu last <= 500ms", true, "500 ms"),
        ("server cpu p50 < 301ms", true, "300 ms"),
        ("server cpu p83 < 600ms", true, "500 ms"),
        ("server cpu p84 < 600ms", false, "930 ms"),
        ("prometheus other: rate(x[5s]) < 1", true, "0.93"),
        ("\"prometheus p99: 'rate(x[5s])' > 1\"", false, "0.1"),
    ] {
        let judgement = judged(&record, sentence);
        let outcome = if passes { Outcome::Pass } else { Outcome::Fail };
        assert_eq!(judgement.outcome, outcome, "{sentence}: {judgement:?}");
        assert_eq!(judgement.actual.as_deref(), Some(actual), "{sentence}");
        assert_eq!(judgement.n, 6);
    }
    let judgement = judged(&record, "server cpu < 30%");
    assert_eq!(
        judgement.violations,
        Some(4),
        "a limit itself is not below it"
    );
    let worst = judgement.worst.unwrap();
    assert_eq!(worst, "93 % at 4 s of the measured phase, limit 30 %");
    assert_eq!(judgement.scope, "server cpu");
}

#[test]
fn what_was_not_read_helps_no_pass() {
    let with = |values: usize, missed: usize| {
        let mut all = vec![Some(0.5); values];
        let at = values.min(1);
        all.splice(at..at, vec![None; missed]);
        record(&all)
    };
    for (values, missed, outcome) in [
        (9, 0, Outcome::Pass),
        (8, 1, Outcome::Undecided),
        (9, 1, Outcome::Pass),
        (18, 2, Outcome::Undecided),
        (57, 3, Outcome::Pass),
        (56, 4, Outcome::Undecided),
        (0, 5, Outcome::Undecided),
    ] {
        let record = with(values, missed);
        let judgement = judged(&record, "server cpu < 1");
        assert_eq!(judgement.outcome, outcome, "{values} and {missed}");
        let note = judgement.note.unwrap_or_default();
        assert_eq!(note.is_empty(), missed == 0, "{note}");
    }
    // Half is missing, and one reading is enough to break a maximum, but no mean.
    let half = with(5, 5);
    assert_eq!(judged(&half, "server cpu < 0.4").outcome, Outcome::Fail);
    assert_eq!(judged(&half, "server cpu > 0.6").outcome, Outcome::Fail);
    for sentence in ["server cpu mean < 0.4", "server cpu p95 < 0.4"] {
        assert_eq!(judged(&half, sentence).outcome, Outcome::Undecided);
    }
    // The last reading failed: it is not the one before.
    let mut last = vec![Some(0.5); 30];
    last.push(None);
    let judgement = judged(&record(&last), "server cpu last < 1");
    assert_eq!(judgement.outcome, Outcome::Undecided);
}

#[test]
fn what_the_run_does_not_know_is_undecided_and_another_profile_is_not_judged() {
    let record = record(&series(&[0.5; 20]));
    for sentence in ["server gone < 1", "prometheus cpu: other < 1"] {
        assert_eq!(judged(&record, sentence).outcome, Outcome::Undecided);
    }
    let elsewhere = judged(&record, "server cpu < 0.1 during soak");
    assert_eq!(elsewhere.outcome, Outcome::NotRun);
    let empty = RunRecord::default();
    assert_eq!(judged(&empty, "server cpu < 1").outcome, Outcome::Undecided);
}
