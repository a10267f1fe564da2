//! `tollgate run`. In: scenario files; out: load, reports, and the gravest exit code of all runs. Invariant: every
//! file is read and checked before the first request of the first run; whatever happens, reports are written.

use super::versus::{self, Beside};
use super::{Prepared, execute, prepare, watch};
use crate::budget::{Exit, Reason};
use crate::cli::args::{Amount, How, Reading, Smoke};
use crate::cli::command::history::baseline;
use crate::cli::command::history::past::Past;
use crate::cli::command::scenario::plan::undecidable;
use crate::cli::error::Error;
use crate::cli::inputs::Inputs;
use crate::cli::output::file_name;
use crate::cli::output::ui::{self, Ui};
use crate::cli::{Terminal, signals};
use crate::load::{Stop, stop};
use crate::plan::{Load, Plan};
use crate::record;
use clap::Args;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

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
    #[command(flatten)]
    pub(in crate::cli) smoke: Smoke,
    #[command(flatten)]
    pub(in crate::cli) past: Past,
    /// Lays the report's percentile curve over that of this stored run; judges nothing.
    #[arg(
        long,
        value_name = "RUN",
        conflicts_with = "compare_to",
        help_heading = "History and comparison"
    )]
    pub(in crate::cli) baseline: Option<PathBuf>,
    /// Serves the report while the run goes, on this machine only: at a free port, or at an address of loopback
    /// (`--ui=127.0.0.1:8088`). It ends with the run.
    #[arg(long, value_name = "ADDR", num_args = 0..=1, require_equals = true, default_missing_value = "127.0.0.1:0",
        value_parser = ui::address, conflicts_with_all = ["compare_to", "watch", "jobs"])]
    pub(in crate::cli) ui: Option<SocketAddr>,
    #[command(flatten)]
    pub(in crate::cli) beside: Beside,
}

pub(in crate::cli) fn run(args: &Run, terminal: Terminal) -> Result<u8, Error> {
    // With a history the base only confirms what is suspect.
    if let Some(base) = args
        .beside
        .compare_to
        .as_ref()
        .filter(|_| !args.past.is_named())
    {
        return versus::versus(args, base, terminal);
    }
    if args.smoke.watch {
        return watch::watch(args, terminal);
    }
    let mut prepared = prepare_all(args, terminal)?;
    if let Some(address) = args.ui {
        let ui = Ui::start(address)?;
        eprintln!("live report: http://{}/", ui.address());
        prepared
            .iter_mut()
            .for_each(|run| run.ui = Some(Arc::clone(&ui)));
    }
    let (stopper, stop) = stop();
    signals::listen(stopper);
    Ok(execute_all(prepared, args, &stop, terminal)?.code)
}

/// Reads every file; refuses whatever can be refused.
pub(super) fn prepare_all(args: &Run, terminal: Terminal) -> Result<Vec<Prepared>, Error> {
    let mut prepared: Vec<Prepared> = Vec::new();
    for file in &args.files {
        let mut inputs = Inputs::read(file, &args.reading, terminal)?;
        let whole = inputs.scenario.flows.len();
        let selection = args.smoke.selection();
        if !selection.is_everything() {
            inputs.scenario = selection.of(&inputs.scenario)?;
            // Budgets are about the whole: what was left out would have no data, and no data is never a pass.
            inputs.budgets = None;
        }
        let mut plan = inputs.plan(&args.amount)?;
        inputs.keep_to(&plan);
        only_smoke(&args.smoke, &plan, file)?;
        plan.bail = args.smoke.bail;
        if !selection.is_everything() && !args.how.quiet {
            eprintln!("{}", part(&plan, whole));
        }
        if let (Some(warning), false) = (undecidable(&inputs, &plan), args.how.quiet) {
            eprintln!("{warning}");
        }
        let watched = || {
            args.smoke
                .watch
                .then(|| watch::folder(&inputs.scenario.name))
        };
        let out = args.how.out.clone().or_else(watched);
        let out = out.map(|out| {
            if args.files.len() == 1 || args.how.out.is_none() {
                out
            } else {
                own_folder(&out, &file_name(&inputs.scenario.name), &prepared)
            }
        });
        let profile = inputs.scenario.profile(&plan.profile);
        let own = profile.and_then(|p| p.history.clone());
        let mut run = prepare(file, inputs, plan, out, &args.how)?;
        run.past = args.past.open(own.as_ref())?;
        run.baseline = args.baseline.as_deref().map(baseline::stored).transpose()?;
        let base = args.beside.confirming(args.past.is_named(), own.as_ref());
        if let (Some(_), Some((base, pairs))) = (&run.past, &base) {
            let whole = selection.is_everything();
            run.confirm = whole
                .then(|| versus::confirming(args, file, (base, *pairs), run.folder.path()))
                .transpose()?
                .map(Box::new);
        }
        prepared.push(run);
    }
    Ok(prepared)
}

