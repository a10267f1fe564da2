//! One budget, asked of every part. In: a budget and the parts; out: an answer a part, or nothing where it cannot be
//! asked. Invariant: the counts are those that budgets in windows are judged by; what is read from histograms says so.

use super::super::share::{Count, Rule};
use super::super::windows::Series;
use super::super::{Finding, Run};
use super::Part;
use crate::budget::statistics::inflation;
use crate::budget::text::show_value;
use crate::budget::{Budget, Outcome, Quantity, Scope, Statistic};
use crate::record::{Metric, Model, StepRecord, Window};
use crate::units::{Nanos, format_count, format_share, significant};

/// Share of the offered requests that may stay unanswered in a part, as in a whole run.
const SHORTFALL: f64 = 0.01;

/// What a budget says of every part.
pub(super) struct Answers<'a> {
    pub(super) budget: &'a Budget,
    pub(super) found: Vec<Answer>,
}

/// What it says of one.
pub(super) struct Answer {
    pub(super) outcome: Outcome,
    pub(super) actual: String,
    /// Why it is open.
    pub(super) open: Option<String>,
    pub(super) note: Option<String>,
}

impl Answer {
    fn open(why: &str) -> Self {
        Self {
            outcome: Outcome::Undecided,
            actual: String::new(),
            open: Some(why.to_owned()),
            note: None,
        }
    }

    /// Why nothing is decided.
    pub(super) fn why(&self) -> &str {
        self.open
            .as_deref()
            .unwrap_or("the evidence does not decide")
    }
}

/// Asks a budget; `None` where it is not about parts, or not counted over time.
pub(super) fn ask<'a>(
    run: &Run<'_>,
    budget: &'a Budget,
    parts: &[Part<'_>],
) -> Option<Answers<'a>> {
    let found = match budget.statistic {
        Statistic::Throughput => throughput(run, budget, parts)?,
        statistic if statistic.timed() => counted(run, budget, parts)?,
        _ => return None,
    };
    Some(Answers { budget, found })
}

fn counted(run: &Run<'_>, budget: &Budget, parts: &[Part<'_>]) -> Option<Vec<Answer>> {
    let steps = run.judged(budget);
    if steps.is_empty() {
        return None;
    }
    let rule = Rule::of(budget);
    let Some(series) = Series::of(rule, steps.iter().map(|s| &s.measured)) else {
        let seen = |part: &Part<'_>| by_windows(run, budget, &part.seen);
        return whole(run, budget, &steps).then(|| parts.iter().map(seen).collect());
    };
    let of = |part: &Part<'_>| {
        let slots = &series.slots[part.slots(series.width, series.slots.len())];
        let (n, k) = slots.iter().fold((0, 0), |(n, k), s| (n + s.0, k + s.1));
        let count = Count {
            inflation: inflation(slots),
            ..Count::plain((n, k))
        };
        let cut = part.cuts(series.width).then(|| {
            "a moment that it shares with its neighbours is left out: give parts whole seconds"
                .to_owned()
        });
        let mut answer = judged(rule, count, shown(budget, part, count));
        answer.note = cut;
        answer
    };
    Some(parts.iter().map(of).collect())
}

fn judged(rule: Rule, count: Count, actual: String) -> Answer {
    if count.n == 0 {
        return Answer::open("no request of it was due in this part");
    }
    let Finding { outcome, notes, .. } = rule.finding(count, false);
    Answer {
        outcome,
        actual,
        open: notes.into_iter().next(),
        note: None,
    }
}

/// The value beside a limit: a percentile where the windows know it and do not contradict the counts, else the share of
/// violations.
fn shown(budget: &Budget, part: &Part<'_>, count: Count) -> String {
    let rule = Rule::of(budget);
    match (budget.statistic, budget.bound.time()) {
        (Statistic::Percentile { metric, q }, Some(limit)) => {
            let known = metric == Metric::Response && budget.scope == Scope::All;
            let value = part
                .seen
                .quantile(q)
                .filter(|_| known && budget.part.is_none());
            let agrees = |value: &Nanos| (*value > limit) != rule.holds(count);
            value
                .filter(agrees)
                .map_or_else(|| violating(rule, count), |v| show_value(metric, v))
        }
        (statistic, _) if statistic.upper() => format_share(count.share()),
        _ => format_share(1.0 - count.share()),
    }
}

