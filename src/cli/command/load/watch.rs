//! `tollgate run --watch`. In: scenario files; out: a run, and another whenever one of them or a file that they name
//! changes. Invariant: a file that is broken for a moment ends nothing, and a change during a run is not missed.

use super::Prepared;
use super::run::{Run, execute_all, prepare_all, stopped};
use crate::budget::Exit;
use crate::cli::error::Error;
use crate::cli::output::file_name;
use crate::cli::{Terminal, signals};
use crate::load::{Stop, stop};
use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How often the files are looked at.
const EVERY: Duration = Duration::from_millis(500);

/// When a file was changed last, and its size; nothing where it is not there.
type Look = Option<(SystemTime, u64)>;

pub(super) fn watch(args: &Run, terminal: Terminal) -> Result<u8, Error> {
    let (stopper, stop) = stop();
    signals::listen(stopper);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut files = looks(args.files.iter().cloned());
    loop {
        match prepare_all(args, terminal) {
            Ok(prepared) => {
                // What a run reads is seen as it was before the run.
                for file in prepared.iter().flat_map(named) {
                    files.entry(file).or_insert_with_key(|path| look(path));
                }
                execute_all(prepared, args, &stop, terminal)?;
            }
            Err(error) => eprint!("{}", error.render(terminal.stderr)),
        }
        if let Some(reason) = stop.reason() {
            return Ok(Exit::of([stopped(reason)]).code);
        }
        eprintln!("watching {} files; Ctrl-C ends", files.len());
        if !changed(&mut files, &stop, &runtime) {
            let reason = stop.reason().map(stopped);
            return Ok(Exit::of(reason).code);
        }
        clear();
    }
}

/// Waits until one of the files is another; `false` when Ctrl-C came first.
fn changed(
    files: &mut BTreeMap<PathBuf, Look>,
    stop: &Stop,
    runtime: &tokio::runtime::Runtime,
) -> bool {
    let mut stop = stop.clone();
    loop {
        let now = looks(files.keys().cloned());
        if now != *files {
            *files = now;
            return true;
        }
        let wait = async { tokio::time::timeout(EVERY, stop.requested()).await };
        if runtime.block_on(wait).is_ok() {
            return false;
        }
    }
}

fn looks(files: impl Iterator<Item = PathBuf>) -> BTreeMap<PathBuf, Look> {
    files.map(|path| (path.clone(), look(&path))).collect()
}

fn look(path: &Path) -> Look {
    let found = std::fs::metadata(path).ok()?;
    Some((found.modified().ok()?, found.len()))
}

/// The files that a scenario and its budgets were read from.
fn named(run: &Prepared) -> Vec<PathBuf> {
    let mut files = run.inputs.files.clone();
    let budgets = run.inputs.budgets.as_ref();
    files.extend(budgets.map(|b| PathBuf::from(&b.source.name)));
    files
}

/// An empty screen, where there is one.
fn clear() {
    let mut out = std::io::stdout();
    if out.is_terminal() {
        write!(out, "\x1b[2J\x1b[3J\x1b[H").ok();
        out.flush().ok();
    }
}

/// Where the reports of a watched scenario go: always the same folder.
pub(super) fn folder(scenario: &str) -> PathBuf {
    Path::new("reports").join(format!("{}-watch", file_name(scenario)))
}
