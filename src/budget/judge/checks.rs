//! What failed, by step. In: tallies and the budgets of this profile; out: one entry per check that failed and
//! per kind of missing answer. Invariant: every failure is in one entry, and one that no budget judges is exit 3,
//! as is what was polled for and never came.

use super::{Run, is_outside};
use crate::budget::{Budget, FailedCheck, Statistic};
use crate::record::{Failure, StepRecord, Tally, What};

/// How requests go wrong, as far as budgets tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Check,
    NoAnswer,
    Dropped,
}

/// Whether a budget judges such failures by itself.
fn judges(statistic: Statistic, kind: Kind) -> bool {
    match statistic {
        Statistic::ErrorRate | Statistic::SuccessRate => true,
        Statistic::CheckRate => kind != Kind::NoAnswer,
        // A dropped arrival violates every budget.
        _ => kind == Kind::Dropped,
    }
}

/// Whether a step only ever waited: what its polls asked for never came. Each poll but the last of a wait has passed, so
/// no rate says it.
pub(super) fn never_came(step: &StepRecord) -> bool {
    let tally = &step.measured;
    tally.ok > 0 && tally.checks.iter().any(|check| check.passed == 0)
}

pub(super) fn failed(run: &Run<'_>, judged: &[&Budget]) -> Vec<FailedCheck> {
    let mut all = Vec::new();
    let judged: Vec<_> = judged
        .iter()
        // Of a part only what was dropped is judged: nobody knows what it would have been.
        .map(|b| (b.part.is_none(), b.statistic, b.scope.among(&run.places)))
        .collect();
    for (index, step) in run.record.steps.iter().enumerate() {
        let outside = is_outside(run.record, step);
        let tally = if outside {
            &step.unmeasured
        } else {
            &step.measured
        };
        let budgeted = |kind| {
            let mut judged = judged.iter();
            !run.smoke
                && !outside
                && judged.any(|(whole, of, speaks)| {
                    speaks[index] && judges(*of, kind) && (*whole || kind == Kind::Dropped)
                })
        };
        let n = tally.ended() + tally.dropped;
        let entries = entries(run, step, tally);
        let entries = entries
            .into_iter()
            .map(|(kind, what, count)| (kind, what, count, n));
        let found = step.policies.iter().zip(&tally.policies);
        // Of what a policy did not look at it says nothing.
        let found = found.map(|(p, c)| (Kind::Check, p.text(), c.failed, c.looked));
        let entries = entries.chain(found).filter(|(_, _, count, _)| *count > 0);
        all.extend(entries.map(|(kind, what, count, n)| FailedCheck {
            step: step.label.clone(),
            line: step.line,
            what,
            count,
            n,
            budgeted: budgeted(kind) && !never_came(step),
        }));
    }
    all
}

fn entries(run: &Run<'_>, step: &StepRecord, tally: &Tally) -> Vec<(Kind, String, u64)> {
    let mut entries: Vec<_> = tally
        .checks
        .iter()
        .enumerate()
        .map(|(i, check)| {
            let text = step.checks.get(i).cloned();
            (
                Kind::Check,
                text.unwrap_or_else(|| "a check".to_owned()),
                check.failed,
            )
        })
        .collect();
    let policed: u64 = tally.policies.iter().map(|p| p.failed).sum();
    let named: u64 = entries.iter().map(|(_, _, count)| count).sum();
    let unnamed = tally.check_failed.saturating_sub(named + policed);
    entries.push((Kind::Check, "a check".to_owned(), unnamed));
    entries.push((Kind::NoAnswer, no_answer(run, step), tally.failed));
    let late = Failure::Timeout.name().to_owned();
    entries.push((Kind::NoAnswer, late, tally.timed_out));
    let dropped = "not sent, its arrival was dropped".to_owned();
    entries.push((Kind::Dropped, dropped, tally.dropped));
    entries
}

/// Why requests of a step have no answer, most frequent reason first.
fn no_answer(run: &Run<'_>, step: &StepRecord) -> String {
    let kinds: Vec<&str> = run
        .record
        .failures
        .iter()
        .filter(|f| {
            run.record
                .steps
                .get(f.step)
                .is_some_and(|s| s.label == step.label)
        })
        .filter_map(|f| match f.what {
            What::Failure(Failure::Timeout) | What::Check(_) => None,
            What::Failure(failure) => Some(failure.name()),
        })
        .collect();
    if kinds.is_empty() {
        "no answer".to_owned()
    } else {
        kinds.join(", ")
    }
}
