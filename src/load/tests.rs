//! The engine on virtual time: known answers (Schroeder's open and closed models, Little's law, a server that
//! freezes), exact to a histogram's bucket. No socket and no second of real waiting.

use super::worker::{Orders, Worker, WorkerReport};
use super::{Clock, Program, RunParts, Stop, Stopper, collect, merge, stop};
use crate::plan::{Overrides, resolve};
use crate::protocol::scripted::{Reply, Scripted};
use crate::record::{Failure, Masker, Metric, Quantile, Tally, Window};
use crate::scenario::{self, Environment, Scenario};
use crate::source::Source;
use crate::units::Nanos;
use std::path::Path;
use std::sync::{Arc, mpsc};
use tokio::task::LocalSet;
use tokio::time::Instant;

const MS: Nanos = 1_000_000;
const SECOND: Nanos = 1000 * MS;

struct Nobody;

impl super::Observer for Nobody {
    fn window(&mut self, _: &Window) {}
}

fn scenario(profile: &str, steps: &str) -> Scenario {
    let text = format!(
        "scenario: test\ntarget: http://127.0.0.1:1\nflows:\n  shop:\n    steps:\n{steps}\nprofiles:\n  test: {profile}\n"
    );
    let source = Source::new("test.yaml", text);
    scenario::parse(source, Path::new("test.yaml"), &Environment::empty())
        .unwrap()
        .scenario
}

const ONE: &str = "      - get: /\n        name: a\n";

/// Runs a profile of a scenario with one worker on a paused clock.
fn run(scenario: &Scenario, reply: impl Fn(u64, Nanos) -> Reply + 'static) -> RunParts {
    let (_stopper, stop) = stop();
    run_until(scenario, reply, stop, |_| {})
}

fn run_until(
    scenario: &Scenario,
    reply: impl Fn(u64, Nanos) -> Reply + 'static,
    stop: Stop,
    also: impl FnOnce(&LocalSet),
) -> RunParts {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let plan = Arc::new(resolve(scenario, "test", &Overrides::default(), 1).unwrap());
    let orders = Orders {
        program: Arc::new(Program::new(scenario, &[], &Masker::new([]))),
        max_in_flight: plan.max_in_flight,
        plan,
        masker: Arc::new(Masker::new([])),
        workers: 1,
    };
    let (sender, receiver) = mpsc::channel();
    let local = LocalSet::new();
    also(&local);
    let report: WorkerReport = local.block_on(&runtime, async {
        let epoch = Instant::now();
        let worker = Worker::new(
            &orders,
            0,
            Scripted::new(epoch, reply),
            Clock::coarse(epoch),
            stop,
        );
        worker.work(sender).await
    });
    // The tasks that are left hold the other end of the channel.
    drop(local);
    let timeline = collect(&receiver, 1, &mut Nobody);
    merge(vec![report], timeline, 1).unwrap()
}

fn tally(parts: RunParts) -> Tally {
    assert!(parts.health.conserved);
    parts.recorder.finish().0.remove(0).measured
}

/// Within one bucket of a three-digit histogram.
fn about(quantile: Quantile, expected: Nanos) -> bool {
    matches!(quantile, Quantile::Value(v) if v >= expected && v <= expected + expected / 900)
}

fn assert_percentiles(tally: &Tally, metric: Metric, expected: &[(f64, Nanos)]) {
    for (q, value) in expected {
        let actual = tally.quantile(metric, *q);
        assert!(
            about(actual, *value),
            "{} p{}: {actual:?}, expected {value}",
            metric.name(),
            q * 100.0
        );
    }
}

#[test]
fn c1_a_constant_server() {
    let scenario = scenario(
        "{ rate: 100 req/s, arrivals: constant, duration: 30s }",
        ONE,
    );
    let tally = tally(run(&scenario, |_, _| Reply::after(10 * MS)));
    assert_eq!((tally.sent, tally.ok), (3000, 3000));
    assert_percentiles(
        &tally,
        Metric::Response,
        &[(0.5, 10 * MS), (0.99, 10 * MS), (1.0, 10 * MS)],
    );
    assert_percentiles(&tally, Metric::Service, &[(0.5, 10 * MS)]);
}

