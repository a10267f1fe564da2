//! A history of runs, and tonight's judged by it. In: run records; out: a file for each run, and a [`Night`].
//! Invariant: only runs of one environment, scenario and profile are compared, and none that said nothing.

mod course;
mod digest;
mod folder;
mod judge;
mod limits;
mod store;
#[cfg(test)]
mod tests;

pub use course::{Chronicle, Course, Turn};
pub use digest::{ALL, Digest, Figure, Key, Measure, figures};
pub use folder::{Acceptance, Accepted, FORMAT, Folder, HistoryError, Nights};
pub use judge::{Confirmation, Effect, Finding, Night, Standing, comparable, judge};
pub use limits::Allowed;
pub use store::Place;

use crate::budget::{Exit, Reason};

/// Why a run may not enter a history; `None` where it may. What is graver than a failed check comes first in an exit.
pub fn refused(exit: &Exit) -> Option<Reason> {
    let says_something = matches!(
        exit.reason,
        Reason::Pass | Reason::CheckFailed | Reason::BudgetFailed | Reason::Regression
    );
    (!says_something).then_some(exit.reason)
}
