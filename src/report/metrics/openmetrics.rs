//! OpenMetrics text 1.0. In: a view; out: a file for Prometheus' textfile collector, a push gateway or GitLab's metrics
//! report. Invariant: families in one piece, escaped labels, `# EOF` at the end.

use super::list::{Metric, Point, Value, metrics};
use crate::report::text::put;
use crate::report::{Reporter, View};
use std::io::{self, Write};

/// `metrics.txt`.
#[derive(Debug, Clone, Copy, Default)]
pub struct OpenMetrics;

impl Reporter for OpenMetrics {
    fn render(&self, view: &View, out: &mut dyn Write) -> io::Result<()> {
        for metric in metrics(view) {
            out.write_all(family(&metric).as_bytes())?;
        }
        out.write_all(b"# EOF\n")
    }
}

fn family(metric: &Metric) -> String {
    let name = metric.text_name();
    let kind = match metric.points.first().map(|p| &p.value) {
        Some(Value::Histogram(_)) => "histogram",
        Some(Value::Counter(_)) => "counter",
        _ => "gauge",
    };
    let mut out = format!("# TYPE {name} {kind}\n");
    match metric.unit {
        "s" => put(&mut out, format_args!("# UNIT {name} seconds\n")),
        "1" => put(&mut out, format_args!("# UNIT {name} ratio\n")),
        _ => {}
    }
    put(&mut out, format_args!("# HELP {name} {}\n", metric.help));
    for point in &metric.points {
        samples(&mut out, &name, point);
    }
    out
}

fn samples(out: &mut String, name: &str, point: &Point) {
    let own = labels(point);
    let set = |more: &str| {
        let both: Vec<&str> = [own.as_str(), more]
            .into_iter()
            .filter(|l| !l.is_empty())
            .collect();
        if both.is_empty() {
            String::new()
        } else {
            format!("{{{}}}", both.join(","))
        }
    };
    match &point.value {
        Value::Gauge(value) => put(out, format_args!("{name}{} {value}\n", set(""))),
        Value::Counter(count) => put(out, format_args!("{name}_total{} {count}\n", set(""))),
        Value::Histogram(buckets) => {
            for (bound, count) in &buckets.within {
                let le = set(&format!("le=\"{bound:?}\""));
                put(out, format_args!("{name}_bucket{le} {count}\n"));
            }
            let all = buckets.count;
            put(
                out,
                format_args!("{name}_bucket{} {all}\n", set("le=\"+Inf\"")),
            );
            put(out, format_args!("{name}_sum{} {}\n", set(""), buckets.sum));
            put(out, format_args!("{name}_count{} {all}\n", set("")));
        }
    }
}

fn labels(point: &Point) -> String {
    let labels = point.labels.iter().map(|(name, value)| {
        let value = value
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n");
        format!("{}=\"{value}\"", name.replace('.', "_"))
    });
    labels.collect::<Vec<_>>().join(",")
}