/// Refuses the flags of smoke tests for load.
fn only_smoke(smoke: &Smoke, plan: &Plan, file: &Path) -> Result<(), Error> {
    match (smoke.given(), &plan.load) {
        (Some(flag), Load::Open(_) | Load::Closed(_)) => Err(Error::Usage(format!(
            "`{flag}` is for smoke tests, and profile `{}` of {} is load; choose a profile with `passes:`",
            plan.profile,
            file.display()
        ))),
        _ => Ok(()),
    }
}

/// What a selection leaves, in words.
fn part(plan: &Plan, whole: usize) -> String {
    let flows = plan.flows.iter().map(|flow| {
        let steps: Vec<&str> = flow.steps.iter().map(|s| s.name.as_str()).collect();
        format!("{} ({})", flow.name, steps.join(" → "))
    });
    let flows = flows.collect::<Vec<_>>().join(", ");
    match whole - plan.flows.len() {
        0 => format!("selected: {flows}; budgets are not judged"),
        left => {
            format!("selected: {flows}; {left} of {whole} flows left out, budgets are not judged")
        }
    }
}

/// Runs what was prepared, so many at once; the gravest exit.
pub(super) fn execute_all(
    prepared: Vec<Prepared>,
    args: &Run,
    stop: &Stop,
    terminal: Terminal,
) -> Result<Exit, Error> {
    let jobs = args.smoke.jobs.unwrap_or(1).min(prepared.len() as u64);
    let queue = Mutex::new(prepared.into_iter());
    let exits: Mutex<Vec<Result<Exit, Error>>> = Mutex::default();
    let work = || {
        while let Some(run) = queue.lock().unwrap_or_else(PoisonError::into_inner).next() {
            let failed = || {
                let exits = exits.lock().unwrap_or_else(PoisonError::into_inner);
                exits
                    .iter()
                    .any(|e| e.as_ref().map_or(true, |e| e.code != 0))
            };
            let exit = match stop.reason() {
                None if args.smoke.bail && failed() => {
                    eprintln!("{} was not run: --bail", run.file.display());
                    continue;
                }
                None => execute(run, &args.how, args.smoke.debug, (stop, terminal)),
                Some(reason) => {
                    eprintln!("{} was not run", run.file.display());
                    Ok(Exit::of([stopped(reason)]))
                }
            };
            exits
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(exit);
        }
    };
    thread::scope(|scope| {
        for _ in 1..jobs {
            scope.spawn(work);
        }
        work();
    });
    let exits = exits.into_inner().unwrap_or_else(PoisonError::into_inner);
    let exits = exits.into_iter().collect::<Result<Vec<Exit>, Error>>()?;
    Ok(Exit::combine(&exits))
}

/// The reason of a run that a signal ended.
pub(super) fn stopped(reason: record::Stop) -> Reason {
    match reason {
        record::Stop::Interrupted => Reason::Interrupted,
        record::Stop::Terminated => Reason::Terminated,
        record::Stop::Guard => Reason::GuardTripped,
        record::Stop::Decided => Reason::Undecided,
    }
}

/// Several runs into one folder get a folder each, by the names of their scenarios.
fn own_folder(out: &Path, name: &str, before: &[Prepared]) -> PathBuf {
    let numbered = (2..).map(|n| out.join(format!("{name}-{n}")));
    let mut candidates = std::iter::once(out.join(name)).chain(numbered);
    candidates
        .find(|path| before.iter().all(|run| run.folder.path() != path))
        .unwrap_or_else(|| out.join(name))
}
