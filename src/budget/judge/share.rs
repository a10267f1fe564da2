//! Budgets on a share of the requests: percentiles and rates. In: tallies and a bound; out: a finding with its
//! evidence. Invariant: a percentile is judged by counting violations, never by reading a value off a histogram;
//! where a limit was not counted while the run went, the histogram counts, never too few, and the finding says so.

use super::ladder::{Ladder, Rung};
use super::{Finding, no_data};
use crate::budget::statistics::{Evident, bounds, evident, order_interval, smallest_sample};
use crate::budget::text::decimal;
use crate::budget::{Bound, Budget, Outcome, Quantity, Statistic};
use crate::record::{Metric, StepRecord, Tally, rank};
use crate::units::{Nanos, format_count, format_share};

/// Violations among requests.
#[derive(Debug, Clone, Copy)]
struct Count {
    n: u64,
    k: u64,
    exact: bool,
}

impl Count {
    fn share(self) -> f64 {
        self.k as f64 / self.n.max(1) as f64
    }
}

/// What is counted, and how much of it the budget allows.
#[derive(Debug, Clone, Copy)]
struct Rule {
    statistic: Statistic,
    bound: Bound,
    /// Share of requests that may violate.
    allowed: f64,
}

/// The share of violations that a budget allows; `None` where it is not about a share.
pub(in crate::budget) fn allowed(statistic: Statistic, bound: Bound) -> Option<f64> {
    match (statistic, bound.limit) {
        (Statistic::Percentile { q, .. }, _) => Some(1.0 - q),
        (Statistic::ErrorRate, Quantity::Share(share)) => Some(share),
        (Statistic::SuccessRate | Statistic::CheckRate, Quantity::Share(share)) => {
            Some(1.0 - share)
        }
        _ => None,
    }
}

pub(super) fn find(budget: &Budget, steps: &[&StepRecord], smoke: bool) -> Finding {
    let (statistic, bound) = (budget.statistic, budget.bound);
    let rule = Rule {
        statistic,
        bound,
        allowed: allowed(statistic, bound).unwrap_or_default(),
    };
    let count = rule.sum(steps);
    let needed = smallest_sample(rule.allowed);
    if count.n == 0 {
        return Finding {
            needed: Some(needed),
            violations: Some(0),
            ..Finding::nothing(Outcome::Undecided, no_data(statistic))
        };
    }
    let outcome = rule.outcome(count, smoke);
    let (actual, headroom, interval) = match statistic {
        Statistic::Percentile { metric, q } => rule.percentile(metric, q, steps, count.n),
        _ => rule.rate(count),
    };
    Finding {
        outcome,
        actual: Some(actual),
        headroom,
        n: count.n,
        violations: Some(count.k),
        interval,
        needed: Some(needed),
        exact: count.exact,
        notes: rule.notes(count, outcome, smoke),
        worst: rule.worst(steps),
    }
}

impl Rule {
    fn sum(self, steps: &[&StepRecord]) -> Count {
        let counts = steps.iter().map(|step| self.count(&step.measured));
        let none = Count {
            n: 0,
            k: 0,
            exact: true,
        };
        counts.fold(none, |a, b| Count {
            n: a.n + b.n,
            k: a.k + b.k,
            exact: a.exact && b.exact,
        })
    }

    fn count(self, tally: &Tally) -> Count {
        match (self.statistic, self.bound.time()) {
            (Statistic::Percentile { metric, .. }, Some(limit)) => latency(tally, metric, limit),
            (Statistic::CheckRate, _) => Count {
                n: tally.ok + tally.check_failed + tally.dropped,
                k: tally.check_failed + tally.dropped,
                exact: true,
            },
            _ => Count {
                n: tally.ended() + tally.dropped,
                k: tally.violations(),
                exact: true,
            },
        }
    }

    fn outcome(self, count: Count, smoke: bool) -> Outcome {
        if self.allowed <= 0.0 {
            // "None at all" speaks of these requests, not of a rate behind them.
            return if count.k == 0 {
                Outcome::Pass
            } else {
                Outcome::Fail
            };
        }
        match evident(count.k, count.n, self.allowed) {
            Evident::Below => Outcome::Pass,
            Evident::Above => Outcome::Fail,
            Evident::Neither if count.n < smallest_sample(self.allowed) && !smoke => {
                Outcome::Undecided
            }
            Evident::Neither => Outcome::Marginal {
                passed: self.holds(count),
            },
        }
    }

    /// What the plain value says.
    fn holds(self, count: Count) -> bool {
        let limit = |bound: Bound| match bound.limit {
            Quantity::Share(share) => share,
            Quantity::Time(_) | Quantity::Rate(_) => 0.0,
        };
        match self.statistic {
            // The request at the percentile's rank is within the limit.
            Statistic::Percentile { q, .. } => count.n - count.k >= rank(q, count.n),
            Statistic::ErrorRate => self.bound.operator.holds(count.share(), limit(self.bound)),
            _ => self
                .bound
                .operator
                .holds(1.0 - count.share(), limit(self.bound)),
        }
    }

