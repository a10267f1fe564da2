//! What a run comes to, in sentences. In: the rows of a view; out: why its verdict is what it is, what somebody has to look
//! at, and what the runs before say. Invariant: only what the record shows.

mod history;
mod problems;
mod why;

pub use history::{HistoryPart, HistoryView, measured, named, percent};
pub(in crate::report) use history::{changed, finding_text, moment, since};
pub(super) use problems::of as problems;
pub use problems::{Gravity, Problem};
pub(super) use why::sentences as why;
