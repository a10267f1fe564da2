//! The newest run against its level. In: the runs of the level, oldest first; out: whether the newest is out of line,
//! since when, and which step would have been. Invariant: runs out of line are never a regression by themselves, at most
//! suspect, and never widen the scatter that they are judged by.

use super::detect::{hampel, logs};
use super::significance::{Sums, median, quantile};
use serde::Serialize;

/// Fewest runs before the newest one.
pub const FEWEST: usize = 5;
/// Quantile of the normal distribution for a power of 90 %.
const POWER: f64 = 1.2816;

/// Which way is good.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// Times, errors.
    #[default]
    Lower,
    /// Throughput, shares of successes.
    Higher,
}

impl Better {
    /// Whether a change by this ratio is for the worse.
    pub fn worse(self, ratio: f64) -> bool {
        match self {
            Self::Lower => ratio > 1.0,
            Self::Higher => ratio < 1.0,
        }
    }

    /// The other way.
    pub(super) fn turned(self) -> Self {
        match self {
            Self::Lower => Self::Higher,
            Self::Higher => Self::Lower,
        }
    }

    fn sign(self) -> f64 {
        match self {
            Self::Lower => 1.0,
            Self::Higher => -1.0,
        }
    }
}

/// What the newest run says by itself.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Screen {
    /// Runs of the level before the newest one, and before others on end that are out of line.
    pub runs: usize,
    /// The level that the newest run is compared with: the geometric mean without outliers.
    pub level: f64,
    /// Scatter of the level from run to run: 0.05 is 5 %.
    pub scatter: f64,
    /// The value beyond which a run is out of line.
    pub bound: f64,
    /// Whether the newest run is.
    pub beyond: bool,
    /// So many runs on end are, the newest among them; 0 where it is not.
    pub nights: usize,
    /// The step that would be seen the same night in nine of ten cases, as a ratio of the level.
    pub visible: f64,
}

/// The newest run of a level, and those just before it that are out of line together: a step must not widen the scatter
/// that it is judged by. There are never more of them than of
/// those they are judged by. None below [`FEWEST`] runs before the newest.
pub fn screen(level: &[f64], better: Better) -> Option<Screen> {
    let sign = better.sign();
    let most = level
        .len()
        .checked_sub(FEWEST)
        .filter(|n| *n > 0)?
        .min(level.len() / 2);
    // The least bad of the newest runs stands for them all.
    let mut nearest = Vec::with_capacity(most);
    for value in level.iter().rev().take(most) {
        let least = nearest.last().map_or(f64::INFINITY, |v: &f64| sign * v);
        nearest.push(sign * least.min(sign * value));
    }
    let together = (1..=most).rev().find_map(|nights| {
        let before = &level[..level.len() - nights];
        let nearest = nearest[nights - 1];
        // The bound lies beyond the middle: what does not reach that needs no bound.
        if sign * (nearest - median(&mut before.to_vec())) <= 0.0 {
            return None;
        }
        let found = bounded(before, nearest, better).filter(|s| s.beyond)?;
        Some(Screen { nights, ..found })
    });
    together.or_else(|| {
        let (newest, before) = level.split_last()?;
        bounded(before, *newest, better)
    })
}

/// How many runs at the end of a level are better than it and in line with the level before it: what made it worse is
/// mended, it seems.
pub(super) fn recovered(before: &[f64], level: &[f64], better: Better) -> usize {
    let nights = screen(level, better.turned()).map_or(0, |s| s.nights);
    let sign = better.sign();
    let back = level[level.len() - nights..].iter();
    let worst = back.map(|v| sign * v).reduce(f64::max);
    let in_line = worst.and_then(|worst| bounded(before, sign * worst, better));
    in_line.filter(|s| !s.beyond).map_or(0, |_| nights)
}

/// One run against those before it, by a one-sided t prediction bound on logs: 95 %, and 99 % with fewer than twelve
/// runs.
fn bounded(before: &[f64], newest: f64, better: Better) -> Option<Screen> {
    let all: Vec<f64> = before.iter().copied().chain([newest]).collect();
    let all = logs(&all);
    let (newest, before) = all.split_last()?;
    let runs = before.len() as f64;
    let group = Sums::new(&hampel(before)).group(0, before.len());
    let mean = before.first()? + group.mean;
    let scatter = (group.squares / (runs - 1.0)).sqrt();
    let share = if before.len() < 12 { 0.99 } else { 0.95 };
    let reach = quantile(share, runs - 1.0) * (1.0 + 1.0 / runs).sqrt() * scatter;
    let sign = better.sign();
    Some(Screen {
        runs: before.len(),
        level: mean.exp(),
        scatter,
        bound: (mean + sign * reach).exp(),
        beyond: sign * (newest - mean) > reach.max(1e-4),
        nights: 0,
        visible: (sign * (reach + POWER * scatter)).exp(),
    })
}
