//! What judging by history is worth, on simulated nights: false alarms, same-night power, time.
//! `cargo bench --bench regression`; on labelled series of real systems: benches/labelled.py; live: benches/live.sh.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark that prints and may stop"
)]

use rand::{RngExt as _, SeedableRng as _};
use rand_distr::{Distribution as _, StandardNormal, StudentT};
use rand_xoshiro::Xoshiro256PlusPlus as Random;
use std::hint::black_box;
use std::time::Instant;
use tollgate::history::nights::{Digest, Effect, Figure, Key, Measure, Nights, Standing, judge};
use tollgate::history::paired::Pair;
use tollgate::history::{Better, Least, MEMORY, State, screen, trend};

/// Nights of quiet history before anything is judged; of a young one.
const HISTORY: usize = 20;
const YOUNG: usize = 5;
/// Nights that are judged, one after the other.
const NIGHTS: usize = 60;
const SERIES: u64 = 400;
const SAMPLES: u64 = 2000;
const PAIRS: usize = 8;

fn main() {
    alarms(HISTORY, NIGHTS);
    alarms(YOUNG, HISTORY - YOUNG);
    suspects();
    power();
    time();
}

fn normal(random: &mut Random) -> f64 {
    StandardNormal.sample(random)
}

const KINDS: [&str; 5] = [
    "gauss",
    "heavy tail (t, 3)",
    "5 % spikes",
    "AR(1) 0.5",
    "two hosts",
];

/// A history without a change, scatter 5 %.
fn quiet(kind: &str, runs: usize, random: &mut Random) -> Vec<f64> {
    let heavy = StudentT::new(3.0).unwrap();
    let mut last = normal(random);
    let mut noise = || match kind {
        "heavy tail (t, 3)" => 0.05 * heavy.sample(random) / 3_f64.sqrt(),
        "5 % spikes" if random.random::<f64>() < 0.05 => 0.2 + 0.3 * random.random::<f64>(),
        "gauss" | "5 % spikes" => 0.05 * normal(random),
        "AR(1) 0.5" => {
            last = 0.5 * last + 0.75_f64.sqrt() * normal(random);
            0.05 * last
        }
        _ if random.random::<f64>() < 0.3 => 0.1 + 0.03 * normal(random),
        _ => 0.03 * normal(random),
    };
    (0..runs).map(|_| 100.0 * noise().exp()).collect()
}

/// Every night judged as it comes; what is said counts once for a place, give or take five nights.
fn alarms(history: usize, nights: usize) {
    let series = SERIES * (NIGHTS / nights) as u64;
    println!(
        "false alarms per 100 nights of one series ({series} series, {nights} nights behind {history})"
    );
    println!("| nights | changes told | regressions (exit 5) |\n|---|---:|---:|");
    for kind in KINDS {
        let (mut both, mut worse) = (0, 0);
        for seed in 0..series {
            let all = quiet(kind, history + nights, &mut Random::seed_from_u64(seed));
            let mut told = Vec::new();
            let mut alarmed = Vec::new();
            for now in history + 1..=all.len() {
                let first = now.saturating_sub(MEMORY);
                let found = trend(&all[first..now], Better::Lower, Least::default());
                let Some(last) = found.changes.last() else {
                    continue;
                };
                let place = first + last.index;
                both += u32::from(fresh(&mut told, place));
                worse += u32::from(found.state == State::Regression && fresh(&mut alarmed, place));
            }
        }
        let nights = series as f64 * nights as f64 / 100.0;
        println!(
            "| {kind} | {:.2} | {:.2} |",
            f64::from(both) / nights,
            f64::from(worse) / nights
        );
    }
}

/// Whether a place is another than those before.
fn fresh(seen: &mut Vec<usize>, place: usize) -> bool {
    let fresh = !seen.iter().any(|s| s.abs_diff(place) <= 5);
    if fresh {
        seen.push(place);
    }
    fresh
}

/// Quiet nights that are suspect, and those that are not the first on end: 5 % and 1 % are what the bound promises.
fn suspects() {
    println!(
        "\nsuspects per 100 quiet nights of one series, others on end before them\n| nights | {YOUNG} to 11 before | 12 and more |\n|---|---:|---:|"
    );
    for kind in KINDS {
        let mut seen = [[0.0; 3]; 2];
        for seed in 0..SERIES {
            let all = quiet(kind, HISTORY + NIGHTS, &mut Random::seed_from_u64(seed));
            for now in YOUNG + 1..=all.len() {
                let first = now.saturating_sub(MEMORY + 1);
                let Some(found) = screen(&all[first..now], Better::Lower) else {
                    continue;
                };
                let row = &mut seen[usize::from(now > 12)];
                row[0] += 1.0;
                row[1] += f64::from(u8::from(found.nights > 0));
                row[2] += f64::from(u8::from(found.nights > 1));
            }
        }
        let [young, old] =
            seen.map(|[n, all, more]| format!("{:.1}, {:.2}", all * 100.0 / n, more * 100.0 / n));
        println!("| {kind} | {young} | {old} |");
    }
}

