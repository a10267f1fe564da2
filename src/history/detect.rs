//! Where a series of runs changed its level. In: one value a run, oldest first; out: changes, in order. Invariant: a
//! pure function of the values, without random numbers; no change is judged by more than [`MEMORY`] runs to a side.

use super::significance::{Groups, Sums, median, rank_p};
use serde::Serialize;
use std::ops::Range;

/// Runs that a level is judged by, at most: older ones tell of another time.
pub const MEMORY: usize = 60;
/// Fewest runs that make a level of their own.
pub const SEGMENT: usize = 5;
/// A split below this p is a candidate: it may uncover a clearer one beside it.
const CANDIDATE: f64 = 1e-3;
/// A candidate below this p, against its neighbours of the end, stays: the best of many splits needs a small one.
const SURE: f64 = 1e-6;
/// The second key: Mann–Whitney on the raw values, at most so many runs before and after. Where there are so few runs
/// that no p is that small, the smallest there is.
const RANK: (f64, usize, usize) = (1e-3, 30, 12);
/// A value further than so many scaled MADs from the median of its neighbourhood (so many to a side) is an outlier.
const OUTLIER: (f64, usize) = (4.0, 5);
/// How often neighbours may push each other to better places.
const ROUNDS: usize = 10;

/// The least change worth a word; both have to be reached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Least {
    /// As a share of the level before: 0.03 is 3 %.
    pub share: f64,
    /// In the unit of the values.
    pub absolute: f64,
}

impl Default for Least {
    fn default() -> Self {
        Self {
            share: 0.01,
            absolute: 0.0,
        }
    }
}

/// A change of level.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The first run of the new level, from 0.
    pub index: usize,
    /// The level before: the median, in the unit of the values.
    pub before: f64,
    /// The level after.
    pub after: f64,
    /// The new level over the old one: 1.1 is 10 % more.
    pub ratio: f64,
    /// 95 % interval of the ratio, as if the place were known beforehand.
    pub interval: (f64, f64),
    /// Scatter of both levels from run to run, outliers apart: 0.05 is 5 %.
    pub scatter: f64,
    /// How probable so clear a step would be without a change, were its place known beforehand.
    pub p: f64,
}

impl Change {
    /// The step in units of the scatter.
    pub fn scatters(&self) -> f64 {
        self.ratio.ln().abs() / self.scatter
    }
}

/// The changes of a series. Zeros count as half of the smallest value above zero: levels are ratios.
pub fn detect(values: &[f64], least: Least) -> Vec<Change> {
    let logs = logs(values);
    let smooth = hampel(&logs);
    let search = Search {
        values,
        logs: &logs,
        sums: Sums::new(&smooth),
        least,
    };
    let points = search.settle(search.candidates());
    (0..points.len())
        .map(|i| search.change(&points, i))
        .collect()
}

/// Natural logarithms; zeros at half of the smallest value above zero.
pub(super) fn logs(values: &[f64]) -> Vec<f64> {
    let positive = values.iter().copied().filter(|v| *v > 0.0);
    let smallest = positive.reduce(f64::min).unwrap_or(1.0);
    values.iter().map(|v| v.max(smallest / 2.0).ln()).collect()
}

/// Outliers replaced by the median of their neighbourhood: one bad night is no level.
pub(super) fn hampel(logs: &[f64]) -> Vec<f64> {
    let (mads, side) = OUTLIER;
    let settled = |i: usize| {
        let mut near = logs[i.saturating_sub(side)..(i + side + 1).min(logs.len())].to_vec();
        let centre = median(&mut near);
        near.iter_mut().for_each(|v| *v = (*v - centre).abs());
        let off = (logs[i] - centre).abs() > mads * 1.4826 * median(&mut near);
        if off { centre } else { logs[i] }
    };
    (0..logs.len()).map(settled).collect()
}

struct Search<'a> {
    values: &'a [f64],
    logs: &'a [f64],
    sums: Sums,
    least: Least,
}

