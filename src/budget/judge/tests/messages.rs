//! Budgets on messages.

use super::*;
use crate::record::{FlowLayout, Layout, Limit, MessageSample, Recorder, Since, StepLayout};

const STEP: usize = 1;

/// A budget that counts no message.
const OTHER: &str = "p50 < 1h";

/// A run whose `browse/products` streams: one message a millisecond, each with its latency, for the limits of these
/// budgets. `None` is a message that never came.
fn streamed(budgets: &[&str], latencies: impl IntoIterator<Item = Option<Nanos>>) -> RunRecord {
    let names = ["browse", "browse", "purchase"]
        .into_iter()
        .zip(["landing", "products", "pay"]);
    let names: Vec<_> = names.map(|(f, s)| Place::new(f, s)).collect();
    let limits: Vec<Vec<Limit>> = file(budgets).limits(&names);
    let steps = limits.into_iter().map(|limits| StepLayout {
        limits,
        ..StepLayout::default()
    });
    let mut recorder = Recorder::new(&Layout {
        steps: steps.collect(),
        flows: vec![FlowLayout::default()],
        ..Layout::default()
    });
    for (i, latency) in (0..).zip(latencies) {
        let at = i * MS;
        match latency {
            None => recorder.message_missing(STEP, true, at),
            Some(latency) => recorder.message(&MessageSample {
                step: STEP,
                measured: true,
                at,
                latency: Some(latency),
                ahead: 0,
                since: if i == 0 {
                    Since::First(latency)
                } else {
                    Since::Gap(latency)
                },
            }),
        }
    }
    let mut streams = recorder.finish().steps.remove(STEP).measured;
    (streams.sent, streams.ok) = (1, 1);
    run(OPEN, [passed(5_000), streams, Tally::default()])
}

/// `n` messages in 10 ms, of which every `nth` takes 200 ms.
fn slow(n: u64, nth: u64) -> impl Iterator<Item = Option<Nanos>> {
    (1..=n).map(move |i| Some(if i % nth == 0 { 200 * MS } else { 10 * MS }))
}

#[test]
fn percentiles_are_of_messages() {
    for (n, nth, budget, outcome, violations) in [
        (20_000, 100, "ws latency p95 < 100ms", Outcome::Pass, 200),
        (
            20_000,
            10,
            "message latency p95 < 100ms",
            Outcome::Fail,
            2_000,
        ),
        (
            20_000,
            100,
            "event gap p95 of products < 100ms",
            Outcome::Pass,
            200,
        ),
        (
            20_000,
            10,
            "p95 message gap of browse < 100ms",
            Outcome::Fail,
            2_000,
        ),
        (30, 100, "ws latency p95 < 100ms", Outcome::Undecided, 0),
    ] {
        let said = one(&streamed(&[budget], slow(n, nth)), budget);
        assert_eq!(said.outcome, outcome, "{budget}: {:?}", said.note);
        let first = u64::from(budget.contains("gap"));
        assert_eq!(
            (said.n, said.violations),
            (n - first, Some(violations)),
            "{budget}"
        );
        assert!(said.exact, "{budget}");
    }
}

#[test]
fn messages_that_depend_on_each_other_say_less() {
    let budget = "ws latency p95 < 100ms";
    // The same share, evenly and in one stretch.
    let stretch = (0..20_000).map(|i| Some(if i < 900 { 200 * MS } else { 10 * MS }));
    let said = one(&streamed(&[budget], stretch), budget);
    assert!(
        said.inflation.is_some_and(|i| i > 10.0),
        "{:?}",
        said.inflation
    );
    assert_eq!(said.outcome, Outcome::Marginal { passed: true });
}

#[test]
fn a_message_that_never_came_violates_every_budget_on_messages() {
    let gone = || slow(900, 1_000).chain(std::iter::repeat_n(None, 100));
    for budget in [
        "ws latency p95 < 1h",
        "ws latency mean < 1h",
        "ws latency max < 1h",
        "first event p50 < 1h",
        "event gap p95 < 1h",
        "event gap max < 1h",
    ] {
        let said = one(&streamed(&[budget], gone()), budget);
        assert_eq!(said.outcome, Outcome::Fail, "{budget}");
    }
    // Judged again with a limit that was not counted: the same, from the histogram.
    let said = one(&streamed(&[OTHER], gone()), "ws latency p95 < 1s");
    assert_eq!(
        (said.outcome, said.n, said.violations),
        (Outcome::Fail, 1_000, Some(100))
    );
}

#[test]
fn no_message_is_never_a_pass() {
    let nothing = landing(passed(1_000));
    for (budget, outcome) in [
        ("ws latency p95 < 1s", Outcome::Undecided),
        ("first message max < 1s", Outcome::Undecided),
        ("message gap min > 1ms", Outcome::Undecided),
        ("count(messages) >= 1", Outcome::Fail),
        ("rate(messages) > 1/s", Outcome::Fail),
    ] {
        assert_eq!(one(&nothing, budget).outcome, outcome, "{budget}");
    }
}

#[test]
fn counts_and_points_of_messages() {
    let record = streamed(&[OTHER], slow(1_000, 10));
    for (budget, actual, outcome) in [
        ("count(messages) >= 1000", "1,000", Outcome::Pass),
        ("count(messages) < 1000", "1,000", Outcome::Fail),
        ("rate(messages) >= 100/s", "100 messages/s", Outcome::Pass),
        (
            "rate(messages) of landing >= 1/s",
            "0 messages/s",
            Outcome::Fail,
        ),
        ("ws latency mean < 30ms", "29 ms", Outcome::Pass),
        ("ws latency max < 100ms", "200 ms", Outcome::Fail),
        ("event gap min > 1ms", "10 ms", Outcome::Pass),
        ("first event max < 1s", "10 ms", Outcome::Pass),
    ] {
        let said = one(&record, budget);
        assert_eq!(
            (said.actual.as_deref(), said.outcome),
            (Some(actual), outcome),
            "{budget}"
        );
    }
}

#[test]
fn clocks_that_differ_pass_nothing() {
    let budget = "ws latency p95 < 100ms";
    for (ahead, stale, exit) in [(0, 0, 0), (9 * MS, 0, 0), (11 * MS, 0, 7), (0, 1, 7)] {
        let mut record = streamed(&[budget], slow(1_000, 2_000));
        let messages = &mut record.steps[STEP].measured.messages;
        (messages.ahead, messages.most_ahead, messages.stale) =
            (u64::from(ahead > 0), ahead, stale);
        let verdict = verdict(&record, &[budget]);
        assert_eq!(verdict.exit.code, exit, "{ahead}: {}", verdict.sentence);
        // Without a budget on it, nobody judges by it.
        assert_eq!(
            super::verdict(&record, &["p95 < 1s"]).exit.code,
            0,
            "{ahead}"
        );
    }
}
