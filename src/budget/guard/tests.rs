//! Guards on made-up seconds: when they trip, and when they do not.

use super::*;
use crate::budget::parse;
use crate::record::Watched;
use crate::source::Source;
use std::sync::Arc;

const SECOND: Nanos = 1_000_000_000;

fn guards(text: &str) -> BudgetFile {
    let text = format!("budgets: [p95 < 1s]\nguards:\n  - {text}\n");
    parse(Arc::new(Source::new("budgets.yaml", text))).unwrap()
}

/// The second at whose end a guard trips, and the longest time it was broken, of seconds with so many requests and
/// so many broken ones.
fn trips(guard: &str, seconds: impl Iterator<Item = (u64, u64)>) -> (Option<u64>, u64) {
    let mut watchman = Watchman::new(&guards(guard), "launch");
    let mut tripped = None;
    for (at, (ended, broken)) in (0..).zip(seconds) {
        let span = (at * SECOND, (at + 1) * SECOND);
        if watchman.second(span, &[Watched { ended, broken }]) {
            assert_eq!(tripped.replace(at + 1), None, "a guard trips once");
        }
    }
    let [record] = watchman.records().try_into().unwrap();
    assert_eq!(record.tripped.map(|at| at / SECOND), tripped);
    (tripped, record.longest / SECOND)
}

/// So many requests a second for so long, of which a share is broken.
fn stretch(length: usize, ended: u64, broken: u64) -> impl Iterator<Item = (u64, u64)> {
    std::iter::repeat_n((ended, broken), length)
}

#[test]
fn the_second_of_the_trip_is_exact() {
    let guard = "error_rate < 5% for 2m";
    // A minute of health, then one request in ten fails.
    let failing = || stretch(60, 100, 0).chain(stretch(200, 100, 10));
    // The first broken window holds one failing second of five: 2 %; the third is over 5 %.
    assert_eq!(trips(guard, failing()).0, Some(182));
    // All fail: the first second shows it.
    let down = stretch(60, 100, 0).chain(stretch(200, 100, 100));
    assert_eq!(trips(guard, down).0, Some(180));
    // From the first second on.
    assert_eq!(trips(guard, stretch(300, 100, 100)).0, Some(120));
}

#[test]
fn what_recovers_in_time_does_not_trip() {
    let guard = "error_rate < 5% for 2m";
    let recovers = stretch(60, 100, 0)
        .chain(stretch(110, 100, 100))
        .chain(stretch(100, 100, 0));
    // The windows that still hold failing seconds are broken, too.
    assert_eq!(trips(guard, recovers), (None, 114));
    let twice = || stretch(110, 100, 100).chain(stretch(10, 100, 0));
    assert_eq!(trips(guard, twice().chain(twice())).0, None);
    // 4 % all the time.
    assert_eq!(trips(guard, stretch(600, 100, 4)), (None, 0));
}

#[test]
fn few_requests_say_nothing_and_many_seconds_of_few_do() {
    // 2 requests a second: a window of 20 requests is 10 s long, so one bad second is 10 % of it.
    let one = stretch(30, 2, 0)
        .chain(stretch(1, 2, 2))
        .chain(stretch(60, 2, 0));
    assert_eq!(trips("error_rate < 5% for 30s", one), (None, 10));
    // 19 requests in all of its time are too few.
    assert_eq!(trips("error_rate < 5% for 19s", stretch(600, 1, 1)).0, None);
    assert_eq!(
        trips("error_rate < 5% for 20s", stretch(600, 1, 1)).0,
        Some(39)
    );
    // Nothing at all is neither broken nor held: what was known stays.
    let hangs = stretch(10, 100, 100).chain(stretch(30, 0, 0));
    assert_eq!(trips("error_rate < 5% for 20s", hangs).0, Some(20));
    // A guard without any allowance.
    assert_eq!(
        trips("success_rate >= 100% for 3s", stretch(9, 2_000, 1)).0,
        Some(3)
    );
}

#[test]
fn steps_are_found_by_the_names_that_budgets_use() {
    let file = parse(Arc::new(Source::new(
        "b.yaml",
        "budgets: [p95 < 1s]\nguards:\n  - error_rate of buy < 5% for 1m during launch\n  - ttfb p99 of browse/home < 1s for 10s\n  - check_rate > 99% for 10s\n",
    )))
    .unwrap();
    let steps = [("browse", "home"), ("buy", "pay"), ("buy", "done")]
        .map(|(flow, step)| Place::new(flow, step));
    let watches = file.watches("launch", &steps);
    let found: Vec<_> = watches.iter().map(|w| w.steps.clone()).collect();
    assert_eq!(found, [vec![1, 2], vec![0], vec![0, 1, 2]]);
    assert_eq!(watches[0].breach, Breach::NotPassed);
    assert_eq!(watches[2].breach, Breach::Check);
    assert_eq!(file.watches("nightly", &steps).len(), 2);
}

#[test]
fn a_guard_needs_a_time_and_a_share() {
    for text in [
        "error_rate < 5%",
        "p95 < 1s",
        "error_rate < 5% in 95% of 10s windows",
        "error_rate < 5% within 30s of start",
    ] {
        let text = format!("budgets: [p95 < 1s]\nguards: [\"{text}\"]\n");
        let problems = parse(Arc::new(Source::new("b.yaml", text))).unwrap_err();
        assert_eq!(problems[0].code, "T0831");
    }
}
