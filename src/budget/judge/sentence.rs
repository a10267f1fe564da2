//! The verdict in one sentence. In: everything judged; out: what decided, in words that need no report beside
//! them. Invariant: the sentence names the gravest reason, the one that the exit code stands for.

use super::Run;
use crate::budget::{
    Budget, Consequence, Evidence, FailedCheck, Judgement, Level, Outcome, Reason, Scope, Verdict,
};
use crate::record::{Failure, Tally, What};
use crate::units::{Nanos, format_count, format_nanos, format_share};

/// Fewer failures, and a smaller share of all, are no news in a run that says nothing else.
const MANY: (u64, f64) = (10, 0.1);

pub(super) fn sentence(
    run: &Run<'_>,
    budgets: &[Budget],
    given: bool,
    verdict: &Verdict,
) -> String {
    let reason = reason(run, budgets, given, verdict);
    let Some(decided) = &run.record.decided else {
        return reason;
    };
    let measured = run.record.phases.iter().filter(|p| p.measured);
    let planned: Nanos = measured.map(|p| p.end - p.start).sum();
    let (seen, planned) = (format_nanos(decided.measured), format_nanos(planned));
    format!("{reason}; decided after {seen} of {planned}, the rest was not run")
}

/// The same, whenever the run ended.
fn reason(run: &Run<'_>, budgets: &[Budget], given: bool, verdict: &Verdict) -> String {
    let judged = budgets.iter().zip(&verdict.judgements);
    match verdict.exit.reason {
        Reason::Unreachable => {
            let why = run.record.unreachable.as_deref().unwrap_or_default();
            format!("UNREACHABLE: {why}; start it, or name another with --target")
        }
        Reason::Interrupted | Reason::Terminated => {
            let word = verdict.exit.reason.name().to_uppercase();
            let after = format_nanos(run.record.elapsed);
            format!("{word} after {after}: {}", so_far(run, given, verdict))
        }
        Reason::GuardTripped => guard(run, given, verdict),
        Reason::InvalidInstrument => instrument(verdict) + &anyway(run),
        Reason::CheckFailed => checks(verdict),
        Reason::BudgetFailed => {
            // A decided failure says more than a marginal one.
            let mut broken: Vec<_> = judged.filter(|(_, j)| j.breaks()).collect();
            broken.sort_by_key(|(_, j)| j.outcome != Outcome::Fail);
            let first = broken.first().map(|(b, j)| failure(b, j));
            let rest = more(
                broken.len().saturating_sub(1),
                "budget",
                "do not hold",
                "does not hold",
            );
            format!("FAIL: {}{rest}", first.unwrap_or_default())
        }
        Reason::Undecided => undecided(run, verdict),
        Reason::Pass | Reason::Usage | Reason::Internal | Reason::Regression => {
            format!("PASS: {}", so_far(run, given, verdict))
        }
    }
}

/// "STOPPED after 181 s: `error_rate < 5% for 2m` was broken for 2 min on end".
fn guard(run: &Run<'_>, given: bool, verdict: &Verdict) -> String {
    let guards = &run.record.guards;
    let first = guards
        .iter()
        .filter(|g| g.tripped.is_some())
        .min_by_key(|g| g.tripped);
    let told = first.map_or_else(String::new, |guard| {
        let (at, since) = (guard.tripped.unwrap_or(0), guard.since.unwrap_or(0));
        format!(
            " after {}: `{}` was broken for {} on end, by {} of the requests in the end",
            format_nanos(at),
            guard.text,
            format_nanos(at.saturating_sub(since)),
            format_share(guard.share.unwrap_or_default())
        )
    });
    format!("STOPPED{told}; {}", so_far(run, given, verdict))
}

/// "8 of 8 budgets hold; 4,987 requests, 0 failed".
fn so_far(run: &Run<'_>, given: bool, verdict: &Verdict) -> String {
    let judged = || {
        verdict
            .judgements
            .iter()
            .filter(|j| j.level == Level::Fail)
            .map(|j| j.outcome)
            .filter(|o| *o != Outcome::NotRun)
    };
    let (all, held) = (judged().count(), judged().filter(|o| o.holds()).count());
    let marginal = judged()
        .filter(|o| *o == Outcome::Marginal { passed: true })
        .count();
    let budgets = match (all, given) {
        (0, _) => {
            let checks = if verdict.checks.is_empty() {
                "every check holds"
            } else {
                "checks failed"
            };
            if given {
                format!(
                    "{checks}; no budget is judged in profile {}",
                    run.record.profile
                )
            } else {
                format!("{checks}; no budgets were given")
            }
        }
        (1, _) if held == 1 => format!("the budget holds{}", marginally(marginal, 1)),
        _ => format!("{held} of {all} budgets hold{}", marginally(marginal, held)),
    };
    let warning = verdict.judgements.iter().find(|j| j.warns());
    let warnings = warning.map_or_else(String::new, |j| {
        let others = verdict.judgements.iter().filter(|j| j.warns()).count() - 1;
        let actual = j.actual.as_deref().unwrap_or("no data");
        let rest = more(others, "warning", "", "");
        format!("; warning: `{}`, found {actual}{rest}", j.text)
    });
    format!("{budgets}; {}{warnings}", requests(run))
}

fn marginally(marginal: usize, held: usize) -> String {
    match marginal {
        0 => String::new(),
        _ if marginal == held => ", marginally".to_owned(),
        _ => format!(", {marginal} of them marginally"),
    }
}

