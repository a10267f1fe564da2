//! `tollgate validate`. In: scenario files; out: every problem in all of them, or one line each. Invariant:
//! nothing is sent, and without `--env` a file is checked with each of its environments: what is wrong in staging
//! is found before anyone runs there. What is valid and could be better is told as notes, here and nowhere else.

use super::alone;
use crate::budget::{Budget, BudgetFile, Level};
use crate::cli::Terminal;
use crate::cli::args::Reading;
use crate::cli::error::{Error, explained};
use crate::cli::inputs::{Inputs, is_budgets, steps};
use crate::scenario::{self, Flow, Load, Profile, Request, Scenario};
use crate::source::{Diagnostic, Severity};
use clap::Args;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(in crate::cli) struct Validate {
    /// Scenario files; a budget file on its own is checked as far as that goes without its scenario.
    #[arg(required = true, value_name = "FILE")]
    pub(in crate::cli) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) reading: Reading,
}

pub(in crate::cli) fn validate(args: &Validate, terminal: Terminal) -> u8 {
    let mut failed = false;
    for file in &args.files {
        if is_budgets(file) {
            failed |= alone::validate(file, terminal);
            continue;
        }
        let mut found = Findings::default();
        let environments = found.check(file, &args.reading);
        failed |= found.failed();
        eprint!("{}", found.render(terminal.stderr));
        let problems: Vec<Diagnostic> = found.problems.iter().map(|(p, _)| p.clone()).collect();
        terminal.ci.diagnosed(&problems);
        if let (Some(inputs), false) = (&found.inputs, found.failed()) {
            let environments = match &args.reading.environment {
                Some(chosen) => format!(", environment {chosen}"),
                None if environments.is_empty() => String::new(),
                None => format!(", environments {}", environments.join(", ")),
            };
            println!("{}: {}{environments}", file.display(), summary(inputs));
        }
    }
    if failed { 2 } else { 0 }
}

/// What is wrong with one file, with which of its environments.
#[derive(Default)]
struct Findings {
    /// Each problem once, with the readings that have it.
    problems: Vec<(Diagnostic, Vec<String>)>,
    /// Problems without a place.
    others: Vec<String>,
    /// How often the file was read.
    readings: usize,
    /// What the first good reading gave.
    inputs: Option<Inputs>,
}

impl Findings {
    /// Reads the file with the environment that was chosen, or with each; the names of its environments.
    fn check(&mut self, file: &Path, reading: &Reading) -> Vec<String> {
        let (names, needed) = scenario::environments(file);
        let each = names.iter().cloned().map(Some);
        let readings: Vec<Option<String>> = match &reading.environment {
            Some(name) => vec![Some(name.clone())],
            // A file whose environments bring the target is never run without one.
            None if needed && !names.is_empty() && reading.target.is_none() => each.collect(),
            None => std::iter::once(None).chain(each).collect(),
        };
        self.readings = readings.len();
        for environment in readings {
            let label = match &environment {
                Some(name) => format!("with `--env {name}`"),
                None => "without `--env`".into(),
            };
            let reading = Reading {
                environment,
                ..reading.clone()
            };
            match Inputs::collect(file, &reading) {
                Ok((inputs, warnings)) => {
                    self.note(warnings, &label);
                    self.inputs.get_or_insert(inputs);
                }
                Err(error) => self.refused(error, &label),
            }
        }
        self.settle();
        if let (Some(inputs), false) = (&self.inputs, self.failed()) {
            let notes = notes(inputs).into_iter().map(|note| (note, Vec::new()));
            self.problems.extend(notes);
        }
        names
    }

    fn refused(&mut self, error: Error, label: &str) {
        match error.into_diagnostics() {
            Ok(problems) => self.note(problems, label),
            Err(other) => {
                let text = other.render(false);
                if !self.others.contains(&text) {
                    self.others.push(text);
                }
            }
        }
    }

    fn note(&mut self, problems: Vec<Diagnostic>, label: &str) {
        for problem in problems {
            let same = |known: &Diagnostic| {
                known.code == problem.code
                    && known.span == problem.span
                    && known.message == problem.message
                    && known.source.name == problem.source.name
            };
            match self.problems.iter_mut().find(|(known, _)| same(known)) {
                Some((_, labels)) => labels.push(label.into()),
                None => self.problems.push((problem, vec![label.into()])),
            }
        }
    }

    /// Says of each problem where it is one. A variable that only some environments ask for may well be set only
    /// where those are run: it is told, and is no error here.
    fn settle(&mut self) {
        for (problem, labels) in &mut self.problems {
            if labels.len() == self.readings {
                continue;
            }
            problem.message = format!("{}, {}", problem.message, labels.join(" and "));
            let unset = matches!(problem.code, "T0701" | "T0703");
            if unset && !labels.iter().any(|label| label.starts_with("without")) {
                problem.severity = Severity::Warning;
            }
        }
    }

    fn failed(&self) -> bool {
        let error = |(problem, _): &(Diagnostic, _)| problem.severity == Severity::Error;
        !self.others.is_empty() || self.problems.iter().any(error)
    }

    fn render(&self, colour: bool) -> String {
        let problems: Vec<Diagnostic> = self.problems.iter().map(|(p, _)| p.clone()).collect();
        format!("{}{}", explained(&problems, colour), self.others.concat())
    }
}

