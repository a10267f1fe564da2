//! What all charts over the time of a run have in common. In: a view; out: the slices worth drawing, the frame, limits, and
//! what each moment says when pointed at. Invariant: stretches outside the measured phase are set back.

use super::scale::Scale;
use super::svg::{Chart, plot_x};
use crate::budget::Outcome;
use crate::report::text::{figure, put};
use crate::report::{Point, Slice, View, seconds};
use crate::units::parse_duration;

/// Height of a chart with a scale to be read, and of a strip.
pub(super) const TALL: f64 = 260.0;
pub(super) const LOW: f64 = 130.0;

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
pub(in crate::report::html) fn enough(view: &View) -> bool {
    drawn(&view.series).len() > 1
}

pub(super) fn moments(view: &View) -> impl Iterator<Item = (f64, f64, String)> {
    let slices = view.hover.iter().filter(|s| !s.drain);
    slices.map(|s| (s.start, s.end(), moment(s)))
}

/// One value of each slice.
pub(super) fn spoken(
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

pub(super) const PERCENTILES: [(&str, &str, Pick); 4] = [
    ("max", "max", |s| s.max),
    ("p99", "p99", |s| s.p99),
    ("p95", "p95", |s| s.p95),
    ("p50", "p50", |s| s.p50),
];

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
