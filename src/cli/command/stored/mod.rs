//! Commands on stored runs. In: run files; out: verdicts and reports. Invariant: the network is not touched, and run
//! files are not changed.

pub(super) mod judge;
pub(super) mod report;
pub(super) mod tighten;
pub(super) mod trend;

use crate::budget::{self, BudgetFile, Verdict};
use crate::cli::Terminal;
use crate::cli::error::Error;
use crate::cli::inputs::{parse_budgets, read_budgets, refuse_errors};
use crate::record::RunRecord;
use crate::report::View;
use std::path::Path;

/// Judges a run again, with its own budgets or with others.
pub(super) fn again(
    record: &RunRecord,
    other: Option<&Path>,
    terminal: Terminal,
) -> Result<(Verdict, View), Error> {
    let budgets = match (other, &record.budgets) {
        (Some(path), _) => Some(read_budgets(path)?),
        (None, Some(stored)) => Some(parse_budgets(stored.file.clone(), stored.text.clone())?),
        (None, None) => None,
    };
    if let Some(budgets) = &budgets {
        bind(budgets, record, terminal)?;
    }
    let verdict = budget::judge(record, budgets.as_ref());
    let view = View::new(record, &verdict);
    Ok((verdict, view))
}

/// Steps, flows and profiles come from the record.
fn bind(budgets: &BudgetFile, record: &RunRecord, terminal: Terminal) -> Result<(), Error> {
    let steps: Vec<String> = record.steps.iter().map(|s| s.label.clone()).collect();
    let flows: Vec<String> = record.flows.iter().map(|f| f.name.clone()).collect();
    refuse_errors(
        budget::bind(budgets, &steps, &flows, &record.profiles),
        terminal,
    )
}
