//! Streams on virtual time: what came when, and when following ends.

use super::*;
use crate::protocol::scripted::Event;
use crate::record::What;

/// A scenario with one stream.
fn streaming(profile: &str, keys: &str) -> Scenario {
    scenario(
        profile,
        &format!("      - stream: /\n        name: a\n{keys}"),
    )
}

/// Runs it against a server whose streams do this; the n-th call gets the n-th script.
fn follow(scenario: &Scenario, script: fn(u64) -> Vec<(Nanos, Event)>) -> (Recorded, Nanos) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let orders = orders(scenario, 1);
    let (sender, receiver) = mpsc::channel();
    let local = LocalSet::new();
    let (_stopper, stop) = stop();
    let report = local.block_on(&runtime, async {
        let epoch = Instant::now();
        let protocol = Scripted::new(epoch, |_, _, _| Reply::after(10 * MS)).opening(script);
        let worker = Worker::new(&orders, 0, protocol, Clock::coarse(epoch), stop);
        tokio::task::spawn_local(worker.work(sender)).await.unwrap()
    });
    drop(local);
    let elapsed = report.elapsed;
    let timeline = collect(&receiver, 1, &mut Nobody);
    let parts = merge(vec![report], timeline, 1).unwrap();
    assert!(parts.health.conserved);
    (parts.recorder.finish(), elapsed)
}

/// Pieces so many milliseconds after the answer, and what happens at the end.
fn pieces(at: &[u64], end: Option<(u64, Event)>) -> Vec<(Nanos, Event)> {
    let text = |ms: &u64| (ms * MS, Event::Text(format!("{{\"n\":{ms}}}")));
    let end = end.map(|(ms, event)| (ms * MS, event));
    at.iter().map(text).chain(end).collect()
}

const ONCE: &str = "{ passes: 1 }";

type Doings = fn(u64) -> Vec<(Nanos, Event)>;

const STEADY: Doings = |_| pieces(&[90, 190, 290], None);
const CLOSED: Doings = |_| pieces(&[90, 190], Some((250, Event::Close(1000))));
const LOST: Doings = |_| pieces(&[90, 190], Some((250, Event::Lost)));

/// Keys, what the server does; what fails, how many came, how many were missed.
#[rustfmt::skip]
const CASES: &[(&str, Doings, Option<What>, u64, u64)] = &[
    ("events: 3", STEADY, None, 3, 0),
    ("events: 2", STEADY, None, 2, 0),
    ("events: 4", STEADY, Some(What::Failure(Failure::Timeout)), 3, 1),
    ("events: 3", CLOSED, Some(What::Failure(Failure::Closed)), 2, 1),
    ("events: 3", LOST, Some(What::Failure(Failure::Read)), 2, 1),
    ("for: 1s", STEADY, None, 3, 0),
    ("for: 1s, events: 9", STEADY, None, 3, 0),
    ("for: 1s, at_least: 3", STEADY, None, 3, 0),
    (
        "for: 1s, at_least: 4",
        STEADY,
        Some(What::Failure(Failure::Timeout)),
        3,
        1,
    ),
    ("for: 1s", CLOSED, Some(What::Failure(Failure::Closed)), 2, 1),
    ("for: 200ms", LOST, None, 2, 0),
    ("as: lines", CLOSED, None, 2, 0),
    ("as: lines", LOST, Some(What::Failure(Failure::Read)), 2, 1),
    (
        "as: lines, timeout: 1s",
        STEADY,
        Some(What::Failure(Failure::Timeout)),
        3,
        1,
    ),
    ("for: 1s, first_within: 100ms", STEADY, None, 3, 0),
    (
        "for: 1s, first_within: 99ms",
        STEADY,
        Some(What::Failure(Failure::Timeout)),
        0,
        1,
    ),
    (
        "for: 1s, gap_within: 99ms",
        STEADY,
        Some(What::Failure(Failure::Timeout)),
        1,
        1,
    ),
    ("events: 3, gap_within: 100ms", STEADY, None, 3, 0),
    ("events: 3, check: json $.n < 200", STEADY, Some(What::Check(2)), 3, 0),
    ("events: 3, check: json $.n < 300", STEADY, None, 3, 0),
    ("events: 3, sent_at: json $.none", STEADY, None, 3, 0),
    ("events: 3, sent_at: url", STEADY, Some(What::Check(2)), 0, 0),
    ("events: 3, capture: { last: json $.n }", STEADY, None, 3, 0),
    (
        "events: 3, capture: { last: json $.m }",
        STEADY,
        Some(What::Check(2)),
        3,
        0,
    ),
    (
        "for: 50ms, capture: { last: json $.n }",
        STEADY,
        Some(What::Check(2)),
        0,
        0,
    ),
];

