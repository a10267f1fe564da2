//! C21: whatever happens to a run, every arrival and every request is accounted for.

use super::*;

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
                    tokio::time::sleep(std::time::Duration::from_nanos(at)).await;
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
