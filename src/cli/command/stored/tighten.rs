//! `tollgate tighten`. In: stored runs and a budget file; out: the patch that takes up the slack, and what it is
//! made of. Invariant: the file is only written when asked for, and only its numbers change.

use super::bind;
use crate::budget;
use crate::cli::Terminal;
use crate::cli::error::Error;
use crate::cli::inputs::read_budgets;
use crate::record;
use std::path::PathBuf;

/// Arguments of `tollgate tighten`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Tighten {
    /// Run files (`run.tg`) or the folders that hold them: the worst of them counts.
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// The budget file to tighten.
    #[arg(long, value_name = "FILE")]
    budgets: PathBuf,
    /// Changes the file instead of printing the patch only.
    #[arg(long)]
    write: bool,
}

pub(in crate::cli) fn tighten(args: &Tighten, terminal: Terminal) -> Result<u8, Error> {
    let file = read_budgets(&args.budgets)?;
    let mut verdicts = Vec::new();
    for run in &args.runs {
        let record = record::load(run)?;
        bind(&file, &record, terminal)?;
        verdicts.push(budget::judge(&record, Some(&file)));
    }
    let suggestions = budget::tighten(&file, &verdicts);
    for (budget, slack) in file.budgets.iter().zip(budget::slack(&file, &verdicts)) {
        if let Some(slack) = slack {
            let could = suggestions.iter().find(|s| s.at == budget.limit_at);
            let could = could.map_or_else(String::new, |s| format!("; could be {}", s.limit));
            eprintln!("{}: {slack}{could}", budget.text);
        }
    }
    if suggestions.is_empty() {
        eprintln!("nothing to tighten: no budget holds in every run with a fifth to spare");
        return Ok(0);
    }
    let (text, patch) = budget::patch(&file, &suggestions);
    print!("{patch}");
    if args.write {
        let path = args.budgets.display();
        std::fs::write(&args.budgets, text)
            .map_err(|e| Error::Usage(format!("cannot write {path}: {e}")))?;
    }
    Ok(0)
}
