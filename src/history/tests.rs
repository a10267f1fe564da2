//! The detector on series with known answers, and on labelled ones where they are at hand.

use super::*;
use rand::{RngExt as _, SeedableRng as _};
use rand_distr::{Distribution as _, StandardNormal, StudentT};
use rand_xoshiro::Xoshiro256PlusPlus;

/// 40 runs at 200 ms with one bad night, 20 at 230 ms: scatter 2 %.
const STEP: &str = include_str!("tests/step.csv");
/// 60 runs at 150 ms with three bad nights: scatter 4 %.
const QUIET: &str = include_str!("tests/quiet.csv");

fn values(text: &str) -> Vec<f64> {
    let columns = Columns {
        run: "run".into(),
        value: "value".into(),
    };
    read_table(text, &columns).unwrap().remove(0).values
}

#[test]
fn a_step_is_found_where_it_is_and_a_quiet_series_has_none() {
    let found = trend(&values(STEP), Better::Lower, Least::default());
    assert_eq!(found.state, State::Regression);
    assert_eq!(found.changes.len(), 1);
    let change = &found.changes[0];
    assert!(change.index.abs_diff(40) <= 1, "{change:?}");
    assert!(
        change.interval.0 < 1.15 && 1.15 < change.interval.1,
        "{change:?}"
    );
    let better = trend(&values(STEP), Better::Higher, Least::default());
    assert_eq!(better.changes, found.changes);
    assert_ne!(better.state, State::Regression);
    let quiet = trend(&values(QUIET), Better::Lower, Least::default());
    assert!(quiet.changes.is_empty(), "{quiet:?}");
}

#[test]
fn a_change_below_the_least_effect_is_none() {
    for least in [
        Least {
            share: 0.2,
            absolute: 0.0,
        },
        Least {
            share: 0.01,
            absolute: 50.0,
        },
    ] {
        assert!(detect(&values(STEP), least).is_empty(), "{least:?}");
    }
}

#[test]
fn a_ratio_does_not_depend_on_the_unit_and_turns_with_time() {
    let forward = values(STEP);
    let scaled: Vec<f64> = forward.iter().map(|v| v * 1e-3).collect();
    let mut backward = forward.clone();
    backward.reverse();
    let places = |v: &[f64]| {
        let found = detect(v, Least::default());
        found.iter().map(|c| c.index).collect::<Vec<_>>()
    };
    assert_eq!(places(&forward), places(&scaled));
    let turned: Vec<usize> = places(&backward).iter().map(|i| 60 - i).collect();
    assert_eq!(places(&forward), turned);
}

#[test]
fn short_constant_and_zero_series_are_no_trouble() {
    for n in 0..30 {
        for value in [0.0, 1.0, 1e-300, 1e300] {
            let found = trend(&vec![value; n], Better::Lower, Least::default());
            assert!(found.changes.is_empty());
            let state = if n <= FEWEST {
                State::NoBaseline
            } else {
                State::None
            };
            assert_eq!(found.state, state, "{n} of {value}");
        }
    }
}

#[test]
fn the_screen_suspects_one_bad_night_and_says_what_it_can_see() {
    let level = [
        100.0, 102.0, 98.0, 101.0, 99.0, 100.0, 103.0, 97.0, 100.0, 101.0, 99.0, 100.0,
    ];
    let with = |newest: &[f64], better| screen(&[&level, newest].concat(), better).unwrap();
    let seen = with(&[120.0], Better::Lower);
    assert!(seen.beyond && (seen.level - 100.0).abs() < 0.1 && seen.visible > 1.03);
    assert_eq!((seen.nights, seen.runs), (1, 12));
    assert_eq!(with(&[102.0], Better::Lower).nights, 0);
    assert!(!with(&[120.0], Better::Higher).beyond);
    assert!(with(&[80.0], Better::Higher).beyond);
    // Bad nights on end are judged by those before them, as the first was.
    let four = with(&[118.0, 130.0, 112.0, 120.0], Better::Lower);
    assert_eq!((four.nights, four.runs, four.bound), (4, 12, seen.bound));
    assert!(!with(&[118.0, 130.0, 112.0, 101.0], Better::Lower).beyond);
    assert_eq!(screen(&level[..5], Better::Lower), None);
    assert!(screen(&level[..6], Better::Lower).is_some());
}

