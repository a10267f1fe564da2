//! Nights that have been, made up. In: a day, and how long a step took in it; out: when its run began and what it measured.
//! Invariant: the same every time, and nights of one level scatter by about 2 %.

use tollgate::record::{Outcome, Sample, Tally};

const MS: f64 = 1e6;

/// When the run of a day began.
pub(crate) fn started(day: usize) -> String {
    format!("2026-{:02}-{:02}T02:00:00Z", 1 + day / 28, 1 + day % 28)
}

/// By how much a day's times are off those of its level.
pub(crate) fn wobble(day: usize) -> f64 {
    1.0 + [0.01, -0.02, 0.0, 0.02, -0.01, 0.015, -0.015][day % 7]
}

/// So many requests between 80 % and 120 % of the time.
pub(crate) fn tally(requests: u32, ms: f64) -> Tally {
    let mut tally = Tally::default();
    for i in 0..requests {
        let done = (ms * (0.8 + 0.4 * f64::from(i) / f64::from(requests)) * MS) as u64;
        tally.record(&Sample {
            first_byte: Some(done),
            done,
            status: Some(200),
            received: 100,
            ..Sample::of(0, Outcome::Ok)
        });
    }
    tally
}
