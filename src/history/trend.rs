//! A series judged whole. In: values, which way is good, the least effect; out: levels, changes, the state of the
//! newest run. Invariant: only a level of [`super::SEGMENT`] runs or more is a regression, and only one that is clear
//! beside what runs differ by anyway.

use super::detect::{Change, Least, MEMORY, detect};
use super::screen::{Better, FEWEST, Screen, recovered, screen};
use super::significance::median;
use serde::Serialize;

/// A step of less than so many times the scatter is no regression: on real histories most of what stayed below, and was
/// no change to anybody, did (benches/labelled.py).
pub const CLEAR: f64 = 2.5;
/// A step of less than so many times the scatter is none before its level has so many runs: a slow machine for a week is
/// over by then.
pub const LASTING: (f64, usize) = (5.0, 10);

/// What is to be said of the newest run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Too few runs to compare with.
    NoBaseline,
    /// In line with its level.
    None,
    /// Out of line by itself: one run is no proof.
    Suspect,
    /// The newest level is worse than the one before it, but by little beside the scatter, or not for long enough yet.
    Shift,
    /// The newest level is clearly worse than the one before it.
    Regression,
    /// The newest level is worse, but the newest run is back in line with the one before it.
    Recovered,
}

/// Runs of one level.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Segment {
    /// The first run, from 0.
    pub first: usize,
    /// Its runs.
    pub runs: usize,
    /// Their median.
    pub level: f64,
}

/// A series judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trend {
    /// Levels, oldest first.
    pub segments: Vec<Segment>,
    /// Where they change, improvements too.
    pub changes: Vec<Change>,
    /// The newest run.
    pub state: State,
    /// So many runs on end are back in line with the level before a regression, the newest the last.
    pub recovered: usize,
    /// The newest run by itself; none below [`FEWEST`] runs of its level before it.
    pub screen: Option<Screen>,
}

/// Judges a series. The newest level is a regression while it is no longer than [`MEMORY`] runs: then it is what
/// everybody knows.
pub fn trend(values: &[f64], better: Better, least: Least) -> Trend {
    let changes = detect(values, least);
    let starts: Vec<usize> = [0]
        .into_iter()
        .chain(changes.iter().map(|c| c.index))
        .collect();
    let ends = starts.iter().skip(1).copied().chain([values.len()]);
    let segments: Vec<Segment> = starts
        .iter()
        .zip(ends)
        .map(|(&first, end)| Segment {
            first,
            runs: end - first,
            level: median(&mut values[first..end].to_vec()),
        })
        .collect();
    let last = starts.last().copied().unwrap_or(0);
    let first = last.max(values.len().saturating_sub(MEMORY + 1));
    let screen = screen(&values[first..], better);
    let regressed = changes
        .last()
        .filter(|c| better.worse(c.ratio) && values.len() - c.index <= MEMORY);
    let recovered = regressed.map_or(0, |change| {
        let before = starts[starts.len() - 2].max(change.index.saturating_sub(MEMORY));
        recovered(
            &values[before..change.index],
            &values[change.index..],
            better,
        )
    });
    let clear = |c: &Change| clear(c, values.len() - c.index);
    let state = if recovered > 0 {
        State::Recovered
    } else if regressed.is_some_and(clear) {
        State::Regression
    } else if values.len() <= FEWEST {
        State::NoBaseline
    } else if screen.is_some_and(|s| s.beyond && large(values, &s, least)) {
        State::Suspect
    } else if regressed.is_some() {
        State::Shift
    } else {
        State::None
    };
    Trend {
        segments,
        changes,
        state,
        recovered,
        screen,
    }
}

/// Whether a step to a level of so many runs is large enough, or lasts long enough, to be a regression.
fn clear(change: &Change, runs: usize) -> bool {
    let (soon, lasting) = LASTING;
    change.scatters() >= soon || (change.scatters() >= CLEAR && runs >= lasting)
}

/// Whether the newest run is off its level by what counts.
fn large(values: &[f64], screen: &Screen, least: Least) -> bool {
    values.last().is_some_and(|newest| {
        (newest / screen.level).ln().abs() >= least.share.ln_1p()
            && (newest - screen.level).abs() >= least.absolute
    })
}
