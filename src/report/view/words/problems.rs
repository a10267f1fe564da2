//! What somebody must look at, each with its line in a file. In: the rows of a view; out: problems, gravest first.
//! Invariant: an error is what turned the run red, a warning is what is only shown, and what is open stands behind both; a
//! run that passed has no error.

use super::history::{HistoryPart, HistoryView, said};
use crate::budget::{Consequence, FailedCheck, Judgement, Level, Outcome, Reason};
use crate::history::nights::Standing;
use crate::report::text::{counted, put};
use crate::report::{View, Word};
use crate::units::format_count;

/// What a problem did to the run, gravest first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gravity {
    /// It turned the run red.
    #[default]
    Error,
    /// It is wrong, and only shown.
    Warning,
    /// Nothing is known of it, and something else turned the run red or it is only shown.
    Open,
}

/// One thing to look at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problem {
    /// What it did to the run.
    pub gravity: Gravity,
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
            gravity: Gravity::Error,
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
    problems.sort_by_key(|p| p.gravity);
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
        let grave = standing <= Standing::Shift;
        let same = part.findings.iter().filter(|f| f.standing == standing);
        let step = view.steps.iter().find(|s| s.label == part.name);
        grave.then(|| Problem {
            gravity: match standing {
                Standing::Regression => Gravity::Error,
                _ => Gravity::Warning,
            },
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
    let whole = |gravity, title: &str, message: String| Problem {
        gravity,
        kind: "run",
        file: view.run.file.clone(),
        line: 1,
        title: title.to_owned(),
        message,
    };
    if let Some(why) = &view.run.unreachable {
        return vec![whole(
            Gravity::Error,
            "the target could not be reached",
            why.clone(),
        )];
    }
    let mut problems = Vec::new();
    if matches!(view.word, Word::Interrupted | Word::Terminated) {
        let (title, said) = (view.exit.reason.name(), view.sentence.clone());
        problems.push(whole(Gravity::Error, title, said));
    }
    for row in view.evidence.iter().filter(|row| !row.holds) {
        let consequence = row.consequence.text();
        let gravity = match row.consequence {
            Consequence::Invalid => Gravity::Error,
            Consequence::Undecided => open(view),
        };
        problems.push(whole(
            gravity,
            &row.name,
            format!(
                "{}, allowed is {}: {consequence}; {}",
                row.value, row.limit, row.advice
            ),
        ));
    }
    problems
}

/// Of what is not known: that alone turned the run red, or something graver did.
fn open(view: &View) -> Gravity {
    match view.exit.reason {
        Reason::Undecided => Gravity::Error,
        _ => Gravity::Open,
    }
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
        gravity: match row.level {
            _ if undecided && row.level == Level::Fail => open(view),
            _ if undecided => Gravity::Open,
            Level::Fail if !ours => Gravity::Error,
            _ => Gravity::Warning,
        },
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
        gravity: Gravity::Error,
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
            gravity: Gravity::Warning,
            kind: "policy",
            file: step.map_or_else(|| view.run.file.clone(), |s| s.file.clone()),
            line: row.line,
            title: format!("{}: {}", row.step, row.name),
            message: row.warned.clone()?,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::{Exit, judge};
    use crate::record::RunRecord;

    /// Budgets in the order of their file, each with its level and what came out.
    fn view(reason: Reason, budgets: &[(&str, &str, &str)]) -> View {
        let record = RunRecord::default();
        let mut view = View::new(&record, &judge(&record, None));
        let row = |(text, level, outcome): &(&str, &str, &str)| {
            serde_json::from_value(serde_json::json!({
                "text": text, "line": 2, "scope": "all requests", "level": level,
                "outcome": { "kind": outcome }, "limit": "1 s", "n": 20, "exact": true,
            }))
        };
        view.budgets = budgets.iter().map(|b| row(b).unwrap()).collect();
        (view.exit, view.word) = (Exit::of([reason]), Word::Fail);
        view.evidence = Vec::new();
        view
    }

    const BUDGETS: [(&str, &str, &str); 5] = [
        ("p99.9 < 1s", "fail", "undecided"),
        ("p50 < 1s", "warn", "fail"),
        ("max < 1s", "warn", "undecided"),
        ("p90 < 1s", "fail", "pass"),
        ("p95 < 1s", "fail", "fail"),
    ];

    #[test]
    fn what_failed_comes_first_and_what_is_open_last() {
        let failed = view(Reason::BudgetFailed, &BUDGETS);
        let said = |view: &View| -> Vec<(Gravity, String)> {
            let problems = of(view).into_iter();
            problems.map(|p| (p.gravity, p.title)).collect()
        };
        assert_eq!(
            said(&failed),
            [
                (Gravity::Error, "p95 < 1s".to_owned()),
                (Gravity::Warning, "p50 < 1s".to_owned()),
                (Gravity::Open, "p99.9 < 1s".to_owned()),
                (Gravity::Open, "max < 1s".to_owned()),
            ]
        );
        let texts = failed.ranked().into_iter().map(|b| b.text.as_str());
        assert_eq!(
            texts.collect::<Vec<_>>(),
            ["p95 < 1s", "p50 < 1s", "p99.9 < 1s", "max < 1s", "p90 < 1s"]
        );
        // Where nothing graver is, what is not known turned the run red.
        let open = view(Reason::Undecided, &BUDGETS[..3]);
        assert_eq!(said(&open)[0], (Gravity::Error, "p99.9 < 1s".to_owned()));
        assert_eq!(said(&open)[2], (Gravity::Open, "max < 1s".to_owned()));
    }
}
