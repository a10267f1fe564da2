//! Latency over time as a heatmap. In: a view; out: SVG. Invariant: shades are shares of the requests of their
//! moment, on the same steps in every report, and even one request in a thousand can be seen.

use super::frame::{TALL, enough, limits, moments, over_time};
use super::scale::Scale;
use super::svg::{Chart, plot_y};
use crate::report::text::{figure, put};
use crate::report::{HeatColumn, View};
use crate::units::format_share;

/// Least share of each shade, the darkest first, with its name in the legend.
const SHADES: [(f64, &str, &str); 6] = [
    (0.3, "s6", "≥ 30 %"),
    (0.1, "s5", "≥ 10 %"),
    (0.03, "s4", "≥ 3 %"),
    (0.01, "s3", "≥ 1 %"),
    (0.003, "s2", "≥ 0.3 %"),
    (0.0, "s1", "less"),
];

/// Height of the row of requests that timed out.
const STRIP: f64 = 8.0;

pub(in crate::report::html) fn heatmap(view: &View) -> Option<String> {
    let heat = &view.heat;
    let (low, high) = (*heat.edges.first()?, *heat.edges.last()?);
    if !enough(view) || heat.columns.len() < 2 {
        return None;
    }
    let (bottom, top) = plot_y(TALL);
    let timed_out: u64 = heat.columns.iter().map(|c| c.timed_out).sum();
    let strip = if timed_out > 0 { STRIP + 3.0 } else { 0.0 };
    let y = Scale::log(low, high, bottom, top + strip);
    let mut chart = over_time(view, TALL, &label(view, timed_out), "ms, log scale", y);
    for (least, class, _) in SHADES {
        let cells = heat.columns.iter().flat_map(|column| {
            let rows = column.counts.iter().zip(heat.edges.windows(2));
            rows.filter(move |(n, _)| **n > 0 && shade(**n, column) == least)
                .map(|(_, edges)| (column.start, end(column), edges[0], edges[1]))
        });
        chart.cells(class, cells);
    }
    let late = heat.columns.iter().filter(|c| c.timed_out > 0);
    let late = late.map(|column| ((column.start, end(column)), (top, top + STRIP)));
    chart.blocks("late", late);
    if timed_out > 0 {
        chart.side(top + STRIP, "late", "timed out");
    }
    for (ms, name, class) in limits(view) {
        if (low..high).contains(&ms) {
            chart.limit(ms, &name, class);
        }
    }
    legend(&mut chart, top + 44.0);
    chart.hover(moments(view));
    Some(chart.finish())
}

fn end(column: &HeatColumn) -> f64 {
    column.start + column.length
}

/// The least share of the shade of a cell.
fn shade(n: u64, column: &HeatColumn) -> f64 {
    let share = n as f64 / column.n() as f64;
    let found = SHADES.iter().find(|s| share >= s.0);
    found.map_or(0.0, |s| s.0)
}

fn legend(chart: &mut Chart, top: f64) {
    chart.side(top - 6.0, "", "share");
    for (row, (_, class, name)) in SHADES.into_iter().enumerate() {
        chart.swatch(top + 4.0 + row as f64 * 18.0, class, name);
    }
}

/// What the picture shows, in words: where most requests are at the beginning, in the middle and at the end.
fn label(view: &View, timed_out: u64) -> String {
    let columns = &view.heat.columns;
    let at = [0, columns.len() / 2, columns.len() - 1].map(|index| &columns[index]);
    let spoken = at.map(|column| {
        let most = column.counts.iter().enumerate().max_by_key(|(_, n)| **n);
        let (row, n) = most.map_or((0, 0), |(row, n)| (row, *n));
        format!(
            "at {} s {} of {} took {} to {} ms",
            figure(column.start),
            format_share(n as f64 / column.n().max(1) as f64),
            column.n(),
            figure(view.heat.edges[row]),
            figure(view.heat.edges[row + 1])
        )
    });
    let mut label = format!("Heatmap of response times over time: {}", spoken.join("; "));
    if timed_out > 0 {
        put(&mut label, format_args!("; {timed_out} timed out"));
    }
    label
}
