//! One serial server: what the theory of queues says of it. The paused clock steps in milliseconds, so time is
//! stretched until a millisecond is nothing.

use super::*;
use crate::record::Histogram;
use rand::SeedableRng as _;
use rand_distr::{Distribution as _, Exp1};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::cell::RefCell;

/// A server that serves one after the other; the freeze is `[from, to)` of each `period`.
struct Serial {
    free: Nanos,
    freeze: Option<(Nanos, Nanos, Nanos)>,
}

impl Serial {
    /// When the answer to what arrives `now` is ready.
    fn serve(&mut self, now: Nanos, service: Nanos) -> Nanos {
        let mut start = now.max(self.free);
        if let Some((from, to, period)) = self.freeze
            && (from..to).contains(&(start % period))
        {
            start += to - start % period;
        }
        self.free = start + service;
        self.free
    }
}

/// C3, ten times slower: frozen for 10 s of each 100 s, 50 arrivals a second.
fn c3(service: Nanos, expected: &[(f64, Nanos)]) {
    let scenario = scenario(
        "{ rate: 50 req/s, arrivals: constant, duration: 600s }",
        "      - { get: /, name: a, timeout: 60s }\n",
    );
    let server = RefCell::new(Serial {
        free: 0,
        freeze: Some((10 * SECOND, 20 * SECOND, 100 * SECOND)),
    });
    let tally = tally(run(&scenario, move |_, now| {
        Reply::after(server.borrow_mut().serve(now, service) - now)
    }));
    assert_eq!((tally.sent, tally.ok), (30_000, 30_000));
    for (q, value) in expected {
        let Quantile::Value(actual) = tally.quantile(Metric::Response, *q) else {
            panic!("a value at {q}")
        };
        // A bucket, and the step between two neighbours in the queue.
        let room = value / 1000 + 20 * MS - service;
        assert!(
            actual.abs_diff(*value) <= room,
            "p{}: {actual}, expected {value}",
            q * 100.0
        );
    }
}

#[test]
fn c3_a_serial_server_that_freezes_at_half_load() {
    // S / (P · (1 − ρ)) = a fifth is affected, its waits are uniform on (0, S).
    let expected = [
        (0.5, 10 * MS),
        (0.8, 10 * MS),
        (0.9, 5010 * MS),
        (0.95, 7510 * MS),
        (0.99, 9510 * MS),
        (1.0, 10_010 * MS),
    ];
    c3(10 * MS, &expected);
}

#[test]
fn c3_a_serial_server_that_freezes_at_four_fifths() {
    // Half is affected: quantile q > 0.5 is s + S · (q − 0.5) / 0.5.
    let expected = [
        (0.5, 16 * MS),
        (0.8, 6016 * MS),
        (0.9, 8016 * MS),
        (0.99, 9816 * MS),
        (1.0, 10_016 * MS),
    ];
    c3(16 * MS, &expected);
}

/// A server with exponential service times at μ = 500/s under λ = 250/s for 120 s, a hundred times slower.
/// Asserts quantiles in milliseconds of the fast one and gives p99.
fn markov(arrivals: &str, expected: [(f64, f64, f64); 3]) -> f64 {
    let profile = format!("{{ rate: 150 req/min, arrivals: {arrivals}, duration: 12000s }}");
    let scenario = scenario(&profile, "      - { get: /, name: a, timeout: 10m }\n");
    let log = Rc::new(RefCell::new(Histogram::default()));
    let server = RefCell::new((
        Serial {
            free: 0,
            freeze: None,
        },
        Xoshiro256PlusPlus::seed_from_u64(7),
    ));
    let sojourns = Rc::clone(&log);
    let tally = tally(run(&scenario, move |_, now| {
        let (server, rng) = &mut *server.borrow_mut();
        let unit: f64 = Exp1.sample(rng);
        let sojourn = server.serve(now, (unit * 2e8) as Nanos) - now;
        sojourns.borrow_mut().record(sojourn);
        Reply::after(sojourn)
    }));
    assert_eq!(
        (tally.ok, tally.dropped),
        (tally.sent, 0),
        "nothing is lost"
    );
    let log = log.borrow();
    assert_eq!(log.count(), tally.sent);
    let service = tally.latencies(Metric::Service);
    for (q, theory, band) in expected {
        let slow = |nanos: Option<Nanos>| nanos.unwrap() as f64 / 1e8;
        let of = |histogram: &Histogram| slow(histogram.quantile(q));
        let (client, on_client, on_server) = (of(&tally.response), of(&service), of(&log));
        assert!(
            (client / theory - 1.0).abs() < band,
            "p{}: {client}, in theory {theory}",
            q * 100.0
        );
        // The server's own log is known to the client to a step of the clock and a bucket.
        for seen in [client, on_client] {
            assert!(
                (seen - on_server).abs() <= 0.02 + on_server / 1000.0,
                "p{}: {seen}, the server says {on_server}",
                q * 100.0
            );
        }
    }
    tally.response.quantile(0.99).unwrap() as f64 / 1e8
}

#[test]
fn c6_and_c7_poisson_and_constant_arrivals_at_a_random_server() {
    // M/M/1: −ln(1 − q) / (μ − λ). D/M/1 at ρ = 0.5: −ln(1 − q) / (μ · (1 − 0.2032)).
    let poisson = markov(
        "poisson",
        [(0.5, 2.77, 0.04), (0.9, 9.21, 0.05), (0.99, 18.42, 0.1)],
    );
    let constant = markov(
        "constant",
        [(0.5, 1.74, 0.04), (0.9, 5.78, 0.05), (0.99, 11.56, 0.08)],
    );
    let ratio = poisson / constant;
    assert!((ratio - 1.59).abs() < 0.2, "{ratio}");
}
