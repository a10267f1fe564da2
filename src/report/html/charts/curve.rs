//! Latency against percentile. In: a view; out: SVG. Invariant: both clocks and the baseline have one scale, and each
//! line has its name.

use super::frame::TALL;
use super::scale::Scale;
use super::svg::{Chart, plot_x, plot_y};
use crate::report::text::{figure, put};
use crate::report::{Clock, Curve, View};

/// Fewer points of a baseline than these are dots.
const FEW: usize = 10;

/// Where a share stands on the axis of the curve.
pub(super) fn nines(p: f64) -> f64 {
    -(1.0 - p).max(1e-12).log10()
}

/// Latency against percentile: both clocks, and the baseline where there is one.
pub(in crate::report::html) fn curve(view: &View) -> Option<String> {
    let longest = view
        .curves
        .iter()
        .filter_map(|c| c.points.last())
        .map(|p| nines(p.0))
        .fold(0.0, f64::max);
    if longest < 1.0 {
        return None;
    }
    let (left, right) = plot_x();
    let (bottom, top) = plot_y(TALL);
    let baseline = view.baseline.as_ref();
    let baseline = baseline.map_or(&[] as &[(f64, f64)], |b| &b.points);
    let ours = view.curves.iter().flat_map(|c| &c.points);
    let values = ours.chain(baseline).map(|p| p.1);
    let y = Scale::latency(values, bottom, top);
    let x = Scale::linear(0.0, longest, left, right);
    let (response, service) = (&view.totals.all.response, &view.totals.all.service);
    let mut label = format!(
        "Latency by percentile: response time p99 {}, service time p99 {}",
        response.p99.spoken(),
        service.p99.spoken()
    );
    if let Some((_, ms)) = baseline.iter().find(|p| p.0 >= 0.99 - 1e-9) {
        put(
            &mut label,
            format_args!("; baseline p99 {} ms", figure(*ms)),
        );
    }
    let unit = if y.is_log() { "ms, log scale" } else { "ms" };
    let mut chart = Chart::new(&label, TALL, x, y);
    let shares = [0.0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999_999];
    let ticks: Vec<(f64, String)> = shares
        .into_iter()
        .filter(|p| nines(*p) <= longest)
        .map(|p| (nines(p), format!("{} %", percent(p))))
        .collect();
    let numbers = chart.y.labels();
    chart.axes(&ticks, &numbers, unit);
    // What a longer baseline shows beyond the last of ours would stand on the edge.
    let within = baseline.iter().filter(|p| nines(p.0) <= longest + 1e-9);
    let points = within.map(|(p, ms)| (nines(*p), Some(*ms)));
    let mut dots: Vec<(f64, Option<f64>)> = Vec::new();
    if baseline.len() < FEW {
        // A line between them would say what nobody measured.
        dots.extend(points);
        let apart = dots.iter().flat_map(|dot| [*dot, (dot.0, None)]);
        chart.line("baseline", "first", apart);
    } else {
        chart.line("baseline", "first", points);
    }
    for curve in &view.curves {
        let (name, class) = named(curve.clock);
        let points = curve.points.iter().map(|(p, ms)| (nines(*p), Some(*ms)));
        chart.line(name, class, points);
    }
    for (x, ms) in dots {
        ms.iter().for_each(|ms| chart.dot(x, *ms, "usual"));
    }
    chart.hover(columns(&view.curves, baseline).into_iter());
    Some(chart.finish())
}

fn named(clock: Clock) -> (&'static str, &'static str) {
    match clock {
        Clock::Response => ("response", "response"),
        Clock::Service => ("service", "service"),
    }
}

/// A share in percent with the nines that it needs.
pub(super) fn percent(p: f64) -> String {
    let text = format!("{:.4}", p * 100.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Values of all curves at each point of the longest.
fn columns(curves: &[Curve], baseline: &[(f64, f64)]) -> Vec<(f64, f64, String)> {
    let Some(longest) = curves.iter().max_by_key(|c| c.points.len()) else {
        return Vec::new();
    };
    let mut from = 0.0;
    let mut out = Vec::new();
    for (p, _) in &longest.points {
        let to = nines(*p);
        if to > from {
            let ours = curves.iter().map(|c| (named(c.clock).0, &c.points[..]));
            let all = ours.chain([("baseline", baseline)]);
            let values: Vec<String> = all
                .filter_map(|(name, points)| {
                    let (_, ms) = points.iter().find(|q| q.0 >= *p - 1e-9)?;
                    Some(format!("{name} {} ms", figure(*ms)))
                })
                .collect();
            out.push((
                from,
                to,
                format!("{} %: {}", percent(*p), values.join(", ")),
            ));
        }
        from = to;
    }
    out
}
