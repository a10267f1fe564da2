//! Figures of a run over its time, as lines. In: a view; out: SVG. Invariant: what is drawn is what the tables and
//! `windows.csv` say.

use super::frame::{
    LOW, PERCENTILES, TALL, drawn, enough, limits, middle, moments, over_time, spoken,
};
use super::scale::Scale;
use super::svg::plot_y;
use crate::report::text::figure;
use crate::report::{Slice, View};

/// Requests a second: offered, answered, not well.
pub(in crate::report::html) fn throughput(view: &View) -> Option<String> {
    if !enough(view) {
        return None;
    }
    let slices = drawn(&view.series);
    let rates = slices
        .iter()
        .flat_map(|s| [s.rate(s.offered), s.rate(s.ended())]);
    let (bottom, top) = plot_y(TALL);
    let y = Scale::from_zero(rates.fold(0.0, f64::max), bottom, top);
    let all = &view.totals.all;
    let label = format!(
        "Requests a second over time: {} offered, {} achieved on average, {} errors in all",
        figure(view.totals.offered_rate),
        figure(all.throughput),
        figure(all.errors() as f64)
    );
    let mut chart = over_time(view, TALL, &label, "req/s", y);
    if slices.iter().any(|s| s.offered > 0) {
        let offered = slices.iter().map(|s| (middle(s), Some(s.rate(s.offered))));
        chart.line("offered", "offered", offered);
    }
    let achieved = slices.iter().map(|s| (middle(s), Some(s.rate(s.ended()))));
    chart.line("achieved", "achieved", achieved);
    if slices.iter().any(|s| s.not_ok > 0) {
        let errors = slices.iter().map(|s| (middle(s), Some(s.rate(s.not_ok))));
        chart.line("errors", "errors", errors);
    }
    chart.hover(moments(view));
    Some(chart.finish())
}

/// Response time percentiles over time, with the limits that budgets set them.
pub(in crate::report::html) fn latency(view: &View) -> Option<String> {
    if !enough(view) {
        return None;
    }
    let slices = drawn(&view.series);
    let known = slices
        .iter()
        .flat_map(|s| PERCENTILES.iter().filter_map(|(_, _, pick)| pick(s).ms));
    let most = known.clone().fold(0.0, f64::max);
    // A limit far above everything would flatten what there is to see.
    let limits: Vec<(f64, String, &'static str)> = limits(view)
        .into_iter()
        .filter(|(ms, _, _)| *ms < most * 4.0)
        .collect();
    let usual = view.baseline.as_ref().and_then(|b| b.at(0.95));
    let shown = limits.iter().map(|l| l.0).chain(usual);
    let (bottom, top) = plot_y(TALL);
    let y = Scale::latency(known.chain(shown), bottom, top);
    let all = &view.totals.all.response;
    let label = format!(
        "Response time over time; of the whole measured phase: p50 {}, p95 {}, p99 {}, max {}",
        all.p50.spoken(),
        all.p95.spoken(),
        all.p99.spoken(),
        all.max.spoken()
    );
    let unit = if y.is_log() { "ms, log scale" } else { "ms" };
    let mut chart = over_time(view, TALL, &label, unit, y);
    for (ms, name, class) in limits {
        chart.limit(ms, &name, class);
    }
    if let Some(ms) = usual {
        chart.usual(ms, "p95 of the baseline");
    }
    for (name, class, pick) in PERCENTILES {
        let points = slices.iter().map(|s| (middle(s), pick(s).ms));
        chart.line(name, class, points);
    }
    chart.hover(moments(view));
    Some(chart.finish())
}

/// Requests in flight over time.
pub(in crate::report::html) fn in_flight(view: &View) -> Option<String> {
    if !enough(view) {
        return None;
    }
    let slices = drawn(&view.series);
    let most = slices.iter().map(|s| s.in_flight).max().unwrap_or(0);
    let (bottom, top) = plot_y(TALL);
    let y = Scale::from_zero(most as f64, bottom, top);
    let label = format!("Requests in flight over time, at most {most}");
    let mut chart = over_time(view, TALL, &label, "requests in flight", y);
    let points = slices.iter().map(|s| (middle(s), Some(s.in_flight as f64)));
    chart.line("in flight", "achieved", points);
    for slice in slices.iter().filter(|s| s.dropped > 0) {
        chart.dot(middle(slice), slice.in_flight as f64, "dropped");
    }
    let counts = |s: &Slice| match s.dropped {
        0 => format!("{} in flight", s.in_flight),
        dropped => format!("{} in flight, {dropped} arrivals dropped", s.in_flight),
    };
    chart.hover(spoken(view, counts));
    Some(chart.finish())
}

/// Connections opened a second.
pub(in crate::report::html) fn opened(view: &View) -> Option<String> {
    let slices = drawn(&view.series);
    if !enough(view) || view.health.connections == 0 {
        return None;
    }
    let rate = |s: &&Slice| s.rate(s.connections);
    let most = slices.iter().map(rate).fold(0.0, f64::max);
    let (bottom, top) = plot_y(TALL);
    let y = Scale::from_zero(most, bottom, top);
    let label = format!(
        "Connections opened over time: {} in all, at most {} a second",
        view.health.connections,
        figure(most)
    );
    let mut chart = over_time(view, TALL, &label, "connections opened a second", y);
    let points = slices.iter().map(|s| (middle(s), Some(rate(s))));
    chart.line("opened", "achieved", points);
    let rates = |s: &Slice| format!("{} opened a second", figure(s.rate(s.connections)));
    chart.hover(spoken(view, rates));
    Some(chart.finish())
}

/// How late the generator was, over time.
pub(in crate::report::html) fn lag(view: &View) -> Option<String> {
    if !enough(view) {
        return None;
    }
    let slices = drawn(&view.series);
    let (bottom, top) = plot_y(LOW);
    let y = Scale::latency(slices.iter().map(|s| s.lag), bottom, top);
    let label = format!(
        "Latest send over time, behind its intended instant; of all sends p50 {}, p99 {}, max {}",
        view.health.lag.p50.spoken(),
        view.health.lag.p99.spoken(),
        view.health.lag.max.spoken()
    );
    let unit = if y.is_log() {
        "latest send, ms behind, log scale"
    } else {
        "latest send, ms behind"
    };
    let mut chart = over_time(view, LOW, &label, unit, y);
    let points = slices.iter().map(|s| (middle(s), Some(s.lag)));
    chart.line("lag", "offered", points);
    chart.hover(moments(view));
    Some(chart.finish())
}
