//! What the statistics promise, on simulated runs with known truth. Long ones are ignored: run them with
//! `cargo test --release --lib simulation -- --ignored --nocapture`.

use super::*;
use rand::{RngExt as _, SeedableRng as _};
use rand_distr::{Distribution as _, Exp1};
use rand_xoshiro::Xoshiro256PlusPlus as Rng;

const RATE: f64 = 500.0;

/// Sojourn times of an M/M/1 queue that starts in its steady state, in units of the mean service time: (second of
/// the arrival, time).
fn queue(rng: &mut Rng, load: f64, requests: usize) -> Vec<(f64, f64)> {
    let exp = |rng: &mut Rng| -> f64 { Exp1.sample(rng) };
    // A wait of the steady state: nothing with 1 − ρ, else exponential.
    let mut wait = if rng.random::<f64>() < load {
        exp(rng) / (1.0 - load)
    } else {
        0.0
    };
    let mut at = 0.0;
    (0..requests)
        .map(|_| {
            let sojourn = wait + exp(rng);
            let gap = exp(rng);
            let seen = (at, sojourn);
            at += gap / RATE;
            wait = (sojourn - gap / load).max(0.0);
            seen
        })
        .collect()
}

/// Requests and violations of each second.
fn seconds(times: &[(f64, f64)], limit: f64) -> Vec<(u64, u64)> {
    let mut slots = Vec::new();
    for (at, time) in times {
        let slot = *at as usize;
        if slots.len() <= slot {
            slots.resize(slot + 1, (0, 0));
        }
        slots[slot].0 += 1;
        slots[slot].1 += u64::from(*time > limit);
    }
    slots
}

fn sample(slots: &[(u64, u64)], inflation: f64) -> Sample {
    let (n, k) = slots.iter().fold((0, 0), |(n, k), s| (n + s.0, k + s.1));
    Sample { n, k, inflation }
}

/// Share of runs in which the interval of p99 holds the true one; with and without inflation, and the mean of it.
fn coverage(load: f64, runs: usize) -> (f64, f64, f64) {
    let mut rng = Rng::seed_from_u64(6);
    // P(T > t) = exp(−(1 − ρ)·t) in units of the service time.
    let p99 = -(0.01_f64.ln()) / (1.0 - load);
    let (mut ours, mut naive, mut sum) = (0, 0, 0.0);
    for _ in 0..runs {
        let slots = seconds(&queue(&mut rng, load, 30_000), p99);
        let factor = inflation(&slots);
        sum += factor;
        ours += u32::from(sample(&slots, factor).evident(0.01) == Evident::Neither);
        naive += u32::from(sample(&slots, 1.0).evident(0.01) == Evident::Neither);
    }
    let share = |hits: u32| f64::from(hits) / runs as f64;
    (share(ours), share(naive), sum / runs as f64)
}

#[test]
fn intervals_of_a_busy_queue_hold_the_truth() {
    // 60 s at 500 requests a second, 300 runs: how often the interval of p99 holds the true one, at least; and without
    // inflation, at most. At ρ 0.9 a minute is too short for the 95 % that are meant.
    for (load, least, most) in [
        (0.1, 0.87, 0.9),
        (0.5, 0.9, 0.5),
        (0.8, 0.85, 0.2),
        (0.9, 0.7, 0.1),
    ] {
        let (ours, naive, inflation) = coverage(load, 300);
        println!("ρ {load}: ours {ours:.3}, naive {naive:.3}, mean inflation {inflation:.1}");
        assert!(
            ours >= least && naive <= most,
            "{load}: {ours} {naive} {inflation}"
        );
    }
}

/// Share of runs that the test ends with "below" and with "above", looked at after every request.
fn sequential(runs: usize, most: u64, p: f64, allowed: f64) -> (f64, f64) {
    let mut rng = Rng::seed_from_u64(19);
    let (mut below, mut above) = (0, 0);
    for _ in 0..runs {
        let mut k = 0.0;
        for n in 1..=most {
            let bad = rng.random::<f64>() < p;
            k += f64::from(u8::from(bad));
            // Evidence for "above" only grows at a violation; the other is looked at now and then.
            if !(bad || n % 25 == 0) {
                continue;
            }
            match decided(k, n as f64, allowed, 1.0) {
                Some(true) => below += 1,
                Some(false) => above += 1,
                None => continue,
            }
            break;
        }
    }
    (
        f64::from(below) / runs as f64,
        f64::from(above) / runs as f64,
    )
}

