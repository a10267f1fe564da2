//! Times, and how they went over the run. In: histograms, tallies, windows; out: percentiles, curves, slices, heat.
//! Invariant: percentiles are never averaged, and what is not known has no number.

mod buckets;
mod heat;
mod latency;
mod over_time;
mod series;

pub use buckets::{Buckets, StepBuckets};
pub(super) use buckets::{lag, steps as buckets};
pub use heat::{Heat, HeatColumn};
pub(super) use latency::ms;
pub use latency::{Baseline, Clock, Curve, Latency, Point};
pub use over_time::OverTime;
pub use series::Slice;
pub(super) use series::slices;
