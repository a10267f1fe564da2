//! `tollgate validate`. In: scenario files; out: every problem in all of them, or one line each. Invariant:
//! nothing is sent, and without `--env` a file is checked with each of its environments: what is wrong in staging
//! is found before anyone runs there.

use crate::cli::Terminal;
use crate::cli::args::Reading;
use crate::cli::error::{Error, explained};
use crate::cli::inputs::{Inputs, steps};
use crate::scenario;
use crate::source::{Diagnostic, Severity};
use clap::Args;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(in crate::cli) struct Validate {
    /// Scenario files.
    #[arg(required = true, value_name = "FILE")]
    pub(in crate::cli) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) reading: Reading,
}

pub(in crate::cli) fn validate(args: &Validate, terminal: Terminal) -> u8 {
    let mut failed = false;
    for file in &args.files {
        let mut found = Findings::default();
        let environments = found.check(file, &args.reading);
        failed |= found.failed();
        eprint!("{}", found.render(terminal.stderr));
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
        count(steps(scenario).len(), "request step"),
        profiles.join(", ")
    )
}

fn count(n: usize, what: &str) -> String {
    if n == 1 {
        format!("1 {what}")
    } else {
        format!("{n} {what}s")
    }
}
