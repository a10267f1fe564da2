//! `tollgate validate`. In: scenario files; out: every problem in all of them, or one line each. Invariant:
//! nothing is sent.

use crate::cli::Terminal;
use crate::cli::args::Reading;
use crate::cli::inputs::{Inputs, steps};
use clap::Args;
use std::path::PathBuf;

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
        match Inputs::read(file, &args.reading, terminal) {
            Ok(inputs) => println!("{}: {}", file.display(), summary(&inputs)),
            Err(error) => {
                failed = true;
                eprint!("{}", error.render(terminal.stderr));
            }
        }
    }
    if failed { 2 } else { 0 }
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
