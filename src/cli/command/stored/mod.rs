//! Commands on stored runs. In: run files; out: verdicts and reports. Invariant: the network is not touched, and run
//! files are not changed.

pub(super) mod compare;
pub(super) mod index;
pub(super) mod judge;
pub(super) mod report;
pub(super) mod tighten;
pub(super) mod trend;

use crate::budget::{self, BudgetFile, Place, Verdict};
use crate::cli::Terminal;
use crate::cli::error::Error;
use crate::cli::inputs::{parse_budgets, read_budgets, refuse_errors};
use crate::record::{self, RunRecord};
use crate::report::View;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Judges a run again, with its own budgets or with others.
pub(super) fn again(
    record: &RunRecord,
    (other, former): (Option<&Path>, &[PathBuf]),
    terminal: Terminal,
) -> Result<(Verdict, View), Error> {
    let budgets = match (other, &record.budgets) {
        (Some(path), _) => Some(read_budgets(path)?),
        (None, Some(stored)) => Some(parse_budgets(stored.file.clone(), stored.text.clone())?),
        (None, None) => None,
    };
    // Its own are bound to its scenario, which has more steps than a load sends.
    if let (Some(budgets), Some(_)) = (&budgets, other) {
        bind(budgets, record, terminal)?;
    }
    let mut verdict = budget::judge(record, budgets.as_ref());
    if let Some(budgets) = &budgets {
        let former = judged(budgets, former)?;
        verdict.remember(&budget::slack(budgets, &former));
    }
    let view = View::new(record, &verdict);
    Ok((verdict, view))
}

/// What budgets say of other runs, as long as their names mean something there.
fn judged(budgets: &BudgetFile, runs: &[PathBuf]) -> Result<Vec<Verdict>, Error> {
    let said = |run: &PathBuf| Ok(budget::judge(&record::load(run)?, Some(budgets)));
    runs.iter().map(said).collect()
}

/// Steps, flows and profiles come from the record.
fn bind(budgets: &BudgetFile, record: &RunRecord, terminal: Terminal) -> Result<(), Error> {
    let places = Place::of(record);
    let servers: Vec<String> = record.server.iter().map(|s| s.name.clone()).collect();
    let elsewhere = |during: &String| *during != record.profile && record.profiles.contains(during);
    let mut here = budgets.clone();
    here.budgets
        .retain(|b| !b.during.as_ref().is_some_and(elsewhere));
    let mut problems = budget::bind(&here, &places, &record.profiles);
    // What a run did not ask has no data, and that is what judging says.
    problems.extend(budget::bind_servers(budgets, &servers, true));
    refuse_errors(problems, terminal)
}

/// The folder that a run file is in.
fn place(run: &Path) -> PathBuf {
    if run.is_dir() {
        return run.to_owned();
    }
    match run.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Writes a page, whole or not at all, and says where it is.
pub(super) fn page(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let written = || -> io::Result<()> {
        let beside = path.with_extension("tmp");
        fs::write(&beside, bytes)?;
        fs::rename(&beside, path)
    };
    written().map_err(|error| Error::Lost {
        path: path.to_owned(),
        error,
    })?;
    println!("{}", path.display());
    Ok(())
}
