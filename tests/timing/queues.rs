//! Servers that serve one request after the other: C3, C6, C7, C8.

use super::*;
use rand::SeedableRng as _;
use rand_distr::{Distribution as _, Exp1};
use rand_xoshiro::Xoshiro256PlusPlus;
use tollgate::plan::pacer::{Pacer, Segment, Shape};
use tollgate::scenario::Process;

/// Frozen for S = 50 ms of every 500 ms, two periods of it, 400 arrivals a second.
fn c3(service: u64, expected: &[(f64, f64)]) {
    let _alone = alone();
    let server = Precise::start();
    let profile = "{ rate: 400 req/s, arrivals: constant, duration: 1s }";
    let Some(record) = measure(&server, &format!("/serial/{service}/50/500"), profile) else {
        return;
    };
    let tally = tally(&record);
    assert_eq!((tally.sent, tally.ok), (400, 400));
    for (q, expected) in expected {
        // A tenth of the freeze.
        let room = 5.0 + noise(&record, &server, *q);
        let range = (expected - room, expected + room);
        assert_within(tally, Metric::Response, *q, range);
    }
}

#[test]
fn c3_a_serial_server_that_freezes_at_half_load() {
    // S / (P · (1 − ρ)) = a fifth is affected: quantile q > 0.8 is s + S · (q − 0.8) / 0.2.
    c3(
        1250,
        &[(0.5, 1.25), (0.9, 26.25), (0.95, 38.75), (0.99, 48.75)],
    );
}

#[test]
fn c3_a_serial_server_that_freezes_at_four_fifths() {
    // Half is affected: quantile q > 0.5 is s + S · (q − 0.5) / 0.5; at S = 1 s and s = 1.6 ms that is 601.6 for p80.
    c3(2000, &[(0.8, 32.0), (0.9, 42.0), (0.99, 51.0)]);
}

const SEED: u64 = 7;

/// How long the same arrivals take at the same service times, by Lindley's recursion, in milliseconds, sorted.
fn lindley(process: Process) -> Vec<f64> {
    let length = Duration::from_millis(1500);
    let shape = Shape::new([Segment::flat(250.0, length)]);
    let pacer = Pacer { shape, process };
    let mut dice = Xoshiro256PlusPlus::seed_from_u64(SEED);
    let mut free: f64 = 0.0;
    let mut sojourns: Vec<f64> = pacer
        .arrivals(SEED)
        .map(|arrival| {
            let due = arrival.due as f64 / MS as f64;
            let unit: f64 = Exp1.sample(&mut dice);
            free = free.max(due) + 2.0 * unit;
            free - due
        })
        .collect();
    sojourns.sort_by(f64::total_cmp);
    sojourns
}

/// A server with exponential service times at μ = 500/s under λ = 250/s.
fn markov(word: &str, process: Process) {
    let _alone = alone();
    let server = Precise::start();
    let profile = format!("{{ rate: 250 req/s, arrivals: {word}, duration: 1500ms }}");
    let path = format!("/random/2000/{SEED}");
    let bench = bench(&server.url(), &path, &profile);
    let record = bench.smoke(&["--seed", &SEED.to_string()]).record();
    assert_adds_up(&record);
    if !fit_or_skip(&record) || !server_fit_or_skip(&server) {
        return;
    }
    let expected = lindley(process);
    let mut log: Vec<f64> = server
        .sojourns()
        .iter()
        .map(|s| s.as_secs_f64() * 1e3)
        .collect();
    log.sort_by(f64::total_cmp);
    let tally = tally(&record);
    assert_eq!(
        (tally.ok as usize, log.len()),
        (expected.len(), expected.len())
    );
    for q in [0.5, 0.9, 0.99] {
        let rank = (q * expected.len() as f64).ceil() as usize - 1;
        let room = 1.0 + noise(&record, &server, q);
        for truth in [expected[rank], log[rank]] {
            assert_within(tally, Metric::Response, q, (truth - room, truth + room));
        }
    }
}

#[test]
fn c6_poisson_arrivals_at_a_random_server() {
    markov("poisson", Process::Poisson);
}

#[test]
fn c7_constant_arrivals_at_a_random_server() {
    markov("constant", Process::Constant);
}

/// Capacity 100/s, 200/s offered for 1 s: the k-th answer comes at (k + 1) · 10 ms.
const OVERLOAD: &str = "{ rate: 200 req/s, arrivals: constant, duration: 1s }";

#[test]
fn c8_overload_grows_by_a_second_each_second() {
    let _alone = alone();
    let server = Precise::start();
    let bench = patient(&server.url(), "/serial/10000/0/0", "10s", OVERLOAD);
    let record = bench.smoke(&[]).record();
    assert_adds_up(&record);
    if !fit_or_skip(&record) || !server_fit_or_skip(&server) {
        return;
    }
    let tally = tally(&record);
    assert_eq!((tally.sent, tally.ok), (200, 200));
    for (q, expected) in [(0.5, 505.0), (0.9, 905.0), (0.99, 995.0), (1.0, 1005.0)] {
        let room = expected * 0.02 + noise(&record, &server, q);
        assert_within(
            tally,
            Metric::Response,
            q,
            (expected - room, expected + room),
        );
    }
    assert!(record.health.in_flight.abs_diff(101) <= 3);
    assert!(
        record.elapsed.abs_diff(2000 * MS) <= 40 * MS,
        "{}",
        record.elapsed
    );
}

#[test]
fn c8_with_a_timeout_most_of_it_is_censored() {
    // Whoever came later than 240 ms would have to wait for more than 250.
    let _alone = alone();
    let server = Precise::start();
    let bench = patient(&server.url(), "/serial/10000/0/0", "250ms", OVERLOAD);
    let record = bench.smoke(&[]).record();
    assert_adds_up(&record);
    if !fit_or_skip(&record) || !server_fit_or_skip(&server) {
        return;
    }
    let tally = tally(&record);
    assert_eq!(tally.sent, 200);
    assert!(tally.timed_out.abs_diff(151) <= 3, "{}", tally.timed_out);
    let p90 = tally.quantile(Metric::Response, 0.9);
    assert!(
        matches!(p90, Quantile::AtLeast(v) if (250 * MS..280 * MS).contains(&v)),
        "{p90:?}"
    );
}
