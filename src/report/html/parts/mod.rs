//! Parts of a page that take more than a template. In: views; out: rows of texts and bars. Invariant: what is too much for a
//! page is cut here, and how much that is can be told.

mod exchanges;
mod history;
mod phases;

pub(super) use exchanges::{EXCHANGES, Failure, Kept, failures, kept};
pub(super) use history::{History, Row, class};
pub(super) use phases::{MOST as PHASES, PARTS_OF_A_BAR, Part, Phases, rows as phases};
