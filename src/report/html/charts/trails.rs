//! One series of a history as a chart. In: a course and its runs; out: SVG. Invariant: a run is a dot, a level a line
//! through its runs, and what changed, was accepted or released is marked at the run that it began with.

use super::scale::Scale;
use super::svg::{Chart, pixel, plot_x, plot_y};
use crate::expr::escaped;
use crate::history::nights::{Chronicle, Course, Digest, Measure};
use crate::report::text::{figure, line, put};
use crate::report::{measured, moment, named, percent};

const TALL: f64 = 190.0;
/// Less than this share of the level from top to bottom would make noise look like news.
const SPAN: f64 = 0.4;
/// A limit further away than this many times what was measured would flatten it.
const NEAR: f64 = 1.6;
/// Pixels that a letter takes, about.
const LETTER: f64 = 6.5;

/// One chart; with `told`, every run says its values when pointed at.
pub(in crate::report::html) fn trail(
    chronicle: &Chronicle,
    course: &Course,
    told: bool,
) -> Option<String> {
    if course.points.len() < 2 {
        return None;
    }
    let runs = &chronicle.runs;
    let y = heights(course);
    let (left, right) = plot_x();
    let x = Scale::linear(-0.5, runs.len() as f64 - 0.5, left, right);
    let value = measured(course.measure(), course.finding.value);
    let label = format!(
        "{} over {} runs: newest {value}, {}; changes: {}",
        named(&course.finding),
        course.points.len(),
        course.finding.standing.words(),
        course.changes.len()
    );
    let mut chart = Chart::new(&line(&label), TALL, x, y);
    axes(&mut chart, course.measure(), runs);
    releases(&mut chart, runs);
    if let Some(limit) = near(course) {
        let text = format!("budget {}", measured(course.measure(), limit));
        chart.limit(limit, &text, "max");
    }
    for (first, last, level) in &course.levels {
        chart.level((*first as f64 - 0.5, *last as f64 + 0.5), *level);
    }
    chart.dots(course.points.iter().map(|(at, v)| (*at as f64, *v)));
    if let Some((at, value)) = course.points.last() {
        chart.dot(*at as f64, *value, "newest");
        let text = measured(course.measure(), *value);
        chart.side(chart.y.at(*value) + 4.0, "strong", &text);
    }
    for (at, _) in &course.accepted {
        chart.upright(*at as f64 - 0.5, "max", "accepted", 2);
    }
    for turn in &course.changes {
        let class = if turn.worse { "errors" } else { "p50" };
        chart.upright(turn.run as f64 - 0.5, class, &percent(turn.ratio), 1);
    }
    if told {
        let words = |(at, v): &(usize, f64)| {
            let at = *at;
            let text = said(&runs[at], course.measure(), *v);
            (at as f64 - 0.5, at as f64 + 0.5, text)
        };
        chart.hover(course.points.iter().map(words));
    }
    Some(chart.finish())
}

/// The limit, where it is near enough to be drawn.
pub(in crate::report::html) fn near(course: &Course) -> Option<f64> {
    let most = course.points.iter().map(|p| p.1).fold(0.0, f64::max);
    course.limit.filter(|limit| *limit <= most * NEAR)
}

/// From a little below to a little above what was measured, and a limit that is near.
fn heights(course: &Course) -> Scale {
    let (bottom, top) = plot_y(TALL);
    let values = course.points.iter().map(|p| p.1);
    let (low, most) = values.fold((f64::MAX, 0.0_f64), |(l, h), v| (l.min(v), h.max(v)));
    let limit = near(course);
    let high = limit.map_or(most, |limit| most.max(limit));
    if course.measure() == Measure::ErrorShare {
        return Scale::from_zero(high.max(0.001), bottom, top);
    }
    let low = limit.map_or(low, |limit| low.min(limit));
    let span = (high - low).max(high * SPAN);
    let middle = f64::midpoint(high, low);
    let low = (middle - span * 0.6).max(0.0);
    Scale::linear(low, (middle + span * 0.6).max(low + 1e-6), bottom, top)
}

fn axes(chart: &mut Chart, measure: Measure, runs: &[Digest]) {
    let (unit, labels): (&str, Vec<(f64, String)>) = match measure {
        Measure::ErrorShare => {
            let ticks = chart.y.ticks().into_iter();
            ("%", ticks.map(|v| (v, figure(v * 100.0))).collect())
        }
        Measure::Throughput => ("per s", chart.y.finer()),
        _ => ("ms", chart.y.finer()),
    };
    let step = runs.len().div_ceil(6).max(1);
    let days = (0..runs.len()).step_by(step);
    let days: Vec<(f64, String)> = days
        .map(|at| {
            let moment = moment(&runs[at].id);
            (at as f64, moment.get(5..10).unwrap_or_default().to_owned())
        })
        .collect();
    chart.axes(&days, &labels, unit);
}

/// A mark at the run with which a release first came.
fn releases(chart: &mut Chart, runs: &[Digest]) {
    let mut before: Option<&str> = None;
    for (at, run) in runs.iter().enumerate() {
        let Some(name) = run.release.as_deref() else {
            continue;
        };
        if before != Some(name) {
            chart.upright(at as f64 - 0.5, "release", &line(name), 0);
        }
        before = Some(name);
    }
}

fn said(run: &Digest, measure: Measure, value: f64) -> String {
    let mut out = format!("{}: {}", moment(&run.id), measured(measure, value));
    for (word, text) in [("release", &run.release), ("git", &run.revision)] {
        if let Some(text) = text {
            put(&mut out, format_args!("\n{word} {}", line(text)));
        }
    }
    out
}

impl Chart {
    /// A dot for every point, in one path.
    fn dots(&mut self, points: impl Iterator<Item = (f64, f64)>) {
        let mut path = String::new();
        for (x, y) in points {
            let (x, y) = (self.x.at(x), self.y.at(y));
            put(&mut path, format_args!("M{} {}h0", pixel(x), pixel(y)));
        }
        put(
            &mut self.body,
            format_args!("<path class=dots d='{path}'/>"),
        );
    }

    /// A level over a stretch of runs.
    fn level(&mut self, (from, to): (f64, f64), level: f64) {
        let (from, to) = (self.x.at(from), self.x.at(to));
        let at = pixel(self.y.at(level));
        put(
            &mut self.body,
            format_args!(
                "<path class='l level' d='M{} {at}H{}'/>",
                pixel(from),
                pixel(to)
            ),
        );
    }

    /// A line from bottom to top with its name in one of three rows at its head.
    fn upright(&mut self, x: f64, class: &'static str, name: &str, row: usize) {
        let (bottom, top) = plot_y(self.height);
        let (_, right) = plot_x();
        let at = self.x.at(x);
        let wide = LETTER * name.chars().count() as f64;
        // A name that would leave the drawing stands before its line.
        let (side, anchor) = if at + wide > right + 80.0 {
            (-4.0, "end")
        } else {
            (4.0, "start")
        };
        put(
            &mut self.body,
            format_args!(
                "<path class='m {class}' d='M{} {}V{}'/>",
                pixel(at),
                pixel(bottom),
                pixel(top)
            ),
        );
        put(
            &mut self.notes,
            format_args!(
                "<text class='n {class}' text-anchor={anchor} x={} y={}>{}</text>",
                pixel(at + side),
                pixel(top + 10.0 + 14.0 * row as f64),
                escaped(name)
            ),
        );
    }
}