#[test]
fn rows_of_a_run_are_one_value_and_bad_rows_have_a_line() {
    let columns = Columns {
        run: "build".into(),
        value: "ms".into(),
    };
    let read = |text: &str| read_table(text, &columns);
    let series =
        read("build,ms,commit,metric\na,1,c1,p95\na,3,c1,p95\nb,5,,p95\nb,7,,p99\n").unwrap();
    assert_eq!(series.len(), 2);
    assert_eq!(
        (&series[0].values[..], series[0].runs.len()),
        (&[2.0, 5.0][..], 2)
    );
    assert_eq!(series[0].commits, [Some("c1".into()), None]);
    for (text, line, words) in [
        ("build,value\na,1\n", 1, "no column `ms`"),
        ("build,ms\na,1\nb,12ms\n", 3, "`12ms`"),
        ("build,ms\na,NaN\n", 2, "`NaN`"),
        ("build,ms\na,-1\n", 2, "`-1`"),
        ("build,ms\na,1\nb\n", 3, "1 fields"),
        ("build,ms\n", 1, "no rows"),
        ("", 1, "no column"),
    ] {
        let error = read(text).unwrap_err();
        assert_eq!(error.line, line, "{error}");
        assert!(error.what.contains(words), "{error}");
    }
}

type Random = Xoshiro256PlusPlus;

fn normal(random: &mut Random) -> f64 {
    StandardNormal.sample(random)
}

/// A quiet history: scatter 5 %, of one of five kinds.
fn quiet(kind: &str, runs: usize, random: &mut Random) -> Vec<f64> {
    let heavy = StudentT::new(3.0).unwrap();
    let mut last = normal(random);
    let mut noise = || match kind {
        "heavy tail" => 0.05 * heavy.sample(random) / 3_f64.sqrt(),
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

const KINDS: [&str; 5] = [
    "gauss",
    "heavy tail",
    "5 % spikes",
    "AR(1) 0.5",
    "two hosts",
];

/// Regressions per 100 nights, 60 nights a series after 20 of history, once a place.
fn alarms(kind: &str, series: u64) -> f64 {
    let mut alarms = 0;
    for seed in 0..series {
        let all = quiet(kind, 80, &mut Random::seed_from_u64(seed));
        let mut seen: Vec<usize> = Vec::new();
        for now in 21..=80_usize {
            let first = now.saturating_sub(MEMORY);
            let found = trend(&all[first..now], Better::Lower, Least::default());
            if found.state != State::Regression {
                continue;
            }
            let place = first + found.changes.last().unwrap().index;
            if !seen.iter().any(|s| s.abs_diff(place) <= 5) {
                seen.push(place);
                alarms += 1;
            }
        }
    }
    let nights = series as f64 * 60.0 / 100.0;
    f64::from(alarms) / nights
}

#[test]
fn quiet_histories_stay_quiet() {
    for kind in KINDS {
        let alarms = alarms(kind, 20);
        assert!(alarms <= 0.3, "{kind}: {alarms} per 100 nights");
    }
}

/// Predictions within 5 runs of a mark, each used once.
fn hits(marks: &[usize], found: &[usize]) -> usize {
    let mut left = found.to_vec();
    let mut near = 0;
    for mark in marks {
        let best = (0..left.len()).filter(|&i| left[i].abs_diff(*mark) <= 5);
        if let Some(i) = best.min_by_key(|&i| left[i].abs_diff(*mark)) {
            left.remove(i);
            near += 1;
        }
    }
    near
}

/// `TOLLGATE_LABELLED`: JSON Lines with `id`, `values`, `clusters` ([index, votes]) and `n_annotators`.
#[test]
#[ignore = "needs labelled series that are not ours to publish"]
fn measure_labelled_series() {
    let Some(path) = std::env::var_os("TOLLGATE_LABELLED") else {
        eprintln!(
            "skipped: TOLLGATE_LABELLED names no file of labelled series (JSON Lines, unpacked)"
        );
        return;
    };
    let (mut agreed, mut found_agreed, mut made, mut right) = (0, 0, 0, 0);
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let series: serde_json::Value = serde_json::from_str(line).unwrap();
        let list = |v: &serde_json::Value| v.as_array().unwrap().clone();
        let values: Vec<f64> = list(&series["values"])
            .iter()
            .map(|v| v.as_f64().unwrap())
            .collect();
        let people = series["n_annotators"].as_u64().unwrap();
        let need = if people >= 4 { 3 } else { people.min(2) };
        let marks = list(&series["clusters"]);
        let place = |m: &serde_json::Value| m[0].as_u64().unwrap() as usize;
        let any: Vec<usize> = marks.iter().map(place).collect();
        let votes = |m: &&serde_json::Value| m[1].as_u64().unwrap() >= need;
        let most: Vec<usize> = marks.iter().filter(votes).map(place).collect();
        let found: Vec<usize> = detect(&values, Least::default())
            .iter()
            .map(|c| c.index)
            .collect();
        let (hit, fine) = (hits(&most, &found), hits(&any, &found));
        eprintln!(
            "{} missed {} false {}",
            series["id"],
            most.len() - hit,
            found.len() - fine
        );
        agreed += most.len();
        found_agreed += hit;
        made += found.len();
        right += fine;
    }
    let (recall, precision) = (
        f64::from(found_agreed as u32) / agreed as f64,
        right as f64 / made as f64,
    );
    let f = 2.0 * recall * precision / (recall + precision);
    eprintln!("recall {recall:.3} precision {precision:.3} F {f:.3}");
    assert!(f >= 0.8);
}
