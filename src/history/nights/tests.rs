//! Nights with known answers, and files of a history.

use super::*;
use std::fs;

/// As version 0.1.0 wrote it.
const FORMAT_1: &str = include_str!("tests/format-1.json");

/// A night with one series of times and one of errors.
fn night(day: usize, ms: f64, errors: f64) -> Digest {
    let figure = |measure, value| Figure {
        part: "browse/list".into(),
        measure,
        value,
        n: 10_000,
    };
    Digest {
        id: format!(
            "2026{:02}{:02}T020000.000000Z-0000000{day:x}",
            1 + day / 28,
            1 + day % 28
        ),
        started: String::new(),
        revision: Some(format!("commit{day}")),
        key: Key {
            scenario: "shop".into(),
            profile: "nightly".into(),
            ..Key::default()
        },
        release: None,
        limits: Vec::new(),
        figures: vec![
            figure(Measure::P95, ms),
            figure(Measure::ErrorShare, errors),
        ],
    }
}

/// Scatter of about 2 %, without random numbers.
fn wobble(day: usize) -> f64 {
    1.0 + [0.01, -0.02, 0.0, 0.02, -0.01, 0.015, -0.015][day % 7]
}

fn quiet(days: usize) -> Nights {
    Nights {
        runs: (0..days)
            .map(|d| night(d, 200.0 * wobble(d), 0.0))
            .collect(),
        accepted: Vec::new(),
    }
}

fn standing(nights: &Nights, tonight: &Digest) -> (Standing, Standing) {
    let night = judge(nights, tonight, Effect::default());
    let of = |measure| {
        let mut all = night.findings.iter();
        all.find(|f| f.measure == measure).unwrap().standing
    };
    (of(Measure::P95), of(Measure::ErrorShare))
}

#[test]
fn a_slow_night_is_suspect_and_five_are_a_regression_until_accepted() {
    assert_eq!(
        standing(&quiet(4), &night(4, 300.0, 0.0)),
        (Standing::NoBaseline, Standing::NoBaseline)
    );
    let mut nights = quiet(20);
    let slow = |d| night(d, 240.0 * wobble(d), 0.0);
    for day in 20..24 {
        let (times, errors) = standing(&nights, &slow(day));
        assert_ne!(times, Standing::Regression, "day {day}");
        assert_eq!(errors, Standing::InLine);
        if day == 20 {
            assert_eq!(times, Standing::Suspect);
        }
        nights.runs.push(slow(day));
    }
    let found = judge(&nights, &slow(24), Effect::default());
    assert!(found.regressed());
    let first = &found.findings[0];
    assert_eq!(first.since.as_deref(), Some(nights.runs[20].id.as_str()));
    assert_eq!(first.revision.as_deref(), Some("commit20"));
    let (low, high) = first.interval.unwrap();
    assert!(low < 1.2 && 1.2 < high, "{first:?}");
    nights.runs.push(slow(24));
    nights.accepted.push(Acceptance {
        at: "2026-02-01T00:00:00Z".into(),
        reason: "the new search".into(),
        series: vec![Accepted {
            part: "browse/list".into(),
            measure: Measure::P95,
            from: nights.runs[20].id.clone(),
        }],
    });
    assert_eq!(standing(&nights, &slow(25)).0, Standing::Accepted);
    let worse = night(25, 300.0, 0.0);
    assert_eq!(standing(&nights, &worse).0, Standing::Suspect);
}

#[test]
fn a_step_in_a_young_history_is_suspect_until_five_nights_prove_it() {
    for before in 5..16 {
        let mut nights = quiet(before);
        for nth in 1..=8 {
            let tonight = night(before + nth - 1, 300.0 * wobble(before + nth), 0.0);
            let found = judge(&nights, &tonight, Effect::default());
            let first = found.findings.iter().find(|f| f.measure == Measure::P95);
            let first = first.unwrap();
            let wanted = if nth < 5 {
                (Standing::Suspect, nth)
            } else {
                (Standing::Regression, 0)
            };
            let place = format!("{before} nights, then {nth}: {first:?}");
            assert_eq!((first.standing, first.nights), wanted, "{place}");
            let since = if nth > 1 {
                &nights.runs[before].id
            } else {
                &tonight.id
            };
            assert_eq!(first.since.as_ref(), Some(since), "{place}");
            assert!(
                (first.baseline.unwrap() / 200.0 - 1.0).abs() < 0.02,
                "{place}"
            );
            nights.runs.push(tonight);
        }
    }
}

