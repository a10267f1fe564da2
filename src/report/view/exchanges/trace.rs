//! Traces as people find them. In: the ids of a record and where they are shown; out: rows with a link. Invariant: a link
//! leads where the scenario says, whatever a server sent.

use crate::record::{RunRecord, StepRecord, TraceId};
use crate::report::view::times::ms;

/// A trace.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TraceRow {
    /// 32 hexadecimal digits.
    pub id: String,
    /// Servers were told to keep it.
    pub sampled: bool,
    /// Where it is shown.
    pub link: Option<String>,
}

/// One of the slowest requests of a step.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SlowRow {
    /// When it was sent, in seconds since the run began.
    pub at: f64,
    /// Its response time, in milliseconds.
    pub took: f64,
    /// The status, where an answer came.
    pub status: Option<u16>,
    /// Its trace.
    pub trace: TraceRow,
}

impl TraceRow {
    pub(in crate::report::view) fn of(record: &RunRecord, trace: TraceId) -> Self {
        let template = record.trace_url.as_deref();
        Self {
            link: template.and_then(|template| trace.link(template)),
            id: trace.id,
            sampled: trace.sampled,
        }
    }

    /// The link, or the id.
    pub fn text(&self) -> String {
        let kept = if self.sampled { "" } else { " (not sampled)" };
        format!("{}{kept}", self.link.as_ref().unwrap_or(&self.id))
    }
}

pub(in crate::report::view) fn slowest(record: &RunRecord, step: &StepRecord) -> Vec<SlowRow> {
    let requests = step.slowest.iter().map(|slow| {
        // What stands in a file may be anything.
        let trace = TraceId::parse(&format!("00-{}-0000000000000001-01", slow.trace))?;
        Some(SlowRow {
            at: slow.at as f64 / 1e9,
            took: ms(slow.took),
            status: slow.status,
            trace: TraceRow::of(record, trace),
        })
    });
    requests.flatten().collect()
}
