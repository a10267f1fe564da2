//! `stop: when decided`. In: what every second of the measured phase brought, budget by budget; out: the moment from
//! which on the rest of the run could change nothing. Invariant: looking every second errs no more often than looking
//! once, because the test (see `statistics/sequential.rs`) may be looked at any number of times.
//!
//! Nothing is decided before 20 seconds, in which requests show how they depend on each other, but that nothing works
//! at all. One budget that is broken decides (with m of them, at 5 % / m); the run is well only when all its budgets
//! are, and only where all are on rates of errors or checks: latencies may still get worse, and are waited for.

use super::{allowance, breach};
use crate::budget::statistics::{decided, inflation};
use crate::budget::{Budget, BudgetFile, Level, Place};
use crate::record::{Breach, Decided, Watch, Watched};
use crate::units::Nanos;
use std::ops::Range;

/// Seconds in which requests show how they depend on each other.
const LEAST: usize = 20;
/// So many requests, all of them in vain, need no more.
const ALL_IN_VAIN: u64 = 30;

/// Decides on the budgets of a run.
#[derive(Debug)]
pub struct Decider {
    budgets: Vec<Open>,
    /// Every budget of the profile can be decided for the better.
    all: bool,
    measured: Range<Nanos>,
}

/// A budget and what is known of it.
#[derive(Debug)]
struct Open {
    text: String,
    breach: Breach,
    allowed: f64,
    seconds: Vec<(u64, u64)>,
    held: bool,
}

impl Decider {
    /// For the budgets of a profile whose measured phase is this one.
    pub fn new(budgets: &BudgetFile, profile: &str, measured: Range<Nanos>) -> Self {
        let open: Vec<Open> = budgets.decidable(profile).map(Open::new).collect();
        let judged = budgets.applies(profile);
        let judged = judged.filter(|b| b.level == Level::Fail).count();
        let of_errors = open.iter().all(|b| !matches!(b.breach, Breach::Over(_)));
        Self {
            all: of_errors && open.len() == judged && !open.is_empty(),
            budgets: open,
            measured,
        }
    }

    /// A second has passed, with these counts, budget by budget; what is decided, if anything is.
    pub fn second(&mut self, (start, end): (Nanos, Nanos), watched: &[Watched]) -> Option<Decided> {
        if start < self.measured.start || end > self.measured.end {
            return None;
        }
        let among = self.budgets.len() as f64;
        for (index, open) in self.budgets.iter_mut().enumerate() {
            let counts = watched.get(index).copied().unwrap_or_default();
            open.seconds.push((counts.ended, counts.broken));
            match open.look(among) {
                Some(false) => {
                    return Some(Decided {
                        at: end,
                        measured: end - self.measured.start,
                        broken: Some(open.text.clone()),
                    });
                }
                held => open.held = held == Some(true),
            }
        }
        let held = self.all && self.budgets.iter().all(|open| open.held);
        held.then(|| Decided {
            at: end,
            measured: end - self.measured.start,
            broken: None,
        })
    }
}

impl Open {
    fn new((budget, breach): (&Budget, Breach)) -> Self {
        Self {
            text: budget.text.clone(),
            breach,
            allowed: allowance(budget),
            seconds: Vec::new(),
            held: false,
        }
    }

    /// Whether it holds; `None` while that is open. `among` budgets may be broken by chance.
    fn look(&self, among: f64) -> Option<bool> {
        let sum = |(n, k): (u64, u64), second: &(u64, u64)| (n + second.0, k + second.1);
        let (n, k) = self.seconds.iter().fold((0, 0), sum);
        if n >= ALL_IN_VAIN && k == n {
            return Some(false);
        }
        let seen = self.seconds.len();
        // Of a long run every second need not be looked at: the later, the less each one changes.
        if seen < LEAST || !seen.is_multiple_of((seen / 300).max(1)) {
            return None;
        }
        let inflation = inflation(&self.seconds);
        decided(
            k as f64 / inflation,
            n as f64 / inflation,
            self.allowed,
            among,
        )
    }
}