#[test]
fn a_small_step_is_a_shift_until_it_is_clear_that_it_lasts() {
    // 2.2, 3.6 and 13 times the scatter of about 1.5 %.
    for (step, first) in [(1.033, None), (1.055, Some(10)), (1.22, Some(5))] {
        let mut nights = quiet(40);
        let mut shifted = 0;
        for nth in 1..=30 {
            let day = 39 + nth;
            let tonight = night(day, 200.0 * step * wobble(day), 0.0);
            let found = judge(&nights, &tonight, Effect::default());
            let of = found.findings.iter().find(|f| f.measure == Measure::P95);
            let of = of.unwrap();
            let place = format!("{step}, night {nth}: {of:?}");
            let regressed = first.is_some_and(|first| nth >= first);
            assert_eq!(of.standing == Standing::Regression, regressed, "{place}");
            assert_eq!(found.regressed(), regressed, "{place}");
            if of.standing == Standing::Shift {
                shifted += 1;
                assert_eq!(of.nights, nth, "{place}");
                assert!(of.scatters.unwrap() < 5.0, "{place}");
            }
            nights.runs.push(tonight);
        }
        let wanted = match first {
            None => 5..26,
            Some(10) => 1..6,
            Some(_) => 0..1,
        };
        assert!(wanted.contains(&shifted), "{step}: {shifted} nights of it");
    }
}

#[test]
fn suspects_that_went_away_are_in_line_again_and_leave_no_trace() {
    let mut nights = quiet(8);
    for day in 8..11 {
        nights.runs.push(night(day, 260.0 * wobble(day), 0.0));
    }
    for day in 11..14 {
        let tonight = night(day, 200.0 * wobble(day), 0.0);
        assert_eq!(standing(&nights, &tonight).0, Standing::InLine, "day {day}");
        nights.runs.push(tonight);
    }
}

#[test]
fn a_regression_that_is_mended_is_over_the_first_good_night() {
    // A short slow spell is soon as if it had not been; a long one behind a long quiet one is a level of its own.
    let cases = [(20, 5, 1), (20, 12, 4), (6, 5, 0), (6, 20, 3)];
    for (before, slow, recovered) in cases {
        let mut nights = quiet(before);
        let mut add = |ms: f64| {
            let day = nights.runs.len();
            let tonight = night(day, ms * wobble(day), 0.0);
            let found = judge(&nights, &tonight, Effect::default());
            nights.runs.push(tonight);
            let mut all = found.findings.into_iter();
            all.find(|f| f.measure == Measure::P95).unwrap()
        };
        for _ in 0..slow {
            add(260.0);
        }
        assert_eq!(add(260.0).standing, Standing::Regression);
        for nth in 1..5 {
            let found = add(200.0);
            let place = format!("{before}, {slow}, good night {nth}: {found:?}");
            let wanted = if nth <= recovered {
                let baseline = found.baseline.unwrap();
                assert!((baseline / 200.0 - 1.0).abs() < 0.02, "{place}");
                (Standing::Recovered, nth)
            } else {
                (Standing::InLine, 0)
            };
            assert_eq!((found.standing, found.nights), wanted, "{place}");
        }
        if before >= 12 && slow >= 12 {
            assert_eq!(add(200.0).standing, Standing::Improvement);
            // Slow once more: told at once, and a regression in at most five nights.
            let again = [(); 5].map(|()| add(260.0).standing);
            assert!(again.iter().all(|s| *s <= Standing::Shift), "{again:?}");
            assert_eq!(again[4], Standing::Regression, "{again:?}");
        }
    }
    // Half of the way back is not in line with the level before.
    let mut nights = quiet(20);
    for day in 20..30 {
        nights.runs.push(night(day, 260.0 * wobble(day), 0.0));
    }
    let half = night(30, 230.0, 0.0);
    assert_eq!(standing(&nights, &half).0, Standing::Regression);
}

