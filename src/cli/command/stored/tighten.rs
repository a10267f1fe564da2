//! `tollgate tighten`. In: stored runs and a budget file; out: the patch that takes up the slack, and what it is
//! made of. Invariant: the file is only written when asked for, and only its numbers change.

use super::bind;
use crate::budget;
use crate::cli::Terminal;
use crate::cli::error::Error;
use crate::cli::inputs::read_budgets;
use crate::history::nights::refused;
use crate::record;
use crate::report::log_line as escape;
use std::path::PathBuf;

/// Arguments of `tollgate tighten`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Tighten {
    /// Run files (`run.tg`) or the folders that hold them, of one scenario and profile: the worst of them counts. What says
    /// nothing (an invalid run, an interrupted one) is left out.
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
    let mut like: Option<(String, String)> = None;
    for run in &args.runs {
        let record = record::load(run)?;
        bind(&file, &record, terminal)?;
        let of = (record.scenario.clone(), record.profile.clone());
        let first = like.get_or_insert_with(|| of.clone());
        if *first != of {
            let (name, path) = (
                |(s, p): &(String, String)| format!("{s}/{p}"),
                run.display(),
            );
            return Err(Error::Usage(escape(&format!(
                "{path} is a run of {}, and those before it are of {}: limits are tightened by runs of one profile",
                name(&of),
                name(first)
            ))));
        }
        let verdict = budget::judge(&record, Some(&file));
        match refused(&verdict.exit) {
            Some(reason) => eprintln!(
                "left out: {} says nothing ({})",
                escape(&run.display().to_string()),
                reason.name()
            ),
            None => verdicts.push(verdict),
        }
    }
    match verdicts.len() {
        0 => {
            let none = "none of these runs says anything; name one that passed or failed";
            return Err(Error::Usage(none.into()));
        }
        1 => eprintln!("one run says little of the next: name three or more, and the worst counts"),
        _ => {}
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
        eprintln!(
            "nothing to tighten: no budget holds in every run with a fifth to spare and requests enough to say so"
        );
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
