//! Guards as people read them. In: what became of each; out: rows with a sentence each. Invariant: a guard that held
//! says how near it came.

use crate::record::GuardRecord;
use crate::report::{seconds, text};
use crate::units::{Nanos, format_share};

/// One guard.
#[derive(Debug, Clone, PartialEq)]
pub struct GuardRow {
    /// As written.
    pub text: String,
    /// Line in the budget file.
    pub line: usize,
    /// When it tripped, in seconds since the run began.
    pub tripped: Option<f64>,
    /// Since when it was broken then, in seconds; while the run goes, since when it is.
    pub since: Option<f64>,
    /// The longest time on end for which it was broken, in seconds.
    pub longest: f64,
    /// The largest share of requests that broke it in one of its windows, as a fraction of one.
    pub worst: f64,
    /// What became of it, in words.
    pub finding: String,
}

impl GuardRow {
    pub(in crate::report::view) fn of(guard: &GuardRecord, now: Nanos) -> Self {
        let in_seconds = |at: u64| at as f64 / 1e9;
        Self {
            text: text::line(&guard.text),
            line: guard.line,
            tripped: guard.tripped.map(in_seconds),
            since: guard.since.map(in_seconds),
            longest: in_seconds(guard.longest),
            worst: guard.worst,
            finding: finding(guard, now),
        }
    }

    /// In capitals.
    pub fn word(&self) -> &'static str {
        match (self.tripped, self.since) {
            (Some(_), _) => "TRIPPED",
            // Only while the run goes.
            (None, Some(_)) => "BROKEN",
            _ => "HELD",
        }
    }
}

/// At an instant of the run; only while it goes that matters.
fn finding(guard: &GuardRecord, now: Nanos) -> String {
    let spoken = |at: u64| seconds(at as f64 / 1e9);
    let share = |share: f64| format!("{} of the requests broke it", format_share(share));
    match (guard.tripped, guard.since) {
        (Some(at), Some(since)) => format!(
            "tripped after {}, broken since {}; {} at the end",
            spoken(at),
            spoken(since),
            share(guard.share.unwrap_or_default())
        ),
        (None, Some(since)) => format!(
            "broken for {}, since {}; {} of the requests break it now",
            spoken(now.saturating_sub(since)),
            spoken(since),
            format_share(guard.share.unwrap_or_default())
        ),
        _ if guard.longest > 0 => format!(
            "broken for {} on end, not long enough; {} in its worst window",
            spoken(guard.longest),
            share(guard.worst)
        ),
        _ => format!("never broken; {} in its worst window", share(guard.worst)),
    }
}
