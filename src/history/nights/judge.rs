//! Tonight's run against those before it. In: the runs of one environment and tonight's; out: a [`Night`]: what is to
//! be said of every series. Invariant: one run alone is never a regression, and a change below the least effect, in
//! percent or in the unit, is none.

use super::digest::{ALL, Digest, Figure, Measure};
use super::folder::Nights;
use crate::history::paired::{Change, Pair, compare};
use crate::history::{Better, Change as Turn, FEWEST, Least, State, Trend, trend};
use serde::Serialize;

/// Runs after which an improvement is no news any more.
const NEWS: usize = 10;
/// Of independent quiet nights so many are suspect, and with fewer than twelve runs: somewhat more than the bounds of 95 %
/// and 99 % promise, because outliers do not widen them (counted by benches/regression.rs).
const CHANCE: (f64, f64, usize) = (0.06, 0.025, 12);

/// The least change that counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    /// As a share of the level before: 0.03 is 3 %.
    pub share: f64,
    /// Of times, in milliseconds.
    pub milliseconds: f64,
}

impl Default for Effect {
    fn default() -> Self {
        Self {
            share: 0.03,
            milliseconds: 1.0,
        }
    }
}

impl Effect {
    /// The same for one measure: error shares have to move by a thousandth.
    pub fn of(self, measure: Measure) -> Least {
        Least {
            share: self.share,
            absolute: match measure {
                Measure::P50 | Measure::P95 | Measure::P99 => self.milliseconds,
                Measure::ErrorShare => 0.001,
                Measure::Throughput => 0.0,
            },
        }
    }
}

/// What is to be said of a series, gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The newest level is clearly worse than the one before it.
    Regression,
    /// Tonight is out of line: one run is no proof.
    Suspect,
    /// The newest level is worse than the one before it, but by little beside the scatter, or not for long enough yet.
    Shift,
    /// Tonight was out of line, and pairs with the base show no difference.
    Unconfirmed,
    /// The newest level is worse, but tonight is back in line with the one before it.
    Recovered,
    /// The newest level is better than the one before it, and news: it is the baseline from now on.
    Improvement,
    /// In line with a level that somebody accepted.
    Accepted,
    /// In line.
    InLine,
    /// Too few runs to compare with.
    NoBaseline,
}

impl Standing {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Regression => "regression",
            Self::Suspect => "suspect",
            Self::Shift => "shift",
            Self::Unconfirmed => "not confirmed",
            Self::Recovered => "recovered",
            Self::Improvement => "improvement",
            Self::Accepted => "accepted",
            Self::InLine => "in line",
            Self::NoBaseline => "no baseline yet",
        }
    }

    /// Whether somebody has to know of it.
    pub fn told(self) -> bool {
        self <= Self::Accepted
    }
}

/// One series.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// Of which part.
    pub part: String,
    /// What of it.
    pub measure: Measure,
    /// What is to be said.
    pub standing: Standing,
    /// Tonight.
    pub value: f64,
    /// The level that tonight or, after a change, the newest level is compared with.
    pub baseline: Option<f64>,
    /// The change as a ratio: 1.1 is 10 % more.
    pub ratio: Option<f64>,
    /// 95 % interval of the ratio of a change, as if its place were known beforehand.
    pub interval: Option<(f64, f64)>,
    /// A change in units of the scatter of both levels from run to run.
    pub scatters: Option<f64>,
    /// The run that the newest level begins with, where there is more than one level; of a suspect, the first of the runs
    /// on end that are out of line; after a regression, the first that is in line again.
    pub since: Option<String>,
    /// Its revision.
    pub revision: Option<String>,
    /// So many runs on end are out of line, or in line again after a regression, or of a level that shifted, tonight the
    /// last; else 0.
    pub nights: usize,
    /// Runs of the level before tonight, and before others on end that are out of line.
    pub runs: usize,
    /// Scatter of the level from run to run: 0.05 is 5 %.
    pub scatter: Option<f64>,
    /// The step that would be out of line the same night in nine of ten cases, as a ratio of the level.
    pub visible: Option<f64>,
    /// Why its level was accepted, if it was.
    pub reason: Option<String>,
    /// What pairs with the base say of a suspect, where there were any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pairs: Option<Confirmation>,
}

