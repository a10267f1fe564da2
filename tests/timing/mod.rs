//! Known answers through the real binary and real sockets, with the tolerances that a machine needs. The same rows,
//! exact, are in the engine's tests on virtual time.
//!
//! Where the machine was late itself, a test says so on stderr and proves nothing: see [`within_or_skip`].
//!
//! Rows that have no test here: C10 to C13 (Little's law, the arrival generator, merging, files) are about numbers that
//! no socket changes; C5 asks how long arrivals wait for a place in flight, which here are dropped and counted. C6 and
//! C7 would take minutes to come near the theory, so they are held against the queue of the very same draws.

mod counts;
mod latency;
mod queues;
mod schedule;

use crate::support::cli::{Bench, signal};
use crate::support::precise::Precise;
use std::io::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use tollgate::record::{Metric, Quantile, RunRecord, Tally};

const MS: u64 = 1_000_000;
const PATIENCE: Duration = Duration::from_secs(20);
/// Requests sent later than this at p99: the machine was not fit to measure.
const LATE: Duration = Duration::from_millis(2);
/// The same for the answers of the test's own server.
const LATE_ANSWER: Duration = Duration::from_millis(1);
/// And for half of either: tolerances on p50 are half a millisecond.
const OFTEN_LATE: Duration = Duration::from_micros(200);

/// Tests that measure time go one after another.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the generator had the processor it needed.
fn fit_or_skip(record: &RunRecord) -> bool {
    let lag = |q| Duration::from_nanos(record.health.lag.quantile(q).unwrap_or_default());
    within_or_skip("schedule lag", lag, (OFTEN_LATE, LATE))
}

/// Whether the test's own server had it.
fn server_fit_or_skip(server: &Precise) -> bool {
    within_or_skip(
        "the test server's lateness",
        |q| server.late(q),
        (OFTEN_LATE, LATE_ANSWER),
    )
}

/// If not, says so on stderr, past the test harness, which swallows what passing tests print.
fn within_or_skip(
    what: &str,
    late: impl Fn(f64) -> Duration,
    (p50, p99): (Duration, Duration),
) -> bool {
    let over = [("p99", late(0.99), p99), ("p50", late(0.5), p50)]
        .into_iter()
        .find(|(_, late, limit)| late > limit);
    if let Some((quantile, late, limit)) = over {
        let test = thread::current().name().unwrap_or_default().to_owned();
        let text = format!("skipped: {what} {quantile} was {late:.1?} (limit {limit:.0?}): {test}");
        writeln!(std::io::stderr(), "{text}").ok();
    }
    over.is_none()
}

/// In milliseconds: what the machine is known to have added, on both sides.
fn noise(record: &RunRecord, server: &Precise, q: f64) -> f64 {
    let lag = record.health.lag.quantile(q).unwrap_or_default();
    lag as f64 / MS as f64 + server.late(q).as_secs_f64() * 1e3
}

/// A scenario of one step against the server, under one profile.
fn bench(target: &str, path: &str, profile: &str) -> Bench {
    patient(target, path, "1s", profile)
}

/// The same with another timeout. The server's log shows the load alone: no request comes before it.
fn patient(target: &str, path: &str, timeout: &str, profile: &str) -> Bench {
    Bench::with_steps(
        &format!("{target}\npreflight: false"),
        &format!("      - {{ get: {path}, name: a, timeout: {timeout} }}\n"),
        &format!("  load: {profile}\n"),
    )
}

/// Runs it; `None` where that measured the machine.
fn measure(server: &Precise, path: &str, profile: &str) -> Option<RunRecord> {
    let record = bench(&server.url(), path, profile).smoke(&[]).record();
    assert_adds_up(&record);
    (fit_or_skip(&record) && server_fit_or_skip(server)).then_some(record)
}

fn tally(record: &RunRecord) -> &Tally {
    &record.steps[0].measured
}

#[track_caller]
fn assert_within(tally: &Tally, metric: Metric, q: f64, (from, to): (f64, f64)) {
    let actual = tally.quantile(metric, q);
    assert!(
        matches!(actual, Quantile::Value(v) if (from..=to).contains(&(v as f64 / MS as f64))),
        "{} p{}: {actual:?}, expected {from} to {to} ms",
        metric.name(),
        q * 100.0
    );
}

/// Every arrival and every request is accounted for.
#[track_caller]
fn assert_adds_up(record: &RunRecord) {
    let (counts, tally) = (&record.counts, tally(record));
    assert!(record.health.conserved);
    assert_eq!(
        counts.arrivals,
        counts.started + counts.dropped_in_flight + counts.dropped_data
    );
    assert_eq!(
        tally.sent,
        tally.ok + tally.check_failed + tally.failed + tally.timed_out + tally.aborted
    );
    let windows = record.timeline.windows();
    let sent: u64 = windows.iter().map(|w| w.counts.sent).sum();
    assert_eq!(sent, tally.sent + record.steps[0].unmeasured.sent);
}