#[test]
fn what_is_small_or_better_is_no_regression() {
    let mut nights = quiet(20);
    for day in 20..26 {
        nights.runs.push(night(day, 160.0 * wobble(day), 0.0));
    }
    let better = night(26, 160.0, 0.0);
    assert_eq!(standing(&nights, &better).0, Standing::Improvement);
    // The next regression does not hide behind the improvement.
    let back = night(26, 200.0, 0.0);
    assert_eq!(standing(&nights, &back).0, Standing::Suspect);
    // 0.8 ms more of 4 ms is 20 %, and nobody sees it.
    let fast = Nights {
        runs: (0..20).map(|d| night(d, 4.0 * wobble(d), 0.0)).collect(),
        accepted: Vec::new(),
    };
    assert_eq!(standing(&fast, &night(20, 4.8, 0.0)).0, Standing::InLine);
    // One error of 10,000 is none; one of a hundred is.
    let nights = quiet(20);
    assert_eq!(
        standing(&nights, &night(20, 200.0, 0.0001)).1,
        Standing::InLine
    );
    assert_eq!(
        standing(&nights, &night(20, 200.0, 0.01)).1,
        Standing::Suspect
    );
}

#[test]
fn later_runs_do_not_judge_earlier_ones() {
    let found = judge(&quiet(20), &night(3, 200.0, 0.0), Effect::default());
    assert_eq!(found.before, 3);
}

#[test]
fn files_are_read_as_written_and_those_of_format_1_too() {
    let place = tempfile::tempdir().unwrap();
    let folder = Folder::new(Place::Folder(place.path().join("history")));
    folder.open().unwrap();
    let one = night(0, 200.0, 0.0);
    folder.add(&one).unwrap();
    folder.add(&one).unwrap();
    let path = place.path().join("history").join("old");
    fs::create_dir_all(&path).unwrap();
    fs::write(path.join("20261101T020000.000000Z-00000000.json"), FORMAT_1).unwrap();
    fs::write(path.join(".half-a-file.json.7"), "{").unwrap();
    let all = folder.all().unwrap();
    assert_eq!(all.len(), 2);
    let old = &all["old"].runs[0];
    assert_eq!(old.key.scenario, "shop");
    assert_eq!(
        old.figure("browse/list", Measure::P95).unwrap().value,
        197.0
    );
    assert_eq!(folder.nights(&one.key).unwrap().runs, [one]);
}

#[test]
fn damaged_and_newer_files_are_named() {
    let place = tempfile::tempdir().unwrap();
    let folder = Folder::new(Place::Folder(place.path().to_owned()));
    fs::create_dir_all(place.path().join("a")).unwrap();
    for (text, words) in [
        ("{", "damaged"),
        (r#"{"tollgate_history": 99, "run": 3}"#, "has format 99"),
        (r#"{"tollgate_history": 1, "run": 3}"#, "damaged"),
    ] {
        fs::write(place.path().join("a/x.json"), text).unwrap();
        let error = folder.all().unwrap_err().to_string();
        assert!(error.contains(words) && error.contains("x.json"), "{error}");
    }
}

#[test]
fn what_says_nothing_is_refused() {
    for reason in Reason::ALL {
        let enters = matches!(
            reason,
            Reason::Pass | Reason::CheckFailed | Reason::BudgetFailed | Reason::Regression
        );
        assert_eq!(refused(&Exit::of([reason])).is_none(), enters, "{reason:?}");
    }
    // A budget with too little data behind one that failed: the figures with enough are as good as ever.
    let both = Exit::of([Reason::BudgetFailed, Reason::Undecided]);
    assert_eq!(refused(&both), None);
    let cut = Exit::of([Reason::BudgetFailed, Reason::Interrupted]);
    assert_eq!(refused(&cut), Some(Reason::Interrupted));
}
