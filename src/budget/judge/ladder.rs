//! The requests of a scope in the order of their latency. In: tallies; out: the value at a rank. Invariant:
//! passed requests stand first, timed-out ones beyond the last of them, and those that failed beyond all: a
//! request without an answer never lowers a percentile.

use super::point::lost_messages;
use crate::budget::text::show_value;
use crate::record::{Histogram, Metric, StepRecord, Tally, rank};
use crate::units::{Nanos, format_nanos, format_share};

/// One latency of some steps.
#[derive(Debug, Default)]
pub(super) struct Ladder {
    passed: Histogram,
    ok: u64,
    timed_out: u64,
    timeout: Nanos,
    n: u64,
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
        for step in steps {
            ladder.add(metric, &step.measured);
        }
        ladder
    }

    fn add(&mut self, metric: Metric, tally: &Tally) {
        if metric.of_connections() {
            let opened = tally.latencies(metric);
            self.ok += opened.count();
            self.n += opened.count() + tally.dropped;
            self.passed.merge(&opened);
            return;
        }
        if metric.of_messages() {
            let came = tally.latencies(metric);
            self.ok += came.count();
            self.n += came.count() + lost_messages(tally);
            self.passed.merge(&came);
            return;
        }
        match metric {
            Metric::Response => self.passed.merge(&tally.response),
            _ => self.passed.merge(&tally.latencies(metric)),
        }
        let unmeasured = tally.unmeasured(metric);
        self.ok += tally.ok.saturating_sub(unmeasured);
        self.timed_out += tally.timed_out;
        self.timeout = self.timeout.max(tally.timeout);
        self.n += (tally.ended() + tally.dropped).saturating_sub(unmeasured);
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
            Self::Value(value) => show_value(metric, value),
            Self::AtLeast(nanos) => format!("≥ {}", format_nanos(nanos)),
            Self::Failed(share) => {
                format!("no value: {} failed", format_share(f64::from(share) / 1e6))
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
