//! Conversations on virtual time: what is recorded of them, what they wait for, and how they end.

use super::*;
use crate::protocol::scripted::Event;
use crate::record::What;

fn talk(profile: &str, steps: &str, script: fn(u64) -> Vec<(Nanos, Event)>) -> RunParts {
    let scenario = scenario(profile, steps);
    let protocol = |epoch| {
        let reply = |_: &Call, _, _| Reply {
            status: 101,
            ..Reply::after(10 * MS)
        };
        Scripted::new(epoch, reply).opening(script)
    };
    let (_stopper, stop) = stop();
    run_on(&scenario, 1, protocol, (stop, |_| {}))
}

fn say(kind: &str) -> Event {
    Event::Text(format!("{{\"type\":\"{kind}\"}}"))
}

const PASS: &str = "{ passes: 1 }";

#[test]
fn the_next_step_follows_the_conversation_and_the_response_time_does_not() {
    let steps = "      - websocket: /live\n        name: a\n        messages:\n\
        \x20         - receive: json $.type == \"b\"\n\
        \x20         - send: { type: b }\n            reply: json $.type == \"b\"\n\
        \x20         - listen: 1s\n      - { get: /, name: b, check: status == 101 }\n";
    let parts = talk("{ users: 1, duration: 1s }", steps, |_| {
        vec![
            (10 * MS, say("a")),
            (30 * MS, say("b")),
            (0, Event::Echo(5 * MS)),
        ]
    });
    assert!(parts.health.conserved);
    let steps = parts.recorder.finish().steps;
    let (first, second) = (&steps[0].measured, &steps[1]);
    // The listening is cut at the end of the load, and what is behind it still goes out.
    let second = [&second.measured, &second.unmeasured];
    assert_eq!((first.ok, second.map(|t| t.ok).iter().sum()), (1, 1));
    for tally in second.into_iter().filter(|t| t.ok > 0) {
        assert_percentiles(tally, Metric::Response, &[(1.0, 10 * MS)]);
    }
    assert_percentiles(first, Metric::Response, &[(1.0, 10 * MS)]);
    let messages = &first.messages;
    assert_eq!(
        (messages.sent, messages.received, messages.missing),
        (1, 3, 0)
    );
    assert_percentiles(first, Metric::Message, &[(1.0, 5 * MS)]);
    assert_percentiles(first, Metric::First, &[(1.0, 20 * MS)]);
    assert_percentiles(first, Metric::Gap, &[(1.0, 20 * MS)]);
}

#[test]
fn deadlines_fail_the_step_and_count_as_missing() {
    for (messages, missing, failure) in [
        ("- receive: { within: 5ms }", 1, Failure::Timeout),
        (
            "- listen: 25ms\n            at_least: 3",
            1,
            Failure::Timeout,
        ),
        ("- listen: 45ms", 0, Failure::Read),
        (
            "- send: x\n            reply: { check: body == \"y\", within: 1s }",
            0,
            Failure::Read,
        ),
    ] {
        let steps = format!(
            "      - websocket: /live\n        name: a\n        messages:\n          {messages}\n"
        );
        let parts = talk(PASS, &steps, |_| {
            vec![
                (10 * MS, say("a")),
                (20 * MS, say("b")),
                (40 * MS, Event::Lost),
            ]
        });
        let recorded = parts.recorder.finish();
        assert_eq!(recorded.failures.len(), 1, "{messages}");
        assert_eq!(
            recorded.failures[0].what,
            What::Failure(failure),
            "{messages}"
        );
        assert_eq!(recorded.steps[0].measured.messages.missing, missing);
    }
}

#[test]
fn listening_ends_with_the_load_and_passes() {
    let steps = "      - websocket: /live\n        name: a\n        messages:\n\
        \x20         - listen: 1h\n            at_least: 100\n";
    for profile in [
        "{ users: 3, ramp: 1s, duration: 4s }",
        "{ rate: 1 req/s, arrivals: constant, ramp: 1s, duration: 4s }",
    ] {
        let parts = talk(profile, steps, |_| {
            (1..100).map(|n| (n * 500 * MS, say("a"))).collect()
        });
        assert!(parts.health.conserved);
        // Not an hour: the schedule's five seconds, and no grace.
        assert!(parts.elapsed <= 5 * SECOND + MS, "{}", parts.elapsed);
        let step = parts.recorder.finish().steps.remove(0);
        assert!(step.measured.ok >= 3, "{}", step.measured.ok);
        assert_eq!(step.unmeasured.ok + step.measured.failed, 0);
        assert!(step.measured.messages.received > 0);
    }
}

#[test]
fn an_expected_close_ends_listening() {
    for (closed, ok) in [(4000, 1), (4001, 0)] {
        let steps = format!(
            "      - websocket: /live\n        name: a\n        messages:\n          - listen: 1m\n          - closed: {closed}\n"
        );
        let parts = talk(PASS, &steps, |_| vec![(MS, Event::Close(4000))]);
        let recorded = parts.recorder.finish();
        assert_eq!(recorded.steps[0].measured.ok, ok);
        let kinds: Vec<_> = recorded.failures.iter().map(|f| f.what).collect();
        let expected = [What::Failure(Failure::Closed)];
        assert_eq!(kinds, expected[usize::try_from(ok).unwrap()..]);
    }
}
