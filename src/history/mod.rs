//! Whether runs got slower over time. In: one value a run, oldest first; out: levels, the changes between them, and
//! what the newest run says. Invariant: the unit is the run; two runs are never compared request by request.

mod detect;
pub mod nights;
pub mod paired;
mod screen;
mod significance;
mod table;
mod trend;

#[cfg(test)]
mod tests;

pub use detect::{Change, Least, MEMORY, SEGMENT, detect};
pub use screen::{Better, FEWEST, Screen, screen};
pub use table::{Columns, Series, TableError, read_table};
pub use trend::{CLEAR, LASTING, Segment, State, Trend, trend};
