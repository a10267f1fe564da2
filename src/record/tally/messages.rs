//! Messages of streams and sockets. In: one [`MessageSample`] per message; out: counts and latencies beside those of
//! the requests that opened the streams. Invariant: one that was awaited and never came violates every limit on
//! messages, and a time stamp that cannot be true is counted, never believed in silence.

use super::{Metric, Tally};
use crate::record::Histogram;
use crate::units::Nanos;
use serde::{Deserialize, Serialize};

/// Time stamps of this much ahead of our clock are rounding.
const ROUNDING: Nanos = 1_000_000;

/// A message that took longer than this carries no time stamp of the clock we know.
const ABSURD: Nanos = 3_600_000_000_000;

/// One message that came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageSample {
    /// Index of the step that waits for it.
    pub step: usize,
    /// Counts for the budgets; `false` while ramping and warming up.
    pub measured: bool,
    /// When it arrived.
    pub at: Nanos,
    /// How long it was on its way, from its own time stamp or from the send that it replies to; `None` where neither
    /// is known. 0 where its time stamp lies in the future.
    pub latency: Option<Nanos>,
    /// How far its own time stamp lies in the future; 0 where it does not.
    pub ahead: Nanos,
    /// What it came after.
    pub since: Since,
}

/// What a message came after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// It is the first of its stream: so long after the request was sent.
    First(Nanos),
    /// So long after the message before.
    Gap(Nanos),
    /// It answers what was sent: neither.
    Reply,
}

impl MessageSample {
    /// What it says of a metric; `None` where it says nothing.
    pub(super) fn value(&self, metric: Metric) -> Option<Nanos> {
        match (metric, self.since) {
            (Metric::Message, _) => self.latency,
            (Metric::First, Since::First(time)) | (Metric::Gap, Since::Gap(time)) => Some(time),
            _ => None,
        }
    }
}

/// Messages of one step, or merged ones of several.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Messages {
    /// Came in.
    pub received: u64,
    /// Were sent.
    pub sent: u64,
    /// Were awaited and did not come in time.
    pub missing: u64,
    /// Carried a time stamp from the future.
    pub ahead: u64,
    /// How far in the future, at most.
    pub most_ahead: Nanos,
    /// Carried a time stamp of more than an hour ago.
    pub stale: u64,
    /// From their own time stamp, or from the send that they reply to.
    pub latency: Histogram,
    /// From the request to the first of its stream.
    pub first: Histogram,
    /// From one to the next.
    pub gap: Histogram,
}

impl Messages {
    /// There was none, and none was awaited.
    pub fn is_empty(&self) -> bool {
        self.received + self.sent + self.missing == 0
    }

    /// The latencies of one metric of messages.
    pub(super) fn latencies(&self, metric: Metric) -> &Histogram {
        match metric {
            Metric::First => &self.first,
            Metric::Gap => &self.gap,
            _ => &self.latency,
        }
    }

    fn record(&mut self, message: &MessageSample) {
        self.received += 1;
        if message.ahead > ROUNDING {
            self.ahead += 1;
            self.most_ahead = self.most_ahead.max(message.ahead);
        }
        if let Some(latency) = message.latency {
            self.stale += u64::from(latency > ABSURD);
            self.latency.record(latency);
        }
        match message.since {
            Since::First(time) => self.first.record(time),
            Since::Gap(time) => self.gap.record(time),
            Since::Reply => {}
        }
    }

    /// Adds those of another worker or step.
    pub(super) fn merge(&mut self, other: &Self) {
        self.received += other.received;
        self.sent += other.sent;
        self.missing += other.missing;
        self.ahead += other.ahead;
        self.most_ahead = self.most_ahead.max(other.most_ahead);
        self.stale += other.stale;
        self.latency.merge(&other.latency);
        self.first.merge(&other.first);
        self.gap.merge(&other.gap);
    }
}

impl Tally {
    /// Folds one message in.
    pub(in crate::record) fn message(&mut self, message: &MessageSample) {
        self.messages.record(message);
        for (index, count) in self.over.iter_mut().enumerate() {
            let Some(value) = message.value(count.metric) else {
                continue;
            };
            let over = value > count.limit;
            count.over += u64::from(over);
            self.slots.message(index, message.at, over);
        }
    }

