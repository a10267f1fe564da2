//! Servers whose latency is a formula, and what must come out of them.

use super::*;

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