/// A suspect, and the same flows against the base and tonight's version in turns.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Confirmation {
    /// So many pairs.
    pub pairs: usize,
    /// The median of their ratios: 1.1 is 10 % more.
    pub ratio: f64,
    /// 95 % interval of the ratio.
    pub interval: (f64, f64),
}

/// What is to be said of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Night {
    /// The run.
    pub run: String,
    /// The name of its environment.
    pub environment: String,
    /// Runs of the environment before it.
    pub before: usize,
    /// The series, gravest first.
    pub findings: Vec<Finding>,
    /// Suspects that chance alone would give.
    pub by_chance: f64,
}

impl Night {
    /// The series of this standing.
    pub fn of(&self, standing: Standing) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |f| f.standing == standing)
    }

    /// Whether there is a regression.
    pub fn regressed(&self) -> bool {
        self.of(Standing::Regression).next().is_some()
    }

    /// Suspects that pairs with the base confirm are regressions; where the pairs show none, they are not.
    pub fn confirm(&mut self, pairs: &[Pair], effect: Effect) {
        let suspects = self.of(Standing::Suspect);
        let suspects: Vec<(&str, Measure)> =
            suspects.map(|f| (f.part.as_str(), f.measure)).collect();
        let wanted = |side: &[Figure]| -> Vec<Figure> {
            let figures = side.iter();
            let wanted = figures.filter(|f| suspects.contains(&(f.part.as_str(), f.measure)));
            wanted.cloned().collect()
        };
        let pairs: Vec<Pair> = pairs.iter().map(|(b, h)| (wanted(b), wanted(h))).collect();
        for found in compare(&pairs, effect) {
            let same = |f: &&mut Finding| f.part == found.part && f.measure == found.measure;
            let finding = self.findings.iter_mut().find(same);
            let (Some(finding), Some(interval)) = (finding, found.interval) else {
                continue;
            };
            finding.standing = match found.change {
                Change::Regression => Standing::Regression,
                _ => Standing::Unconfirmed,
            };
            finding.pairs = Some(Confirmation {
                pairs: found.pairs,
                ratio: found.ratio,
                interval,
            });
        }
        self.findings.sort_by_key(|f| f.standing);
    }

    /// The series that speaks for the power of all: the p95 of everything, or what is nearest to it.
    pub fn power(&self) -> Option<&Finding> {
        let seen = || self.findings.iter().filter(|f| f.visible.is_some());
        seen()
            .find(|f| f.part == ALL && f.measure == Measure::P95)
            .or_else(|| seen().find(|f| f.part == ALL))
    }
}

/// Judges a run by those of its environment that began before it.
pub fn judge(nights: &Nights, tonight: &Digest, effect: Effect) -> Night {
    let before: Vec<&Digest> = nights
        .runs
        .iter()
        .filter(|run| run.id < tonight.id)
        .collect();
    let mut findings: Vec<Finding> = tonight
        .figures
        .iter()
        .map(|figure| {
            let series = Series::new(nights, &before, (tonight, figure));
            series.judge(effect.of(figure.measure))
        })
        .collect();
    findings.sort_by_key(|f| f.standing);
    let chance = |runs: usize| match runs {
        0..FEWEST => 0.0,
        runs if runs < CHANCE.2 => CHANCE.1,
        _ => CHANCE.0,
    };
    Night {
        run: tonight.id.clone(),
        environment: tonight.key.name(),
        before: before.len(),
        by_chance: findings.iter().map(|f| chance(f.runs)).sum(),
        findings,
    }
}

/// One figure over the nights, the newest last.
struct Series<'a> {
    figure: &'a Figure,
    runs: Vec<&'a Digest>,
    values: Vec<f64>,
    reason: Option<&'a str>,
}