#[test]
fn looking_all_the_time_errs_as_seldom_as_looking_once() {
    let (pass, fail) = sequential(200, 10_000, 0.01, 0.01);
    assert!(pass <= 0.08 && fail <= 0.08, "{pass} {fail}");
    assert_eq!(sequential(20, 4_000, 0.05, 0.01).1, 1.0);
    assert_eq!(sequential(20, 4_000, 0.001, 0.01).0, 1.0);
    assert_eq!(decided(30.0, 30.0, 0.01, 1.0), Some(false));
    let first = (1..1_000).find(|n| decided(0.0, f64::from(*n), 0.01, 1.0).is_some());
    // A single look needs 299.
    assert!(first.is_some_and(|n| (299..=390).contains(&n)), "{first:?}");
}

#[test]
#[ignore = "a minute"]
fn errors_of_the_sequential_test() {
    for allowed in [0.01, 0.001] {
        let (pass, fail) = sequential(2_000, 30_000, allowed, allowed);
        println!("at the limit {allowed}: false pass {pass:.4}, false fail {fail:.4}");
        assert!(pass <= 0.05 && fail <= 0.05);
    }
    for (load, factor) in [(0.5, 2.0), (0.8, 2.0), (0.5, 0.5), (0.8, 0.5)] {
        let (pass, fail, seconds) = early(load, factor, 400);
        println!(
            "ρ {load}, {factor} × the budget: pass {pass:.4}, fail {fail:.4}, median stop {seconds} s"
        );
        if factor > 1.0 {
            assert!(pass <= 0.05, "{pass}");
        } else {
            assert!(fail <= 0.01, "{fail}");
        }
    }
}

/// A queue whose share over the limit is `factor` × 1 %, looked at every second from the twentieth on.
fn early(load: f64, factor: f64, runs: usize) -> (f64, f64, usize) {
    let mut rng = Rng::seed_from_u64(20);
    let limit = -(0.01_f64 * factor).ln() / (1.0 - load);
    let (mut pass, mut fail, mut stops) = (0, 0, Vec::new());
    for _ in 0..runs {
        let slots = seconds(&queue(&mut rng, load, 60_000), limit);
        for second in 20..slots.len() {
            let seen = sample(&slots[..second], inflation(&slots[..second]));
            let (k, n) = (
                seen.k as f64 / seen.inflation,
                seen.n as f64 / seen.inflation,
            );
            match decided(k, n, 0.01, 1.0) {
                Some(true) => pass += 1,
                Some(false) => fail += 1,
                None => continue,
            }
            stops.push(second);
            break;
        }
    }
    stops.sort_unstable();
    let median = stops.get(stops.len() / 2).copied().unwrap_or_default();
    (
        f64::from(pass) / runs as f64,
        f64::from(fail) / runs as f64,
        median,
    )
}

/// Shares of decided passes, marginal passes, marginal failures, decided failures and undecided runs; and of passes
/// by the plain share alone. Independent requests.
fn gate(n: u64, factor: f64, runs: u32) -> ([f64; 5], f64) {
    let mut rng = Rng::seed_from_u64(n);
    let (mut ours, mut plain) = ([0.0; 5], 0.0);
    for _ in 0..runs {
        let k = (0..n)
            .filter(|_| rng.random::<f64>() < 0.01 * factor)
            .count() as u64;
        let inflation = 1.0;
        let green = k as f64 <= 0.01 * n as f64;
        let said = match (Sample { n, k, inflation }).evident(0.01) {
            Evident::Below => 0,
            Evident::Above => 3,
            Evident::Neither if n < smallest_sample(0.01) => 4,
            Evident::Neither => 1 + usize::from(!green),
        };
        ours[said] += 1.0 / f64::from(runs);
        plain += f64::from(u8::from(green)) / f64::from(runs);
    }
    (ours, plain)
}

#[test]
#[ignore = "a minute"]
fn flaky_gates() {
    println!(
        "| n | truth | pass | marginal pass | marginal fail | fail | undecided | point rule green | red |"
    );
    for n in [200, 1_000, 3_000, 30_000] {
        for factor in [0.8, 1.25] {
            let (ours, plain) = gate(n, factor, 2_000);
            let [pass, green, red, fail, undecided] = ours.map(|s| format!("{:.1} %", s * 100.0));
            println!(
                "| {n} | {factor} × | {pass} | {green} | {red} | {fail} | {undecided} | {:.1} % | {:.1} % |",
                plain * 100.0,
                100.0 - plain * 100.0
            );
            // A clear verdict is wrong in at most one run of twenty.
            let wrong = if factor < 1.0 { ours[3] } else { ours[0] };
            assert!(wrong <= 0.05, "{n} {factor} {wrong}");
        }
    }
}
