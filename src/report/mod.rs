//! REPORT: a run and its verdict → what people and machines read. In: a [`RunRecord`](crate::record::RunRecord)
//! and a [`Verdict`](crate::budget::Verdict), folded once into a [`View`]; out: bytes. Invariant: reporters
//! compute nothing and decide nothing, so all of them say the same; and no text of a server reaches a reader
//! as anything but text.

mod ci;
mod compare;
mod console;
mod csv;
mod html;
mod index;
mod json;
mod metrics;
mod text;
mod view;

pub use ci::{COMMENT, GitLab, Junit, Markdown, SUMMARY, Tap, annotations};
pub use compare::{Comparison, Pair};
pub use console::Console;
pub use csv::{Servers, Steps, Summary, Windows};
pub use html::{Html, LiveHtml, chronicles, index};
pub use index::{IndexRow, Listed};
pub use json::{EVENTS, Events, Json, LiveEvents, SCHEMA};
pub use metrics::{OpenMetrics, OtlpBinary, OtlpMetrics, OtlpTraces, RemoteWrite, metric_names};
pub use text::line as log_line;
use view::seconds;
pub use view::{
    Baseline, Buckets, CheckRow, Clock, Curve, ExhibitRow, FailureRow, FlowRow, Gravity, GroupRow,
    GuardRow, HealthView, Heat, HeatColumn, HistoryPart, HistoryView, Latency, MessagesRow,
    OverTime, PARTS, PhaseRow, Point, PolicyRow, Problem, RunView, ServerRow, ServerSummary, Slice,
    SlowRow, StepBuckets, StepRow, TimingRow, Totals, TraceRow, View, Word, measured, named,
    percent,
};
use view::{changed, finding_text, moment, since};

use std::io::{self, Write};

/// Turns a view into the bytes of one file, or of the terminal. Whoever calls it owns the file.
pub trait Reporter {
    /// Writes the whole report.
    ///
    /// # Errors
    /// Only when `out` cannot be written.
    fn render(&self, view: &View, out: &mut dyn Write) -> io::Result<()>;
}
