//! Budgets at certain times. In: counts over time and the times; out: a finding. Invariant: a window without a
//! request is neither held nor broken, and where every window is such, nothing is decided.

mod series;

pub(super) use series::Series;

use super::share::{Count, Rule};
use super::{Finding, Run};
use crate::budget::statistics::inflation;
use crate::budget::text::decimal;
use crate::budget::{Budget, Outcome, When};
use crate::record::{StepRecord, Tally};
use crate::units::{Nanos, format_count, format_duration, format_share};
use series::sum;
use std::time::Duration;

/// Judges a budget at the times it names, or in a phase that is not measured.
pub(super) fn find(run: &Run<'_>, budget: &Budget, steps: &[&StepRecord]) -> Finding {
    let rule = Rule::of(budget);
    let phase = run.phase(budget);
    let measured = phase.is_none();
    let tallies: Vec<&Tally> = steps.iter().map(|s| tally(s, measured)).collect();
    let Some(series) = Series::of(rule, tallies.iter().copied()) else {
        let note = if tallies.iter().all(|t| t.ended() == 0) {
            "no request at that time"
        } else {
            "the run did not count this over time: run it again with this budget"
        };
        return Finding::nothing(Outcome::Undecided, note);
    };
    let (from, to) = phase.unwrap_or_else(|| run.measured());
    match budget.when {
        None => pooled(rule, series.between(from, to), run.smoke),
        Some(When::From(after)) => {
            let from = from.saturating_add(after);
            // The slot that holds the instant is not yet behind it.
            let from = from.div_ceil(series.width) * series.width;
            pooled(rule, series.between(from, to.max(from)), run.smoke)
        }
        Some(When::Windows { share, length }) => {
            let slots = series.between(from, to);
            let group = group(length, series.width);
            let starts = (0..).map(|i| i * group);
            let windows: Vec<_> = starts.zip(slots.chunks_exact(group)).collect();
            several(rule, &windows, (share, length), series.width).of(slots)
        }
        Some(When::Every(length)) => {
            let slots = series.between(from, to);
            let stretches = slots.windows(group(length, series.width));
            let windows: Vec<_> = stretches.enumerate().collect();
            several(rule, &windows, (1.0, length), series.width).of(slots)
        }
    }
}

impl Finding {
    /// With all requests of the time.
    fn of(self, slots: &[(u64, u64)]) -> Self {
        let (n, k) = sum(slots);
        Self {
            n,
            violations: Some(k),
            ..self
        }
    }
}

fn tally(step: &StepRecord, measured: bool) -> &Tally {
    if measured {
        &step.measured
    } else {
        &step.unmeasured
    }
}

/// Slots of a window.
fn group(length: Nanos, width: Nanos) -> usize {
    usize::try_from(length.div_ceil(width.max(1)))
        .unwrap_or(usize::MAX)
        .max(1)
}

/// All requests of the time together.
fn pooled(rule: Rule, slots: &[(u64, u64)], smoke: bool) -> Finding {
    let (n, k) = sum(slots);
    if n == 0 {
        return Finding::nothing(Outcome::Undecided, "no request at that time");
    }
    let count = Count {
        n,
        k,
        exact: true,
        inflation: if smoke { 1.0 } else { inflation(slots) },
    };
    Finding {
        actual: Some(rule.violating(count.share())),
        ..rule.finding(count, smoke)
    }
}

/// Window by window, each by its plain share. `held` is the share that must hold, and their length.
fn several(
    rule: Rule,
    windows: &[(usize, &[(u64, u64)])],
    (share, length): (f64, Nanos),
    width: Nanos,
) -> Finding {
    let counted: Vec<(usize, Count)> = windows
        .iter()
        .map(|(at, slots)| (*at, Count::plain(sum(slots))))
        .filter(|(_, count)| count.n > 0)
        .collect();
    let spoken = |nanos| format_duration(Duration::from_nanos(nanos));
    if counted.is_empty() {
        let note = format!("no whole window of {} with a request", spoken(length));
        return Finding::nothing(Outcome::Undecided, note);
    }
    let holding = counted.iter().filter(|(_, c)| rule.holds(*c)).count();
    let passed = holding as f64 >= share * counted.len() as f64 - 1e-9;
    let mut notes = Vec::new();
    let real = width.saturating_mul(group(length, width) as u64);
    if real != length {
        notes.push(format!(
            "windows of {}: the run is too long to keep shorter ones",
            spoken(real)
        ));
    }
    if counted.len() < windows.len() {
        let empty = (windows.len() - counted.len()) as u64;
        notes.push(format!(
            "{} without a request left out",
            format_count(empty)
        ));
    }
    let worst = counted
        .iter()
        .filter(|(_, c)| c.k > 0)
        .max_by(|a, b| a.1.share().total_cmp(&b.1.share()));
    Finding {
        outcome: if passed { Outcome::Pass } else { Outcome::Fail },
        actual: Some(format!(
            "{} of {} windows hold",
            format_count(holding as u64),
            format_count(counted.len() as u64)
        )),
        worst: worst.map(|(at, count)| {
            let after = spoken(width.saturating_mul(*at as u64));
            format!("{} at {after} of the phase", rule.violating(count.share()))
        }),
        notes,
        ..Finding::nothing(Outcome::Pass, "")
    }
}

impl Rule {
    /// "3.2 % over 500 ms (5 % may)".
    fn violating(self, share: f64) -> String {
        let may = decimal(self.allowed * 100.0);
        match self.bound.time() {
            Some(_) => {
                let limit = crate::budget::text::show(self.bound.limit);
                format!("{} over {limit} ({may} % may)", format_share(share))
            }
            None => format!("{} violate it ({may} % may)", format_share(share)),
        }
    }
}
