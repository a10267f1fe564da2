//! RECORD: samples → histograms → a [`RunRecord`] and its file. In: one [`Sample`] per request; out: per step
//! and flow tallies, one-second windows, failures with exhibits, the generator's health. Invariant: no lock and
//! no message per request, memory that does not grow with the length of the run, and counts that add up:
//! `sent = ok + check failed + failed + timed out + aborted + retried` for every step.

mod file;
mod mask;
mod recorder;
mod run_record;
mod sample;
mod server;
mod tally;
mod trace;
mod watch;
mod window;

pub use file::{FORMAT, FileError, acts, json, json_lines, load, save};
pub use mask::{MASK, Masker, name_of, proofs};
pub use recorder::{
    FlowLayout, GroupLayout, Layout, Limit, Part, PartLayout, PartRecord, PolicyFinding,
    PolicyRecord, Recorded, Recorder, StepLayout,
};
pub use run_record::{
    BudgetSource, Connections, Counts, Environment, FlowRecord, GroupRecord, Health, Host, Model,
    PhaseRecord, RunRecord, StepRecord, Stop,
};
pub use sample::{
    Exhibit, Failure, FailureCount, Field, Finding, Message, Origin, Outcome, Said, Sample, What,
};
pub use server::{ServerPoint, ServerSeries, ServerSource};
pub use tally::{
    CacheCount, CheckCount, Histogram, MessageSample, Messages, Metric, OverCount, Platform,
    PolicyCount, Quantile, Refusal, Refusals, ServerTiming, Since, Slots, Tally, earlier, rank,
};
pub use trace::{SlowRequest, TraceId};
pub use watch::{Breach, Decided, GuardRecord, Watch, Watched};
pub use window::{Timeline, Window, WindowCounts, Wrong};
