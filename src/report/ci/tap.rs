//! The Test Anything Protocol, version 14. In: a view; out: one line a step, a budget, a guard, and one for the run.
//! Invariant: as many tests as the plan says, and no description that reads as a directive.

use crate::budget::{Level, Outcome};
use crate::history::nights::Standing;
use crate::report::text::{line, put};
use crate::report::{HistoryView, Reporter, View, Word};
use std::io::{self, Write};

/// `results.tap`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tap;

/// Passed, failed, or not done for a reason.
enum State {
    Ok,
    Not,
    Skip(String),
}

impl Reporter for Tap {
    fn render(&self, view: &View, out: &mut dyn Write) -> io::Result<()> {
        let lines = lines(view);
        writeln!(out, "TAP version 14\n1..{}", lines.len())?;
        for (index, (state, name, kind)) in lines.iter().enumerate() {
            let (word, directive) = match state {
                State::Ok => ("ok", String::new()),
                State::Not => ("not ok", String::new()),
                State::Skip(why) => ("ok", format!(" # SKIP {}", escaped(why))),
            };
            let number = index + 1;
            writeln!(out, "{word} {number} - {}{directive}", escaped(name))?;
            if matches!(state, State::Not) {
                write!(out, "{}", diagnosis(view, name, kind))?;
            }
        }
        Ok(())
    }
}

fn lines(view: &View) -> Vec<(State, String, &'static str)> {
    let red = |step: &str| view.checks.iter().any(|c| c.step == step && !c.budgeted);
    let steps = view.steps.iter().map(|step| {
        let state = match (red(&step.label), step.sent) {
            (true, _) => State::Not,
            (false, 0) => State::Skip("not sent".into()),
            (false, _) => State::Ok,
        };
        (state, step.label.clone(), "check")
    });
    let budgets = view.budgets.iter().map(|row| {
        let state = match row.outcome {
            Outcome::NotRun => State::Skip(row.note.clone().unwrap_or_default()),
            outcome if outcome.holds() || row.level == Level::Warn => State::Ok,
            _ => State::Not,
        };
        (state, row.text.clone(), "budget")
    });
    let guards = view.guards.iter().map(|guard| {
        let tripped = guard.tripped.is_some();
        let state = if tripped { State::Not } else { State::Ok };
        (state, guard.text.clone(), "guard")
    });
    let parts = view
        .history
        .as_ref()
        .map_or_else(Vec::new, HistoryView::parts);
    let parts = parts.iter().map(|part| {
        let worst = part.findings.first().map(|f| f.standing);
        let state = match worst {
            Some(Standing::Regression) => State::Not,
            Some(Standing::NoBaseline) => State::Skip("no baseline yet".into()),
            _ => State::Ok,
        };
        let word = worst.map_or("", Standing::words);
        (state, format!("{}: {word}", part.name), "history")
    });
    let parts: Vec<_> = parts.collect();
    let valid = matches!(view.word, Word::Pass | Word::Fail | Word::Stopped);
    let run = if valid { State::Ok } else { State::Not };
    let run = [(run, "the run is valid".to_owned(), "run")];
    steps
        .chain(budgets)
        .chain(guards)
        .chain(parts)
        .chain(run)
        .collect()
}

/// `#` begins a directive.
fn escaped(text: &str) -> String {
    line(text).replace('\\', "\\\\").replace('#', "\\#")
}

/// A block of YAML; JSON texts are YAML texts that nothing can break out of.
fn diagnosis(view: &View, name: &str, kind: &str) -> String {
    let mut out = String::from("  ---\n");
    let mut field = |name: &str, value: &str| {
        let value = serde_json::Value::from(line(value));
        put(&mut out, format_args!("  {name}: {value}\n"));
    };
    let own = |p: &&crate::report::Problem| {
        let same = p.kind == kind || (kind == "check" && p.kind == "request");
        same && (kind == "run" || p.title == name)
    };
    match view.problems.iter().find(own) {
        Some(problem) => {
            field("message", &problem.message);
            field("at", &format!("{}:{}", problem.file, problem.line));
        }
        None => field("message", &view.sentence),
    }
    out.push_str("  ...\n");
    out
}
