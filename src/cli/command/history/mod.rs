//! `tollgate history`. In: a directory with one file a run; out: lists, verdicts, acceptances, a CSV file. Invariant:
//! the network is not touched, and a file of a history is never changed, only added or removed.

mod accept;
pub(super) mod baseline;
mod judge;
mod keep;
pub(super) mod past;
mod plot;
mod text;

pub(super) use text::{measured as value, percent};

use crate::cli::Terminal;
use crate::cli::error::Error;
use crate::history::nights::{Folder, Place};
use clap::{Args, Subcommand};

/// Arguments of `tollgate history`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = false)]
pub(in crate::cli) struct Arguments {
    /// The history: a directory, or `s3://bucket/path`, `gs://…`, `az://…`.
    #[arg(long, global = true, value_name = "PLACE", default_value = "history", value_parser = Place::parse)]
    history: Place,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Lists the runs by environment; the same as without a word.
    List(keep::List),
    /// Judges a stored run by those before it, as `run --history` does: exit 5 for a regression. Adds nothing.
    Judge(judge::Judge),
    /// Adds stored runs; those that say nothing (INVALID, interrupted) are refused.
    Add(keep::Add),
    /// Says that the newest level of what is suspect, a shift or a regression is how it is from now on.
    Accept(accept::Accept),
    /// Draws every series over time on one page: levels, changes, budgets, releases.
    Plot(plot::Plot),
    /// Removes old runs.
    Prune(keep::Prune),
    /// Prints the figures as CSV, one a row, as `tollgate trend` reads them.
    Export(keep::Export),
}

pub(in crate::cli) fn history(args: &Arguments, terminal: Terminal) -> Result<u8, Error> {
    let folder = Folder::new(args.history.clone());
    match &args.what {
        None => keep::list(&keep::List::default(), &folder),
        Some(What::List(list)) => keep::list(list, &folder),
        Some(What::Judge(judge)) => judge::judge(judge, &args.history, terminal),
        Some(What::Add(add)) => keep::add(add, &folder, terminal),
        Some(What::Accept(accept)) => accept::accept(accept, &folder),
        Some(What::Plot(plot)) => plot::plot(plot, &folder),
        Some(What::Prune(prune)) => keep::prune(prune, &folder),
        Some(What::Export(export)) => keep::export(export, &folder),
    }
}
