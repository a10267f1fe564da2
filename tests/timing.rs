//! Known answers through the real binary and real sockets, with the tolerances that a machine needs. The same rows,
//! exact, are in the engine's tests on virtual time.
//!
//! Where the machine was late itself, a test says so on stderr and proves nothing: see [`within_or_skip`].

use crate::support::cli::Bench;
use crate::support::precise::Precise;
use crate::support::target::{refused, target};
use std::io::Write as _;
use std::process::Command;
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
    Bench::with_steps(
        target,
        &format!("      - {{ get: {path}, name: a, timeout: 1s }}\n"),
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

#[test]
fn c1_a_constant_server() {
    let _alone = alone();
    let server = Precise::start();
    let profile = "{ rate: 100 req/s, arrivals: constant, duration: 1200ms }";
    let Some(record) = measure(&server, "/after/10", profile) else {
        return;
    };
    let tally = tally(&record);
    assert_eq!((tally.sent, tally.ok), (120, 120));
    for (q, most) in [(0.5, 10.5), (0.99, 12.0)] {
        let most = most + noise(&record, &server, q);
        assert_within(tally, Metric::Response, q, (10.0, most));
    }
    let p50 = |metric| tally.latencies(metric).quantile(0.5).unwrap();
    assert!(p50(Metric::Response).abs_diff(p50(Metric::Service)) <= 3 * MS / 10);
}

/// Takes 5 ms; stands still in the last 400 ms of each 2 s.
const FROZEN: &str = "/frozen/5/1600/2000";

#[test]
fn c2_a_freezing_server_in_the_open_model() {
    // A fifth of the arrivals waits uniformly on (0, 400 ms]: quantile q > 0.8 is 5 + 400 · (q − 0.8) / 0.2 ms.
    let _alone = alone();
    let server = Precise::start();
    let profile = "{ rate: 200 req/s, arrivals: constant, duration: 6s }";
    let Some(record) = measure(&server, FROZEN, profile) else {
        return;
    };
    let tally = tally(&record);
    assert_eq!((tally.sent, tally.ok), (1200, 1200));
    let most = 5.5 + noise(&record, &server, 0.5);
    assert_within(tally, Metric::Response, 0.5, (5.0, most));
    for (q, expected) in [(0.9, 205.0), (0.95, 305.0), (0.99, 385.0), (1.0, 405.0)] {
        assert_within(
            tally,
            Metric::Response,
            q,
            (expected - 15.0, expected + 15.0),
        );
    }
    let mean = tally.latencies(Metric::Response).mean().unwrap();
    assert!(mean.abs_diff(45 * MS) <= 3 * MS, "mean {mean}");
    // 80 arrivals of the freeze and one of before.
    let in_flight = record.health.in_flight;
    assert!((77..=85).contains(&in_flight), "{in_flight}");
}

#[test]
fn c4_the_closed_model_omits_what_it_does_not_send() {
    let _alone = alone();
    let server = Precise::start();
    let Some(record) = measure(&server, FROZEN, "{ users: 10, duration: 2s }") else {
        return;
    };
    let tally = tally(&record);
    // The open model says 385. No schedule, so no lag tells how late the generator was; this does.
    assert_within(tally, Metric::Response, 0.99, (5.0, 50.0));
    let p99 = tally.latencies(Metric::Response).quantile(0.99).unwrap();
    let beyond = |_| Duration::from_nanos(p99 - 5 * MS);
    if !within_or_skip("what the machine added to 5 ms at", beyond, (LATE, LATE)) {
        return;
    }
    assert_within(tally, Metric::Response, 1.0, (390.0, 420.0));
    // No schedule: the two clocks differ by what it takes to build a request.
    let p50 = |metric| tally.latencies(metric).quantile(0.5).unwrap();
    assert!(p50(Metric::Response).abs_diff(p50(Metric::Service)) <= MS / 10);
}

/// Sends a signal to a child.
fn kill(signal: &str, id: u32) {
    let id = id.to_string();
    let status = Command::new("kill").args([signal, &id]).status();
    assert!(status.unwrap().success());
}

#[test]
fn c14_a_generator_that_was_stopped_blames_itself() {
    let _alone = alone();
    let server = Precise::start();
    let bench = bench(
        &server.url(),
        "/after/5",
        "{ rate: 500 req/s, arrivals: constant, duration: 1200ms }",
    );
    bench.write("b.yaml", "budgets:\n  - p99 < 100ms\n");
    let child = bench.start(&["--budgets", "b.yaml"]);
    assert!(server.wait_for(150, PATIENCE));
    kill("-STOP", child.id());
    // The stop itself is what is under test.
    thread::sleep(Duration::from_millis(510));
    kill("-CONT", child.id());
    let ran = bench.ran(child.wait_with_output().unwrap()).expect(7);
    let exit = &ran.result()["exit"];
    assert_eq!(exit["reason"], "invalid_instrument", "{exit}");
    assert!(ran.stdout.contains("schedule lag"), "{}", ran.stdout);
    let record = ran.record();
    assert_adds_up(&record);
    let tally = tally(&record);
    assert_eq!(
        tally.sent, 600,
        "what was due in the stop is sent behind it"
    );
    assert!(record.health.lag.max().unwrap() >= 500 * MS);
    assert!(tally.latencies(Metric::Response).max().unwrap() >= 500 * MS);
    // Response time has what was due while the generator stood; service time only what was under way.
    let over = |metric| tally.latencies(metric).count_over(400 * MS);
    let (response, service) = (over(Metric::Response), over(Metric::Service));
    assert!(response >= 40, "{response}");
    assert!(service <= 10, "{service}");
}

#[test]
fn c15_what_never_answers_stands_beyond_the_last_value() {
    let _alone = alone();
    let server = Precise::start();
    let bench = bench(
        &server.url(),
        "/silent/5/50",
        "{ rate: 500 req/s, arrivals: constant, duration: 1800ms }",
    );
    bench.write(
        "b.yaml",
        "budgets:\n  - p95 < 500ms\n  - p99 < 500ms\n  - error_rate < 5%\n",
    );
    let ran = bench.smoke(&["--budgets", "b.yaml"]);
    let record = ran.record();
    assert_adds_up(&record);
    if !fit_or_skip(&record) {
        return;
    }
    let ran = ran.expect(4);
    let tally = tally(&record);
    assert_eq!((tally.sent, tally.ok, tally.timed_out), (900, 882, 18));
    assert_within(tally, Metric::Response, 0.95, (5.0, 50.0));
    let p99 = tally.quantile(Metric::Response, 0.99);
    assert!(
        matches!(p99, Quantile::AtLeast(v) if (1000 * MS..1050 * MS).contains(&v)),
        "{p99:?}"
    );
    let budgets = ran.result()["budgets"].clone();
    let outcome = |i: usize| budgets[i]["outcome"].as_str().unwrap().to_owned();
    assert_eq!(
        (outcome(0), outcome(1)),
        ("pass".into(), "fail".into()),
        "{budgets}"
    );
}

#[test]
fn c16_head_and_body_are_two_times() {
    let _alone = alone();
    let server = Precise::start();
    let profile = "{ rate: 50 req/s, arrivals: constant, duration: 600ms }";
    let Some(record) = measure(&server, "/slow/10/110", profile) else {
        return;
    };
    let noise = noise(&record, &server, 0.5);
    for (metric, expected) in [(Metric::Ttfb, 10.0), (Metric::Response, 110.0)] {
        let range = (expected, expected + 1.0 + noise);
        assert_within(tally(&record), metric, 0.5, range);
    }
}

#[test]
fn c17_connections_are_opened_when_the_server_closes_them_and_kept_when_not() {
    let profile = "{ rate: 200 req/s, arrivals: constant, duration: 1s }";
    let run = |path: &str| {
        let server = Precise::start();
        let record = bench(&server.url(), path, profile).smoke(&[]).record();
        assert_adds_up(&record);
        let tally = tally(&record).clone();
        assert_eq!((tally.sent, tally.ok), (200, 200), "{:?}", record.failures);
        assert_eq!(tally.connect.count(), tally.new_connections);
        assert!(tally.connect.min().is_none_or(|connect| connect > 0));
        // The look at the target before the load is one more.
        let opened = record.health.connections;
        assert_eq!(server.connections(), opened + 1);
        // 200 req/s × 50 ms: ten are opened ahead, the others on the path of a request.
        assert_eq!(opened, tally.new_connections + 10);
        assert_eq!(record.health.reused, 200 - tally.new_connections);
        (opened, record.health.in_flight)
    };
    assert_eq!(run("/close").0, 200);
    let (opened, in_flight) = run("/after/5");
    assert!(
        opened <= in_flight.max(10),
        "{opened} for {in_flight} in flight"
    );
}

#[test]
fn c21_nothing_is_lost_when_a_run_is_interrupted() {
    let server = Precise::start();
    let bench = bench(
        &server.url(),
        "/after/50",
        "{ rate: 200 req/s, duration: 10m }",
    );
    let child = bench.start(&[]);
    assert!(server.wait_for(50, PATIENCE));
    kill("-INT", child.id());
    let record = bench
        .ran(child.wait_with_output().unwrap())
        .expect(130)
        .record();
    assert_adds_up(&record);
    let tally = tally(&record);
    assert_eq!(
        (tally.ok, tally.aborted),
        (tally.sent, 0),
        "what was under way is waited for"
    );
    // One more asked whether the target is there.
    assert_eq!(server.requests(), tally.sent + 1);
}

#[test]
fn c21_nothing_is_lost_when_the_target_dies() {
    let target = target();
    let bench = bench(
        &target.url(""),
        "/die/50",
        "{ rate: 200 req/s, arrivals: constant, duration: 1s }",
    );
    let ran = bench.smoke(&[]);
    let record = ran.record();
    assert_adds_up(&record);
    assert_eq!((record.counts.arrivals, record.counts.started), (200, 200));
    let tally = tally(&record);
    // The first of the fifty asked whether the target is there.
    assert_eq!((tally.sent, tally.ok), (200, 48));
    assert_eq!(tally.failed, 152, "{:?}", record.failures);
    assert_ne!(ran.code, Some(0));
}

#[test]
fn c21_nothing_is_lost_when_there_is_no_target() {
    let refused = refused();
    let record = bench(
        &format!("http://{}", refused.addr),
        "/",
        "{ rate: 200 req/s, duration: 1s }",
    )
    .smoke(&[])
    .expect(6)
    .record();
    assert_adds_up(&record);
    assert_eq!((record.counts.arrivals, tally(&record).sent), (0, 0));
}
