//! Guards: budgets that are watched while the run goes, and stop it. In: the sentences under `guards:` and, second by
//! second, how many requests ended and broke them; out: the guard that tripped. Invariant: a guard trips only when it
//! was broken for all of its time on end, and the time in which nothing could be said is not counted against anybody.
//!
//! Every second a guard looks at a sliding window: the last 24th of its time (`for 2m`: 5 s), at least one second.
//! Where that holds fewer requests than could show its share (20 for 5 %, 1,000 for 0.1 %), it reaches further back,
//! to all of its time at most; with fewer even then nothing is said, and what was said before stays. It is broken from
//! the start of the first second that says so, and trips at the end of the first second by which it has been broken
//! for its time. Ramp and warm-up are watched too: a wire that stops a deploy must not sleep while a system warms up.

mod decider;
mod standing;
mod watchman;

pub use decider::Decider;
pub use standing::Standing;
pub use watchman::Watchman;

use super::judge::allowed;
use super::{Budget, BudgetFile, Place, Statistic, When, file, judge};
use crate::record::{Breach, Limit, Watch};
use crate::source::{Fields, Node, Reader};
use crate::units::Nanos;

/// Reads `guards:`.
pub(super) fn read(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Vec<Budget> {
    let items = fields.get("guards").map(|list| reader.list(list));
    let items = items.unwrap_or_default().into_iter();
    items.filter_map(|item| sentence(reader, item)).collect()
}

fn sentence(reader: &mut Reader<'_>, item: &Node) -> Option<Budget> {
    let guard = file::sentence(reader, item)?;
    let rule = breach(&guard).zip(dwell(&guard));
    if rule.is_none() {
        let message = "a guard says for how long it must be broken before it stops the run";
        let help = "write a share of requests and a time, as in `error_rate < 5% for 2m` or `p95 of pay < 2s for 30s`";
        reader.error("T0831", item.span, message, help);
        return None;
    }
    if guard.part.is_some() {
        let message = "a guard watches all requests of its steps, whatever their answers";
        let help = "leave out the status or the captured number; it can be a budget";
        reader.error("T0832", item.span, message, help);
        return None;
    }
    Some(guard)
}

/// For how long a guard must be broken.
fn dwell(guard: &Budget) -> Option<Nanos> {
    match guard.when {
        Some(When::Every(length)) => Some(length),
        _ => None,
    }
}

/// What breaks a guard; `None` where it is no share of requests.
fn breach(guard: &Budget) -> Option<Breach> {
    match guard.statistic {
        Statistic::ErrorRate | Statistic::SuccessRate => Some(Breach::NotPassed),
        Statistic::CheckRate => Some(Breach::Check),
        Statistic::Percentile { metric, .. } => {
            let limit = guard.bound.time()?;
            Some(Breach::Over(Limit { metric, limit }))
        }
        _ => None,
    }
}

/// The share of requests that may break a guard.
fn allowance(guard: &Budget) -> f64 {
    allowed(guard.statistic, guard.bound).unwrap_or_default()
}

/// Whether a share of requests keeps a guard's limit.
fn holds(guard: &Budget, ended: u64, broken: u64) -> bool {
    judge::holds(guard, ended, broken)
}

impl BudgetFile {
    /// The guards that watch a profile.
    pub fn guards_of<'a>(&'a self, profile: &'a str) -> impl Iterator<Item = &'a Budget> {
        self.guards
            .iter()
            .filter(move |guard| guard.applies(profile))
    }

    /// What recorders must count for the guards of a profile, guard by guard.
    pub fn watches(&self, profile: &str, places: &[Place]) -> Vec<Watch> {
        let covered = |guard: &Budget| {
            let speaks = guard.scope.among(places).into_iter().enumerate();
            speaks.filter_map(|(index, s)| s.then_some(index)).collect()
        };
        self.guards_of(profile)
            .filter_map(|guard| {
                Some(Watch {
                    steps: covered(guard),
                    breach: breach(guard)?,
                    measured: false,
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
