//! `tollgate report`. In: a stored run; out: its reports again. Invariant: the network is not touched, and the run
//! file is not changed.

use super::{again, place};
use crate::cli::Terminal;
use crate::cli::command::history::baseline::stored;
use crate::cli::error::Error;
use crate::cli::output::Folder;
use crate::cli::output::format::Formats;
use crate::record;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(in crate::cli) struct Report {
    /// A run file (`run.tg`) or the folder that holds it.
    #[arg(value_name = "RUN")]
    pub(in crate::cli) run: PathBuf,
    /// Former runs: what they made of each limit stands beside it. Give it once for each.
    #[arg(long, value_name = "RUN")]
    pub(in crate::cli) former: Vec<PathBuf>,
    /// A stored run that the percentile curve is laid over.
    #[arg(long, value_name = "RUN")]
    pub(in crate::cli) baseline: Option<PathBuf>,
    /// Folder for the reports; the run's own when left out.
    #[arg(short, long, value_name = "DIR")]
    pub(in crate::cli) out: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) formats: Formats,
}

pub(in crate::cli) fn report(args: &Report, terminal: Terminal) -> Result<u8, Error> {
    let record = record::load(&args.run)?;
    let (_, view) = again(&record, (None, &args.former), terminal)?;
    let view = view.over(args.baseline.as_deref().map(stored).transpose()?);
    let folder = Folder::open(args.out.clone().unwrap_or_else(|| place(&args.run)))?;
    folder.write(&view, &args.formats.reporters(terminal.ci))?;
    println!("{}", folder.path().join("report.html").display());
    Ok(0)
}
