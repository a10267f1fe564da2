//! Servers whose latency is known: C1, C2, C4, C5, C15, C16.

use super::*;

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
    let profile = "{ rate: 200 req/s, arrivals: constant, duration: 4s }";
    let Some(record) = measure(&server, FROZEN, profile) else {
        return;
    };
    let tally = tally(&record);
    assert_eq!((tally.sent, tally.ok), (800, 800));
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
    assert_eq!(outcome(0), "pass", "{budgets}");
    // Three seconds are too few batches to tell how much the requests depend on each other.
    assert!(outcome(1).ends_with("fail"), "{budgets}");
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
fn c5_a_limit_in_flight_drops_and_says_so() {
    let _alone = alone();
    let server = Precise::start();
    // Frozen for 200 ms: 40 arrivals, of which ten have a place. Where the run begins in the middle of a freeze there
    // are two parts of it, each with ten places.
    let profile = "{ rate: 200 req/s, arrivals: constant, duration: 1s, max_in_flight: 10 }";
    let Some(record) = measure(&server, "/frozen/5/800/1000", profile) else {
        return;
    };
    let dropped = record.counts.dropped_in_flight;
    assert!((18..=33).contains(&dropped), "{dropped}");
    assert_eq!(tally(&record).sent, 200 - dropped);
    assert_eq!(record.health.in_flight, 10);
}