#[test]
fn a_stream_ends_by_what_came_or_by_time() {
    for (keys, script, what, received, missing) in CASES {
        let (recorded, _) = follow(&streaming(ONCE, &lines(keys)), *script);
        let found = recorded.failures.first().map(|f| f.what);
        let messages = &recorded.steps[0].measured.messages;
        assert_eq!(
            (found, messages.received, messages.missing),
            (*what, *received, *missing),
            "{keys}"
        );
        // The response time is that of the head.
        let service = &recorded.steps[0].measured.service;
        assert!(what.is_some() || service.max() == Some(10 * MS), "{keys}");
    }
}

/// `a: 1, b: 2` as lines of a step.
fn lines(keys: &str) -> String {
    let keys = keys.split(", ");
    keys.flat_map(|key| ["        ", key, "\n"]).collect()
}

#[test]
fn messages_are_timed_from_the_request_and_from_each_other() {
    let (recorded, _) = follow(&streaming(ONCE, &lines("events: 3")), |_| {
        pieces(&[90, 190, 390], None)
    });
    let messages = &recorded.steps[0].measured.messages;
    assert_eq!(messages.first.max(), Some(100 * MS));
    assert_eq!(
        (messages.gap.min(), messages.gap.max()),
        (Some(100 * MS), Some(200 * MS))
    );
    assert!(messages.latency.is_empty());
}

#[test]
fn a_stream_is_opened_again_as_often_as_it_may_be() {
    const THREE: fn(u64) -> Vec<(Nanos, Event)> = |number| {
        let end = if number == 1 {
            Event::Lost
        } else {
            Event::Close(1000)
        };
        pieces(&[90], Some((100, end)))
    };
    for (keys, what, received, retried) in [
        ("events: 3, reconnect: 2", None, 3, 2),
        ("events: 3, reconnect: 9", None, 3, 2),
        (
            "events: 3, reconnect: 1",
            Some(What::Failure(Failure::Read)),
            2,
            1,
        ),
        ("for: 255ms, reconnect: 9", None, 2, 2),
    ] {
        let (recorded, _) = follow(&streaming(ONCE, &lines(keys)), THREE);
        let tally = &recorded.steps[0].measured;
        let found = recorded.failures.first().map(|f| f.what);
        assert_eq!(
            (found, tally.messages.received, tally.retried),
            (what, received, retried),
            "{keys}"
        );
    }
}

#[test]
fn the_end_of_the_load_is_the_end_of_its_streams_and_no_failure() {
    for keys in [
        "for: 1h",
        "for: 1h, at_least: 1000",
        "for: 1h, events: 1000, reconnect: 3",
    ] {
        let profile = "{ users: 5, duration: 2s }";
        let (recorded, _) = follow(&streaming(profile, &lines(keys)), |_| {
            let every: Vec<u64> = (1..100).map(|i| i * 100).collect();
            pieces(&every, None)
        });
        let tally = &recorded.steps[0].measured;
        assert_eq!((tally.ok, tally.sent, tally.aborted), (5, 5, 0), "{keys}");
        assert_eq!(tally.messages.received, 5 * 19, "{keys}");
        assert_eq!(tally.messages.missing, 0, "{keys}");
    }
}
