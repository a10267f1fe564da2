//! Two runs in one chart. In: a comparison; out: SVG. Invariant: both have the same scales, and each line has its name.

use super::curve::{nines, percent};
use super::frame::{drawn, middle};
use super::scale::Scale;
use super::svg::{Chart, plot_x, plot_y};
use crate::report::{Comparison, View};

const TALL: f64 = 260.0;
/// The first is set back behind the second.
const NAMES: [(&str, &str); 2] = [("A", "first"), ("B", "second")];

type Line = Vec<(f64, Option<f64>)>;

/// Response time against percentile.
pub(in crate::report::html) fn curves(both: &Comparison<'_>) -> Option<String> {
    let lines = [both.a, both.b].map(|view| -> Line {
        let points = view.curves.first().map(|curve| curve.points.as_slice());
        let points = points.unwrap_or_default().iter();
        points.map(|(p, ms)| (nines(*p), Some(*ms))).collect()
    });
    let longest = lines.iter().filter_map(|line| line.last());
    let longest = longest.map(|point| point.0).fold(0.0, f64::max);
    if longest < 1.0 {
        return None;
    }
    let spoken = [both.a, both.b].map(|view| view.totals.all.response.p99.spoken());
    let label = format!(
        "Response time by percentile: p99 {} in A, {} in B",
        spoken[0], spoken[1]
    );
    let chart = empty(&label, longest, &lines);
    let shares = [0.0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999_999];
    let ticks = shares.into_iter().filter(|p| nines(*p) <= longest);
    let ticks: Vec<_> = ticks
        .map(|p| (nines(p), format!("{} %", percent(p))))
        .collect();
    Some(finished(chart, &ticks, lines))
}

/// p95 over time, each since its own beginning.
pub(in crate::report::html) fn over_time(both: &Comparison<'_>) -> Option<String> {
    let line = |view: &View| -> Line {
        let slices = drawn(&view.series).into_iter();
        slices.map(|s| (middle(s), s.p95.ms)).collect()
    };
    let lines = [both.a, both.b].map(line);
    if lines.iter().any(|line| line.len() < 2) {
        return None;
    }
    let ends = [both.a, both.b].map(|view| drawn(&view.series).last().map_or(0.0, |s| s.end()));
    let spoken = [both.a, both.b].map(|view| view.totals.all.response.p95.spoken());
    let label = format!(
        "p95 of the response time over time; of the whole measured phase {} in A, {} in B",
        spoken[0], spoken[1]
    );
    let chart = empty(&label, ends[0].max(ends[1]), &lines);
    let ticks = chart.x.moments();
    Some(finished(chart, &ticks, lines))
}

fn empty(label: &str, longest: f64, lines: &[Line; 2]) -> Chart {
    let (left, right) = plot_x();
    let (bottom, top) = plot_y(TALL);
    let values = lines.iter().flatten().filter_map(|point| point.1);
    let y = Scale::latency(values, bottom, top);
    Chart::new(label, TALL, Scale::linear(0.0, longest, left, right), y)
}

fn finished(mut chart: Chart, ticks: &[(f64, String)], lines: [Line; 2]) -> String {
    let unit = if chart.y.is_log() {
        "ms, log scale"
    } else {
        "ms"
    };
    let numbers = chart.y.labels();
    chart.axes(ticks, &numbers, unit);
    for ((name, class), line) in NAMES.into_iter().zip(lines) {
        chart.line(name, class, line.into_iter());
    }
    chart.finish()
}