fn figure(value: f64) -> Figure {
    Figure {
        part: "flow/step".into(),
        measure: Measure::P95,
        value,
        n: 10_000,
    }
}

fn digest(day: usize, figures: Vec<Figure>) -> Digest {
    Digest {
        id: format!("{day:08}"),
        started: String::new(),
        revision: None,
        key: Key::default(),
        release: None,
        figures,
        limits: Vec::new(),
    }
}

/// A step tonight, seen tonight: the screen, and then pairs with the base. Half of the variance is the night's, which
/// pairs share.
fn power() {
    println!(
        "\nsame night: {HISTORY} nights before, the screen, then {PAIRS} pairs with the base ({SAMPLES} nights each)"
    );
    println!("| scatter | step | screen alone | screen and pairs |\n|---|---:|---:|---:|");
    for scatter in [0.03, 0.05, 0.1] {
        for step in [1.0, 1.05, 1.1, 1.2] {
            let (mut suspect, mut found) = (0, 0);
            for seed in 0..SAMPLES {
                let mut random = Random::seed_from_u64(seed);
                let part = scatter / 2_f64.sqrt();
                let mut of = |night: f64| 100.0 * (night + part * normal(&mut random)).exp();
                let mut dice = Random::seed_from_u64(seed + 1_000_000);
                let mut night = || part * normal(&mut dice);
                let runs = (0..HISTORY).map(|day| digest(day, vec![figure(of(night()))]));
                let nights = Nights {
                    runs: runs.collect(),
                    accepted: Vec::new(),
                };
                let tonight = night();
                let newest = digest(HISTORY, vec![figure(step * of(tonight))]);
                let mut judged = judge(&nights, &newest, Effect::default());
                if judged.of(Standing::Suspect).count() == 0 {
                    continue;
                }
                suspect += 1;
                let pair = |_| -> Pair {
                    let base = of(tonight);
                    (vec![figure(base)], vec![figure(step * of(tonight))])
                };
                let pairs: Vec<Pair> = (0..PAIRS).map(pair).collect();
                judged.confirm(&pairs, Effect::default());
                found += u32::from(judged.regressed());
            }
            let share = |count: u32| f64::from(count) * 100.0 / SAMPLES as f64;
            println!(
                "| {:.0} % | +{:.0} % | {:.1} % | {:.2} % |",
                scatter * 100.0,
                (step - 1.0) * 100.0,
                share(suspect),
                share(found)
            );
        }
    }
}

fn time() {
    const ROUNDS: u32 = 20;
    let mut random = Random::seed_from_u64(1);
    let all = quiet("gauss", MEMORY, &mut random);
    let start = Instant::now();
    for _ in 0..ROUNDS * 50 {
        black_box(trend(black_box(&all), Better::Lower, Least::default()));
    }
    let one = start.elapsed() / (ROUNDS * 50);
    let run = |day: usize, random: &mut Random| {
        let figures = (0..60).flat_map(|step| {
            let part = format!("flow/step {step}");
            Measure::ALL.map(|measure| Figure {
                measure,
                part: part.clone(),
                ..figure(100.0)
            })
        });
        let mut figures: Vec<Figure> = figures.collect();
        let noise = |f: &mut Figure| f.value *= (0.05 * normal(random)).exp();
        figures.iter_mut().for_each(noise);
        digest(day, figures)
    };
    let mut runs: Vec<Digest> = (0..61).map(|day| run(day, &mut random)).collect();
    let tonight = runs.pop().unwrap();
    let nights = Nights {
        runs,
        accepted: Vec::new(),
    };
    let start = Instant::now();
    for _ in 0..ROUNDS {
        black_box(judge(black_box(&nights), &tonight, Effect::default()));
    }
    let night = start.elapsed() / ROUNDS;
    println!(
        "\ntime: {one:?} for a series of 60 runs; {night:?} for a night of 60 steps, 300 series, {:?} a series",
        night / 300
    );
}
