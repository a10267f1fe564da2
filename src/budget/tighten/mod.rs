//! Budgets as tight as runs allow. In: a budget file and what was said of it in one run or several; out: a tighter
//! number for each budget that all of them keep, and the file with only those numbers changed. Invariant: a
//! suggestion is never looser than what it replaces, and comments and formatting stay as they are.
//!
//! The rule: the worst of the runs' bounds on the side of the limit, with a fifth to spare, rounded to two digits
//! away from the value. Where requests may not violate at all, or a bound is not known, there is nothing to say.

mod slack;

pub use slack::{Slack, slack};

use super::{Budget, BudgetFile, Judgement, Quantity, Statistic, Verdict};
use crate::source::Span;
use std::fmt::Write as _;

/// What is left between the worst bound and the new limit.
const SPARE: f64 = 1.2;

/// Lines around a change.
const CONTEXT: usize = 3;

/// A tighter limit.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// The budget as written.
    pub text: String,
    /// What to replace in the file.
    pub at: Span,
    /// What with.
    pub limit: String,
    /// The worst value that a run showed.
    pub worst: String,
}

/// What could be tightened. Verdicts are those of the same file, one per run.
pub fn tighten(file: &BudgetFile, verdicts: &[Verdict]) -> Vec<Suggestion> {
    let budgets = file.budgets.iter().enumerate();
    budgets
        .filter_map(|(index, budget)| {
            let said = verdicts.iter().filter_map(|v| v.judgements.get(index));
            let ran: Vec<&Judgement> = said
                .filter(|j| j.outcome != super::Outcome::NotRun)
                .collect();
            suggest(file, budget, &ran)
        })
        .collect()
}

fn suggest(file: &BudgetFile, budget: &Budget, ran: &[&Judgement]) -> Option<Suggestion> {
    if ran.is_empty() || !ran.iter().all(|j| j.outcome.holds()) || budget.when.is_some() {
        return None;
    }
    let bad = |j: &&Judgement| j.bound.map(|b| badness(budget, b));
    let bounds: Vec<f64> = ran.iter().map(bad).collect::<Option<_>>()?;
    let at = (0..bounds.len()).max_by(|a, b| bounds[*a].total_cmp(&bounds[*b]))?;
    let limit = quantity(budget, bounds[at])?;
    let tighter = badness(
        budget,
        super::Bound {
            limit,
            ..budget.bound
        }
        .number(),
    ) < badness(budget, budget.bound.number()) * (1.0 - 1e-9);
    // The number must stand in the file letter by letter.
    let written = file.source.text.get(budget.limit_at.range())?;
    let stands = budget.limit_at != budget.span && budget.text.contains(written);
    (tighter && stands).then(|| Suggestion {
        text: budget.text.clone(),
        at: budget.limit_at,
        limit: limit.to_string(),
        worst: ran[at].actual.clone().unwrap_or_default(),
    })
}

/// What must be small: the value, the share of violations, or one over what must be large.
fn badness(budget: &Budget, value: f64) -> f64 {
    match budget.statistic {
        Statistic::SuccessRate | Statistic::CheckRate | Statistic::CacheHitRate => 1.0 - value,
        _ if budget.bound.operator.upper() => value,
        _ => 1.0 / value,
    }
}

/// The limit that leaves a fifth; `None` of nothing.
fn quantity(budget: &Budget, worst: f64) -> Option<Quantity> {
    let spared = worst * SPARE;
    if !(spared.is_finite() && spared > 0.0) {
        return None;
    }
    let rounded = round_up(spared);
    let value = match budget.statistic {
        Statistic::SuccessRate | Statistic::CheckRate | Statistic::CacheHitRate => 1.0 - rounded,
        _ if budget.bound.operator.upper() => rounded,
        _ => round_down(1.0 / spared),
    };
    match budget.bound.limit {
        // A microsecond is the finest that a sentence can say.
        Quantity::Time(_) => Some(Quantity::Time((value / 1e3).ceil() as u64 * 1_000)),
        Quantity::Bytes(_) => Some(Quantity::Bytes(value.ceil() as u64)),
        Quantity::Share(_) => (0.0 < value && value < 1.0).then_some(Quantity::Share(value)),
        Quantity::Rate(_) => Some(Quantity::Rate(value)),
        Quantity::Number(_) if matches!(budget.statistic, Statistic::Count(_)) => {
            Some(Quantity::Number(value.ceil()))
        }
        Quantity::Number(_) => Some(Quantity::Number(value)),
    }
}

fn round_up(value: f64) -> f64 {
    digits(value, |v| (v - 1e-9).ceil())
}

fn round_down(value: f64) -> f64 {
    digits(value, |v| (v + 1e-9).floor())
}

/// To two digits.
fn digits(value: f64, round: impl Fn(f64) -> f64) -> f64 {
    let power = value.log10().floor() as i32 - 1;
    let scale = 10_f64.powi(power.abs());
    if power < 0 {
        round(value * scale) / scale
    } else {
        round(value / scale) * scale
    }
}

/// The file with the numbers replaced, and the change as a unified patch.
pub fn patch(file: &BudgetFile, suggestions: &[Suggestion]) -> (String, String) {
    let old = &file.source.text;
    let mut new = old.clone();
    let mut places: Vec<&Suggestion> = suggestions.iter().collect();
    places.sort_by_key(|s| std::cmp::Reverse(s.at.start));
    for suggestion in places {
        new.replace_range(suggestion.at.range(), &suggestion.limit);
    }
    let name = &file.source.name;
    let diff = unified(old, &new);
    let patch = if diff.is_empty() {
        String::new()
    } else {
        format!("--- {name}\n+++ {name}\n{diff}")
    };
    (new, patch)
}

/// Of texts with equally many lines.
fn unified(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (
        old.split_inclusive('\n').collect(),
        new.split_inclusive('\n').collect(),
    );
    let changed: Vec<usize> = (0..old.len().min(new.len()))
        .filter(|i| old[*i] != new[*i])
        .collect();
    let mut out = String::new();
    let mut at = 0;
    while at < changed.len() {
        let from = changed[at].saturating_sub(CONTEXT);
        let mut last = changed[at];
        while at < changed.len() && changed[at] <= last + 2 * CONTEXT {
            last = changed[at];
            at += 1;
        }
        let to = (last + CONTEXT + 1).min(old.len());
        let length = to - from;
        writeln!(out, "@@ -{0},{length} +{0},{length} @@", from + 1).ok();
        hunk(&mut out, &old[from..to], &new[from..to]);
    }
    out
}

/// Changed neighbours go together: first what was, then what is.
fn hunk(out: &mut String, old: &[&str], new: &[&str]) {
    let mut line = 0;
    while line < old.len() {
        let run = (line..old.len()).take_while(|i| old[*i] != new[*i]).count();
        let (sign, rest): (&str, &[&str]) = if run == 0 {
            (" ", &[])
        } else {
            ("-", &new[line..line + run])
        };
        let end = line + run.max(1);
        for text in &old[line..end] {
            put(out, sign, text);
        }
        for text in rest {
            put(out, "+", text);
        }
        line = end;
    }
}

fn put(out: &mut String, sign: &str, line: &str) {
    out.push_str(sign);
    out.push_str(line);
    if !line.ends_with('\n') {
        out.push_str("\n\\ No newline at end of file\n");
    }
}
