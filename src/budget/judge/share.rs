//! Budgets on a share of the requests: percentiles and rates. In: tallies and a bound; out: a finding with its
//! evidence. Invariant: a percentile is judged by counting violations, never by reading a value off a histogram;
//! where a limit was not counted while the run went, the histogram counts, never too few, and the finding says so.

use super::ladder::{Ladder, Rung};
use super::point::lost_messages;
use super::windows::Series;
use super::{Finding, Run, no_data};
use crate::budget::statistics::{Evident, Sample, inflation, smallest_sample};
use crate::budget::text::decimal;
use crate::budget::{Bound, Budget, Outcome, Quantity, Statistic};
use crate::record::{Metric, StepRecord, Tally, rank};
use crate::units::{Nanos, format_count, format_share};
use std::rc::Rc;

/// Violations among requests.
#[derive(Debug, Clone, Copy)]
pub(super) struct Count {
    pub(super) n: u64,
    pub(super) k: u64,
    pub(super) exact: bool,
    /// By how much they depend on each other; 1 is not at all, or not known.
    pub(super) inflation: f64,
}

impl Count {
    /// Counted one by one, taken as independent.
    pub(super) fn plain((n, k): (u64, u64)) -> Self {
        Self {
            n,
            k,
            exact: true,
            inflation: 1.0,
        }
    }

    pub(super) fn share(self) -> f64 {
        self.k as f64 / self.n.max(1) as f64
    }

    fn sample(self) -> Sample {
        Sample {
            n: self.n,
            k: self.k,
            inflation: self.inflation,
        }
    }
}

/// What is counted, and how much of it the budget allows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    pub(super) statistic: Statistic,
    pub(super) bound: Bound,
    /// Share of requests that may violate.
    pub(super) allowed: f64,
}

/// The share of violations that a budget allows; `None` where it is not about a share.
pub(in crate::budget) fn allowed(statistic: Statistic, bound: Bound) -> Option<f64> {
    match (statistic, bound.limit) {
        (Statistic::Percentile { q, .. }, _) => Some(1.0 - q),
        (Statistic::ErrorRate, Quantity::Share(share)) => Some(share),
        (Statistic::Share(_), Quantity::Share(share)) if bound.operator.upper() => Some(share),
        (
            Statistic::SuccessRate
            | Statistic::CheckRate
            | Statistic::CacheHitRate
            | Statistic::Share(_),
            Quantity::Share(share),
        ) => Some(1.0 - share),
        _ => None,
    }
}

/// Whether so many violations of so many requests keep a budget's limit, taken as they are.
pub(in crate::budget) fn holds(budget: &Budget, n: u64, k: u64) -> bool {
    Rule::of(budget).holds(Count::plain((n, k)))
}

pub(super) fn find(run: &Run<'_>, budget: &Budget, steps: &[&StepRecord]) -> Finding {
    let rule = Rule::of(budget);
    let caches = rule.statistic == Statistic::CacheHitRate;
    if caches && run.smoke {
        let note = "a profile of passes asks for everything once: no cache can show its hit rate";
        return Finding::nothing(Outcome::NotRun, note);
    }
    let mut count = rule.sum(run, steps);
    if count.n == 0 {
        let mut finding = Finding::nothing(Outcome::Undecided, no_data(rule.statistic));
        finding.notes.extend(caches.then(|| apart(steps)).flatten());
        return Finding {
            needed: Some(smallest_sample(rule.allowed)),
            violations: Some(0),
            ..finding
        };
    }
    if !run.smoke {
        count.inflation = rule.inflation(run, steps);
    }
    let value = match rule.statistic {
        Statistic::Percentile { metric, q } => {
            rule.percentile((metric, q), &run.ladder(metric, steps), count)
        }
        _ => rule.rate(count),
    };
    let mut finding = Finding {
        actual: Some(value.actual),
        headroom: value.headroom,
        interval: value.interval,
        bound: value.bound,
        worst: rule.worst(run, steps),
        ..rule.finding(count, run.smoke)
    };
    finding.notes.extend(caches.then(|| apart(steps)).flatten());
    let failed: u64 = steps.iter().map(|s| s.measured.violations()).sum();
    let of_requests = rule.of_requests() && budget.part.is_none();
    finding.by_failures = of_requests && finding.outcome.broken() && count.k <= failed;
    finding
}

