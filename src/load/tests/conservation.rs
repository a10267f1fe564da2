//! C21: whatever happens to a run, every arrival and every request is accounted for.

use super::blocks::{Requests, block, check, with_steps};
use super::*;
use crate::scenario::{BlockKind, Retry, Step, Think, Until};
use crate::source::Span;
use proptest::prelude::*;
use std::time::Duration;

/// A profile, the server's replies, and when the run is stopped.
type Row = (
    &'static str,
    &'static str,
    fn(u64, Nanos) -> Reply,
    Option<Nanos>,
);

fn fast(_: u64, _: Nanos) -> Reply {
    Reply::after(3 * MS)
}

/// Refuses from 1.5 s on.
fn crashing(_: u64, now: Nanos) -> Reply {
    Reply {
        failure: (now >= 1500 * MS).then_some(Failure::Connect),
        ..Reply::after(if now >= 1500 * MS { MS } else { 20 * MS })
    }
}

fn refused(_: u64, _: Nanos) -> Reply {
    Reply {
        failure: Some(Failure::Connect),
        ..Reply::after(MS)
    }
}

/// Everything at once: silence, errors, failed checks, freezes.
fn moody(k: u64, now: Nanos) -> Reply {
    match k % 7 {
        0 => Reply::after(3600 * SECOND),
        1 => refused(k, now),
        2 => Reply {
            status: 503,
            ..fast(k, now)
        },
        _ => Reply::after(now % SECOND),
    }
}

const OPEN: &str = "{ rate: 200 req/s, ramp: 1s, duration: 3s }";
const CAPPED: &str = "{ rate: 200 req/s, duration: 3s, max_in_flight: 5 }";
const CLOSED: &str = "{ users: 20, ramp: 1s, duration: 3s }";
const PASSES: &str = "{ passes: 100 }";

fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for (name, profile) in [
        ("open", OPEN),
        ("capped", CAPPED),
        ("closed", CLOSED),
        ("passes", PASSES),
    ] {
        for reply in [fast, crashing, refused, moody] {
            for stop in [None, Some(0), Some(1), Some(500 * MS), Some(2_345 * MS)] {
                rows.push((name, profile, reply, stop));
            }
        }
    }
    rows
}

#[test]
fn c21_nothing_is_lost_however_a_run_ends() {
    for (name, profile, reply, at) in rows() {
        let scenario = scenario(
            profile,
            "      - { get: /a, name: a, timeout: 2s }\n      - { get: /b, name: b, timeout: 2s }\n",
        );
        let (stopper, stop) = stop();
        let stop_later = |local: &LocalSet| {
            if let Some(at) = at {
                local.spawn_local(async move {
                    tokio::time::sleep(Duration::from_nanos(at)).await;
                    stopper.stop(crate::record::Stop::Interrupted);
                });
            }
        };
        let parts = run_until(&scenario, reply, stop, stop_later);
        adds_up(parts, &format!("{name}, stopped at {at:?}"));
    }
}

fn adds_up(parts: RunParts, row: &str) {
    let counts = parts.counts;
    assert!(parts.health.conserved, "{row}");
    assert_eq!(
        counts.arrivals,
        counts.started + counts.dropped_in_flight + counts.dropped_data,
        "{row}"
    );
    assert_eq!(counts.offered, 2 * counts.arrivals, "{row}");
    let windows = parts.timeline.windows();
    let seen = |of: fn(&Window) -> u64| windows.iter().map(of).sum::<u64>();
    let Recorded {
        steps,
        flows,
        failures,
        ..
    } = parts.recorder.finish();
    let (mut sent, mut ended) = (0, 0);
    for tally in steps.iter().flat_map(|s| [&s.measured, &s.unmeasured]) {
        let all = tally.ok + tally.check_failed + tally.failed + tally.timed_out + tally.aborted;
        assert_eq!(tally.sent, all, "{row}");
        assert_eq!(tally.response.count(), tally.ok, "{row}");
        sent += tally.sent;
        ended += tally.check_failed + tally.failed + tally.timed_out;
    }
    assert_eq!(
        seen(|w| w.counts.sent),
        sent,
        "windows hold all that was sent: {row}"
    );
    assert_eq!(
        seen(|w| w.counts.ok + w.counts.not_ok),
        sent,
        "and all that ended: {row}"
    );
    assert_eq!(
        failures.iter().map(|f| f.count).sum::<u64>(),
        ended,
        "{row}"
    );
    let (first, second) = (&steps[0].measured, &steps[1].measured);
    let flow = &flows[0];
    assert_eq!(flow.started, counts.started, "{row}");
    assert_eq!(flow.dropped, first.dropped, "{row}");
    assert_eq!(
        flow.dropped,
        counts.dropped_in_flight + counts.dropped_data,
        "{row}"
    );
    // A flow that had not begun, or was between two steps, when the run was stopped skips the rest.
    assert_eq!(first.sent + first.skipped, flow.started, "{row}");
    let through = first.sent + first.skipped;
    assert!(second.sent + second.skipped <= through, "{row}");
    assert!(flow.completed + flow.stopped <= flow.started, "{row}");
}

/// The shape of a step; requests are numbered when it is built.
#[derive(Debug, Clone)]
enum Shape {
    Plain,
    Polls(u64),
    Retries(u32),
    Thinks(u64),
    When(bool, Vec<Shape>),
    Repeats(u64, Vec<Shape>),
    Each(Option<u64>, Vec<Shape>),
    Group(usize, usize),
}

