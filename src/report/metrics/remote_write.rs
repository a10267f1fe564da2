//! Prometheus remote write 1.0. In: a view; out: the body of one `POST`: a snappy block around one protobuf message.
//! Invariant: names, labels and values are those of `metrics.txt`, every sample has the instant at which the run ended,
//! and labels stand in the order of their names.

use super::list::{Metric, Point, Value, metrics};
use crate::report::{Reporter, View};
use prost::Message;
use std::io::{self, Write};

/// The body of a write request.
#[derive(Debug, Clone, Copy, Default)]
pub struct RemoteWrite;

/// `prometheus.WriteRequest`.
#[derive(Clone, PartialEq, Message)]
struct WriteRequest {
    #[prost(message, repeated, tag = "1")]
    timeseries: Vec<TimeSeries>,
    #[prost(message, repeated, tag = "3")]
    metadata: Vec<Metadata>,
}

#[derive(Clone, PartialEq, Message)]
struct TimeSeries {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<Label>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<Sample>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Message)]
struct Label {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct Sample {
    #[prost(double, tag = "1")]
    value: f64,
    /// In milliseconds since 1970.
    #[prost(int64, tag = "2")]
    timestamp: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Metadata {
    /// 1 counter, 2 gauge, 3 histogram.
    #[prost(int32, tag = "1")]
    kind: i32,
    #[prost(string, tag = "2")]
    family: String,
    #[prost(string, tag = "4")]
    help: String,
}

impl Reporter for RemoteWrite {
    fn render(&self, view: &View, out: &mut dyn Write) -> io::Result<()> {
        let request = request(view).encode_to_vec();
        let block = snap::raw::Encoder::new().compress_vec(&request);
        out.write_all(&block.map_err(io::Error::other)?)
    }
}

fn request(view: &View) -> WriteRequest {
    let started: Option<jiff::Timestamp> = view.run.started.parse().ok();
    let started = started.map_or(0, jiff::Timestamp::as_millisecond);
    let at = started + (view.run.elapsed * 1e3).round() as i64;
    let metrics = metrics(view);
    let series = metrics.iter().flat_map(|metric| {
        let points = metric.points.iter();
        points.flat_map(move |point| samples(metric, point))
    });
    let series = series.map(|(labels, value)| TimeSeries {
        labels,
        samples: vec![Sample {
            value,
            timestamp: at,
        }],
    });
    WriteRequest {
        timeseries: series.collect(),
        metadata: metrics.iter().map(metadata).collect(),
    }
}

fn metadata(metric: &Metric) -> Metadata {
    Metadata {
        kind: match metric.points.first().map(|p| &p.value) {
            Some(Value::Counter(_)) => 1,
            Some(Value::Histogram(_)) => 3,
            _ => 2,
        },
        family: metric.text_name(),
        help: metric.help.into(),
    }
}

/// The series of a point, each with its value.
fn samples(metric: &Metric, point: &Point) -> Vec<(Vec<Label>, f64)> {
    let name = metric.text_name();
    let series = |suffix: &str, le: Option<String>| {
        let own = point.labels.iter();
        let mut labels: Vec<Label> = own
            .map(|(name, value)| label(&name.replace('.', "_"), value))
            .collect();
        labels.extend(le.map(|le| label("le", &le)));
        labels.push(label("__name__", &format!("{name}{suffix}")));
        // An empty label is none.
        labels.retain(|label| !label.value.is_empty());
        labels.sort_unstable();
        labels
    };
    match &point.value {
        Value::Gauge(value) => vec![(series("", None), *value)],
        Value::Counter(count) => vec![(series("_total", None), *count as f64)],
        Value::Histogram(buckets) => {
            let within = buckets.within.iter().map(|(bound, count)| {
                let le = Some(format!("{bound:?}"));
                (series("_bucket", le), *count as f64)
            });
            let all = buckets.count as f64;
            let rest = [
                (series("_bucket", Some("+Inf".into())), all),
                (series("_sum", None), buckets.sum),
                (series("_count", None), all),
            ];
            within.chain(rest).collect()
        }
    }
}

fn label(name: &str, value: &str) -> Label {
    Label {
        name: name.into(),
        value: value.into(),
    }
}
