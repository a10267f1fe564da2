//! `tollgate report`. In: a stored run, and a history if given; out: its reports again. Invariant: the network is not
//! touched but for a history in a bucket, and neither the run file nor the history is changed.

use super::{again, place};
use crate::cli::Terminal;
use crate::cli::command::history::baseline::stored;
use crate::cli::command::history::past::{Judged, Least, Opened};
use crate::cli::error::Error;
use crate::cli::output::Folder;
use crate::cli::output::format::Formats;
use crate::history::nights::Place;
use crate::record;
use crate::report::View;
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
    /// A history: the reports say again what the runs in it before this one say of it. Nothing is added.
    #[arg(long, value_name = "PLACE", value_parser = Place::parse)]
    pub(in crate::cli) history: Option<Place>,
    /// What the run's class of machines is called in that history.
    #[arg(long, value_name = "NAME", env = "TOLLGATE_RUNNER")]
    pub(in crate::cli) runner: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) least: Least,
    /// Folder for the reports; the run's own when left out.
    #[arg(short, long, value_name = "DIR")]
    pub(in crate::cli) out: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) formats: Formats,
}

pub(in crate::cli) fn report(args: &Report, terminal: Terminal) -> Result<u8, Error> {
    let record = record::load(&args.run)?;
    let (mut verdict, mut view) = again(&record, (None, &args.former), terminal)?;
    let baseline = args.baseline.as_deref().map(stored).transpose()?;
    let judged = match &args.history {
        None => None,
        Some(place) => {
            let past = Opened::read(place, args.runner.clone(), &args.least)?;
            Some(past.judge(&record, &verdict)?)
        }
    };
    if let Some(judged) = &judged {
        judged.enter(&mut verdict);
        view = View::new(&record, &verdict);
    }
    let said = judged.as_ref().map(Judged::view).into_iter();
    let view = said.fold(view.over(baseline), View::with_history);
    let folder = Folder::open(args.out.clone().unwrap_or_else(|| place(&args.run)))?;
    folder.write(&view, &args.formats.reporters(terminal.ci))?;
    println!("{}", folder.path().join("report.html").display());
    Ok(0)
}