fn shapes() -> impl Strategy<Value = Vec<Shape>> {
    let leaf = prop_oneof![
        3 => Just(Shape::Plain),
        1 => (1..800u64).prop_map(Shape::Polls),
        1 => (0..3u32).prop_map(Shape::Retries),
        1 => (0..900u64).prop_map(Shape::Thinks),
        1 => (1..5usize, 1..4usize).prop_map(|(members, at_once)| Shape::Group(members, at_once)),
    ];
    let tree = leaf.prop_recursive(3, 12, 3, |inner| {
        let some = || prop::collection::vec(inner.clone(), 1..3);
        prop_oneof![
            (any::<bool>(), some()).prop_map(|(holds, body)| Shape::When(holds, body)),
            (1..4u64, some()).prop_map(|(times, body)| Shape::Repeats(times, body)),
            (prop::option::of(1..4u64), some()).prop_map(|(most, body)| Shape::Each(most, body)),
        ]
    });
    prop::collection::vec(tree, 1..4)
}

fn build(shape: &Shape, r: &mut Requests) -> Step {
    let body = |shapes: &[Shape], r: &mut Requests| -> Vec<Step> {
        shapes.iter().map(|shape| build(shape, r)).collect()
    };
    let ms = Duration::from_millis;
    match shape {
        Shape::Plain => r.next(),
        Shape::Polls(every) => r.changed(|request| {
            request.until = Some(Until {
                checks: vec![check("status == 201")],
                every: ms(*every),
                within: ms(1000),
            });
        }),
        Shape::Retries(times) => r.changed(|request| {
            request.retry = Retry {
                times: *times,
                pause: ms(50),
            };
        }),
        Shape::Thinks(time) => Step::Think(Think {
            min: ms(*time),
            max: ms(*time),
            span: Span::new(0, 0),
        }),
        Shape::When(holds, shapes) => {
            let condition = if *holds {
                "plan not exists"
            } else {
                "plan exists"
            };
            block(BlockKind::Once, &[condition], body(shapes, r))
        }
        Shape::Repeats(times, shapes) => block(BlockKind::Repeat(*times), &[], body(shapes, r)),
        Shape::Each(limit, shapes) => {
            let each = BlockKind::Each {
                list: 1,
                item: 2,
                limit: *limit,
                rounds: None,
            };
            block(each, &[], body(shapes, r))
        }
        Shape::Group(members, parallel) => {
            let name = "page".to_owned();
            let parallel = *parallel;
            let members = (0..*members).map(|_| r.next()).collect();
            block(BlockKind::Group { name, parallel }, &[], members)
        }
    }
}

proptest! {
    #![proptest_config(crate::properties::cases(60))]

    #[test]
    fn whatever_a_flow_does_every_request_is_counted_once(
        shapes in shapes(),
        profile in prop::sample::select(vec![
            "{ rate: 20 flows/s, duration: 2s }",
            "{ users: 3, duration: 2s }",
            "{ passes: 5 }",
        ]),
        stop_at in prop::option::of(0..3000u64),
        moods in 1..9u64,
    ) {
        let mut scenario = with_steps(profile, |r| {
            // A flow that needs no time would go round for ever.
            let mut steps = vec![r.next()];
            steps.extend(shapes.iter().map(|shape| build(shape, r)));
            steps
        });
        let list = serde_json::json!([1, 2, 3]);
        scenario.constants.push((1, crate::expr::Value::Json(list)));
        let (stopper, stop) = stop();
        let stop_later = |local: &LocalSet| {
            if let Some(at) = stop_at {
                local.spawn_local(async move {
                    tokio::time::sleep(Duration::from_millis(at)).await;
                    stopper.stop(crate::record::Stop::Interrupted);
                });
            }
        };
        let sent = Rc::new(std::cell::Cell::new(0));
        let log = Rc::clone(&sent);
        let reply = move |k: u64, now: Nanos| {
            log.set(log.get() + 1);
            let status = match k % (moods + 2) {
                0 => 503,
                1 => 201,
                _ => 200,
            };
            Reply { status, ..Reply::after((k * 7 + now / MS) % 300 * MS + MS) }
        };
        let parts = run_until(&scenario, reply, stop, stop_later);
        prop_assert!(parts.health.conserved);
        let windows = parts.timeline.windows();
        let seen = |of: fn(&Window) -> u64| windows.iter().map(of).sum::<u64>();
        let in_windows = seen(|w| w.counts.sent);
        let ended = seen(|w| w.counts.ok + w.counts.not_ok + w.counts.retried);
        let recorded = parts.recorder.finish();
        let tallies = || recorded.steps.iter().flat_map(|s| [&s.measured, &s.unmeasured]);
        let tallied: u64 = tallies().map(|t| t.sent).sum();
        prop_assert_eq!(tallied, sent.get(), "what the server saw is what was recorded");
        prop_assert_eq!((in_windows, ended), (tallied, tallied));
        let flow = &recorded.flows[0];
        if stop_at.is_none() {
            prop_assert_eq!(flow.completed + flow.stopped, flow.started);
        }
        for tally in tallies() {
            prop_assert_eq!(tally.response.count(), tally.ok);
            prop_assert!(tally.flaky <= tally.ok.min(tally.retried));
        }
    }
}
