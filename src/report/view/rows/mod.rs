//! Rows of tables. In: parts of a record, judgements; out: one value per row. Invariant: every text is clean.

mod budget;
mod flow;
mod guards;
mod messages;
mod phases;
mod policies;
mod server;
mod step;
mod timings;

pub(super) use budget::{fitness, judged, ranked};
pub use flow::{FlowRow, GroupRow};
pub use guards::GuardRow;
pub use messages::MessagesRow;
pub use phases::PARTS;
pub use policies::PolicyRow;
pub(super) use policies::rows as policies;
pub(super) use server::rows as servers;
pub use server::{ServerRow, ServerSummary};
pub use step::{CheckRow, StepRow};
pub use timings::TimingRow;