/// A server that takes 5 ms and is frozen in the last second of every ten: what falls into the freeze waits for
/// its end.
fn frozen(_: u64, now: Nanos) -> Reply {
    let into = now % (10 * SECOND);
    let wait = if into >= 9 * SECOND {
        10 * SECOND - into
    } else {
        0
    };
    Reply::after(wait + 5 * MS)
}

#[test]
fn c2_a_freezing_server_in_the_open_model() {
    // A tenth of the arrivals waits uniformly on (0, 1 s]: quantile q > 0.9 is 5 ms + 1 s · (q − 0.9) / 0.1.
    let scenario = scenario(
        "{ rate: 500 req/s, arrivals: constant, duration: 60s }",
        ONE,
    );
    let parts = run(&scenario, frozen);
    assert!(
        (495..=505).contains(&parts.health.in_flight),
        "{}",
        parts.health.in_flight
    );
    let tally = tally(parts);
    assert_eq!((tally.sent, tally.ok, tally.dropped), (30_000, 30_000, 0));
    let expected = [
        (0.5, 5 * MS),
        (0.9, 5 * MS),
        (0.95, 505 * MS),
        (0.99, 905 * MS),
        (0.999, 995 * MS),
        (1.0, 1005 * MS),
    ];
    assert_percentiles(&tally, Metric::Response, &expected);
    let mean = tally.latencies(Metric::Response).mean().unwrap();
    assert!((55_000_000..55_200_000).contains(&mean), "mean {mean}");
}

/// A server that takes 5 ms from its own point of view, but whose freeze stops the generator's requests before
/// they are sent: the limit of ten in flight keeps the rest of the arrivals waiting… or dropped and counted.
#[test]
fn c5_a_limit_in_flight_drops_and_says_so() {
    let scenario = scenario(
        "{ rate: 500 req/s, arrivals: constant, duration: 60s, max_in_flight: 10 }",
        ONE,
    );
    let parts = run(&scenario, frozen);
    let counts = parts.counts;
    // Each freeze lasts 500 arrivals: ten are in flight, the others are dropped, and so are the three behind each
    // of the first five freezes that come before the ten have their answer.
    let dropped = 6 * 490 + 5 * 3;
    assert_eq!(counts.dropped_in_flight, dropped);
    assert_eq!(counts.arrivals, 30_000);
    let tally = tally(parts);
    assert_eq!((tally.sent, tally.dropped), (30_000 - dropped, dropped));
}

#[test]
fn c4_the_closed_model_omits_what_it_does_not_send() {
    let scenario = scenario("{ users: 10, duration: 60s }", ONE);
    let tally = tally(run(&scenario, frozen));
    // Ten users send nothing more while ten requests wait: p99 never sees the freeze, the maximum does.
    assert_percentiles(&tally, Metric::Response, &[(0.5, 5 * MS), (0.99, 5 * MS)]);
    assert_eq!(tally.latencies(Metric::Response).max(), Some(1005 * MS));
    assert_eq!(
        tally.response, tally.service,
        "a closed model has no schedule, so one clock"
    );
}

#[test]
fn c8_overload_grows_by_a_second_each_second() {
    // Capacity 100/s in a row, 200/s offered for 20 s: the k-th answer comes at (k + 1) · 10 ms.
    let scenario = scenario(
        "{ rate: 200 req/s, arrivals: constant, duration: 20s }",
        "      - { get: /, name: a, timeout: 60s }\n",
    );
    let parts = run(&scenario, |k, now| Reply::after((k + 1) * 10 * MS - now));
    assert_eq!(parts.elapsed, 40 * SECOND);
    let tally = tally(parts);
    assert_eq!(tally.sent, 4000);
    for (q, expected) in [(0.5, 10.0), (0.9, 18.0), (0.99, 19.8), (1.0, 20.0)] {
        let Quantile::Value(value) = tally.quantile(Metric::Response, q) else {
            panic!("a value")
        };
        assert!(
            (value as f64 / 1e9 / expected - 1.0).abs() < 0.02,
            "p{q}: {value}"
        );
    }
}

