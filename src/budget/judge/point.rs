//! Budgets on a plain value: mean, max and throughput. In: tallies, arrivals and a bound; out: a finding.
//! Invariant: a request that was never answered cannot improve the value.

use super::{Finding, no_data};
use crate::budget::{Bound, Operator, Outcome, Quantity, Statistic};
use crate::record::{Histogram, Metric, Model, RunRecord, StepRecord};
use crate::units::{Nanos, format_count, format_nanos, format_share, significant};

/// Share of the requests that may stay unanswered, in a throughput (of those drawn) and in a mean.
const SHORTFALL: f64 = 0.01;

/// The latencies of some steps, and the requests that have none.
#[derive(Default)]
struct Latencies {
    answered: Histogram,
    timed_out: u64,
    timeout: Nanos,
    /// Failed or never sent.
    lost: u64,
}

impl Latencies {
    fn new(metric: Metric, steps: &[&StepRecord]) -> Self {
        let mut all = Self::default();
        for tally in steps.iter().map(|s| &s.measured) {
            all.answered.merge(&tally.latencies(metric));
            all.lost += tally.dropped;
            if !metric.of_connections() {
                all.lost += tally.failed;
                all.timed_out += tally.timed_out;
                all.timeout = all.timeout.max(tally.timeout);
            }
        }
        all
    }

    fn missing(&self) -> u64 {
        self.timed_out + self.lost
    }

    fn n(&self) -> u64 {
        self.answered.count() + self.missing()
    }

    /// The mean, with every request that has no latency at `penalty` or the slowest known time; `None` where
    /// these are too many for such a guess.
    fn mean(&self, penalty: Nanos) -> Option<Nanos> {
        if self.missing() as f64 > SHORTFALL * self.n() as f64 {
            return None;
        }
        let known = self.answered.mean()?;
        let worst = self.timeout.max(penalty).max(self.answered.max()?);
        let (count, missing) = (
            u128::from(self.answered.count()),
            u128::from(self.missing()),
        );
        let sum = u128::from(known) * count + u128::from(worst) * missing;
        u64::try_from(sum / (count + missing)).ok()
    }

    /// A value, or how many requests have none.
    fn text(&self, value: Option<Nanos>) -> String {
        match value {
            Some(value) if self.missing() > 0 => format!("≥ {}", format_nanos(value)),
            Some(value) => format_nanos(value),
            None => {
                let share = self.missing() as f64 / self.n().max(1) as f64;
                format!("no value: {} failed", format_share(share))
            }
        }
    }
}

fn limit(bound: Bound) -> Nanos {
    bound.time().unwrap_or_default()
}

fn outcome(passed: bool) -> Outcome {
    if passed { Outcome::Pass } else { Outcome::Fail }
}

/// Judges a mean. Failed, timed-out and dropped requests count at the highest of timeout, slowest answer and limit;
/// where they are more than 1 %, there is no mean that could hold.
pub(super) fn mean(metric: Metric, bound: Bound, steps: &[&StepRecord]) -> Finding {
    let value = |all: &Latencies| all.mean(limit(bound));
    let mut finding = latency(Statistic::Mean(metric), bound, steps, value);
    let missing = Latencies::new(metric, steps).missing();
    let count = format_count(missing);
    if missing > 0 && finding.headroom.is_some() {
        let at = "at the timeout, the slowest answer or the limit, whichever is highest";
        finding
            .notes
            .push(format!("{count} without an answer counted {at}"));
    } else if missing > 0 {
        let most = format_share(SHORTFALL);
        let note = format!("{count} without an answer: a mean needs all but {most} of them");
        finding.notes.push(note);
    }
    finding
}

/// Judges a maximum. A request without an answer has no latency that could be below a limit.
pub(super) fn max(metric: Metric, bound: Bound, steps: &[&StepRecord]) -> Finding {
    let value = |all: &Latencies| {
        let highest = all.answered.max().max(Some(all.timeout).filter(|t| *t > 0));
        highest.filter(|_| all.lost == 0)
    };
    let mut finding = latency(Statistic::Max(metric), bound, steps, value);
    let missing = Latencies::new(metric, steps).missing();
    if missing > 0 {
        finding.outcome = Outcome::Fail;
        let note = format!(
            "{} without an answer have no latency",
            format_count(missing)
        );
        finding.notes.push(note);
    }
    finding
}

