//! Messages of streams and sockets as readers need them. In: a tally; out: counts and latencies. Invariant: a step
//! without any has no row, and what time stamps could not say is said.

use crate::record::{Metric, Tally};
use crate::report::Latency;
use crate::units::{Nanos, format_count, format_nanos};

/// Messages of one step, or of all together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MessagesRow {
    /// Came in.
    pub received: u64,
    /// Were sent.
    pub sent: u64,
    /// Were awaited and did not come in time.
    pub missing: u64,
    /// Carried a time stamp from the future.
    pub ahead: u64,
    /// How far, at most, in nanoseconds.
    pub most_ahead: Nanos,
    /// Carried a time stamp of more than an hour ago.
    pub stale: u64,
    /// That came in, a second of the measured phase.
    pub per_second: f64,
    /// From their own time stamp, or from the send that they reply to.
    pub latency: Latency,
    /// From the request to the first.
    pub first: Latency,
    /// From one to the next.
    pub gap: Latency,
}

impl MessagesRow {
    /// `None` where there was no message and none was awaited.
    pub(in crate::report::view) fn of(tally: &Tally, seconds: f64) -> Option<Self> {
        let messages = &tally.messages;
        (!messages.is_empty()).then(|| Self {
            received: messages.received,
            sent: messages.sent,
            missing: messages.missing,
            ahead: messages.ahead,
            most_ahead: messages.most_ahead,
            stale: messages.stale,
            per_second: if seconds > 0.0 {
                messages.received as f64 / seconds
            } else {
                0.0
            },
            latency: Latency::of(tally, Metric::Message),
            first: Latency::of(tally, Metric::First),
            gap: Latency::of(tally, Metric::Gap),
        })
    }

    /// The three latencies by name.
    pub fn latencies(&self) -> [(&'static str, &Latency); 3] {
        [
            ("latency", &self.latency),
            ("first", &self.first),
            ("gap", &self.gap),
        ]
    }

    /// "37 messages carried a time stamp from the future, by up to 2 s: the clocks differ".
    pub fn clocks(&self) -> Option<String> {
        let messages = |n: u64| match n {
            1 => "1 message".to_owned(),
            n => format!("{} messages", format_count(n)),
        };
        let ahead = (self.ahead > 0).then(|| {
            format!(
                "{} carried a time stamp from the future, by up to {}: the clocks differ",
                messages(self.ahead),
                format_nanos(self.most_ahead)
            )
        });
        let stale = (self.stale > 0).then(|| {
            let n = messages(self.stale);
            format!("{n} carried a time stamp of more than an hour ago: another clock or unit")
        });
        let all: Vec<String> = ahead.into_iter().chain(stale).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }
}
