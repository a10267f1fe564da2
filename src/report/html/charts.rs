//! The charts of the report. In: a view; out: SVG. Invariant: what is drawn is what the tables and `windows.csv` say;
//! stretches outside the measured phase are set back.

use super::scale::Scale;
use super::svg::{Chart, plot_x, plot_y};
use crate::budget::Outcome;
use crate::report::text::{figure, put};
use crate::report::{Point, ServerRow, Slice, View, seconds};
use crate::units::{parse_duration, significant};

pub(super) const TALL: f64 = 260.0;
const LOW: f64 = 130.0;
/// Columns of a server's chart that tell their values.
const HOVERED: usize = 120;

/// Slices worth drawing. Not one that is cut short: its rates are chance. Not what drains after the last phase: no
/// load is offered then, and only the slow are left.
pub(super) fn drawn(slices: &[Slice]) -> Vec<&Slice> {
    let usual = slices.first().map_or(0.0, |s| s.length);
    let worth = |s: &&Slice| s.length >= usual * 0.5 && !s.drain;
    slices.iter().filter(worth).collect()
}

pub(super) fn middle(slice: &Slice) -> f64 {
    slice.start + slice.length / 2.0
}

/// The time of the run, left to right.
pub(super) fn times(view: &View) -> Scale {
    let (left, right) = plot_x();
    let end = drawn(&view.series).last().map_or(1.0, |s| s.end());
    Scale::linear(0.0, end, left, right)
}

/// An empty chart over the time of the run.
pub(super) fn over_time(view: &View, height: f64, label: &str, unit: &str, y: Scale) -> Chart {
    let end = drawn(&view.series).last().map_or(1.0, |s| s.end());
    let mut chart = Chart::new(label, height, times(view), y);
    for phase in view.run.phases.iter().filter(|p| !p.measured) {
        chart.band(phase.start, phase.end.min(end), &phase.name);
    }
    let (x, y) = (chart.x.moments(), chart.y.labels());
    chart.axes(&x, &y, unit);
    chart
}

/// A chart needs two points.
pub(super) fn enough(view: &View) -> bool {
    drawn(&view.series).len() > 1
}

/// Requests a second: offered, answered, not well.
pub(super) fn throughput(view: &View) -> Option<String> {
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

pub(super) fn moments(view: &View) -> impl Iterator<Item = (f64, f64, String)> {
    let slices = view.hover.iter().filter(|s| !s.drain);
    slices.map(|s| (s.start, s.end(), moment(s)))
}

/// One value of each slice.
fn spoken(
    view: &View,
    value: impl Fn(&Slice) -> String,
) -> impl Iterator<Item = (f64, f64, String)> {
    let slices = view.hover.iter().filter(|s| !s.drain);
    slices.map(move |s| {
        let said = format!("{} to {}: {}", seconds(s.start), seconds(s.end()), value(s));
        (s.start, s.end(), said)
    })
}

/// Everything about one slice, for whoever points at it.
fn moment(slice: &Slice) -> String {
    let mut text = format!(
        "{} to {}, {}\noffered {} req/s, achieved {} req/s, errors {}\nresponse time p50 {}, p95 {}, p99 {}, max {}\nin flight {}, latest send {} ms behind",
        seconds(slice.start),
        seconds(slice.end()),
        slice.phase,
        figure(slice.rate(slice.offered)),
        figure(slice.rate(slice.ended())),
        slice.not_ok,
        slice.p50.spoken(),
        slice.p95.spoken(),
        slice.p99.spoken(),
        slice.max.spoken(),
        slice.in_flight,
        figure(slice.lag)
    );
    if slice.dropped > 0 {
        put(
            &mut text,
            format_args!("\n{} arrivals dropped", slice.dropped),
        );
    }
    text
}

type Pick = fn(&Slice) -> Point;

const PERCENTILES: [(&str, &str, Pick); 4] = [
    ("max", "max", |s| s.max),
    ("p99", "p99", |s| s.p99),
    ("p95", "p95", |s| s.p95),
    ("p50", "p50", |s| s.p50),
];

/// Response time percentiles over time, with the limits that budgets set them.
pub(super) fn latency(view: &View) -> Option<String> {
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
    let (bottom, top) = plot_y(TALL);
    let y = Scale::latency(known.chain(limits.iter().map(|l| l.0)), bottom, top);
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
    for (name, class, pick) in PERCENTILES {
        let points = slices.iter().map(|s| (middle(s), pick(s).ms));
        chart.line(name, class, points);
    }
    chart.hover(moments(view));
    Some(chart.finish())
}

/// Limits on percentiles of all requests, in milliseconds.
pub(super) fn limits(view: &View) -> Vec<(f64, String, &'static str)> {
    let named = |text: &str| {
        PERCENTILES
            .iter()
            .map(|p| p.0)
            .find(|name| text.split([' ', '<']).next() == Some(name))
    };
    view.budgets
        .iter()
        .filter(|b| b.scope == "all requests" && b.outcome != Outcome::NotRun)
        .filter_map(|b| {
            let name = named(&b.text)?;
            let limit = parse_duration(&b.limit.replace(' ', "")).ok()?;
            Some((limit.as_secs_f64() * 1e3, format!("limit of {name}"), name))
        })
        .collect()
}

/// Requests in flight over time.
pub(super) fn in_flight(view: &View) -> Option<String> {
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
pub(super) fn opened(view: &View) -> Option<String> {
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

/// A value of a server over the time of the run, told to the second where it is pointed at.
pub(super) fn server(view: &View, row: &ServerRow) -> Option<String> {
    let summary = row.summary.filter(|_| row.points.len() > 1)?;
    let (bottom, top) = plot_y(LOW);
    let known = || row.points.iter().filter_map(|point| point.1);
    let least = known().fold(0.0, f64::min);
    let most = known().fold(0.0, f64::max);
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
    chart.axes(&x, &y, &row.name);
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

/// How late the generator was, over time.
pub(super) fn lag(view: &View) -> Option<String> {
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
