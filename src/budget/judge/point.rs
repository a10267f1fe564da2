//! Budgets on a plain value: mean, max and throughput. In: tallies, arrivals and a bound; out: a finding.
//! Invariant: a request that was never answered cannot improve the value.

use super::{Finding, Run, no_data};
use crate::budget::text::show_value;
use crate::budget::{Bound, Operator, Outcome, Quantity, Statistic, Which};
use crate::record::{Counts, Histogram, Metric, Model, RunRecord, StepRecord, Tally};
use crate::units::{Nanos, format_count, format_share, significant};
use std::cell::OnceCell;

/// Share of the requests that may stay unanswered, in a throughput (of those drawn) and in a mean.
const SHORTFALL: f64 = 0.01;

/// The latencies of some steps, and the requests that have none.
#[derive(Debug)]
pub(super) struct Latencies {
    metric: Metric,
    answered: Histogram,
    timed_out: u64,
    timeout: Nanos,
    /// Failed or never sent.
    lost: u64,
    /// Found once: it takes every bucket.
    deviation: OnceCell<Option<Nanos>>,
}

impl Latencies {
    pub(super) fn new(metric: Metric, steps: &[&StepRecord]) -> Self {
        let mut all = Self {
            metric,
            answered: Histogram::default(),
            timed_out: 0,
            timeout: 0,
            lost: 0,
            deviation: OnceCell::new(),
        };
        for tally in steps.iter().map(|s| &s.measured) {
            all.answered.merge(&tally.latencies(metric));
            if metric.of_messages() {
                all.lost += lost_messages(tally);
                continue;
            }
            all.lost += tally.dropped;
            if !metric.of_connections() {
                all.lost += tally.failed;
                all.timed_out += tally.timed_out;
                all.timeout = all.timeout.max(tally.timeout);
            }
        }
        all.answered.pack();
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

    /// The standard deviation of what was answered; `None` where too many were not.
    fn deviation(&self) -> Option<Nanos> {
        *self.deviation.get_or_init(|| {
            let mean = self.answered.mean()? as f64;
            let enough = self.missing() as f64 <= SHORTFALL * self.n() as f64;
            let square =
                |(value, count): (Nanos, u64)| (value as f64 - mean).powi(2) * count as f64;
            let sum: f64 = self.answered.buckets().into_iter().map(square).sum();
            enough.then(|| (sum / self.answered.count() as f64).sqrt() as Nanos)
        })
    }

    /// A value, or how many requests have none.
    fn text(&self, value: Option<Nanos>) -> String {
        match value {
            Some(value) if self.missing() > 0 => format!("≥ {}", show_value(self.metric, value)),
            Some(value) => show_value(self.metric, value),
            None => {
                let share = self.missing() as f64 / self.n().max(1) as f64;
                format!("over every limit: {} failed", format_share(share))
            }
        }
    }
}

/// Messages that never came; a dropped arrival would have opened a stream.
pub(super) fn lost_messages(tally: &Tally) -> u64 {
    let messages = &tally.messages;
    messages.missing
        + if messages.is_empty() {
            0
        } else {
            tally.dropped
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
pub(super) fn mean(
    metric: Metric,
    bound: Bound,
    (run, steps): (&Run<'_>, &[&StepRecord]),
) -> Finding {
    let value = |all: &Latencies| all.mean(limit(bound));
    let mut finding = latency(Statistic::Mean(metric), bound, (run, steps), value);
    let missing = run.latencies(metric, steps).missing();
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
pub(super) fn max(
    metric: Metric,
    bound: Bound,
    (run, steps): (&Run<'_>, &[&StepRecord]),
) -> Finding {
    let value = |all: &Latencies| {
        let highest = all.answered.max().max(Some(all.timeout).filter(|t| *t > 0));
        highest.filter(|_| all.lost == 0)
    };
    let mut finding = latency(Statistic::Max(metric), bound, (run, steps), value);
    let missing = run.latencies(metric, steps).missing();
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

/// Judges a minimum: of the requests that were answered.
pub(super) fn min(
    metric: Metric,
    bound: Bound,
    (run, steps): (&Run<'_>, &[&StepRecord]),
) -> Finding {
    let value = |all: &Latencies| all.answered.min();
    let finding = latency(Statistic::Min(metric), bound, (run, steps), value);
    let least = run.latencies(metric, steps).answered.min();
    let shown = least.map(|least| show_value(metric, least));
    Finding {
        actual: shown.or(finding.actual),
        ..finding
    }
}

/// Judges a standard deviation, of the answered requests to the 0.1 % of a histogram; where more than 1 % have no
/// answer, there is none that could hold.
pub(super) fn deviation(
    metric: Metric,
    bound: Bound,
    (run, steps): (&Run<'_>, &[&StepRecord]),
) -> Finding {
    let value = Latencies::deviation;
    latency(Statistic::Deviation(metric), bound, (run, steps), value)
}

impl Which {
    /// How many of a tally's requests; dropped ones count, whatever they would have been.
    pub(super) fn count(self, tally: &Tally) -> u64 {
        let of = |wanted: &dyn Fn(u16) -> bool| -> u64 {
            let statuses = tally.statuses.iter();
            statuses.filter(|(s, _)| wanted(**s)).map(|(_, n)| n).sum()
        };
        if self == Self::Messages {
            return tally.messages.received;
        }
        tally.dropped
            + match self {
                Self::Status(status) => of(&|s| s == status),
                Self::Class(class) => of(&|s| s / 100 == class),
                Self::Errors => tally.violations() - tally.dropped,
                Self::Timeouts => tally.timed_out,
                Self::Messages => 0,
            }
    }
}

/// Requests of a kind, and all requests that ended or were dropped.
fn counted(which: Which, steps: &[&StepRecord]) -> (u64, u64) {
    let tallies = || steps.iter().map(|s| &s.measured);
    let n = tallies().map(|t| t.ended() + t.dropped).sum();
    (tallies().map(|t| which.count(t)).sum(), n)
}

/// A plain number against its limit.
fn plain(statistic: Statistic, bound: Bound, (value, shown): (f64, String), n: u64) -> Finding {
    if n == 0 {
        return Finding::nothing(Outcome::Undecided, no_data(statistic));
    }
    let wanted = bound.number();
    let left = if bound.operator.upper() {
        1.0 - value / wanted
    } else {
        value / wanted - 1.0
    };
    Finding {
        outcome: outcome(bound.operator.holds(value, wanted)),
        actual: Some(shown),
        headroom: Some(left),
        bound: Some(value),
        n,
        ..Finding::nothing(Outcome::Pass, "")
    }
}

/// Judges how many requests of a kind there were.
pub(super) fn count(which: Which, bound: Bound, steps: &[&StepRecord]) -> Finding {
    let (k, n) = counted(which, steps);
    let value = (k as f64, format_count(k));
    Finding {
        violations: Some(k).filter(|_| which != Which::Messages),
        ..plain(Statistic::Count(which), bound, value, n)
    }
}

/// Judges how many there were a second of the measured phase.
pub(super) fn rate(which: Which, bound: Bound, steps: &[&StepRecord], length: Nanos) -> Finding {
    let (k, n) = counted(which, steps);
    if length == 0 {
        return Finding::nothing(Outcome::NotRun, "a profile of passes has no duration");
    }
    let value = k as f64 / (length as f64 / 1e9);
    let unit = if which == Which::Messages {
        "messages"
    } else {
        "req"
    };
    let shown = format!("{} {unit}/s", significant(value));
    Finding {
        violations: Some(k).filter(|_| which != Which::Messages),
        ..plain(Statistic::Rate(which), bound, (value, shown), n)
    }
}

/// Judges how satisfied users are: passed requests within `t` wholly, those within four times that half.
pub(super) fn apdex(t: Nanos, bound: Bound, (run, steps): (&Run<'_>, &[&StepRecord])) -> Finding {
    let mut exact = true;
    let mut over = |step: &StepRecord, limit: Nanos| {
        let (tally, metric) = (&step.measured, Metric::Response);
        let key = (metric, limit);
        let counted = tally.over.iter().find(|o| (o.metric, o.limit) == key);
        exact &= counted.is_some() || tally.ok == 0;
        let estimated = || run.ladder(metric, &[step]).count_not_below(limit);
        counted.map_or_else(estimated, |o| o.over)
    };
    let (mut score, mut n) = (0.0, 0);
    for step in steps {
        let tally = &step.measured;
        let satisfied = tally.ok.saturating_sub(over(step, t));
        let tolerating = tally.ok.saturating_sub(over(step, t.saturating_mul(4)));
        score += f64::midpoint(satisfied as f64, tolerating as f64);
        n += tally.ended() + tally.dropped;
    }
    let value = score / n.max(1) as f64;
    let shown = significant(value);
    Finding {
        exact,
        ..plain(Statistic::Apdex(t), bound, (value, shown), n)
    }
}

fn latency(
    statistic: Statistic,
    bound: Bound,
    (run, steps): (&Run<'_>, &[&StepRecord]),
    value: impl Fn(&Latencies) -> Option<Nanos>,
) -> Finding {
    let metric = statistic.metric().unwrap_or(Metric::Response);
    let all = run.latencies(metric, steps);
    if all.n() == 0 {
        return Finding::nothing(Outcome::Undecided, no_data(statistic));
    }
    let limit = limit(bound);
    let found = value(&all);
    let holds = |v: Nanos| match bound.operator {
        Operator::Less => v < limit,
        Operator::AtMost => v <= limit,
        Operator::More => v > limit,
        Operator::AtLeast => v >= limit,
    };
    let worst = steps
        .iter()
        .filter(|_| steps.len() > 1)
        .map(|step| (step, run.latencies(metric, &[*step])))
        .filter(|(_, of)| of.n() > 0)
        .max_by_key(|(_, of)| value(of).unwrap_or(Nanos::MAX))
        .map(|(step, of)| format!("{} {}", step.label, of.text(value(&of))));
    Finding {
        outcome: outcome(found.is_some_and(holds)),
        actual: Some(all.text(found)),
        headroom: found.map(|v| 1.0 - v as f64 / limit as f64),
        n: all.n(),
        bound: found.map(|v| v as f64 / metric.unit() as f64),
        worst,
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

/// The same beside those that could have been: think times alone put some behind the end, however fast the target.
fn kept_up(counts: &Counts) -> (u64, u64) {
    let own = counts.offered.saturating_sub(counts.beyond).max(1);
    let own = (counts.in_time.min(own), own);
    let all = (counts.ended_within.min(counts.offered), counts.offered);
    let share = |(answered, of): (u64, u64)| answered as f64 / of as f64;
    if share(own) > share(all) { own } else { all }
}

/// Judges requests answered a second.
pub(super) fn throughput(record: &RunRecord, bound: Bound) -> Finding {
    let Quantity::Rate(wanted) = bound.limit else {
        return Finding::nothing(Outcome::Undecided, "not a rate");
    };
    let (held, holds, n, planned) = match record.model {
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
            let (answered, drawn) = kept_up(&record.counts);
            let share = answered as f64 / drawn as f64;
            let held = share * requests;
            let enough = share >= 1.0 - SHORTFALL && bound.operator.holds(requests, wanted)
                || bound.operator.holds(held, wanted)
                // All of a plan of exactly the limit is what `> 500 req/s` can mean at most.
                || share >= 1.0 - SHORTFALL && requests == wanted;
            let plan = significant(requests);
            let note = if requests < wanted {
                format!("the profile offers only {plan} req/s")
            } else {
                let (answered, drawn) = (format_count(answered), format_count(drawn));
                format!(
                    "{answered} of {drawn} drawn requests answered in time, of a plan of {plan} req/s"
                )
            };
            (
                held,
                enough,
                offered,
                Some((format!(" of {plan} planned"), note)),
            )
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
    let (planned, note) = planned.unzip();
    let planned = planned.unwrap_or_default();
    Finding {
        outcome: outcome(holds),
        actual: Some(format!("{} req/s{planned}", significant(held))),
        headroom: Some(held / wanted - 1.0),
        bound: Some(held),
        n,
        notes: note.into_iter().collect(),
        ..Finding::nothing(Outcome::Pass, "")
    }
}