/// "3.2 % over 500 ms, 5 % may": it stands in brackets.
fn violating(rule: Rule, count: Count) -> String {
    let text = rule.violating(count.share());
    text.replace(" (", ", ").trim_end_matches(')').to_owned()
}

/// The windows know nothing but response times of all requests.
fn whole(run: &Run<'_>, budget: &Budget, steps: &[&StepRecord]) -> bool {
    let response = matches!(
        budget.statistic,
        Statistic::Percentile {
            metric: Metric::Response,
            ..
        }
    );
    let inside = |s: &&StepRecord| !super::super::is_outside(run.record, s);
    let all = run.record.steps.iter().filter(inside).count();
    response && budget.part.is_none() && budget.scope == Scope::All && steps.len() >= all
}

/// By the histogram of a part's windows: of requests that ended in it, those that failed a check among them.
fn by_windows(run: &Run<'_>, budget: &Budget, seen: &Window) -> Answer {
    let limit = budget.bound.time().unwrap_or_default();
    let dropping = run.record.steps.iter().filter(|s| s.measured.dropped > 0);
    let dropped = seen.counts.dropped * dropping.count() as u64;
    let n = seen.counts.ok + seen.counts.not_ok + dropped;
    let over = seen.response.count_not_below(limit);
    let count = Count {
        n,
        k: (over + seen.counts.not_ok + dropped).min(n),
        exact: false,
        // Nothing shows how they depend on each other: as for runs that are too short to see it.
        inflation: inflation(&[]),
    };
    let rule = Rule::of(budget);
    let value = match budget.statistic {
        Statistic::Percentile { q, .. } => seen
            .quantile(q)
            .filter(|v| (*v > limit) != rule.holds(count)),
        _ => None,
    };
    let actual = value.map_or_else(
        || violating(rule, count),
        |v| show_value(Metric::Response, v),
    );
    Answer {
        note: Some(format!(
            "`{}` is judged by the histograms of the windows, to 0.1 % and by when answers came: the run did not count this limit",
            budget.text
        )),
        ..judged(rule, count, actual)
    }
}

/// In an open model: the answered share of what the arrivals of each part ask for.
fn throughput(run: &Run<'_>, budget: &Budget, parts: &[Part<'_>]) -> Option<Vec<Answer>> {
    let (Model::Open { .. }, Quantity::Rate(wanted)) = (run.record.model, budget.bound.limit)
    else {
        return None;
    };
    let flows = run.record.flows.iter().filter(|f| !f.outside);
    let longest = flows
        .filter_map(|f| f.duration.quantile(0.5))
        .max()
        .unwrap_or(0);
    let windows = run.record.timeline.windows();
    let of = |part: &Part<'_>| {
        let offered = part.seen.counts.offered;
        let width = part.seen.length / part.windows.len().max(1) as u64;
        let shift = usize::try_from(longest.div_ceil(width.max(1))).unwrap_or(usize::MAX);
        if offered == 0 || shift > part.windows.len() / 2 {
            return Answer::open("the part is too short to see how many answers came in time");
        }
        let ended = |by: usize| -> u64 {
            let own = windows
                .iter()
                .skip(part.windows.start + by)
                .take(part.windows.len());
            own.map(|w| w.counts.ok + w.counts.not_ok).sum()
        };
        let answered = (0..=shift).map(ended).max().unwrap_or(0).min(offered);
        let share = answered as f64 / offered as f64;
        let rate = part.seen.rate(offered);
        let held = share * rate;
        // What happens to be on its way at both ends of the part: three standard deviations of a Poisson count.
        let doubt = 3.0 * (rate * (width * (shift as u64 + 1)) as f64 / 1e9).sqrt();
        let missing = (offered - answered) as f64;
        let outcome = if share >= 1.0 - SHORTFALL || budget.bound.operator.holds(held, wanted) {
            Outcome::Pass
        } else if missing <= SHORTFALL * offered as f64 + doubt {
            Outcome::Marginal { passed: true }
        } else {
            Outcome::Fail
        };
        Answer {
            outcome,
            actual: format!(
                "{} req/s, {} of {} offered requests",
                significant(held),
                format_count(answered),
                format_count(offered)
            ),
            open: None,
            note: None,
        }
    };
    Some(parts.iter().map(of).collect())
}
