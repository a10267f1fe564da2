//! What went wrong over time, a lane for each kind. In: a view; out: SVG. Invariant: all lanes have one scale, so that
//! heights compare; a single failure can be seen; no lane is told by its colour.

use super::frame::{drawn, times};
use super::scale::Scale;
use super::svg::Chart;
use crate::report::text::{counted, figure};
use crate::report::{Slice, View, seconds};

/// Lanes at most; the rarest of more are one.
const LANES: usize = 6;
/// Height of a lane with its name.
const LANE: f64 = 42.0;
/// Height of the tallest bar.
const BAR: f64 = 20.0;

struct Lane {
    name: String,
    counts: Vec<u64>,
}

impl Lane {
    fn n(&self) -> u64 {
        self.counts.iter().sum()
    }
}

pub(in crate::report::html) fn lanes(view: &View) -> Option<String> {
    let slices = drawn(&view.series);
    let lanes = kinds(&slices);
    if slices.len() < 2 || lanes.is_empty() {
        return None;
    }
    let rates = lanes.iter().flat_map(|lane| {
        let each = lane.counts.iter().zip(&slices);
        each.map(|(n, slice)| slice.rate(*n))
    });
    let most = rates.fold(0.0, f64::max);
    let height = 54.0 + LANE * lanes.len() as f64;
    let unit = format!("failures a second; the tallest bar is {}/s", figure(most));
    let label = label(&lanes, &slices);
    let mut chart = Chart::new(
        &label,
        height,
        times(view),
        Scale::linear(0.0, 1.0, 0.0, 1.0),
    );
    for phase in view.run.phases.iter().filter(|p| !p.measured) {
        // Their names stand in the other charts; here the lanes have theirs.
        chart.band(phase.start, phase.end, "");
    }
    let ticks = chart.x.moments();
    chart.axes(&ticks, &[], &unit);
    for (index, lane) in lanes.iter().enumerate() {
        let top = 28.0 + LANE * index as f64;
        let bottom = top + LANE - 2.0;
        let said = format!("{}: {}", lane.name, counted(lane.n(), "request"));
        chart.word(56.0, top + 13.0, "strong", &said);
        chart.rule(bottom);
        let bars = lane.counts.iter().zip(&slices).filter(|(n, _)| **n > 0);
        let bars = bars.map(|(n, slice)| {
            let tall = (slice.rate(*n) / most * BAR).max(2.0);
            ((slice.start, slice.end()), (bottom - tall, bottom))
        });
        chart.blocks("wrong", bars);
    }
    Some(chart.finish())
}

/// Kinds in the order of their frequency.
fn kinds(slices: &[&Slice]) -> Vec<Lane> {
    let mut lanes: Vec<Lane> = Vec::new();
    for (at, slice) in slices.iter().enumerate() {
        for (name, n) in &slice.wrong {
            let known = lanes.iter().position(|lane| lane.name == *name);
            let index = known.unwrap_or_else(|| {
                lanes.push(Lane {
                    name: (*name).to_owned(),
                    counts: vec![0; slices.len()],
                });
                lanes.len() - 1
            });
            lanes[index].counts[at] += n;
        }
    }
    lanes.sort_by_key(|lane| std::cmp::Reverse(lane.n()));
    if lanes.len() > LANES {
        let rest = lanes.split_off(LANES - 1);
        let counts = (0..slices.len()).map(|at| rest.iter().map(|lane| lane.counts[at]).sum());
        lanes.push(Lane {
            name: format!("{} more kinds", rest.len()),
            counts: counts.collect(),
        });
    }
    lanes
}

fn label(lanes: &[Lane], slices: &[&Slice]) -> String {
    let spoken = lanes.iter().map(|lane| {
        let first = lane.counts.iter().position(|n| *n > 0).unwrap_or(0);
        let last = lane.counts.iter().rposition(|n| *n > 0).unwrap_or(0);
        format!(
            "{} {}, from {} to {}",
            lane.name,
            counted(lane.n(), "time"),
            seconds(slices[first].start),
            seconds(slices[last].end())
        )
    });
    let spoken: Vec<String> = spoken.collect();
    format!("Failures by kind over time: {}", spoken.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rarest_kinds_share_a_lane() {
        let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
        let wrong = |from: u64| {
            names
                .iter()
                .enumerate()
                .map(move |(i, n)| (*n, from - i as u64))
        };
        let slices = [20, 30].map(|from| Slice {
            wrong: wrong(from).collect(),
            ..Slice::default()
        });
        let lanes = kinds(&slices.iter().collect::<Vec<_>>());
        let found: Vec<_> = lanes.iter().map(|l| (l.name.as_str(), l.n())).collect();
        let expected = [("a", 50), ("b", 48), ("c", 46), ("d", 44), ("e", 42)];
        assert_eq!(found[..5], expected);
        assert_eq!(found[5], ("3 more kinds", 40 + 38 + 36));
        assert!(kinds(&[]).is_empty());
    }
}
