//! Latencies for systems that keep buckets. In: tallies and the limits of budgets; out: counts up to each bound.
//! Invariant: one set of bounds for all steps, every limit of a budget among them, so that sums over steps are right and
//! the share within a budget can be read off; where the run counted a limit exactly, so is the bucket.

use crate::record::{Histogram, Metric, RunRecord, StepRecord, Tally};
use crate::units::Nanos;
use std::collections::BTreeSet;

/// The bounds that OpenTelemetry advises for the duration of HTTP requests, in milliseconds.
const ADVISED: [Nanos; 14] = [
    5, 10, 25, 50, 75, 100, 250, 500, 750, 1_000, 2_500, 5_000, 7_500, 10_000,
];

/// Lateness is well below that when all is well: in microseconds.
const LATENESS: [Nanos; 8] = [50, 100, 250, 1_000, 3_000, 10_000, 100_000, 1_000_000];

/// Values by size.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Buckets {
    /// Upper bounds in seconds, ascending, and how many values are at or below each.
    pub within: Vec<(f64, u64)>,
    /// How many values there are.
    pub count: u64,
    /// Their sum in seconds.
    pub sum: f64,
}

/// The latencies of one step.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepBuckets {
    /// Response time of requests that passed.
    pub ok: Buckets,
    /// Response time of requests whose check failed.
    pub check_failed: Buckets,
    /// Service time of answered requests.
    pub service: Buckets,
}

impl Buckets {
    fn of(values: &Histogram, bounds: impl Iterator<Item = Nanos>) -> Self {
        let mut buckets = values.buckets().into_iter().peekable();
        let mut below = 0;
        let within = bounds.map(|bound| {
            // The bucket that holds the bound, 0.1 % wide, counts as within it.
            while let Some((_, n)) = buckets.next_if(|(upper, _)| *upper <= bound + bound / 1_000) {
                below += n;
            }
            (bound as f64 / 1e9, below)
        });
        Self {
            within: within.collect(),
            count: values.count(),
            sum: values.sum() as f64 / 1e9,
        }
    }

    /// Puts in what was counted one by one.
    fn exactly(mut self, tally: &Tally, metric: Metric) -> Self {
        for over in tally.over.iter().filter(|o| o.metric == metric) {
            let limit = over.limit as f64 / 1e9;
            let within = self.within.iter_mut().find(|(bound, _)| *bound == limit);
            if let Some((_, count)) = within {
                *count = self.count.saturating_sub(over.over);
            }
        }
        // Neighbours are known to 0.1 % only, and a count never falls.
        let mut most = 0;
        for (_, count) in &mut self.within {
            most = most.max(*count);
            *count = most;
        }
        self
    }
}

/// One for each step, in their order.
pub(in crate::report::view) fn steps(record: &RunRecord) -> Vec<StepBuckets> {
    let limits = |step: &StepRecord| -> Vec<Nanos> {
        let over = step.measured.over.iter();
        over.filter(|o| !o.metric.of_bytes() && !o.metric.of_messages())
            .map(|o| o.limit)
            .collect()
    };
    let mut bounds: BTreeSet<Nanos> = ADVISED.map(|ms| ms * 1_000_000).into();
    bounds.extend(record.steps.iter().flat_map(limits));
    let steps = record.steps.iter().map(|step| {
        let tally = &step.measured;
        let of = |values| Buckets::of(values, bounds.iter().copied());
        StepBuckets {
            ok: of(&tally.response).exactly(tally, Metric::Response),
            check_failed: of(&tally.response_check_failed),
            service: of(&tally.service),
        }
    });
    steps.collect()
}

/// How late requests were sent.
pub(in crate::report::view) fn lag(record: &RunRecord) -> Buckets {
    Buckets::of(
        &record.health.lag,
        LATENESS.into_iter().map(|us| us * 1_000),
    )
}