    /// A number was captured: it is kept where messages are, in a tally of its own.
    pub(in crate::record) fn number(&mut self, at: Nanos, value: Nanos) {
        self.messages.received += 1;
        self.messages.latency.record(value);
        for (index, count) in self.over.iter_mut().enumerate() {
            let over = value > count.limit;
            count.over += u64::from(over);
            self.slots.message(index, at, over);
        }
    }

    /// A message was awaited until `at` and did not come.
    pub(in crate::record) fn message_missing(&mut self, at: Nanos) {
        self.messages.missing += 1;
        for (index, count) in self.over.iter().enumerate() {
            if count.metric.of_messages() {
                self.slots.message(index, at, true);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::OverCount;
    use super::*;
    use crate::record::Slots;

    const MS: Nanos = 1_000_000;

    fn message(at: Nanos, latency: Option<Nanos>, since: Since) -> MessageSample {
        MessageSample {
            step: 0,
            measured: true,
            at,
            latency,
            ahead: 0,
            since,
        }
    }

    fn counting() -> Tally {
        let metrics = [
            Metric::Response,
            Metric::Message,
            Metric::First,
            Metric::Gap,
        ];
        let over = metrics.map(|metric| OverCount {
            metric,
            limit: 10 * MS,
            over: 0,
        });
        Tally {
            slots: Slots::new(240, over.len()),
            over: over.to_vec(),
            ..Tally::default()
        }
    }

    #[test]
    fn each_message_counts_where_it_says_something() {
        let mut tally = counting();
        for (latency, since) in [
            (Some(5 * MS), Since::First(11 * MS)),
            (Some(10 * MS), Since::Gap(10 * MS)),
            (Some(11 * MS), Since::Gap(30 * MS)),
            (None, Since::Gap(MS)),
            (Some(12 * MS), Since::Reply),
        ] {
            tally.message(&message(1_500 * MS, latency, since));
        }
        tally.message_missing(2_500 * MS);
        let over: Vec<u64> = tally.over.iter().map(|o| o.over).collect();
        assert_eq!(over, [0, 2, 1, 1]);
        let messages = &tally.messages;
        assert_eq!((messages.received, messages.missing), (5, 1));
        let counts = [&messages.latency, &messages.first, &messages.gap].map(Histogram::count);
        assert_eq!(counts, [4, 1, 3]);
        // Second 1: those that say something of the metric; second 2: the missing one, which violates all.
        assert_eq!(tally.slots.messages[0], [0; 0]);
        assert_eq!(tally.slots.messages[1..], [[0, 4, 1], [0, 1, 1], [0, 3, 1]]);
        assert_eq!(tally.slots.over[1..], [[0, 2, 1], [0, 1, 1], [0, 1, 1]]);
    }

    #[test]
    fn clocks_that_differ_are_counted() {
        let mut messages = Messages::default();
        for ahead in [0, MS, MS + 1, 40 * MS] {
            messages.record(&MessageSample {
                ahead,
                ..message(MS, Some(0), Since::Reply)
            });
        }
        messages.record(&message(MS, Some(ABSURD + 1), Since::Reply));
        assert_eq!(
            (messages.ahead, messages.most_ahead, messages.stale),
            (2, 40 * MS, 1)
        );
    }

    #[test]
    fn workers_add_up() {
        let all: Vec<MessageSample> = (0..40)
            .map(|i| {
                let since = if i % 2 == 0 {
                    Since::First(i * MS)
                } else {
                    Since::Gap(i * MS)
                };
                message(i * 100 * MS, Some(i * MS), since)
            })
            .collect();
        let fold = |part: &[MessageSample]| {
            let mut tally = counting();
            part.iter().for_each(|m| tally.message(m));
            tally.message_missing(5_000 * MS);
            tally
        };
        let mut merged = fold(&all[..13]);
        merged.merge(&fold(&all[13..]));
        let mut one = fold(&all);
        one.message_missing(5_000 * MS);
        assert_eq!(merged, one);
    }
}