fn requests(run: &Run<'_>) -> String {
    let tallies = || run.record.steps.iter().map(|s| &s.measured);
    let ended: u64 = tallies().map(Tally::ended).sum();
    let failed: u64 = tallies()
        .map(|t| t.check_failed + t.failed + t.timed_out)
        .sum();
    let dropped: u64 = tallies().map(|t| t.dropped).sum();
    let noun = if ended == 1 { "request" } else { "requests" };
    let mut text = format!(
        "{} {noun}, {} failed",
        format_count(ended),
        format_count(failed)
    );
    if dropped > 0 {
        text = format!("{text}, {} dropped", format_count(dropped));
    }
    text
}

/// "p95 of purchase/pay is 612 ms, limit 500 ms".
fn failure(budget: &Budget, judgement: &Judgement) -> String {
    let of = match budget.scope {
        Scope::All if budget.status().is_none() => String::new(),
        _ => format!(" of {}", judgement.scope),
    };
    let actual = judgement.actual.as_deref().unwrap_or("not known");
    let limit = &judgement.limit;
    let marginal = match judgement.outcome {
        Outcome::Marginal { .. } => " (marginal)",
        _ => "",
    };
    let equal = match judgement.violations {
        Some(k) if actual == limit => {
            format!(
                " ({} of {} over)",
                format_count(k),
                format_count(judgement.n)
            )
        }
        _ => String::new(),
    };
    format!(
        "{}{of} is {actual}, limit {limit}{equal}{marginal}",
        budget.subject()
    )
}

fn checks(verdict: &Verdict) -> String {
    let open: Vec<&FailedCheck> = verdict.checks.iter().filter(|c| !c.budgeted).collect();
    let first = open.first().map(|c| {
        let (count, n) = (format_count(c.count), format_count(c.n));
        let noun = if c.n == 1 { "request" } else { "requests" };
        format!("`{}` in {count} of {n} {noun} of {}", c.what, c.step)
    });
    let rest = more(open.len().saturating_sub(1), "kind of failure", "", "");
    let broken = verdict.judgements.iter().filter(|j| j.breaks()).count();
    let budgets = more(broken, "budget", "do not hold", "does not hold").replace(" more", "");
    format!("FAIL: {}{rest}{budgets}", first.unwrap_or_default())
}

/// "; 2 more budgets do not hold"; nothing of none.
fn more(count: usize, noun: &str, many: &str, one: &str) -> String {
    let text = match count {
        0 => return String::new(),
        1 => format!("; 1 more {noun} {one}"),
        _ if noun.starts_with("kind ") => format!(
            "; {count} more {} {many}",
            noun.replacen("kind", "kinds", 1)
        ),
        _ => format!("; {count} more {noun}s {many}"),
    };
    text.trim_end().to_owned()
}

fn instrument(verdict: &Verdict) -> String {
    let broken = |e: &&Evidence| !e.holds && e.consequence == Consequence::Invalid;
    verdict
        .evidence
        .iter()
        .find(broken)
        .map_or_else(String::new, |e| {
            format!(
                "INVALID: {}: {}, limit {}; {}",
                e.name, e.value, e.limit, e.advice
            )
        })
}

/// What a late or busy generator does not explain: answers that were wrong, and requests without one.
fn anyway(run: &Run<'_>) -> String {
    let tallies = || run.record.steps.iter().map(|s| &s.measured);
    let own = run.record.failures.iter();
    let own: u64 = own
        .filter(|f| f.what == What::Failure(Failure::Exhausted))
        .map(|f| f.count)
        .sum();
    let failed: u64 = tallies()
        .map(|t| t.check_failed + t.failed + t.timed_out)
        .sum();
    let (failed, ended) = (
        failed.saturating_sub(own),
        tallies().map(Tally::ended).sum::<u64>(),
    );
    if failed < MANY.0 || (failed as f64) < MANY.1 * ended as f64 {
        return String::new();
    }
    let (failed, ended) = (format_count(failed), format_count(ended));
    format!("; all the same, {failed} of {ended} requests failed: look at these first")
}

fn undecided(run: &Run<'_>, verdict: &Verdict) -> String {
    if run.requests() == 0 {
        return "INVALID: no request was measured".to_owned();
    }
    let open = |j: &&Judgement| j.outcome == Outcome::Undecided && j.level == Level::Fail;
    if let Some(judgement) = verdict.judgements.iter().find(open) {
        let note = judgement.note.as_deref().unwrap_or("too little data");
        return format!("INVALID: `{}` is undecided: {note}", judgement.text);
    }
    if let Some(step) = super::never_sent(run.record) {
        return format!(
            "INVALID: {} was never sent, so nothing is known of it; a longer run, or another weight, would reach it",
            step.label
        );
    }
    if let Some(step) = run
        .record
        .steps
        .iter()
        .find(|s| super::checks::never_came(s))
    {
        return format!(
            "INVALID: {} was polled {} times and what it waits for never came; a longer run would tell",
            step.label,
            format_count(step.measured.ok)
        );
    }
    if let Some(evidence) = verdict.evidence.iter().find(|e| !e.holds) {
        return format!(
            "INVALID: {}: {}, limit {}; {}",
            evidence.name, evidence.value, evidence.limit, evidence.advice
        );
    }
    let marginal =
        |j: &&Judgement| matches!(j.outcome, Outcome::Marginal { .. }) && j.level == Level::Fail;
    let marginal = verdict.judgements.iter().find(marginal);
    marginal.map_or_else(String::new, |judgement| {
        format!(
            "INVALID: the evidence does not decide `{}`, and the budgets are strict",
            judgement.text
        )
    })
}
