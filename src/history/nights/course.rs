//! A history as charts show it. In: the runs of one environment; out: every series with its levels and changes.
//! Invariant: levels and changes are those of the detector over all the runs that are shown, accepted or not.

use super::digest::{Digest, Figure, Measure};
use super::folder::{Acceptance, Nights};
use super::judge::{Effect, Finding, Night, better, comparable, judge, plain};
use crate::history::trend;

/// The newest runs of one environment and what is to be said of each series.
#[derive(Debug, Clone, PartialEq)]
pub struct Chronicle {
    /// What the environment is called in the history.
    pub name: String,
    /// Oldest first; the newest is the one that is judged.
    pub runs: Vec<Digest>,
    /// Runs that are not shown: older ones.
    pub older: usize,
    /// What was accepted.
    pub accepted: Vec<Acceptance>,
    /// The newest run by those before it.
    pub night: Night,
    /// Every series of the newest run, gravest first.
    pub courses: Vec<Course>,
}

/// One series over the runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// What is to be said of the newest run.
    pub finding: Finding,
    /// Places of runs, and their values.
    pub points: Vec<(usize, f64)>,
    /// First and last run of each level, and the level.
    pub levels: Vec<(usize, usize, f64)>,
    /// Where it changed.
    pub changes: Vec<Turn>,
    /// Runs with which an accepted level begins, and why.
    pub accepted: Vec<(usize, String)>,
    /// What the budgets of the newest run allow.
    pub limit: Option<f64>,
}

/// A change of level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Turn {
    /// The first run of the new level.
    pub run: usize,
    /// The new level over the old one.
    pub ratio: f64,
    /// For the worse.
    pub worse: bool,
}

impl Chronicle {
    /// The newest runs, so many; `None` where there are none.
    pub fn of(name: &str, nights: &Nights, effect: Effect, most: usize) -> Option<Self> {
        let newest = nights.runs.last()?;
        let night = judge(nights, newest, effect);
        let older = nights.runs.len().saturating_sub(most.max(1));
        let runs = nights.runs[older..].to_vec();
        let course = |finding: &Finding| Course::of(&runs, &nights.accepted, finding, effect);
        Some(Self {
            name: name.to_owned(),
            older,
            accepted: nights.accepted.clone(),
            courses: night.findings.iter().map(course).collect(),
            runs,
            night,
        })
    }
}

impl Course {
    fn of(runs: &[Digest], accepted: &[Acceptance], finding: &Finding, effect: Effect) -> Self {
        let (part, measure) = (finding.part.as_str(), finding.measure);
        let has = |(place, run): (usize, &Digest)| {
            let figure = run.figure(part, measure)?;
            Some((place, figure.clone()))
        };
        let series: Vec<(usize, Figure)> = runs.iter().enumerate().filter_map(has).collect();
        let values: Vec<f64> = series.iter().map(|(_, f)| comparable(f)).collect();
        let found = trend(&values, better(measure), effect.of(measure));
        let levels = found.segments.iter().filter_map(|level| {
            let (first, figure) = series.get(level.first)?;
            let last = series.get(level.first + level.runs - 1)?;
            Some((*first, last.0, plain(figure, level.level)))
        });
        let changes = found.changes.iter().map(|change| Turn {
            run: series[change.index].0,
            ratio: change.ratio,
            worse: better(measure).worse(change.ratio),
        });
        let begins = accepted.iter().flat_map(|acceptance| {
            let own = acceptance.series.iter();
            let own = own.filter(|s| s.part == part && s.measure == measure);
            own.map(|s| (s.from.as_str(), acceptance.reason.clone()))
        });
        let place = |from: &str| runs.iter().position(|run| run.id.as_str() >= from);
        let allowed = runs.last().and_then(|run| {
            let mut limits = run.limits.iter();
            limits.find(|l| l.part == part && l.measure == measure)
        });
        Self {
            finding: finding.clone(),
            levels: levels.collect(),
            changes: changes.collect(),
            accepted: begins
                .filter_map(|(from, why)| Some((place(from)?, why)))
                .collect(),
            limit: allowed.map(|a| a.limit),
            points: series.iter().map(|(place, f)| (*place, f.value)).collect(),
        }
    }

    /// What is measured.
    pub fn measure(&self) -> Measure {
        self.finding.measure
    }
}