/// Steps that a note names; the others are counted.
const NAMED: usize = 5;

/// What could be better, at most one note of a kind for each flow.
fn notes(inputs: &Inputs) -> Vec<Diagnostic> {
    let scenario = &inputs.scenario;
    let note = |code, flow: &Flow, lacking: &dyn Fn(&Request) -> bool, says: [&str; 2]| {
        let [what, help] = says;
        let steps: Vec<&str> = written(flow).filter(|r| lacking(r)).map(name).collect();
        let message = format!(
            "{what} {} of `{}`: {}",
            ratio(&steps, flow),
            flow.name,
            list(&steps)
        );
        let note = Diagnostic::note(code, &scenario.source, flow.span, message).help(help);
        (!steps.is_empty()).then_some(note)
    };
    let unchecked = scenario.every_flow().filter_map(|flow| {
        let help = "add a `check:` of something that only the right answer has";
        note(
            "T0453",
            flow,
            &blind,
            ["nothing but the status is looked at in", help],
        )
    });
    let uncovered = scenario.flows.iter().filter_map(|flow| {
        let budgets = inputs.budgets.as_ref()?;
        let lacking = |request: &Request| !covers(budgets, scenario, &flow.name, &request.name);
        let help = "add a budget of all steps, such as `error_rate < 1%`, or of these";
        note("T0825", flow, &lacking, ["no budget covers", help])
    });
    unchecked.chain(uncovered).chain(unsent(inputs)).collect()
}

/// Budgets that no load could decide, since it does not send what they are about.
fn unsent(inputs: &Inputs) -> Vec<Diagnostic> {
    let Some(file) = &inputs.budgets else {
        return Vec::new();
    };
    let (passes, loads): (Vec<_>, Vec<_>) = inputs
        .scenario
        .profiles
        .iter()
        .partition(|profile| matches!(profile.load, Load::Passes(_)));
    let mut of_loads = inputs.scenario.clone();
    of_loads.leave_out_smoke();
    let sent = steps(&of_loads);
    let undecided = |budget: &Budget| {
        let in_vain = |load: &&&Profile| {
            let mut unsent = file.unsent(&load.name, &sent);
            unsent.any(|other| other.span == budget.span)
        };
        let names = loads.iter().filter(in_vain);
        let names: Vec<String> = names.map(|load| format!("`{}`", load.name)).collect();
        let message = format!(
            "only smoke tests send what this is about, so it stays undecided in {}",
            list(&names.iter().map(String::as_str).collect::<Vec<_>>())
        );
        let smoke = passes.first().map_or("smoke", |smoke| &smoke.name);
        let help = format!("add `during {smoke}`, or give the flow a weight above zero");
        let note = Diagnostic::note("T0827", &file.source, budget.span, message).help(help);
        (!names.is_empty()).then_some(note)
    };
    let failing = file.budgets.iter().filter(|b| b.level == Level::Fail);
    failing.filter_map(undecided).collect()
}

/// The requests of the file, without those of policies.
fn written(flow: &Flow) -> impl Iterator<Item = &Request> {
    flow.requests().filter(|request| request.probe.is_none())
}

fn name(request: &Request) -> &str {
    &request.name
}

/// Whether any answer with a status below 400 would do. A capture fails where its value is missing.
fn blind(request: &Request) -> bool {
    // Whoever says something over a WebSocket waits for its messages; the handshake itself says that it is one.
    let asks = request.until.is_some() || request.conversation.is_some();
    request.checks.is_empty() && !asks && request.captures.is_empty()
}

/// Whether a budget of any profile speaks of a step; warnings and the throughput of the whole run do not.
fn covers(budgets: &BudgetFile, scenario: &Scenario, flow: &str, step: &str) -> bool {
    let (all, label) = (steps(scenario), format!("{flow}/{step}"));
    let profiles = scenario.profiles.iter();
    profiles
        .map(|profile| budgets.uncovered(&profile.name, &all))
        .any(|uncovered| !uncovered.contains(&label))
}

/// `2 of 3 steps`.
fn ratio(steps: &[&str], flow: &Flow) -> String {
    format!(
        "{} of {}",
        steps.len(),
        count(written(flow).count(), "step")
    )
}

pub(super) fn list(steps: &[&str]) -> String {
    let list = steps[..steps.len().min(NAMED)].join(", ");
    match steps.len().saturating_sub(NAMED) {
        0 => list,
        more => format!("{list} and {more} more"),
    }
}

fn summary(inputs: &Inputs) -> String {
    let scenario = &inputs.scenario;
    let profiles: Vec<&str> = scenario.profiles.iter().map(|p| p.name.as_str()).collect();
    let budgets = match &inputs.budgets {
        Some(file) => format!(
            "{} in {}",
            count(file.budgets.len(), "budget"),
            file.source.name
        ),
        None => "no budgets".into(),
    };
    format!(
        "valid: {}, {}, profiles {}, {budgets}",
        count(scenario.flows.len(), "flow"),
        count(
            scenario.flows.iter().flat_map(written).count(),
            "request step"
        ),
        profiles.join(", ")
    )
}

pub(super) fn count(n: usize, what: &str) -> String {
    if n == 1 {
        format!("1 {what}")
    } else {
        format!("{n} {what}s")
    }
}