#[test]
fn c8_with_a_timeout_most_of_it_is_censored() {
    let scenario = scenario(
        "{ rate: 200 req/s, arrivals: constant, duration: 20s }",
        "      - { get: /, name: a, timeout: 5s }\n",
    );
    let tally = tally(run(&scenario, |k, now| {
        Reply::after((k + 1) * 10 * MS - now)
    }));
    assert_eq!(tally.sent, 4000);
    let share = tally.timed_out as f64 / 4000.0;
    assert!((share - 0.75).abs() < 0.01, "{share}");
    assert_eq!(
        tally.quantile(Metric::Response, 0.9),
        Quantile::AtLeast(5 * SECOND)
    );
}

#[test]
fn c10_littles_law() {
    let scenario = scenario("{ rate: 400 req/s, duration: 60s }", ONE);
    let parts = run(&scenario, |k, _| Reply::after((k % 50 + 1) * MS));
    // Mean in flight = throughput × mean response; the windows hold the peak, so the sum is taken from the samples.
    let tally = tally(parts);
    let mean = tally.latencies(Metric::Service).mean().unwrap() as f64 / 1e9;
    let in_flight = tally.ok as f64 / 60.0 * mean;
    assert!(
        (in_flight / (400.0 * 0.0255) - 1.0).abs() < 0.02,
        "{in_flight}"
    );
}

#[test]
fn c16_head_and_body_are_two_times() {
    let scenario = scenario("{ rate: 100 req/s, arrivals: constant, duration: 5s }", ONE);
    let tally = tally(run(&scenario, |_, _| Reply {
        head: 10 * MS,
        ..Reply::after(110 * MS)
    }));
    assert_percentiles(&tally, Metric::Ttfb, &[(0.5, 10 * MS)]);
    assert_percentiles(&tally, Metric::Response, &[(0.5, 110 * MS)]);
}

#[test]
fn a_rate_in_requests_is_divided_by_the_requests_of_a_flow() {
    let scenario = scenario(
        "{ rate: 300 req/s, arrivals: constant, duration: 10s }",
        "      - { get: /a, name: a }\n      - { get: /b, name: b }\n      - { get: /c, name: c }\n",
    );
    let parts = run(&scenario, |_, _| Reply::after(MS));
    assert_eq!((parts.counts.arrivals, parts.counts.offered), (1000, 3000));
    let steps = parts.recorder.finish().0;
    assert!(steps.iter().all(|s| s.measured.ok == 1000));
}

#[test]
fn ramp_and_warm_up_are_counted_apart() {
    let scenario = scenario(
        "{ rate: 100 req/s, arrivals: constant, ramp: 2s, warmup: 3s, duration: 5s }",
        ONE,
    );
    let parts = run(&scenario, |_, _| Reply::after(MS));
    let windows: u64 = parts.timeline.windows().iter().map(|w| w.counts.sent).sum();
    let step = parts.recorder.finish().0.remove(0);
    // Ramp: 2 s · 100/s / 2 = 100; warm-up: 300.
    assert_eq!(
        (step.unmeasured.ok, step.measured.ok, windows),
        (400, 500, 900)
    );
}

#[test]
fn think_time_moves_the_intended_start_not_the_response() {
    let scenario = scenario(
        "{ users: 1, duration: 10s }",
        "      - { get: /a, name: a }\n      - think: 1s\n      - { get: /b, name: b }\n",
    );
    let parts = run(&scenario, |_, _| Reply::after(10 * MS));
    let (steps, flows, ..) = parts.recorder.finish();
    assert_percentiles(&steps[1].measured, Metric::Response, &[(1.0, 10 * MS)]);
    // 1.02 s a round: the tenth starts at 9.18 s and is still measured.
    assert_eq!(flows[0].completed, 10);
}

