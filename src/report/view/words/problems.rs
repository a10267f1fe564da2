//! What somebody must look at, each with its line in a file. In: the rows of a view; out: problems, gravest first.
//! Invariant: an error is what turned the run red, a warning is what is only shown; a run that passed has no error.

use super::history::{HistoryPart, HistoryView, said};
use crate::budget::{FailedCheck, Judgement, Level, Outcome, Reason};
use crate::history::nights::Standing;
use crate::report::text::{counted, put};
use crate::report::{View, Word};
use crate::units::format_count;

/// One thing to look at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problem {
    /// It turned the run red; else it is only shown.
    pub error: bool,
    /// `guard`, `budget`, `check`, `request`, `policy`, `history`, `run`.
    pub kind: &'static str,
    /// The file that it is about.
    pub file: String,
    /// 1-based line in it.
    pub line: usize,
    /// What it is about, in a few words.
    pub title: String,
    /// What was found; one line.
    pub message: String,
}

/// What is wrong with a run.
pub(in crate::report::view) fn of(view: &View) -> Vec<Problem> {
    let mut problems = run(view);
    // Without a target nothing was measured, and every budget says so in the same words.
    if view.word == Word::Unreachable {
        return problems;
    }
    let budgets = view.run.budget_file.clone().unwrap_or_default();
    for guard in view.guards.iter().filter(|g| g.tripped.is_some()) {
        problems.push(Problem {
            error: true,
            kind: "guard",
            file: budgets.clone(),
            line: guard.line,
            title: guard.text.clone(),
            message: guard.finding.clone(),
        });
    }
    problems.extend(view.budgets.iter().filter_map(|row| budget(view, row)));
    let mut checks: Vec<&FailedCheck> = view.checks.iter().filter(|c| !c.budgeted).collect();
    checks.sort_by_key(|c| std::cmp::Reverse(c.count));
    problems.extend(checks.iter().filter_map(|found| check(view, found)));
    problems.extend(regressed(view));
    problems.extend(warned(view));
    problems.sort_by_key(|p| !p.error);
    problems
}

/// Steps and flows that are worse than in the runs before, and what of them is suspect.
fn regressed(view: &View) -> Vec<Problem> {
    let parts = view
        .history
        .as_ref()
        .map_or_else(Vec::new, HistoryView::parts);
    let problem = |part: &HistoryPart<'_>| {
        let standing = part.findings.first()?.standing;
        let grave = matches!(standing, Standing::Regression | Standing::Suspect);
        let same = part.findings.iter().filter(|f| f.standing == standing);
        let step = view.steps.iter().find(|s| s.label == part.name);
        grave.then(|| Problem {
            error: standing == Standing::Regression,
            kind: "history",
            file: step.map_or(&view.run.file, |s| &s.file).clone(),
            line: step.map_or(1, |s| s.line),
            title: format!("{}: {}", part.name, standing.words()),
            message: same
                .map(|f| format!("{} {}", f.measure.words(), said(f)))
                .collect::<Vec<_>>()
                .join("; "),
        })
    };
    parts.iter().filter_map(problem).collect()
}

/// What is wrong with the run as a whole.
fn run(view: &View) -> Vec<Problem> {
    let whole = |error, title: &str, message: String| Problem {
        error,
        kind: "run",
        file: view.run.file.clone(),
        line: 1,
        title: title.to_owned(),
        message,
    };
    if let Some(why) = &view.run.unreachable {
        return vec![whole(true, "the target could not be reached", why.clone())];
    }
    let mut problems = Vec::new();
    if matches!(view.word, Word::Interrupted | Word::Terminated) {
        problems.push(whole(true, view.exit.reason.name(), view.sentence.clone()));
    }
    for row in view.evidence.iter().filter(|row| !row.holds) {
        let consequence = row.consequence.text();
        problems.push(whole(
            true,
            &row.name,
            format!(
                "{}, allowed is {}: {consequence}; {}",
                row.value, row.limit, row.advice
            ),
        ));
    }
    problems
}

fn budget(view: &View, row: &Judgement) -> Option<Problem> {
    let undecided = row.outcome == Outcome::Undecided;
    if !row.outcome.broken() && !undecided {
        return None;
    }
    let actual = row.actual.as_deref().unwrap_or("no data");
    let mut message = format!(
        "{actual}, limit {}, of {}",
        row.limit,
        counted(row.n, "request")
    );
    if let Some((low, high)) = &row.interval {
        put(&mut message, format_args!("; 95 % bounds {low} to {high}"));
    }
    for (what, said) in [("worst: ", &row.worst), ("", &row.note)] {
        if let Some(said) = said {
            put(&mut message, format_args!("; {what}{said}"));
        }
    }
    // A generator at fault breaks budgets that the target may well hold.
    let ours = view.exit.reason == Reason::InvalidInstrument;
    Some(Problem {
        error: row.level == Level::Fail && !ours,
        kind: "budget",
        file: view.run.budget_file.clone().unwrap_or_default(),
        line: row.line,
        title: row.text.clone(),
        message,
    })
}

fn check(view: &View, found: &FailedCheck) -> Option<Problem> {
    let step = view.steps.iter().find(|s| s.label == found.step)?;
    let failure = view
        .failures
        .iter()
        .find(|f| f.step == found.step && f.what == found.what);
    let (file, line) = step.place_of(&found.what);
    let mut message = format!(
        "{}: {} of {}",
        found.what,
        format_count(found.count),
        counted(found.n, "request")
    );
    let exhibit = failure.and_then(|f| f.exhibits.first());
    if let Some(exhibit) = exhibit {
        for (name, value) in [("expected", &exhibit.expected), ("actual", &exhibit.actual)] {
            if let Some(value) = value {
                put(&mut message, format_args!("; {name} {value}"));
            }
        }
    }
    let is_check = failure.is_none_or(|f| f.kind == "check");
    Some(Problem {
        error: true,
        kind: if is_check { "check" } else { "request" },
        file: file.to_owned(),
        line,
        title: found.step.clone(),
        message,
    })
}

/// What policies only show.
fn warned(view: &View) -> impl Iterator<Item = Problem> {
    view.policies.iter().filter_map(|row| {
        let step = view.steps.iter().find(|s| s.label == row.step);
        Some(Problem {
            error: false,
            kind: "policy",
            file: step.map_or_else(|| view.run.file.clone(), |s| s.file.clone()),
            line: row.line,
            title: format!("{}: {}", row.step, row.name),
            message: row.warned.clone()?,
        })
    })
}
