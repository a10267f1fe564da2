//! A run for systems that keep metrics. In: a view; out: OpenMetrics text and OTLP in JSON, from one list of metrics.
//! Invariant: both say the same under the same names (dots become underscores in OpenMetrics), labels have few values,
//! and nothing that differs from run to run is one.

mod list;
mod openmetrics;
mod otlp;

pub use list::metric_names;
pub use openmetrics::OpenMetrics;
pub use otlp::{OtlpMetrics, OtlpTraces};