impl<'a> Series<'a> {
    fn new(
        nights: &'a Nights,
        before: &[&'a Digest],
        (tonight, figure): (&'a Digest, &'a Figure),
    ) -> Self {
        let same = |part: &str, measure| part == figure.part && measure == figure.measure;
        let accepted = nights.accepted.iter().rev().find_map(|acceptance| {
            let mut series = acceptance.series.iter();
            let found = series.find(|s| same(&s.part, s.measure) && s.from <= tonight.id)?;
            Some((found.from.as_str(), acceptance.reason.as_str()))
        });
        let from = accepted.map_or("", |(from, _)| from);
        let all = before.iter().copied().chain([tonight]);
        let (runs, values) = all
            .filter(|run| run.id.as_str() >= from)
            .filter_map(|run| {
                let figure = run.figure(&figure.part, figure.measure)?;
                Some((run, comparable(figure)))
            })
            .unzip();
        Self {
            figure,
            runs,
            values,
            reason: accepted.map(|(_, reason)| reason),
        }
    }

    fn judge(&self, least: Least) -> Finding {
        let better = better(self.figure.measure);
        let found = trend(&self.values, better, least);
        let standing = self.standing(&found, better);
        let changed = matches!(
            standing,
            Standing::Regression | Standing::Shift | Standing::Improvement
        );
        let change = found.changes.last().filter(|_| changed);
        let level = match standing {
            Standing::Recovered => found.changes.last().map(|c| c.before),
            _ => found.screen.map(|s| s.level),
        };
        let value = self.values.last().copied().unwrap_or(f64::NAN);
        let nights = match standing {
            Standing::Suspect => found.screen.map_or(0, |s| s.nights),
            Standing::Recovered => found.recovered,
            Standing::Shift => found.segments.last().map_or(0, |s| s.runs),
            _ => 0,
        };
        let first = match nights {
            0 => found.changes.last().map(|c| self.runs[c.index]),
            nights => Some(self.runs[self.runs.len() - nights]),
        };
        Finding {
            part: self.figure.part.clone(),
            measure: self.figure.measure,
            standing,
            value: self.figure.value,
            baseline: change
                .map(|c| c.before)
                .or(level)
                .map(|level| plain(self.figure, level)),
            ratio: change.map(|c| c.ratio).or(level.map(|level| value / level)),
            interval: change.map(|c| c.interval),
            scatters: change.map(Turn::scatters),
            since: first.map(|run| run.id.clone()),
            revision: first.and_then(|run| run.revision.clone()),
            nights,
            runs: found
                .segments
                .last()
                .map_or(0, |s| s.runs.saturating_sub(nights.max(1))),
            scatter: found.screen.map(|s| s.scatter),
            visible: found.screen.map(|s| seen(s.visible, s.level, least)),
            reason: self.reason.map(str::to_owned),
            pairs: None,
        }
    }

    fn standing(&self, found: &Trend, better: Better) -> Standing {
        let news = found
            .changes
            .last()
            .is_some_and(|c| !better.worse(c.ratio) && self.values.len() - c.index <= NEWS);
        match found.state {
            State::Regression => Standing::Regression,
            State::Recovered => Standing::Recovered,
            State::Suspect => Standing::Suspect,
            State::Shift => Standing::Shift,
            State::NoBaseline | State::None if news => Standing::Improvement,
            State::NoBaseline => Standing::NoBaseline,
            State::None if self.reason.is_some() => Standing::Accepted,
            State::None => Standing::InLine,
        }
    }
}

/// A step has to be beyond the bound and beyond the least effect.
fn seen(visible: f64, level: f64, least: Least) -> f64 {
    let share = least.share.max(least.absolute / level);
    if visible < 1.0 {
        visible.min(1.0 / (1.0 + share))
    } else {
        visible.max(1.0 + share)
    }
}

pub(super) fn better(measure: Measure) -> Better {
    match measure {
        Measure::Throughput => Better::Higher,
        _ => Better::Lower,
    }
}

/// The number behind a [`comparable`] one.
pub(super) fn plain(figure: &Figure, value: f64) -> f64 {
    let n = figure.n as f64;
    match figure.measure {
        Measure::ErrorShare => ((value * (n + 1.0) - 0.5) / n).max(0.0),
        _ => value,
    }
}

/// A number whose logarithm may be taken: shares of errors have half an error more, and so are never zero.
pub fn comparable(figure: &Figure) -> f64 {
    let n = figure.n as f64;
    match figure.measure {
        Measure::ErrorShare => (figure.value * n + 0.5) / (n + 1.0),
        _ => figure.value,
    }
}
