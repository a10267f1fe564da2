//! `tollgate run`. In: scenario files; out: load, reports, and the gravest exit code of all runs. Invariant: every
//! file is read and checked before the first request of the first run; whatever happens, reports are written.

use super::{Prepared, execute, prepare};
use crate::budget::{Exit, Reason};
use crate::cli::args::{Amount, How, Reading};
use crate::cli::error::Error;
use crate::cli::inputs::Inputs;
use crate::cli::output::file_name;
use crate::cli::{Terminal, signals};
use crate::load::stop;
use crate::record;
use clap::Args;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(in crate::cli) struct Run {
    /// Scenario files, run one after the other.
    #[arg(required = true, value_name = "FILE")]
    pub(in crate::cli) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) amount: Amount,
    #[command(flatten)]
    pub(in crate::cli) reading: Reading,
    #[command(flatten)]
    pub(in crate::cli) how: How,
}

pub(in crate::cli) fn run(args: &Run, terminal: Terminal) -> Result<u8, Error> {
    let mut prepared: Vec<Prepared> = Vec::new();
    for file in &args.files {
        let inputs = Inputs::read(file, &args.reading, terminal)?;
        let plan = inputs.plan(&args.amount)?;
        let out = args.how.out.as_ref().map(|out| {
            if args.files.len() == 1 {
                out.clone()
            } else {
                own_folder(out, &file_name(&inputs.scenario.name), &prepared)
            }
        });
        prepared.push(prepare(file, inputs, plan, out, &args.how)?);
    }
    let (stopper, stop) = stop();
    signals::listen(stopper);
    let mut exits = Vec::new();
    for run in prepared {
        exits.push(match stop.reason() {
            None => execute(run, &args.how, &stop, terminal)?,
            Some(reason) => {
                eprintln!("{} was not run", run.file.display());
                Exit::of([match reason {
                    record::Stop::Interrupted => Reason::Interrupted,
                    record::Stop::Terminated => Reason::Terminated,
                }])
            }
        });
    }
    Ok(Exit::combine(&exits).code)
}

/// Several runs into one folder get a folder each, by the names of their scenarios.
fn own_folder(out: &Path, name: &str, before: &[Prepared]) -> PathBuf {
    let numbered = (2..).map(|n| out.join(format!("{name}-{n}")));
    let mut candidates = std::iter::once(out.join(name)).chain(numbered);
    candidates
        .find(|path| before.iter().all(|run| run.folder.path() != path))
        .unwrap_or_else(|| out.join(name))
}
