//! Servers whose latency is a formula, and what must come out of them.

use super::*;
use std::cell::RefCell;

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
fn c9_a_ramp_sends_its_area_each_arrival_at_its_instant() {
    // 0 → 200/s in 10 s: 1,000 arrivals, the i-th at √(i / 10) s, to the millisecond of the paused clock.
    let scenario = scenario(
        "{ rate: 200 req/s, arrivals: constant, ramp: 10s, duration: 1s }",
        ONE,
    );
    let sends = Rc::new(RefCell::new(Vec::new()));
    let log = Rc::clone(&sends);
    let parts = run(&scenario, move |_, now| {
        log.borrow_mut().push(now);
        Reply::after(MS)
    });
    let recorded = parts.recorder.finish();
    assert_eq!(
        (
            recorded.steps[0].unmeasured.sent,
            recorded.steps[0].measured.sent
        ),
        (1000, 200)
    );
    assert!(recorded.lag.max().unwrap() < MS);
    for (i, sent) in sends.borrow().iter().take(1000).enumerate() {
        let due = ((i as f64 / 10.0).sqrt() * 1e9) as Nanos;
        assert!((due..=due + MS).contains(sent), "{i}: {sent}, due {due}");
    }
}

#[test]
fn c12_workers_added_are_one_worker() {
    // The same arrivals on one thread and on four: every count and the stored bytes of every histogram are equal.
    for profile in [
        "{ rate: 500 req/s, arrivals: poisson, duration: 20s }",
        "{ stairs: { from: 50 req/s, to: 200 req/s, step: 50 req/s, every: 5s }, warmup: 2s }",
        "{ spike: { base: 50 req/s, peak: 500 req/s, rise: 1s, hold: 4s, fall: 1s, every: 10s }, duration: 20s }",
        "{ stages: [{ to: 200 req/s, for: 5s, warmup: true }, { to: 100 req/s, for: 10s }] }",
    ] {
        assert_workers_do_not_matter(profile);
    }
}

fn assert_workers_do_not_matter(profile: &str) {
    let scenario = scenario(profile, ONE);
    let run = |workers| {
        let parts = run_split(
            &scenario,
            workers,
            |_, now| frozen(0, now),
            (stop().1, |_: &LocalSet| {}),
        );
        let (counts, peak) = (parts.counts, parts.timeline.windows().len());
        assert!(parts.health.conserved);
        let Recorded {
            steps, flows, lag, ..
        } = parts.recorder.finish();
        (
            counts,
            peak,
            serde_json::to_string(&(steps, flows, lag)).unwrap(),
        )
    };
    let one = run(1);
    for workers in [2, 4, 7] {
        assert_eq!(run(workers), one, "{profile}: {workers} workers");
    }
}

#[test]
fn c15_what_never_answers_stands_beyond_the_last_value() {
    let scenario = scenario(
        "{ rate: 100 req/s, arrivals: constant, duration: 30s }",
        "      - { get: /, name: a, timeout: 1s }\n",
    );
    let tally = tally(run(&scenario, |k, _| {
        Reply::after(if k % 50 == 49 { 3600 * SECOND } else { 10 * MS })
    }));
    assert_eq!((tally.sent, tally.ok, tally.timed_out), (3000, 2940, 60));
    assert_percentiles(
        &tally,
        Metric::Response,
        &[(0.5, 10 * MS), (0.95, 10 * MS), (0.98, 10 * MS)],
    );
    for q in [0.981, 0.99, 1.0] {
        assert_eq!(
            tally.quantile(Metric::Response, q),
            Quantile::AtLeast(SECOND)
        );
    }
}

#[test]
fn what_think_times_put_behind_the_end_is_no_fault_of_the_target() {
    let scenario = scenario(
        "{ rate: 60 req/s, arrivals: constant, duration: 20s }",
        "      - get: /a\n      - think: 5s\n      - get: /b\n      - think: 5s\n      - get: /c\n",
    );
    // 20 flow starts a second: the second request of those of the last 5 s, the third of those of the last 10.
    let counts = run(&scenario, |_, _| Reply::after(MS)).counts;
    assert_eq!((counts.offered, counts.beyond), (1_200, 300));
    assert!(counts.in_time >= 900, "{counts:?}");
    // A slow target excuses nothing.
    let slow = run(&scenario, |_, _| Reply::after(8 * SECOND)).counts;
    assert_eq!((slow.offered, slow.beyond), (1_200, 300));
    assert!(slow.in_time < 400, "{slow:?}");
}
