//! A night in words and as JSON. In: a [`Night`]; out: text. Invariant: every number has its unit, and names that came
//! from files cannot act on a terminal or a CI log.

use crate::budget::Exit;
use crate::history::nights::{Key, Measure, Night, Standing};
pub(in crate::cli) use crate::report::{HistoryView, measured, named, percent};
use serde_json::json;

/// A measure with its unit, for columns.
pub(super) fn plain(measure: Measure) -> String {
    let unit = match measure {
        Measure::P50 | Measure::P95 | Measure::P99 => " ms",
        Measure::ErrorShare => "",
        Measure::Throughput => " per s",
    };
    format!("{}{unit}", measure.words())
}

/// The regressions in a few words.
pub(super) fn sentence(night: &Night) -> String {
    let mut all = night.of(Standing::Regression);
    let first = all.next().map_or_else(String::new, |f| {
        let change = f.ratio.map_or_else(String::new, percent);
        format!("regression: {} {change} against the runs before", named(f))
    });
    match all.count() {
        0 => first,
        more => format!("{first}, and {more} more"),
    }
}

/// For the reports of its run.
pub(super) fn view(night: &Night, key: &Key) -> HistoryView {
    HistoryView::judged(night, &key.to_string())
}

/// For machines.
pub(super) fn json(night: &Night, exit: &Exit) -> String {
    let all = json!({ "schema": "tollgate.history/1", "exit": exit, "night": night });
    format!("{all:#}\n")
}