impl Search<'_> {
    /// Every split of every window that could be one; windows overlap by half.
    fn candidates(&self) -> Vec<usize> {
        let n = self.values.len();
        let mut points = Vec::new();
        for start in (0..n).step_by(MEMORY / 2) {
            let end = (start + MEMORY).min(n);
            self.split(start..end, &mut points);
            if end == n {
                break;
            }
        }
        points.sort_unstable();
        points.dedup();
        points
    }

    fn split(&self, runs: Range<usize>, points: &mut Vec<usize>) {
        let Some(point) = self.best(&runs) else {
            return;
        };
        if self.sums.groups(runs.start, point, runs.end).p() < CANDIDATE {
            points.push(point);
            self.split(runs.start..point, points);
            self.split(point..runs.end, points);
        }
    }

    /// The place that parts these runs best.
    fn best(&self, runs: &Range<usize>) -> Option<usize> {
        let between = |k: usize| self.sums.groups(runs.start, k, runs.end).between();
        (runs.start + SEGMENT..(runs.end + 1).saturating_sub(SEGMENT))
            .max_by(|&a, &b| between(a).total_cmp(&between(b)))
    }

    /// The runs of the two levels that meet at a point.
    fn around(&self, points: &[usize], i: usize) -> (Range<usize>, Groups) {
        let left = if i == 0 { 0 } else { points[i - 1] };
        let right = points.get(i + 1).copied().unwrap_or(self.values.len());
        let point = points[i];
        let runs = left.max(point.saturating_sub(MEMORY))..right.min(point + MEMORY);
        let groups = self.sums.groups(runs.start, point, runs.end);
        (runs, groups)
    }

    /// Drops the weakest point, moves the others to better places, and begins again, until all stand.
    fn settle(&self, mut points: Vec<usize>) -> Vec<usize> {
        let mut rounds = 0;
        loop {
            if let Some(weakest) = self.weakest(&points) {
                points.remove(weakest);
            } else if rounds < ROUNDS && self.improve(&mut points) {
                rounds += 1;
            } else if let Some(i) = (0..points.len()).find(|&i| !self.ranked(&points, i)) {
                points.remove(i);
            } else {
                return points;
            }
        }
    }

    /// The point that stands least, if any falls.
    fn weakest(&self, points: &[usize]) -> Option<usize> {
        let judged = (0..points.len()).map(|i| {
            let (runs, groups) = self.around(points, i);
            let short = points[i] - runs.start < SEGMENT || runs.end - points[i] < SEGMENT;
            let p = if short || self.small(&runs, points[i]) {
                1.0
            } else {
                groups.p()
            };
            (i, p, groups.t())
        });
        judged
            .max_by(|a, b| a.1.total_cmp(&b.1).then(b.2.total_cmp(&a.2)))
            .filter(|weakest| weakest.1 >= SURE)
            .map(|weakest| weakest.0)
    }

    fn small(&self, runs: &Range<usize>, point: usize) -> bool {
        let groups = self.sums.groups(runs.start, point, runs.end);
        let (before, after) = self.levels(runs, point);
        groups.effect().abs() < self.least.share.ln_1p()
            || (after - before).abs() < self.least.absolute
    }

    fn improve(&self, points: &mut [usize]) -> bool {
        let mut moved = false;
        for i in 0..points.len() {
            let (runs, now) = self.around(points, i);
            let Some(best) = self.best(&runs) else {
                continue;
            };
            let gain = self.sums.groups(runs.start, best, runs.end).between();
            // Rounding alone moves nothing.
            if best != points[i] && gain > now.between() * (1.0 + 1e-9) {
                points[i] = best;
                moved = true;
            }
        }
        moved
    }

    fn ranked(&self, points: &[usize], i: usize) -> bool {
        let (p, most_before, most_after) = RANK;
        let (runs, groups) = self.around(points, i);
        let point = points[i];
        let before = &self.logs[runs.start.max(point.saturating_sub(most_before))..point];
        let after = &self.logs[point..runs.end.min(point + most_after)];
        let (high, low) = if groups.effect() > 0.0 {
            (after, before)
        } else {
            (before, after)
        };
        apart(high, low) || rank_p(high, low) <= p
    }

    fn levels(&self, runs: &Range<usize>, point: usize) -> (f64, f64) {
        let level = |runs: Range<usize>| median(&mut self.values[runs].to_vec());
        (level(runs.start..point), level(point..runs.end))
    }

    fn change(&self, points: &[usize], i: usize) -> Change {
        let (runs, groups) = self.around(points, i);
        let (before, after) = self.levels(&runs, points[i]);
        let half = groups.half_interval();
        let effect = groups.effect();
        Change {
            index: points[i],
            before,
            after,
            ratio: effect.exp(),
            interval: ((effect - half).exp(), (effect + half).exp()),
            scatter: groups.scatter(),
            p: groups.p(),
        }
    }
}

/// Whether every value of the one is above every value of the other.
fn apart(high: &[f64], low: &[f64]) -> bool {
    let least = high.iter().copied().fold(f64::INFINITY, f64::min);
    low.iter().all(|v| *v < least)
}
