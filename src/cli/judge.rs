//! `tollgate judge` and `tollgate report`. In: a stored run; out: a verdict, or its reports again. Invariant: the
//! network is not touched, and the run file is not changed.

use super::Terminal;
use super::args::{Judge, Report};
use super::error::Error;
use super::inputs::{parse_budgets, read_budgets, refuse_errors};
use super::output::Folder;
use super::run::print;
use crate::budget::{self, BudgetFile, Verdict};
use crate::record::{self, RunRecord};
use crate::report::View;
use std::path::{Path, PathBuf};

pub(super) fn judge(args: &Judge, terminal: Terminal) -> Result<u8, Error> {
    let record = record::load(&args.run)?;
    let (verdict, view) = again(&record, args.budgets.as_deref(), terminal)?;
    let folder = args.out.clone().map(Folder::open).transpose()?;
    if args.quiet {
        println!("{}", verdict.sentence);
    } else {
        let report = folder
            .as_ref()
            .map(|f| f.path().join("report.html").display().to_string());
        print(&view, report, terminal)?;
    }
    if let Some(folder) = folder {
        folder.write(&view)?;
    }
    Ok(verdict.exit.code)
}

pub(super) fn report(args: &Report, terminal: Terminal) -> Result<u8, Error> {
    let record = record::load(&args.run)?;
    let (_, view) = again(&record, None, terminal)?;
    let folder = Folder::open(args.out.clone().unwrap_or_else(|| home(&args.run)))?;
    folder.write(&view)?;
    println!("{}", folder.path().join("report.html").display());
    Ok(0)
}

/// The folder that a run file is in.
fn home(run: &Path) -> PathBuf {
    if run.is_dir() {
        return run.to_owned();
    }
    match run.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn again(
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
pub(super) fn bind(
    budgets: &BudgetFile,
    record: &RunRecord,
    terminal: Terminal,
) -> Result<(), Error> {
    let steps: Vec<String> = record.steps.iter().map(|s| s.label.clone()).collect();
    let flows: Vec<String> = record.flows.iter().map(|f| f.name.clone()).collect();
    refuse_errors(
        budget::bind(budgets, &steps, &flows, &record.profiles),
        terminal,
    )
}
