//! Exchanges to look at. In: what failed and what was kept; out: rows with a curl line and a trace. Invariant: every text
//! may have come from a server, and is clean.

mod curl;
mod failures;
mod trace;

pub use failures::{ExhibitRow, FailureRow};
pub(super) use failures::{exchanges as kept, rows as failures};
pub(super) use trace::slowest;
pub use trace::{SlowRow, TraceRow};