impl BudgetFile {
    /// The budgets of a profile on which a run can be decided before its end: shares of requests of the whole measured
    /// phase that may be broken, and not by all of them.
    pub(super) fn decidable<'a>(
        &'a self,
        profile: &'a str,
    ) -> impl Iterator<Item = (&'a Budget, Breach)> {
        self.applies(profile).filter_map(move |budget| {
            let whole =
                budget.when.is_none() && budget.during.as_ref().is_none_or(|d| d == profile);
            let share = 0.0 < allowance(budget) && allowance(budget) < 1.0;
            let fails = budget.level == Level::Fail && budget.part.is_none();
            breach(budget)
                .filter(|_| whole && share && fails)
                .map(|b| (budget, b))
        })
    }

    /// What recorders must count for a run that ends when its budgets are decided, budget by budget.
    pub fn deciding(&self, profile: &str, places: &[Place]) -> Vec<Watch> {
        let speaks = |budget: &Budget| {
            let judged = budget.among(places).into_iter().enumerate();
            judged
                .filter_map(|(index, speaks)| speaks.then_some(index))
                .collect()
        };
        self.decidable(profile)
            .map(|(budget, breach)| Watch {
                steps: speaks(budget),
                breach,
                measured: true,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget;
    use crate::source::Source;
    use std::sync::Arc;

    const SECOND: Nanos = 1_000_000_000;

    fn decider(sentences: &str) -> Decider {
        let text = format!("budgets: [{sentences}]\n");
        let file = budget::parse(Arc::new(Source::new("b.yaml", text))).unwrap();
        Decider::new(&file, "pr", 10 * SECOND..310 * SECOND)
    }

    /// The second of the run at the end of which it is decided, and how, when every second has these counts.
    fn run(
        sentences: &str,
        second: impl Fn(u64) -> Vec<(u64, u64)>,
    ) -> Option<(u64, Option<String>)> {
        let mut decider = decider(sentences);
        (0..400).find_map(|i| {
            let counts = second(i).into_iter();
            let watched: Vec<Watched> = counts
                .map(|(ended, broken)| Watched { ended, broken })
                .collect();
            let said = decider.second((i * SECOND, (i + 1) * SECOND), &watched)?;
            assert_eq!(said.at - said.measured, 10 * SECOND);
            Some((said.at / SECOND, said.broken))
        })
    }

    #[test]
    fn a_run_is_decided_when_the_rest_can_change_nothing() {
        let broken = |text: &str| Some(text.to_owned());
        // Never within the ramp, and at the earliest after 20 seconds of the measured phase.
        assert_eq!(run("error_rate < 1%", |_| vec![(50, 0)]), Some((30, None)));
        assert_eq!(
            run("error_rate < 1%", |_| vec![(50, 5)]),
            Some((30, broken("error_rate < 1%")))
        );
        // Nothing works: 30 requests are enough.
        assert_eq!(
            run("error_rate < 1%", |_| vec![(50, 50)]),
            Some((11, broken("error_rate < 1%")))
        );
        assert_eq!(
            run("error_rate < 1%", |_| vec![(10, 10)]),
            Some((13, broken("error_rate < 1%")))
        );
        // At the limit nothing is ever decided.
        assert_eq!(
            run("error_rate < 2%", |i| vec![(50, 1 + i % 2 - (i / 2) % 2)]),
            None
        );
        // One of several.
        let two = "error_rate < 1%, success_rate of pay > 95%";
        assert_eq!(
            run(two, |_| vec![(50, 0), (20, 5)]),
            Some((30, broken("success_rate of pay > 95%")))
        );
        assert_eq!(run(two, |_| vec![(50, 0), (20, 0)]), Some((30, None)));
        assert_eq!(run(two, |_| vec![(50, 0), (0, 0)]), None);
    }

    #[test]
    fn latencies_are_waited_for_unless_they_are_broken() {
        let text = "p95 < 300ms";
        assert_eq!(run(text, |_| vec![(500, 0)]), None);
        assert_eq!(
            run(text, |_| vec![(500, 100)]),
            Some((30, Some(text.to_owned())))
        );
        // A mean says nothing before the end, and neither does what stands beside it.
        assert_eq!(run("error_rate < 1%, mean < 1s", |_| vec![(500, 0)]), None);
        // Nothing may fail at all: that is never known before the end.
        assert_eq!(run("error_rate <= 0%", |_| vec![(500, 0)]), None);
        assert_eq!(run("error_rate < 1% for 2s", |_| vec![(500, 500)]), None);
    }
}