/// The answers that a hit rate leaves out.
fn apart(steps: &[&StepRecord]) -> Option<String> {
    let tallies = || steps.iter().map(|s| &s.measured);
    let bypass: u64 = tallies().map(|t| t.cache.bypass).sum();
    let told: u64 = tallies().map(|t| t.cache.cacheable()).sum::<u64>() + bypass;
    let answers: u64 = tallies().map(|t| t.ok + t.check_failed).sum();
    let silent = answers.saturating_sub(told);
    let of =
        |count: u64, what: &str| (count > 0).then(|| format!("{} {what}", format_count(count)));
    let parts = [
        of(bypass, "passed a cache by"),
        of(silent, "say nothing of a cache"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("left out: {}", parts.join(", ")))
}

/// What is shown of a value.
struct Shown {
    actual: String,
    headroom: Option<f64>,
    interval: Option<(String, String)>,
    /// The bound on the side of the limit, in the unit of the limit.
    bound: Option<f64>,
}

impl Rule {
    pub(super) fn of(budget: &Budget) -> Self {
        let (statistic, bound) = (budget.statistic, budget.bound);
        Self {
            statistic,
            bound,
            allowed: allowed(statistic, bound).unwrap_or_default(),
        }
    }

    /// It is of messages, not of requests.
    pub(super) fn of_messages(self) -> bool {
        self.statistic.metric().is_some_and(Metric::of_messages)
    }

    /// Whoever failed violates it.
    fn of_requests(self) -> bool {
        match self.statistic {
            Statistic::Percentile { metric, .. } => {
                !metric.of_connections() && !metric.of_messages()
            }
            Statistic::ErrorRate | Statistic::SuccessRate | Statistic::CheckRate => true,
            _ => false,
        }
    }

    /// What counts alone say.
    pub(super) fn finding(self, count: Count, smoke: bool) -> Finding {
        let outcome = self.outcome(count, smoke);
        let dependent = count.inflation > 1.0;
        Finding {
            outcome,
            n: count.n,
            violations: Some(count.k),
            needed: Some(smallest_sample(self.allowed)),
            exact: count.exact,
            effective: dependent.then(|| count.sample().effective()),
            inflation: dependent.then_some(count.inflation),
            notes: self.notes(count, outcome, smoke),
            ..Finding::nothing(outcome, "")
        }
    }

    /// By how much the requests depend on each other. Of a limit that was not counted, the most that those of
    /// the same latency and the errors show.
    fn inflation(self, run: &Run<'_>, steps: &[&StepRecord]) -> f64 {
        let (from, to) = run.measured();
        let of = |rule: Self| {
            let series = Series::of(rule, steps.iter().map(|s| &s.measured))?;
            Some(inflation(series.between(from, to)))
        };
        if let Some(known) = of(self) {
            return known;
        }
        let Statistic::Percentile { metric, .. } = self.statistic else {
            return 1.0;
        };
        run.likely_inflation(metric, steps, || {
            let mut limits: Vec<_> = steps.iter().flat_map(|s| &s.measured.over).collect();
            limits.retain(|o| o.metric == metric);
            limits.sort_by_key(|o| o.limit);
            limits.dedup_by_key(|o| o.limit);
            let like = limits.into_iter().map(|o| {
                let bound = Bound {
                    limit: of_histogram(metric, o.limit),
                    ..self.bound
                };
                Self { bound, ..self }
            });
            let statistic = Statistic::ErrorRate;
            let errors = Self { statistic, ..self };
            let errors = (!metric.of_messages()).then_some(errors);
            like.chain(errors).filter_map(of).fold(1.0, f64::max)
        })
    }

    fn sum(self, run: &Run<'_>, steps: &[&StepRecord]) -> Count {
        let counts = steps.iter().map(|step| self.count(run, step));
        counts.fold(Count::plain((0, 0)), |a, b| Count {
            n: a.n + b.n,
            k: a.k + b.k,
            exact: a.exact && b.exact,
            inflation: 1.0,
        })
    }

    fn count(self, run: &Run<'_>, step: &StepRecord) -> Count {
        let tally = &step.measured;
        match (self.statistic, self.bound.time()) {
            (Statistic::Percentile { metric, .. }, Some(limit)) => {
                latency(tally, (metric, limit), || run.ladder(metric, &[step]))
            }
            (Statistic::CheckRate, _) => {
                let bad = tally.check_failed + tally.dropped;
                Count::plain((tally.ok + bad, bad))
            }
            (Statistic::CacheHitRate, _) => {
                let n = tally.cache.cacheable();
                // A dropped request is a miss where there is any word on caches at all.
                let dropped = if n > 0 { tally.dropped } else { 0 };
                Count::plain((n + dropped, tally.cache.miss + dropped))
            }
            (Statistic::Share(which), _) => {
                let n = tally.ended() + tally.dropped;
                let such = which.count(tally);
                // What was dropped violates either way.
                let others = || n - (such - tally.dropped);
                let upper = self.bound.operator.upper();
                Count::plain((n, if upper { such } else { others() }))
            }
            _ => Count::plain((tally.ended() + tally.dropped, tally.violations())),
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
        match count.sample().evident(self.allowed) {
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
    pub(super) fn holds(self, count: Count) -> bool {
        let limit = |bound: Bound| match bound.limit {
            Quantity::Share(share) => share,
            _ => 0.0,
        };
        match self.statistic {
            // The request at the percentile's rank is within the limit.
            Statistic::Percentile { q, .. } => count.n.saturating_sub(count.k) >= rank(q, count.n),
            Statistic::ErrorRate | Statistic::Share(_) if self.bound.operator.upper() => {
                self.bound.operator.holds(count.share(), limit(self.bound))
            }
            _ => self
                .bound
                .operator
                .holds(1.0 - count.share(), limit(self.bound)),
        }
    }

    /// Value, headroom and interval of a percentile.
    fn percentile(self, (metric, q): (Metric, f64), ladder: &Ladder, count: Count) -> Shown {
        let rung = ladder.quantile(q);
        let (lower, upper) = count.sample().ranks(q);
        let side = |rank: Option<u64>, none: &str| {
            rank.map_or_else(|| none.to_owned(), |rank| ladder.at(rank).text(metric))
        };
        let interval = (lower.is_some() || upper.is_some())
            .then(|| (side(lower, "no lower bound"), side(upper, "no upper bound")));
        let worst = upper.map(|rank| ladder.at(rank));
        Shown {
            actual: rung.map_or_else(String::new, |rung| rung.text(metric)),
            headroom: rung
                .zip(self.bound.time())
                .and_then(|(rung, limit)| rung.headroom(limit)),
            interval,
            bound: worst.and_then(|rung| match rung {
                Rung::Value(value) => Some(value as f64 / metric.unit() as f64),
                Rung::AtLeast(_) | Rung::Failed(_) => None,
            }),
        }
    }

    /// Value, headroom and interval of a rate. Headroom is that of the allowed violations: at 99.8 % of more than
    /// 99 %, four fifths of them are left.
    fn rate(self, count: Count) -> Shown {
        let (low, high) = count.sample().bounds();
        let headroom = (self.allowed > 0.0).then(|| 1.0 - count.share() / self.allowed);
        let violations = self.bound.operator.upper();
        let (actual, interval, bound) = if violations {
            (count.share(), (low, high), high)
        } else {
            (1.0 - count.share(), (1.0 - high, 1.0 - low), 1.0 - high)
        };
        Shown {
            actual: format_share(actual),
            headroom,
            interval: Some((format_share(interval.0), format_share(interval.1))),
            bound: Some(bound),
        }
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
                "the evidence does not decide: {} of the {} violate it, {} % may",
                format_share(count.share()),
                self.statistic.of_what(),
                decimal(self.allowed * 100.0)
            )),
            Outcome::Undecided => {
                notes.push(too_few(count.n, self.statistic, self.bound));
            }
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
    fn worst(self, run: &Run<'_>, steps: &[&StepRecord]) -> Option<String> {
        if steps.len() < 2 {
            return None;
        }
        let standings = steps
            .iter()
            .filter_map(|s| Some((self.standing(run, s)?, s)));
        let ((share, rung), step) = standings.max_by(|((a, at), _), ((b, bt), _)| {
            let badness = |rung: &Option<Rung>| rung.map_or(0, Rung::badness);
            a.total_cmp(b).then(badness(at).cmp(&badness(bt)))
        })?;
        let value = match (self.statistic, rung) {
            (Statistic::Percentile { metric, .. }, Some(rung)) => rung.text(metric),
            _ if self.bound.operator.upper() => format_share(share),
            _ => format_share(1.0 - share),
        };
        Some(format!("{} {value}", step.label))
    }

    /// How bad one step is: its share of violations and, of a percentile, its value.
    fn standing(self, run: &Run<'_>, step: &StepRecord) -> Option<(f64, Option<Rung>)> {
        let count = self.count(run, step);
        let rung = match self.statistic {
            Statistic::Percentile { metric, q } => run.ladder(metric, &[step]).quantile(q),
            _ => None,
        };
        // A rate without any violation has no worst step.
        let known = count.n > 0 && (rung.is_some() || count.k > 0);
        known.then(|| (count.share(), rung))
    }
}

/// "200 requests can never show p99; needs 299".
pub(in crate::budget) fn too_few(n: u64, statistic: Statistic, bound: Bound) -> String {
    let allowed = allowed(statistic, bound).unwrap_or_default();
    let what = match statistic {
        Statistic::Percentile { .. } => statistic.to_string(),
        Statistic::ErrorRate => format!("an error rate below {} %", decimal(allowed * 100.0)),
        Statistic::Share(which) if bound.operator.upper() => {
            format!("a share of {which} below {} %", decimal(allowed * 100.0))
        }
        Statistic::Share(which) => {
            let least = decimal((1.0 - allowed) * 100.0);
            format!("a share of {which} above {least} %")
        }
        _ => format!("a rate above {} %", decimal((1.0 - allowed) * 100.0)),
    };
    let requests = statistic.of_what();
    let requests = if n == 1 {
        requests.trim_end_matches('s')
    } else {
        requests
    };
    let needed = format_count(smallest_sample(allowed));
    format!(
        "{} {requests} can never show {what}; needs {needed}",
        format_count(n)
    )
}

/// A limit that was counted, as a sentence would have it.
fn of_histogram(metric: Metric, limit: Nanos) -> Quantity {
    match metric {
        Metric::Captured => Quantity::Number(limit as f64 / Metric::NUMBER as f64),
        _ => Quantity::Time(limit),
    }
}

/// Requests over a latency limit, those without a whole and right answer among them.
fn latency(
    tally: &Tally,
    (metric, limit): (Metric, Nanos),
    ladder: impl Fn() -> Rc<Ladder>,
) -> Count {
    let counted = tally
        .over
        .iter()
        .find(|o| (o.metric, o.limit) == (metric, limit))
        .map(|o| o.over);
    if metric.of_connections() {
        // Of requests that did not pass, only the histogram knows the time.
        let exact = counted.filter(|_| tally.ok == tally.sent);
        let times = ladder();
        return Count {
            n: times.count() + tally.dropped,
            k: exact.unwrap_or_else(|| times.count_not_below(limit)) + tally.dropped,
            exact: exact.is_some() || times.count() == 0,
            inflation: 1.0,
        };
    }
    if metric.of_messages() {
        let (times, none) = (ladder(), lost_messages(tally));
        return Count {
            n: times.count() + none,
            k: counted.unwrap_or_else(|| times.count_not_below(limit)) + none,
            exact: counted.is_some() || times.count() == 0,
            inflation: 1.0,
        };
    }
    let newer = matches!(
        metric,
        Metric::Write | Metric::Body | Metric::Bytes | Metric::Lag
    );
    if newer && counted.is_none() && tally.ok > 0 && ladder().count() == 0 {
        // A version that did not measure it made the run.
        return Count::plain((0, 0));
    }
    let over = counted.unwrap_or_else(|| match metric {
        Metric::Response => ladder().count_not_below(limit),
        // These hold requests that failed a check, too: never too few, and never more than passed.
        _ => ladder().count_not_below(limit).min(tally.ok),
    });
    Count {
        n: (tally.ended() + tally.dropped).saturating_sub(tally.unmeasured(metric)),
        k: over + tally.violations(),
        exact: counted.is_some() || tally.ok == 0,
        inflation: 1.0,
    }
}
