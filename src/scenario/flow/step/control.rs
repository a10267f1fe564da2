//! What decides which steps are done, how often and how they are repeated. In: nothing of its own; out: the types
//! that the parser fills and the engine follows. Invariant: every request of a flow stands in it once, however
//! often it is sent, so that it has one name and one line in reports.

use super::Step;
use crate::expr::{Check, Template};
use crate::source::{Span, Spanned};
use std::time::Duration;

/// Steps that belong together.
#[derive(Debug, Clone)]
pub struct Block {
    /// How they are done.
    pub kind: BlockKind,
    /// What must hold of the variables when the block begins, all of it; otherwise the block is left out.
    pub when: Vec<Spanned<Check>>,
    /// The steps; at least one.
    pub steps: Vec<Step>,
    /// Where it stands.
    pub span: Span,
}

/// How the steps of a block are done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlockKind {
    /// Once, one after the other.
    Once,
    /// So many times; at least once.
    Repeat(u64),
    /// Once for each item of the list that a variable holds.
    Each {
        /// The slot of the list.
        list: usize,
        /// The slot that holds the item.
        item: usize,
        /// At most so many items; at least 1.
        limit: Option<u64>,
        /// How many items that is, where it is known before the run.
        rounds: Option<u64>,
    },
    /// At the same time, as a browser fetches a page's assets; the steps are requests only.
    Group {
        /// As reports name it: fixed text, unique within the flow.
        name: String,
        /// At most so many at once; at least 1.
        parallel: usize,
    },
}

impl BlockKind {
    /// How often the steps are expected to be done: once for a list of unknown length.
    pub fn rounds(&self) -> u64 {
        match self {
            Self::Repeat(times) => *times,
            Self::Each { rounds, .. } => rounds.unwrap_or(1),
            Self::Once | Self::Group { .. } => 1,
        }
    }
}

/// A variable that gets a value.
#[derive(Debug, Clone)]
pub struct Assignment {
    /// The variable.
    pub name: String,
    /// Its slot.
    pub slot: usize,
    /// The value: one `{{ x }}` alone keeps x's type, anything else is text.
    pub value: Template,
}

/// Polling: the request is sent again until the checks hold.
#[derive(Debug, Clone)]
pub struct Until {
    /// What must hold of the response in the end; at least one.
    pub checks: Vec<Spanned<Check>>,
    /// From one request to the next; above zero.
    pub every: Duration,
    /// From the first request to the last: no request is sent later than this.
    pub within: Duration,
}

/// Sending again what failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retry {
    /// How often, at most; 0 is never.
    pub times: u32,
    /// The pause before each.
    pub pause: Duration,
}
