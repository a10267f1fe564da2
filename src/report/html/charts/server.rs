//! Values of servers over the time of a run. In: a row; out: SVG. Invariant: a reading that is missing is a gap.

use super::frame::LOW;
use super::scale::Scale;
use super::svg::{Chart, plot_x, plot_y};
use crate::budget::Judgement;
use crate::report::text::figure;
use crate::report::{ServerRow, View, seconds};
use crate::units::significant;

/// Columns that tell their values.
const HOVERED: usize = 120;

/// A value of a server over the time of the run, told to the second where it is pointed at.
pub(in crate::report::html) fn server(
    view: &View,
    row: &ServerRow,
    budgets: &[&Judgement],
) -> Option<String> {
    let summary = row.summary.filter(|_| row.points.len() > 1)?;
    let (bottom, top) = plot_y(LOW);
    let known = || row.points.iter().filter_map(|point| point.1);
    let least = known().fold(0.0, f64::min);
    let most = known().fold(0.0, f64::max);
    // A limit far above everything would flatten what there is to see.
    let limits = budgets.iter().filter_map(|b| plain(&b.limit));
    let limits: Vec<f64> = limits.filter(|l| *l > least && *l < most * 4.0).collect();
    let most = limits.iter().copied().fold(most, f64::max);
    let y = if least < 0.0 {
        Scale::linear(least, most, bottom, top)
    } else {
        Scale::from_zero(most, bottom, top)
    };
    let (left, right) = plot_x();
    let end = row.points.last().map_or(1.0, |point| point.0);
    let label = format!(
        "{} over time: at least {}, {} on average, at most {}",
        row.name,
        figure(summary.min),
        figure(summary.mean),
        figure(summary.max)
    );
    let mut chart = Chart::new(&label, LOW, Scale::linear(0.0, end, left, right), y);
    for phase in view.run.phases.iter().filter(|p| !p.measured) {
        chart.band(phase.start, phase.end.min(end), &phase.name);
    }
    let (x, y) = (chart.x.moments(), chart.y.labels());
    chart.axes(&x, &y, "");
    for limit in limits {
        chart.usual(limit, "limit");
    }
    chart.line(&row.name, "achieved", row.points.iter().copied());
    let group = row.points.len().div_ceil(HOVERED).max(1);
    // One value a column, the largest: each costs a sentence.
    let columns = row.points.chunks(group).map(|points| {
        let most = points.iter().filter_map(|point| point.1);
        let most = most.max_by(f64::total_cmp);
        let value = most.map_or_else(|| "not read".to_owned(), significant);
        (points[0].0, format!("{}: {value}", seconds(points[0].0)))
    });
    let ends: Vec<f64> = row
        .points
        .iter()
        .skip(group)
        .step_by(group)
        .map(|p| p.0)
        .collect();
    let ends = ends.into_iter().chain([end]);
    chart.hover(columns.zip(ends).map(|((from, text), to)| (from, to, text)));
    Some(chart.finish())
}

/// A limit as servers count: a plain number, or a share as a fraction of one.
fn plain(limit: &str) -> Option<f64> {
    match limit.strip_suffix('%') {
        Some(percent) => Some(percent.trim().parse::<f64>().ok()? / 100.0),
        None => limit.replace(',', "").parse().ok(),
    }
}