    /// Value, headroom and interval of a percentile.
    fn percentile(
        self,
        metric: Metric,
        q: f64,
        steps: &[&StepRecord],
        n: u64,
    ) -> (String, Option<f64>, Option<(String, String)>) {
        let ladder = Ladder::new(metric, steps);
        let rung = ladder.quantile(q);
        let (lower, upper) = order_interval(n, q);
        let side = |rank: Option<u64>, none: &str| {
            rank.map_or_else(|| none.to_owned(), |rank| ladder.at(rank).text())
        };
        let interval = (lower.is_some() || upper.is_some())
            .then(|| (side(lower, "no lower bound"), side(upper, "no upper bound")));
        (
            rung.map_or_else(String::new, Rung::text),
            rung.zip(self.bound.time())
                .and_then(|(rung, limit)| rung.headroom(limit)),
            interval,
        )
    }

    /// Value, headroom and interval of a rate. Headroom is that of the allowed violations: at 99.8 % of more than
    /// 99 %, four fifths of them are left.
    fn rate(self, count: Count) -> (String, Option<f64>, Option<(String, String)>) {
        let (low, high) = bounds(count.k, count.n);
        let headroom = (self.allowed > 0.0).then(|| 1.0 - count.share() / self.allowed);
        let (actual, low, high) = if self.statistic == Statistic::ErrorRate {
            (count.share(), low, high)
        } else {
            (1.0 - count.share(), 1.0 - high, 1.0 - low)
        };
        let interval = (format_share(low), format_share(high));
        (format_share(actual), headroom, Some(interval))
    }

    fn notes(self, count: Count, outcome: Outcome, smoke: bool) -> Vec<String> {
        let mut notes = Vec::new();
        let n = format_count(count.n);
        let small = count.n < smallest_sample(self.allowed);
        match outcome {
            Outcome::Marginal { .. } if smoke && small => {
                notes.push(format!("n={n}: a smoke pass, not evidence"));
            }
            Outcome::Marginal { .. } => notes.push(format!(
                "the evidence does not decide: {} of the requests violate it, {} % may",
                format_share(count.share()),
                decimal(self.allowed * 100.0)
            )),
            Outcome::Undecided => notes.push(too_few(count.n, self.statistic, self.allowed)),
            Outcome::Pass if self.allowed <= 0.0 => notes.push(
                "true of these requests; no number of them can show a rate of zero".to_owned(),
            ),
            Outcome::Pass | Outcome::Fail | Outcome::NotRun => {}
        }
        if !count.exact {
            let note = "counted from the histogram, to 0.1 %: the run did not count this limit";
            notes.push(note.to_owned());
        }
        notes
    }

    /// The step with the largest share of violations; of equals, the slowest.
    fn worst(self, steps: &[&StepRecord]) -> Option<String> {
        if steps.len() < 2 {
            return None;
        }
        steps
            .iter()
            .filter_map(|step| Some((self.standing(step)?, step)))
            .max_by(|((a, _), _), ((b, _), _)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))
            .map(|((_, value), step)| format!("{} {value}", step.label))
    }

    /// How bad one step is, for ordering, and its value.
    fn standing(self, step: &StepRecord) -> Option<((f64, u64), String)> {
        let count = self.count(&step.measured);
        let rung = match self.statistic {
            Statistic::Percentile { metric, q } => Ladder::new(metric, &[step]).quantile(q),
            _ => None,
        };
        let value = match (self.statistic, rung) {
            (_, Some(rung)) => rung.text(),
            (Statistic::ErrorRate, None) => format_share(count.share()),
            (_, None) => format_share(1.0 - count.share()),
        };
        // A rate without any violation has no worst step.
        let known = count.n > 0 && (rung.is_some() || count.k > 0);
        known.then(|| ((count.share(), rung.map_or(0, Rung::badness)), value))
    }
}

/// "200 requests can never show p99; needs 299".
pub(in crate::budget) fn too_few(n: u64, statistic: Statistic, allowed: f64) -> String {
    let what = match statistic {
        Statistic::Percentile { .. } => statistic.to_string(),
        Statistic::ErrorRate => format!("an error rate below {} %", decimal(allowed * 100.0)),
        _ => format!("a rate above {} %", decimal((1.0 - allowed) * 100.0)),
    };
    let requests = if n == 1 { "request" } else { "requests" };
    let needed = format_count(smallest_sample(allowed));
    format!(
        "{} {requests} can never show {what}; needs {needed}",
        format_count(n)
    )
}

/// Requests over a latency limit, those without a whole and right answer among them.
fn latency(tally: &Tally, metric: Metric, limit: Nanos) -> Count {
    let counted = tally
        .over
        .iter()
        .find(|o| (o.metric, o.limit) == (metric, limit))
        .map(|o| o.over);
    if metric.of_connections() {
        // Of requests that did not pass, only the histogram knows the time.
        let exact = counted.filter(|_| tally.ok == tally.sent);
        let times = tally.latencies(metric);
        return Count {
            n: times.count() + tally.dropped,
            k: exact.unwrap_or_else(|| times.count_not_below(limit)) + tally.dropped,
            exact: exact.is_some() || times.is_empty(),
        };
    }
    let over = counted.unwrap_or_else(|| match metric {
        Metric::Response => tally.response.count_not_below(limit),
        // These hold requests that failed a check, too: never too few, and never more than passed.
        _ => tally.latencies(metric).count_not_below(limit).min(tally.ok),
    });
    Count {
        n: tally.ended() + tally.dropped,
        k: over + tally.violations(),
        exact: counted.is_some() || tally.ok == 0,
    }
}
