//! Reports on disk and on the terminal. In: a folder and a view; out: one file per reporter, a summary. Invariant: a file is whole or not there,
//! one that cannot be written does not stop the others, and a folder that cannot be used is refused before the run.

pub(super) mod ci;
pub(super) mod format;
pub(super) mod live;
pub(super) mod ui;

use super::error::Error;
use super::{Terminal, columns};
use crate::record::{self, RunRecord};
use crate::report::{Console, Html, Json, Junit, Parts, Reporter, Servers, Summary, View, Windows};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The reports of a run, with their file names.
const REPORTS: [(&str, &dyn Reporter); 7] = [
    ("report.html", &Html),
    ("summary.csv", &Summary),
    ("windows.csv", &Windows),
    ("parts.csv", &Parts),
    ("server.csv", &Servers),
    ("result.json", &Json),
    ("junit.xml", &Junit),
];

/// A folder that can be written to.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Makes the folder and tries it, so that an hour of load is not lost on a full or read-only disk.
    pub(super) fn open(path: PathBuf) -> Result<Self, Error> {
        let unwritable = |error| Error::Unwritable {
            path: path.clone(),
            error,
        };
        fs::create_dir_all(&path).map_err(unwritable)?;
        let probe = path.join(".tollgate-probe");
        // As large as a small report: a full disk takes the name of a file but not its bytes.
        let written = fs::write(&probe, vec![0; 65_536]);
        fs::remove_file(&probe).ok();
        written.map_err(unwritable)?;
        Ok(Self(path))
    }

    /// The default: `reports/<scenario>-<time>`, with a number behind it where that is taken.
    pub(super) fn default_for(scenario: &str, started: &jiff::Zoned) -> PathBuf {
        let base = format!(
            "{}-{}",
            file_name(scenario),
            started.strftime("%Y%m%d-%H%M%S")
        );
        let path = |suffix: &str| Path::new("reports").join(format!("{base}{suffix}"));
        let numbered = (2..1000).map(|n| path(&format!("-{n}")));
        std::iter::once(path(""))
            .chain(numbered)
            .find(|p| !p.exists())
            .unwrap_or_else(|| path(""))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes the run file.
    pub(super) fn save(&self, record: &RunRecord) -> Result<(), Error> {
        let path = self.0.join("run.tg");
        record::save(record, &path).map_err(|e| match e {
            record::FileError::Io { path, error } => Error::Lost { path, error },
            other => Error::Lost {
                path,
                error: io::Error::other(other),
            },
        })
    }

    /// Writes a text beside the reports.
    pub(super) fn put(&self, name: &str, text: &str) -> Result<(), Error> {
        let path = self.0.join(name);
        let beside = path.with_extension("tmp");
        fs::write(&beside, text)
            .and_then(|()| fs::rename(&beside, &path))
            .map_err(|error| Error::Lost { path, error })
    }

    /// Writes every report and these; the first problem is returned once all were tried.
    pub(super) fn write(&self, view: &View, more: &[(&str, &dyn Reporter)]) -> Result<(), Error> {
        let mut problem = None;
        for (name, reporter) in REPORTS.iter().chain(more) {
            let path = self.0.join(name);
            if let Err(error) = write(&path, view, *reporter) {
                problem = problem.or(Some(Error::Lost { path, error }));
            }
        }
        problem.map_or(Ok(()), Err)
    }

    /// Takes away what a run before left in this folder and this one did not write: two runs must not lie together. What
    /// cannot be taken away stays.
    pub(super) fn sweep(&self, written: &[(&str, &dyn Reporter)]) {
        let stale = |name: &&str| written.iter().all(|(other, _)| other != name);
        for name in format::names().filter(stale).chain(["history.json"]) {
            fs::remove_file(self.0.join(name)).ok();
        }
    }
}

/// Prints the summary.
pub(super) fn print(
    view: &View,
    files: Option<String>,
    verbose: bool,
    terminal: Terminal,
) -> Result<(), Error> {
    let console = Console {
        width: columns(),
        colour: terminal.stdout,
        files,
        verbose,
    };
    let mut text = Vec::new();
    console.render(view, &mut text)?;
    terminal.ci.fenced(&mut text);
    match io::stdout().lock().write_all(&text) {
        // Whoever reads the first lines only changes no verdict.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// The name of a scenario as that of a file.
pub(super) fn file_name(scenario: &str) -> String {
    let safe = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    scenario
        .chars()
        .map(|c| if safe(c) { c } else { '-' })
        .collect()
}

fn write(path: &Path, view: &View, reporter: &dyn Reporter) -> io::Result<()> {
    let mut bytes = Vec::new();
    reporter.render(view, &mut bytes)?;
    if bytes.is_empty() {
        // A report of what the run did not have; one of an earlier judgement must not stay either.
        return match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
    }
    let beside = path.with_extension("tmp");
    let mut file = fs::File::create(&beside)?;
    let written = file
        .write_all(&bytes)
        .and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        fs::remove_file(&beside).ok();
    }
    written
}
