//! The newest run against its level. In: the runs of the level, oldest first; out: whether the newest is out of line,
//! and which step would have been. Invariant: one run alone is never a regression, at most a suspect.

use super::detect::{hampel, logs};
use super::significance::{Sums, quantile};
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
    /// Runs of the level before the newest one.
    pub runs: usize,
    /// The level that the newest run is compared with: the geometric mean without outliers.
    pub level: f64,
    /// Scatter of the level from run to run: 0.05 is 5 %.
    pub scatter: f64,
    /// The value beyond which a run is out of line.
    pub bound: f64,
    /// Whether the newest run is.
    pub beyond: bool,
    /// The step that would be seen the same night in nine of ten cases, as a ratio of the level.
    pub visible: f64,
}

/// The newest run against the others of its level, by a one-sided t prediction bound on logs: 95 %, and 99 % with
/// fewer than twelve runs. None below [`FEWEST`].
pub fn screen(level: &[f64], newest: f64, better: Better) -> Option<Screen> {
    if level.len() < FEWEST {
        return None;
    }
    let runs = level.len() as f64;
    let all: Vec<f64> = level.iter().copied().chain([newest]).collect();
    let all = logs(&all);
    let (newest, before) = all.split_last()?;
    let group = Sums::new(&hampel(before)).group(0, before.len());
    let mean = before[0] + group.mean;
    let scatter = (group.squares / (runs - 1.0)).sqrt();
    let share = if level.len() < 12 { 0.99 } else { 0.95 };
    let reach = quantile(share, runs - 1.0) * (1.0 + 1.0 / runs).sqrt() * scatter;
    let sign = better.sign();
    Some(Screen {
        runs: level.len(),
        level: mean.exp(),
        scatter,
        bound: (mean + sign * reach).exp(),
        beyond: sign * (newest - mean) > reach.max(1e-4),
        visible: (sign * (reach + POWER * scatter)).exp(),
    })
}
