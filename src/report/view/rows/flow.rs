//! The rows of flows and of groups of requests. In: their records; out: one value each. Invariant: durations are of those
//! that completed.

use super::StepRow;
use crate::record::{FlowRecord, GroupRecord};
use crate::report::text;
use crate::report::view::times::Latency;

/// One flow.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FlowRow {
    /// Its name.
    pub name: String,
    /// Arrivals started.
    pub started: u64,
    /// Went through every step.
    pub completed: u64,
    /// Stopped at a step that failed.
    pub stopped: u64,
    /// Arrivals that could not be started.
    pub dropped: u64,
    /// From the intended start to the end, of completed ones, think time included.
    pub duration: Latency,
}

impl FlowRow {
    pub(in crate::report::view) fn of(flow: &FlowRecord) -> Self {
        Self {
            name: text::line(&flow.name),
            started: flow.started,
            completed: flow.completed,
            stopped: flow.stopped,
            dropped: flow.dropped,
            duration: Latency::plain(&flow.duration),
        }
    }
}

/// Requests that go out together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GroupRow {
    /// Its flow.
    pub flow: String,
    /// Its name.
    pub name: String,
    /// 1-based line in the scenario file.
    pub line: usize,
    /// Every request passed.
    pub completed: u64,
    /// A request failed.
    pub stopped: u64,
    /// From the first intended start to the last answer, of completed ones.
    pub duration: Latency,
}

impl GroupRow {
    pub(in crate::report::view) fn of(group: &GroupRecord, flow: &str) -> Self {
        Self {
            flow: text::line(flow),
            name: text::line(&group.name),
            line: group.line,
            completed: group.duration.count(),
            stopped: group.stopped,
            duration: Latency::plain(&group.duration),
        }
    }

    /// The group as a line of the table of steps.
    pub fn row(&self) -> StepRow {
        StepRow {
            label: format!("group {}/{}", self.flow, self.name),
            sent: self.completed + self.stopped,
            ok: self.completed,
            failed: self.stopped,
            response: self.duration.clone(),
            ..StepRow::default()
        }
    }
}
