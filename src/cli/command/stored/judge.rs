//! `tollgate judge`. In: a stored run, and other budgets if given; out: a verdict. Invariant: the network is not
//! touched, and the run file is not changed.

use super::again;
use crate::cli::Terminal;
use crate::cli::command::history::baseline::stored;
use crate::cli::error::Error;
use crate::cli::output::format::Formats;
use crate::cli::output::{Folder, print};
use crate::record;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(in crate::cli) struct Judge {
    /// A run file (`run.tg`) or the folder that holds it.
    #[arg(value_name = "RUN")]
    pub(in crate::cli) run: PathBuf,
    /// Budget file; the one that the run was made with when left out.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) budgets: Option<PathBuf>,
    /// Former runs: what they made of each limit stands beside it. Give it once for each.
    #[arg(long, value_name = "RUN")]
    pub(in crate::cli) former: Vec<PathBuf>,
    /// A stored run that the report's percentile curve is laid over.
    #[arg(long, value_name = "RUN")]
    pub(in crate::cli) baseline: Option<PathBuf>,
    /// Folder to write the reports of this judgement to.
    #[arg(short, long, value_name = "DIR")]
    pub(in crate::cli) out: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) formats: Formats,
    /// Prints the verdict only.
    #[arg(short, long)]
    pub(in crate::cli) quiet: bool,
}

pub(in crate::cli) fn judge(args: &Judge, terminal: Terminal) -> Result<u8, Error> {
    let record = record::load(&args.run)?;
    let (verdict, view) = again(&record, (args.budgets.as_deref(), &args.former), terminal)?;
    let view = view.over(args.baseline.as_deref().map(stored).transpose()?);
    let folder = args.out.clone().map(Folder::open).transpose()?;
    if args.quiet {
        println!("{}", verdict.sentence);
    } else {
        let report = folder
            .as_ref()
            .map(|f| f.path().join("report.html").display().to_string());
        print(&view, report, false, terminal)?;
    }
    terminal.ci.ran(&view, folder.as_ref());
    if let Some(folder) = folder {
        folder.write(&view, &args.formats.reporters(terminal.ci))?;
    }
    Ok(verdict.exit.code)
}
