//! What ends a command before it has a verdict. In: the errors of every stage; out: text for a person and an exit
//! code. Invariant: 2 means that nothing was sent.

use crate::history::nights::HistoryError;
use crate::load::WorkerError;
use crate::plan::PlanError;
use crate::protocol::TlsError;
use crate::record::FileError;
use crate::scenario::{Problems, SelectError};
use crate::source::{Diagnostic, Severity, render_all};
use std::io;
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error(transparent)]
    Scenario(#[from] Problems),
    #[error("the budget file has problems")]
    Budgets(Vec<Diagnostic>),
    #[error("steps lead to other hosts")]
    Reach(Vec<Diagnostic>),
    #[error(transparent)]
    Select(#[from] SelectError),
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Run(#[from] FileError),
    #[error("{0}")]
    Usage(String),
    /// Known before the run: nothing was sent.
    #[error("cannot write to {path}: {error}; choose another folder with --out", path = path.display())]
    Unwritable { path: PathBuf, error: io::Error },
    /// Found after the run.
    #[error("could not write {path}: {error}", path = path.display())]
    Lost { path: PathBuf, error: io::Error },
    #[error(transparent)]
    History(#[from] HistoryError),
    /// Found after the run.
    #[error("the run is not in the history: {0}")]
    Forgotten(HistoryError),
    #[error("the load engine could not run: {0}")]
    Engine(#[from] WorkerError),
    #[error("cannot write to standard output: {0}")]
    Print(#[from] io::Error),
}

impl Error {
    pub(super) fn code(&self) -> u8 {
        match self {
            Self::Engine(_) | Self::Print(_) | Self::Lost { .. } | Self::Forgotten(_) => 1,
            _ => 2,
        }
    }

    /// The problems that have a place in a file.
    ///
    /// # Errors
    /// The error itself, where it is of another kind.
    pub(super) fn into_diagnostics(self) -> Result<Vec<Diagnostic>, Self> {
        match self {
            Self::Scenario(Problems::Invalid(problems))
            | Self::Budgets(problems)
            | Self::Reach(problems) => Ok(problems),
            other => Err(other),
        }
    }

    pub(super) fn render(&self, colour: bool) -> String {
        match self {
            Self::Scenario(Problems::Invalid(problems))
            | Self::Budgets(problems)
            | Self::Reach(problems) => explained(problems, colour),
            other => format!("error: {other}\n"),
        }
    }
}

/// All problems and, where one of them is an error, where to read on.
pub(super) fn explained(problems: &[Diagnostic], colour: bool) -> String {
    let mut out = render_all(problems, colour);
    let error = problems.iter().find(|p| p.severity == Severity::Error);
    if let Some(error) = error {
        out.push_str("`tollgate explain ");
        out.push_str(error.code);
        out.push_str("` says more\n");
    }
    out
}
