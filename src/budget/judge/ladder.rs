//! The requests of a scope in the order of their latency. In: tallies; out: the value at a rank. Invariant:
//! passed requests stand first, timed-out ones beyond the last of them, and those that failed beyond all: a
//! request without an answer never lowers a percentile.

use super::point::lost_messages;
use crate::budget::text::show_value;
use crate::record::{Histogram, Metric, StepRecord, Tally, earlier, rank};
use crate::units::{Nanos, format_nanos, format_share};

/// One latency of some steps.
#[derive(Debug, Default)]
pub(super) struct Ladder {
    passed: Cumulated,
    ok: u64,
    timed_out: u64,
    timeout: Nanos,
    n: u64,
}

/// A histogram that answers at once: each upper edge with the number of values up to it.
#[derive(Debug, Default)]
struct Cumulated {
    upto: Vec<(Nanos, u64)>,
    min: Nanos,
    max: Nanos,
}

impl Cumulated {
    fn new(histogram: &Histogram) -> Self {
        let mut upto = histogram.buckets();
        let mut sum = 0;
        for (_, count) in &mut upto {
            sum += *count;
            *count = sum;
        }
        Self {
            upto,
            min: histogram.min().unwrap_or(0),
            max: histogram.max().unwrap_or(0),
        }
    }

    fn count(&self) -> u64 {
        self.upto.last().map_or(0, |(_, count)| *count)
    }

    /// As [`Histogram::at_rank`].
    fn at_rank(&self, rank: u64) -> Option<Nanos> {
        if rank == self.count() && rank > 0 {
            return Some(self.max);
        }
        let at = self.upto.partition_point(|(_, count)| *count < rank);
        let (upper, _) = self.upto.get(at).filter(|_| rank > 0)?;
        Some((*upper).clamp(self.min, self.max))
    }

    /// As [`Histogram::count_not_below`].
    fn count_not_below(&self, limit: Nanos) -> u64 {
        let at = self.upto.partition_point(|(upper, _)| *upper <= limit);
        let below = at.checked_sub(1).map_or(0, |last| self.upto[last].1);
        self.count() - below
    }
}

/// What stands at a rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rung {
    Value(Nanos),
    AtLeast(Nanos),
    /// A failed request: it has no latency. With the share of all requests that did not pass, in millionths.
    Failed(u32),
}

impl Ladder {
    pub(super) fn new(metric: Metric, steps: &[&StepRecord]) -> Self {
        let mut ladder = Self::default();
        let mut passed = Histogram::default();
        for step in steps {
            ladder.add(metric, &step.measured, &mut passed);
        }
        ladder.passed = Cumulated::new(&passed);
        ladder
    }

    fn add(&mut self, metric: Metric, tally: &Tally, passed: &mut Histogram) {
        if metric.of_connections() {
            let opened = tally.latencies(metric);
            self.ok += opened.count();
            self.n += opened.count() + tally.dropped;
            passed.merge(&opened);
            return;
        }
        if metric.of_messages() {
            let came = tally.latencies(metric);
            self.ok += came.count();
            self.n += came.count() + lost_messages(tally);
            passed.merge(&came);
            return;
        }
        match metric {
            Metric::Response => passed.merge(&tally.response),
            _ => passed.merge(&tally.latencies(metric)),
        }
        let unmeasured = tally.unmeasured(metric);
        self.ok += tally.ok.saturating_sub(unmeasured);
        self.timed_out += tally.timed_out;
        self.timeout = earlier(self.timeout, tally.at_least());
        self.n += (tally.ended() + tally.dropped).saturating_sub(unmeasured);
    }

    /// How many have a value; of the response time, those that passed.
    pub(super) fn count(&self) -> u64 {
        self.passed.count()
    }

    /// How many of those may be above a limit: never too few.
    pub(super) fn count_not_below(&self, limit: Nanos) -> u64 {
        self.passed.count_not_below(limit)
    }

    /// The value at rank ⌈q·n⌉; `None` of nothing.
    pub(super) fn quantile(&self, q: f64) -> Option<Rung> {
        (self.n > 0).then(|| self.at(rank(q, self.n)))
    }

    /// What stands at a rank, 1-based.
    pub(super) fn at(&self, rank: u64) -> Rung {
        let value = (rank <= self.ok)
            .then(|| self.passed.at_rank(rank))
            .flatten();
        match value {
            Some(value) => Rung::Value(value),
            None if rank <= self.ok + self.timed_out => Rung::AtLeast(self.timeout),
            None => {
                let failed = (self.n - self.ok) as f64 / self.n as f64;
                Rung::Failed((failed * 1e6).round() as u32)
            }
        }
    }
}

impl Rung {
    pub(super) fn text(self, metric: Metric) -> String {
        match self {
            // Beyond the histogram a captured number is only known to be there.
            Self::Value(value) if metric == Metric::Captured && value >= Histogram::MOST => {
                format!("≥ {}", show_value(metric, Histogram::MOST))
            }
            Self::Value(value) => show_value(metric, value),
            Self::AtLeast(nanos) => format!("≥ {}", format_nanos(nanos)),
            Self::Failed(share) => {
                format!(
                    "over every limit: {} failed",
                    format_share(f64::from(share) / 1e6)
                )
            }
        }
    }

    /// Share of the limit that is left; of a timed-out request at most that, and nothing below its timeout.
    pub(super) fn headroom(self, limit: Nanos) -> Option<f64> {
        let left = |nanos: Nanos| 1.0 - nanos as f64 / limit as f64;
        match self {
            Self::Value(nanos) => Some(left(nanos)),
            Self::AtLeast(nanos) => Some(left(nanos).min(0.0)),
            Self::Failed(_) => None,
        }
    }

    /// For ordering steps: the worse the higher.
    pub(super) fn badness(self) -> u64 {
        match self {
            Self::Value(nanos) | Self::AtLeast(nanos) => nanos,
            Self::Failed(_) => u64::MAX,
        }
    }
}
