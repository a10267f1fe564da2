//! Budgets while a run goes. In: what every second of the measured phase brought, budget by budget; out: which hold so
//! far, taken as they are. Invariant: it is only shown: the verdict comes from the whole record.

use super::{allowance, holds};
use crate::budget::{Budget, BudgetFile, Scope, Statistic};
use crate::record::{Metric, Watched};
use crate::units::Nanos;

/// The fewest requests that say anything.
const SAMPLE: u64 = 20;

/// What budgets say so far.
#[derive(Debug)]
pub struct Standing {
    budgets: Vec<(Budget, Watched)>,
}

impl Standing {
    /// For the budgets of a profile that are shares of requests, in the order of [`BudgetFile::deciding`].
    pub fn new(budgets: &BudgetFile, profile: &str) -> Self {
        let known = budgets.decidable(profile);
        Self {
            budgets: known
                .map(|(budget, _)| (budget.clone(), Watched::default()))
                .collect(),
        }
    }

    /// A second has passed, with these counts, budget by budget.
    pub fn second(&mut self, watched: &[Watched]) {
        for ((_, sum), second) in self.budgets.iter_mut().zip(watched) {
            sum.ended += second.ended;
            sum.broken += second.broken;
        }
    }

    /// How many budgets are looked at.
    pub fn count(&self) -> usize {
        self.budgets.len()
    }

    /// The texts of those that do not hold so far.
    pub fn broken(&self) -> impl Iterator<Item = &str> {
        let broken = self
            .budgets
            .iter()
            .filter(|(budget, sum)| sum.ended >= SAMPLE && !holds(budget, sum.ended, sum.broken));
        broken.map(|(budget, _)| budget.text.as_str())
    }

    /// The tightest limit that budgets set a percentile of the response time of all requests.
    pub fn limit(&self, percentile: f64) -> Option<Nanos> {
        let of_all = self.of_all().filter_map(|budget| match budget.statistic {
            Statistic::Percentile {
                metric: Metric::Response,
                q,
            } if (q - percentile).abs() < 1e-9 => budget.bound.time(),
            _ => None,
        });
        of_all.min()
    }

    /// The share of all requests that may fail.
    pub fn errors(&self) -> Option<f64> {
        let shares = self.of_all().filter_map(|budget| match budget.statistic {
            Statistic::ErrorRate | Statistic::SuccessRate => Some(allowance(budget)),
            _ => None,
        });
        shares.reduce(f64::min)
    }

    fn of_all(&self) -> impl Iterator<Item = &Budget> {
        let budgets = self.budgets.iter().map(|(budget, _)| budget);
        budgets.filter(|budget| budget.scope == Scope::All)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget;
    use crate::source::Source;
    use std::sync::Arc;

    #[test]
    fn budgets_break_while_the_run_goes_and_limits_are_the_tightest() {
        let text = "budgets: [p95 < 250ms, p95 < 300ms, error_rate < 1%, p99 of pay < 1s, p50 < 1s in 90% of 10s windows]\n";
        let file = budget::parse(Arc::new(Source::new("b.yaml", text))).unwrap();
        let mut standing = Standing::new(&file, "launch");
        assert_eq!(standing.count(), 4);
        let second = |broken: [u64; 4]| broken.map(|broken| Watched { ended: 15, broken });
        standing.second(&second([15, 15, 0, 0]));
        assert_eq!(standing.broken().count(), 0, "15 requests say nothing");
        standing.second(&second([0, 0, 0, 0]));
        let broken: Vec<_> = standing.broken().collect();
        assert_eq!(broken, ["p95 < 250ms", "p95 < 300ms"]);
        assert_eq!(standing.limit(0.95), Some(250_000_000));
        assert_eq!(
            (standing.limit(0.99), standing.errors()),
            (None, Some(0.01))
        );
    }
}
