//! A run for systems that keep metrics. In: a view; out: OpenMetrics text, OTLP in JSON and protobuf, and Prometheus remote write, from
//! one list of metrics. Invariant: all say the same under the same names (dots become underscores in OpenMetrics), labels have few values,
//! and nothing that differs from run to run is one.

mod list;
mod openmetrics;
mod otlp;
mod protobuf;
mod remote_write;

pub use list::metric_names;
pub use openmetrics::OpenMetrics;
pub use otlp::{OtlpMetrics, OtlpTraces};
pub use protobuf::OtlpBinary;
pub use remote_write::RemoteWrite;
