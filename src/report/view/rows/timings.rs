//! What servers say where their time went, as people read it. In: histograms of a step; out: rows. Invariant: names that a
//! server chose are clean.

use crate::record::ServerTiming;
use crate::report::{Latency, text};

/// One metric of `Server-Timing`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TimingRow {
    /// Its name.
    pub name: String,
    /// How long the server says that it took.
    pub time: Latency,
    /// The time to the first byte without it.
    pub rest: Latency,
}

impl TimingRow {
    pub(in crate::report::view) fn of(timing: &ServerTiming) -> Self {
        Self {
            name: text::line(&timing.name),
            time: Latency::plain(&timing.time),
            rest: Latency::plain(&timing.rest),
        }
    }

    /// "db p50 1.2, p95 3.1; rest of the first byte p50 0.4, p95 0.9".
    pub fn text(&self) -> String {
        let (time, rest) = (&self.time, &self.rest);
        format!(
            "{} p50 {}, p95 {}; the rest of ttfb p50 {}, p95 {}",
            self.name,
            time.p50.text(),
            time.p95.text(),
            rest.p50.text(),
            rest.p95.text()
        )
    }
}
