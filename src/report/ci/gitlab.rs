//! GitLab's load performance report, as k6 writes it. In: a view; out: the numbers that the merge request widget reads:
//! checks, requests a second, p90 and p95 of the time to the first byte. Invariant: what is not known is left out, since
//! the widget shows a share of nothing as `NaN %`.

use crate::record;
use crate::report::{Point, Reporter, View};
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// `load-performance.json`.
#[derive(Debug, Clone, Copy, Default)]
pub struct GitLab;

impl Reporter for GitLab {
    fn render(&self, view: &View, out: &mut dyn Write) -> io::Result<()> {
        let all = &view.totals.all;
        let mut metrics = Map::new();
        let (passes, fails) = view
            .steps
            .iter()
            .flat_map(|s| &s.checks)
            .fold((0, 0), |(p, f), check| (p + check.passed, f + check.failed));
        if passes + fails > 0 {
            metrics.insert("checks".into(), json!({ "passes": passes, "fails": fails }));
        }
        metrics.insert(
            "http_reqs".into(),
            json!({ "count": all.n(), "rate": telling(all.throughput) }),
        );
        let ttfb = &all.ttfb;
        let times = [
            ("avg", ttfb.mean),
            ("min", ttfb.min),
            ("med", ttfb.p50),
            ("max", ttfb.max),
            ("p(90)", ttfb.p90),
            ("p(95)", ttfb.p95),
        ];
        let known =
            |(name, point): (&str, Point)| Some((name.to_owned(), json!(telling(point.ms?))));
        let times: Map<String, Value> = times.into_iter().filter_map(known).collect();
        if !times.is_empty() {
            metrics.insert("http_req_waiting".into(), times.into());
        }
        out.write_all(record::json_lines(&json!({ "metrics": metrics }))?.as_bytes())?;
        out.write_all(b"\n")
    }
}

/// Two significant digits: the widget has no tolerance, and calls any difference a change.
fn telling(value: f64) -> f64 {
    format!("{value:.1e}").parse().unwrap_or(value)
}
