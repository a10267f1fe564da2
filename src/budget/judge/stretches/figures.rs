//! The figures of a part. In: the counts over time and the windows that lie in it; out: rates, requests, percentiles.
//! Invariant: counts are merged, never averaged, and what the record does not know is `None`.

use super::super::Run;
use super::super::share::Rule;
use super::super::windows::Series;
use super::Part;
use crate::budget::stretch::level;
use crate::budget::{Bound, Operator, Planned, Quantity, Statistic, Stretch, StretchOutcome};
use crate::record::{
    Failure, Model, PhaseRecord, Quantile, RunRecord, StepRecord, Window, Wrong, earlier,
};
use crate::units::{Arrivals, Nanos, Rate};

/// Fewer failures than this share are nothing to speak of.
const FEW: f64 = 0.01;

pub(super) struct Figures {
    /// Every request and those that did not pass, over time.
    series: Option<Series>,
    planned: Vec<Option<Planned>>,
    /// What every request without an answer took at least.
    timeout: Nanos,
}

impl Figures {
    pub(super) fn new(run: &Run<'_>, parts: &[Part<'_>]) -> Self {
        let errors = Rule {
            statistic: Statistic::ErrorRate,
            bound: Bound {
                operator: Operator::Less,
                limit: Quantity::Share(1.0),
            },
            allowed: 1.0,
        };
        let steps: Vec<&StepRecord> = run.record.steps.iter().collect();
        let timeouts = steps.iter().map(|s| s.measured.at_least());
        Self {
            series: Series::of(errors, steps.iter().map(|s| &s.measured)),
            planned: planned(run.record, parts),
            timeout: timeouts.fold(0, earlier),
        }
    }

    /// A part that is not judged yet.
    pub(super) fn of(&self, index: usize, part: &Part<'_>) -> Stretch {
        let (seen, counts) = (&part.seen, &part.seen.counts);
        let (n, failed) = match &self.series {
            Some(series) => series.slots[part.slots(series.width, series.slots.len())]
                .iter()
                .fold((0, 0), |(n, k), slot| (n + slot.0, k + slot.1)),
            None => (counts.ok + counts.not_ok, counts.not_ok),
        };
        let rate = |count| (seen.length > 0).then(|| seen.rate(count));
        let at = |q| match seen.quantile(q) {
            Some(value) => Quantile::Value(value),
            None if seen.timed_out > 0 => Quantile::AtLeast(self.timeout),
            None => Quantile::Nothing,
        };
        Stretch {
            name: part.phase.name.clone(),
            start: part.phase.start,
            end: part.phase.end,
            planned: self.planned[index],
            offered: rate(counts.offered),
            achieved: rate(counts.ok + counts.not_ok),
            n,
            failed,
            response: [0.5, 0.95, 0.99].map(at),
            outcome: StretchOutcome::NotJudged,
            note: None,
        }
    }
}

/// What most of a part's failures are, where there are many.
pub(super) fn failures(stretch: &Stretch, seen: &Window) -> Option<String> {
    let many = stretch.failed_share().is_some_and(|share| share >= FEW);
    let (kind, count) = seen.wrong.iter().max_by_key(|(_, count)| *count)?;
    let most = *count * 2 >= seen.counts.not_ok;
    (many && most).then(|| match kind {
        Wrong::Check(0) => "checks failed".to_owned(),
        Wrong::Check(class) => format!("checks failed on {class}xx answers"),
        Wrong::Failure(Failure::Timeout) => "timeouts".to_owned(),
        Wrong::Failure(failure) => failure.name().to_owned(),
    })
}

/// What the names of the parts say they offer. A part that rises or falls goes from the one before to its own level, or to
/// that of the next where it has none.
fn planned(record: &RunRecord, parts: &[Part<'_>]) -> Vec<Option<Planned>> {
    let named = |phase: &PhaseRecord| level(&phase.name).and_then(|text| amount(record, text));
    let before = record.phases.iter().take_while(|p| !p.measured);
    let mut end = before.filter_map(named).last();
    let mut all = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        let own = named(part.phase);
        let next = parts.get(index + 1).and_then(|next| named(next.phase));
        let to = own.or(next);
        let sloping = own.is_none() || part.phase.name.contains("(to ");
        let from = match end {
            Some(from) if sloping => Some(from),
            None if sloping && part.phase.name.contains("(to ") => to.map(|to| to.times(0.0)),
            _ => to,
        };
        all.push(from.zip(to).and_then(|(from, to)| from.mean(to)));
        end = to;
    }
    all
}

/// `300 req/s`, `to 50 users`, `at nothing`; flow starts as the requests they are expected to make.
fn amount(record: &RunRecord, text: &str) -> Option<Planned> {
    let text = text.trim_start_matches("at ").trim_start_matches("to ");
    let open = matches!(record.model, Model::Open { .. });
    match (text, text.strip_suffix(" users")) {
        ("nothing", _) if open => Some(Planned::Rate(0.0)),
        (_, Some(users)) => Some(Planned::Users(users.parse().ok()?)),
        _ => {
            let rate = Rate::parse_from_zero(text).ok()?;
            let requests = match (rate.of, record.model) {
                (
                    Arrivals::Flows,
                    Model::Open {
                        requests, flows, ..
                    },
                ) if flows > 0.0 => requests / flows,
                (Arrivals::Flows, _) => return None,
                (Arrivals::Requests, _) => 1.0,
            };
            Some(Planned::Rate(rate.per_second * requests))
        }
    }
}

impl Planned {
    fn times(self, factor: f64) -> Self {
        match self {
            Self::Rate(rate) => Self::Rate(rate * factor),
            Self::Users(users) => Self::Users(users * factor),
        }
    }

    fn mean(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Rate(a), Self::Rate(b)) => Some(Self::Rate(f64::midpoint(a, b))),
            (Self::Users(a), Self::Users(b)) => Some(Self::Users(f64::midpoint(a, b))),
            _ => None,
        }
    }
}
