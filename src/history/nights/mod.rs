//! A history of runs, and tonight's judged by it. In: run records; out: a file for each run, and a [`Night`].
//! Invariant: only runs of one environment, scenario and profile are compared, and none that said nothing.

mod digest;
mod folder;
mod judge;
#[cfg(test)]
mod tests;

pub use digest::{ALL, Digest, Figure, Key, Measure, figures};
pub use folder::{Acceptance, Accepted, FORMAT, Folder, HistoryError, Nights};
pub use judge::{Effect, Finding, Night, Standing, comparable, judge};

use crate::budget::{Exit, Reason};

/// Why a run may not enter a history; `None` where it may.
pub fn refused(exit: &Exit) -> Option<Reason> {
    let says_nothing = |reason: &Reason| {
        matches!(
            reason,
            Reason::Internal
                | Reason::Usage
                | Reason::Interrupted
                | Reason::Terminated
                | Reason::Unreachable
                | Reason::GuardTripped
                | Reason::InvalidInstrument
                | Reason::Undecided
        )
    };
    let mut all = std::iter::once(exit.reason).chain(exit.also.iter().copied());
    all.find(says_nothing)
}