#[test]
fn a_failed_step_ends_its_flow_and_the_rest_is_skipped() {
    let scenario = scenario(
        "{ passes: 2 }",
        "      - { get: /a, name: a }\n      - { get: /b, name: b }\n",
    );
    let parts = run(&scenario, |k, _| Reply {
        status: if k == 0 { 500 } else { 200 },
        ..Reply::after(MS)
    });
    assert!(parts.health.conserved);
    let (steps, flows, failures, exhibits, _) = parts.recorder.finish();
    assert_eq!(
        (
            steps[0].measured.check_failed,
            steps[1].measured.skipped,
            steps[1].measured.ok
        ),
        (1, 1, 1)
    );
    assert_eq!(
        (flows[0].started, flows[0].completed, flows[0].stopped),
        (2, 1, 1)
    );
    assert_eq!(failures[0].label, "status < 400");
    assert_eq!(exhibits[0].actual.as_deref(), Some("number 500"));
}

#[test]
fn failures_are_data_and_the_run_goes_on() {
    let scenario = scenario(
        "{ rate: 100 req/s, arrivals: constant, duration: 10s }",
        ONE,
    );
    let tally = tally(run(&scenario, |k, _| Reply {
        failure: (k % 10 == 0).then_some(Failure::Read),
        ..Reply::after(MS)
    }));
    assert_eq!((tally.sent, tally.ok, tally.failed), (1000, 900, 100));
}

#[test]
fn stopping_drains_aborts_and_conserves() {
    // Stopped at 2.5 s: requests that end within 5 s are counted, those that never end are aborted.
    let scenario = scenario(
        "{ rate: 100 req/s, arrivals: constant, duration: 60s }",
        "      - { get: /, name: a, timeout: 60s }\n",
    );
    let (stopper, stop): (Stopper, Stop) = stop();
    let stop_later = |local: &LocalSet| {
        local.spawn_local(async move {
            tokio::time::sleep(std::time::Duration::from_millis(2500)).await;
            stopper.stop(crate::record::Stop::Interrupted);
        });
    };
    let never_or = |k: u64, _| {
        Reply::after(if k.is_multiple_of(5) {
            59 * SECOND
        } else {
            SECOND
        })
    };
    let parts = run_until(&scenario, never_or, stop, stop_later);
    let tally = tally(parts);
    assert!((250..=251).contains(&tally.sent), "{}", tally.sent);
    assert_eq!(tally.aborted, tally.sent.div_ceil(5));
    assert_eq!(tally.ok, tally.sent - tally.aborted);
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let scenario = scenario("{ rate: 200 req/s, duration: 10s }", ONE);
    let run = || tally(run(&scenario, |k, _| Reply::after(k % 7 * MS)));
    assert_eq!(run(), run());
}

#[test]
fn workers_share_the_connections_that_are_opened_ahead() {
    let elsewhere = "      - get: http://127.0.0.1:2/\n        name: a\n";
    for (profile, steps, workers, expected) in [
        ("{ passes: 3 }", ONE, 1, vec![0]),
        ("{ users: 5, duration: 1s }", ONE, 2, vec![3, 2]),
        ("{ users: 1, duration: 1s }", ONE, 2, vec![1, 0]),
        ("{ rate: 1 req/s, duration: 1s }", ONE, 1, vec![1]),
        ("{ rate: 210 req/s, duration: 1s }", ONE, 1, vec![11]),
        ("{ rate: 200 req/s, duration: 1s }", ONE, 3, vec![4, 3, 3]),
        (
            "{ rate: 90000 req/s, duration: 1s }",
            ONE,
            2,
            vec![256, 256],
        ),
        (
            "{ rate: 900 req/s, duration: 1s, max_in_flight: 7 }",
            ONE,
            1,
            vec![7],
        ),
        ("{ users: 5, duration: 1s }", elsewhere, 1, vec![0]),
    ] {
        let scenario = scenario(profile, steps);
        let plan = Arc::new(resolve(&scenario, "test", &Overrides::default(), 1).unwrap());
        let orders = Orders {
            program: Arc::new(Program::new(&scenario, &[], &Masker::new([]))),
            max_in_flight: plan.max_in_flight.div_ceil(workers),
            plan,
            masker: Arc::new(Masker::new([])),
            workers,
        };
        let shares: Vec<u64> = (0..workers)
            .map(|id| super::start::connections(&orders, id))
            .collect();
        assert_eq!(shares, expected, "{profile}");
    }
}
