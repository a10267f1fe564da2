//! Nights before the sample run, the same every time: 26 of them, with a scatter of about 2 %. Payments became slower six
//! nights before the newest, the landing page quicker; tonight `add to cart` is out of line by itself, and the slower
//! sign-in was accepted.

use super::sample_run;
use tollgate::budget::{Reason, Verdict};
use tollgate::history::nights::{
    Acceptance, Accepted, Digest, Effect, Figure, Measure, Night, Nights, judge,
};
use tollgate::record::RunRecord;

const DAYS: usize = 26;
/// The night from which payments are slower and the landing page quicker, and that of the slower sign-in.
const CHANGED: usize = 20;
const SIGN_IN: usize = 12;
/// The first night of a new release.
const RELEASED: usize = 19;

/// The newest run, and those before it.
pub(crate) fn nights() -> (RunRecord, Nights, Digest) {
    let (mut record, _) = sample_run::pass();
    record.started = "2026-11-21T02:00:00Z".into();
    let mut tonight = Digest::of(&record, Some("ci-large"))
        .unwrap()
        .released(Some("v2.4.0"));
    let runs = (0..DAYS).map(|day| before(&tonight, day)).collect();
    for figure in &mut tonight.figures {
        let times = figure.measure.quantile().is_some();
        if times && figure.part == "purchase/add to cart" {
            figure.value *= 1.25;
        }
    }
    let accepted = |measure| Accepted {
        part: "purchase/sign in".into(),
        measure,
        from: id(SIGN_IN),
    };
    let accepted = Acceptance {
        at: "2026-11-08T08:30:00Z".into(),
        reason: "passwords are hashed with more rounds now".into(),
        series: [Measure::P50, Measure::P95, Measure::P99]
            .map(accepted)
            .into(),
    };
    let nights = Nights {
        runs,
        accepted: vec![accepted],
    };
    (record, nights, tonight)
}

/// The newest run judged: its record, the verdict of its budgets with the regression in it, and the night.
pub(crate) fn judged() -> (RunRecord, Verdict, Night, Digest) {
    let (record, nights, tonight) = nights();
    let night = judge(&nights, &tonight, Effect::default());
    let mut verdict = tollgate::budget::judge(&record, Some(&sample_run::budgets()));
    verdict.exit = tollgate::budget::Exit::of([Reason::Regression]);
    verdict.sentence =
        "FAIL: regression: p50 of purchase/pay +24.8 % against the runs before, and 2 more".into();
    (record, verdict, night, tonight)
}

fn id(day: usize) -> String {
    let (month, of_month) = if day < 5 {
        (10, 27 + day)
    } else {
        (11, day - 4)
    };
    format!("2026{month}{of_month:02}T020000.000000Z-{day:08x}")
}

fn before(tonight: &Digest, day: usize) -> Digest {
    let figures = tonight.figures.iter().enumerate();
    let figures = figures.map(|(index, figure)| Figure {
        value: figure.value * factor(figure, day) * wobble(day * 7 + index * 3),
        ..figure.clone()
    });
    let id = id(day);
    Digest {
        started: format!("{}-{}-{}T02:00:00Z", &id[..4], &id[4..6], &id[6..8]),
        revision: Some(format!(
            "{:07x}",
            0x00c0_ffee_u32.rotate_left(day as u32) >> 4
        )),
        release: Some(if day < RELEASED { "v2.3.0" } else { "v2.4.0" }.to_owned()),
        figures: figures.collect(),
        id,
        ..tonight.clone()
    }
}

fn factor(figure: &Figure, day: usize) -> f64 {
    if figure.measure.quantile().is_none() {
        return 1.0;
    }
    match figure.part.as_str() {
        "purchase/pay" if day < CHANGED => 0.8,
        "browse/landing" if day < CHANGED => 1.3,
        "purchase/sign in" if day < SIGN_IN => 0.85,
        _ => 1.0,
    }
}

/// Scatter of about 2 %, without random numbers.
fn wobble(n: usize) -> f64 {
    1.0 + [
        0.01, -0.02, 0.0, 0.02, -0.01, 0.015, -0.015, 0.005, -0.03, 0.025, 0.0,
    ][n % 11]
}
