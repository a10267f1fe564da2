//! The parts of a profile whose load changes while it is judged: stairs, stages, spikes. In: a verdict; out: a row a part,
//! in the order of time. Invariant: what is not known is a dash, and every text is clean.

use super::Point;
use crate::budget::{Broken, Planned, Stretch, StretchOutcome, Verdict};
use crate::report::text::{self, figure};
use crate::units::{format_count, format_share};

/// Names of [`PartRow::cells`].
pub const COLUMNS: [&str; 8] = [
    "planned", "achieved", "requests", "failed", "p50", "p95", "p99", "budgets",
];

/// One part.
#[derive(Debug, Clone, PartialEq)]
pub struct PartRow {
    /// As the plan calls it.
    pub name: String,
    /// In seconds since the run began.
    pub start: f64,
    /// In seconds since the run began.
    pub end: f64,
    /// What the plan offers, on average where it changes.
    pub planned: Option<Planned>,
    /// Requests that the arrivals drawn in it ask for, a second.
    pub offered: Option<f64>,
    /// Requests that ended in it, a second.
    pub achieved: Option<f64>,
    /// Requests due in it that ended, and dropped arrivals.
    pub n: u64,
    /// Those that did not pass.
    pub failed: u64,
    /// Of them all.
    pub failed_share: Option<f64>,
    /// Response time of answers that came in it.
    pub p50: Point,
    /// See `p50`.
    pub p95: Point,
    /// See `p50`.
    pub p99: Point,
    /// What the budgets say of it.
    pub outcome: StretchOutcome,
    /// How it was judged, where that is not plain.
    pub note: Option<String>,
}

impl PartRow {
    fn of(stretch: &Stretch) -> Self {
        let [p50, p95, p99] = stretch.response.map(Point::from);
        Self {
            name: text::line(&stretch.name),
            start: stretch.start as f64 / 1e9,
            end: stretch.end as f64 / 1e9,
            planned: stretch.planned,
            offered: stretch.offered,
            achieved: stretch.achieved,
            n: stretch.n,
            failed: stretch.failed,
            failed_share: stretch.failed_share(),
            p50,
            p95,
            p99,
            outcome: clean(&stretch.outcome),
            note: stretch.note.as_deref().map(text::line),
        }
    }

    /// In the order of [`COLUMNS`]: rates in requests a second, times in milliseconds.
    pub fn cells(&self) -> [String; 8] {
        let dash = || "–".to_owned();
        let failed = match (self.failed, self.failed_share) {
            (_, None) => dash(),
            (0, Some(_)) => "0".to_owned(),
            (_, Some(share)) => format_share(share),
        };
        [
            self.planned.map_or_else(dash, Planned::text),
            self.achieved
                .map_or_else(dash, |rate| format!("{} req/s", figure(rate))),
            format_count(self.n),
            failed,
            self.p50.text(),
            self.p95.text(),
            self.p99.text(),
            self.outcome.text(),
        ]
    }

    /// The same without what the budgets say.
    pub fn numbers(&self) -> Vec<String> {
        let mut cells = Vec::from(self.cells());
        cells.pop();
        cells
    }

    /// The class that colours it.
    pub fn tone(&self) -> &'static str {
        match self.outcome {
            StretchOutcome::Holds { .. } => "pass",
            StretchOutcome::Breaks { .. } => "fail",
            StretchOutcome::Undecided { .. }
            | StretchOutcome::GeneratorAtFault { .. }
            | StretchOutcome::Refused { .. } => "unsure",
            StretchOutcome::NotReached | StretchOutcome::NotJudged => "off",
        }
    }
}

pub(super) fn rows(verdict: &Verdict) -> Vec<PartRow> {
    verdict.stretches.iter().map(PartRow::of).collect()
}

/// Texts of budgets and names of steps come from files.
fn clean(outcome: &StretchOutcome) -> StretchOutcome {
    let line = |text: &String| text::line(text);
    match outcome {
        StretchOutcome::Breaks { budgets, failures } => StretchOutcome::Breaks {
            budgets: budgets
                .iter()
                .map(|broken| Broken {
                    budget: line(&broken.budget),
                    actual: line(&broken.actual),
                    ..*broken
                })
                .collect(),
            failures: failures.as_ref().map(line),
        },
        StretchOutcome::Undecided { why } => StretchOutcome::Undecided { why: line(why) },
        StretchOutcome::GeneratorAtFault { why } => {
            StretchOutcome::GeneratorAtFault { why: line(why) }
        }
        other => other.clone(),
    }
}