fn latency(
    statistic: Statistic,
    bound: Bound,
    steps: &[&StepRecord],
    value: impl Fn(&Latencies) -> Option<Nanos>,
) -> Finding {
    let metric = statistic.metric().unwrap_or(Metric::Response);
    let all = Latencies::new(metric, steps);
    if all.n() == 0 {
        return Finding::nothing(Outcome::Undecided, no_data(statistic));
    }
    let limit = limit(bound);
    let found = value(&all);
    let holds = |v: Nanos| match bound.operator {
        Operator::Less => v < limit,
        _ => v <= limit,
    };
    let worst = steps
        .iter()
        .filter(|_| steps.len() > 1)
        .map(|step| (step, Latencies::new(metric, &[*step])))
        .filter(|(_, of)| of.n() > 0)
        .max_by_key(|(_, of)| value(of).unwrap_or(Nanos::MAX))
        .map(|(step, of)| format!("{} {}", step.label, of.text(value(&of))));
    Finding {
        outcome: outcome(found.is_some_and(holds)),
        actual: Some(all.text(found)),
        headroom: found.map(|v| 1.0 - v as f64 / limit as f64),
        n: all.n(),
        worst,
        notes: Vec::new(),
        ..Finding::nothing(Outcome::Pass, "")
    }
}

/// Requests of an open run that the target kept up with: those of the measured phase that were answered by its end,
/// or all that were answered within it, whichever is more. The second is right where answers take long and a
/// warm-up was there to fill the pipe; an answer that came from a backlog after the end is in neither.
pub fn answered_in_time(record: &RunRecord) -> u64 {
    let counts = &record.counts;
    counts.in_time.max(counts.ended_within).min(counts.offered)
}

/// Judges requests answered a second.
pub(super) fn throughput(record: &RunRecord, bound: Bound) -> Finding {
    let Quantity::Rate(wanted) = bound.limit else {
        return Finding::nothing(Outcome::Undecided, "not a rate");
    };
    let (held, holds, n, note) = match record.model {
        Model::Passes { .. } => {
            return Finding::nothing(Outcome::NotRun, "a profile of passes offers no rate");
        }
        Model::Open { requests, .. } if record.counts.offered > 0 => {
            let offered = record.counts.offered;
            // Conditions and lists make flows want more or less than the plan could know.
            let requests = match record.counts.planned {
                0 => requests,
                planned => requests * offered as f64 / planned as f64,
            };
            let answered = answered_in_time(record);
            let share = (answered as f64 / offered as f64).min(1.0);
            let held = share * requests;
            let enough = share >= 1.0 - SHORTFALL && bound.operator.holds(requests, wanted)
                || bound.operator.holds(held, wanted)
                // All of a plan of exactly the limit is what `> 500 req/s` can mean at most.
                || share >= 1.0 - SHORTFALL && requests == wanted;
            let note = if requests < wanted {
                format!("the profile offers only {} req/s", significant(requests))
            } else {
                format!(
                    "{} of {} drawn requests answered in time, of a plan of {} req/s",
                    format_count(answered),
                    format_count(offered),
                    significant(requests)
                )
            };
            (held, enough, offered, Some(note))
        }
        Model::Closed { .. } if record.counts.duration > 0 => {
            let seconds = record.counts.duration as f64 / 1e9;
            let ended = record.counts.ended_within;
            let held = ended as f64 / seconds;
            (held, bound.operator.holds(held, wanted), ended, None)
        }
        Model::Open { .. } | Model::Closed { .. } | Model::None => {
            return Finding::nothing(Outcome::Undecided, no_data(Statistic::Throughput));
        }
    };
    if n == 0 {
        return Finding::nothing(Outcome::Undecided, no_data(Statistic::Throughput));
    }
    Finding {
        outcome: outcome(holds),
        actual: Some(format!("{} req/s", significant(held))),
        headroom: Some(held / wanted - 1.0),
        n,
        notes: note.into_iter().collect(),
        ..Finding::nothing(Outcome::Pass, "")
    }
}
