//! The counts of one step. In: samples; out: how many ended how, latencies on both clocks, exact over-limit
//! counts. Invariant: `sent = ok + check failed + failed + timed out + aborted + retried`, and what never got an answer
//! is never left out of a percentile: it stands beyond the last one.

mod counts;
mod decoded;
mod histogram;
mod messages;
mod metric;
mod refusals;
mod slots;
mod timing;

pub use counts::{CacheCount, CheckCount, OverCount, PolicyCount};
pub use histogram::{Histogram, rank};
pub use messages::{MessageSample, Messages, Since};
pub use metric::Metric;
pub use refusals::{Platform, Refusal, Refusals};
pub use slots::Slots;
pub use timing::ServerTiming;

use super::{Failure, Outcome, Sample};
use crate::units::Nanos;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A percentile as it can be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantile {
    /// No request at all.
    Nothing,
    /// The value.
    Value(Nanos),
    /// The rank falls among timed-out requests: at least this.
    AtLeast(Nanos),
    /// The rank falls among requests that failed: there is no value.
    Failed,
}

/// Counts and latencies of one step, or merged ones of several.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tally {
    /// Requests sent.
    pub sent: u64,
    /// Answered, every check held.
    pub ok: u64,
    /// Answered, a check failed.
    pub check_failed: u64,
    /// No whole answer, for another reason than time.
    pub failed: u64,
    /// No whole answer within the timeout.
    pub timed_out: u64,
    /// Cut off by the end of the run.
    pub aborted: u64,
    /// Never sent, because their arrival could not be started.
    pub dropped: u64,
    /// Attempts that failed and were sent again: they are in `sent` and in nothing else.
    pub retried: u64,
    /// Passed requests that failed at first: they are in `ok`, too.
    pub flaky: u64,
    /// Never sent, because its flow ended before it: an earlier step failed, or the run was over.
    pub skipped: u64,
    /// Never sent, because its condition did not hold or its list was empty.
    pub not_taken: u64,
    /// What caches said, where a budget, a check or a policy asks.
    pub cache: CacheCount,
    /// Answers that were not the application's: in `check_failed`, too.
    pub refused: Refusals,
    /// Answers by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Body bytes received, as they were on the wire.
    pub received: u64,
    /// Requests on a connection that was opened for them.
    pub new_connections: u64,
    /// Response time of passed requests.
    pub response: Histogram,
    /// Response time of answered requests whose check failed.
    pub response_check_failed: Histogram,
    /// Service time of answered requests.
    pub service: Histogram,
    /// Time to the head of the answer, of answered requests.
    pub ttfb: Histogram,
    /// Waiting for a place on a connection that others use.
    pub wait: Histogram,
    /// Looking up the host.
    pub dns: Histogram,
    /// Opening a connection.
    pub connect: Histogram,
    /// TLS handshake.
    pub tls: Histogram,
    /// From having a connection to the last byte of the request, of answered requests that were not written at once.
    pub write: Histogram,
    /// Answered requests that the system took at once: they count as no time.
    pub written_at_once: u64,
    /// From the head to the last byte, of answered requests.
    pub body: Histogram,
    /// Body bytes of answered requests, as [`Metric::Bytes`] says.
    pub bytes: Histogram,
    /// Answers whose body came packed.
    pub packed: u64,
    /// Of those, the ones that nobody unpacked: their decoded size is not known.
    pub undecoded: u64,
    /// Decoded body bytes of answered requests; empty while no answer came packed, when they are `bytes`.
    pub decoded: Histogram,
    /// Lateness of the send, of answered requests.
    pub lag: Histogram,
    /// What came in and went out on streams that these requests opened.
    #[serde(skip_serializing_if = "Messages::is_empty")]
    pub messages: Messages,
    /// The longest time after which a request was cut off.
    pub timeout: Nanos,
    /// The shortest: all that is known of every request without an answer. 0 where there is none.
    #[serde(skip_serializing_if = "is_none")]
    pub timeout_least: Nanos,
    /// Exact counts for the limits of the budgets.
    pub over: Vec<OverCount>,
    /// The same and the outcomes over time.
    pub slots: Slots,
    /// One per check of the step; the last is the implicit `status < 400` where the step has none on status.
    pub checks: Vec<CheckCount>,
    /// One per policy of the step.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<PolicyCount>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_none(time: &Nanos) -> bool {
    *time == 0
}

/// The lesser of two times of which 0 is none.
pub fn earlier(one: Nanos, other: Nanos) -> Nanos {
    match (one, other) {
        (0, time) | (time, 0) => time,
        _ => one.min(other),
    }
}

impl Tally {
    /// Folds one sample in.
    pub fn record(&mut self, sample: &Sample) {
        self.sent += 1;
        self.received += sample.received;
        if let Some(status) = sample.status {
            *self.statuses.entry(status).or_default() += 1;
        }
        if let Some(connect) = sample.connect {
            self.new_connections += 1;
            self.connect.record(connect);
        }
        if let Some(wait) = sample.wait {
            self.wait.record(wait);
        }
        if let Some(dns) = sample.dns {
            self.dns.record(dns);
        }
        if let Some(tls) = sample.tls {
            self.tls.record(tls);
        }
        let slot = self.slots.record(sample);
        match sample.outcome {
            Outcome::Ok | Outcome::NotYet(_) => {
                self.ok += 1;
                self.response.record(sample.response());
                self.answered(sample);
                self.count_over(sample, slot);
            }
            Outcome::CheckFailed(_) => {
                self.check_failed += 1;
                self.response_check_failed.record(sample.response());
                self.answered(sample);
            }
            Outcome::Failed(Failure::Timeout) => {
                self.timed_out += 1;
                self.timeout = self.timeout.max(sample.response());
                self.timeout_least = earlier(self.timeout_least, sample.response());
            }
            Outcome::Failed(_) => self.failed += 1,
            Outcome::Aborted => self.aborted += 1,
        }
    }

    /// What every request without an answer took at least; files of older versions know the longest time only.
    pub fn at_least(&self) -> Nanos {
        match self.timeout_least {
            0 => self.timeout,
            least => least,
        }
    }

    fn answered(&mut self, sample: &Sample) {
        self.service.record(sample.service());
        self.count_decoded(sample);
        self.bytes
            .record(sample.received.saturating_mul(Metric::BYTE));
        self.lag.record(sample.lag());
        match sample.write {
            Some(0) => self.written_at_once += 1,
            Some(write) => self.write.record(write),
            None => {}
        }
        if let Some(first_byte) = sample.first_byte {
            self.ttfb.record(first_byte.saturating_sub(sample.sent));
            self.body.record(sample.done.saturating_sub(first_byte));
        }
    }

    fn count_over(&mut self, sample: &Sample, slot: Option<usize>) {
        for (index, count) in self.over.iter_mut().enumerate() {
            if count.metric.value(sample).is_some_and(|v| v > count.limit) {
                count.over += 1;
                if let Some(slot) = slot {
                    self.slots.over(index, slot);
                }
            }
        }
    }

    /// Adds another tally of the same step (another worker) or of another step (a wider scope). Check counts
    /// are added by position when both have the same number of checks, else kept as one total.
    pub fn merge(&mut self, other: &Self) {
        self.refused.merge(self.ok, (&other.refused, other.ok));
        self.sent += other.sent;
        self.ok += other.ok;
        self.check_failed += other.check_failed;
        self.failed += other.failed;
        self.timed_out += other.timed_out;
        self.aborted += other.aborted;
        self.dropped += other.dropped;
        self.retried += other.retried;
        self.flaky += other.flaky;
        self.skipped += other.skipped;
        self.not_taken += other.not_taken;
        self.cache.merge(other.cache);
        self.received += other.received;
        self.new_connections += other.new_connections;
        self.timeout_least = earlier(self.at_least(), other.at_least());
        self.timeout = self.timeout.max(other.timeout);
        for (status, count) in &other.statuses {
            *self.statuses.entry(*status).or_default() += count;
        }
        self.merge_decoded(other);
        self.response.merge(&other.response);
        self.response_check_failed
            .merge(&other.response_check_failed);
        self.service.merge(&other.service);
        self.ttfb.merge(&other.ttfb);
        self.wait.merge(&other.wait);
        self.dns.merge(&other.dns);
        self.connect.merge(&other.connect);
        self.tls.merge(&other.tls);
        self.write.merge(&other.write);
        self.written_at_once += other.written_at_once;
        self.body.merge(&other.body);
        self.bytes.merge(&other.bytes);
        self.lag.merge(&other.lag);
        self.messages.merge(&other.messages);
        self.merge_over(other);
        if self.checks.len() < other.checks.len() {
            self.checks
                .resize(other.checks.len(), CheckCount::default());
        }
        if self.policies.len() < other.policies.len() {
            self.policies
                .resize(other.policies.len(), PolicyCount::default());
        }
        for (ours, theirs) in self.policies.iter_mut().zip(&other.policies) {
            ours.add(*theirs);
        }
        for (ours, theirs) in self.checks.iter_mut().zip(&other.checks) {
            ours.passed += theirs.passed;
            ours.failed += theirs.failed;
        }
    }

    fn merge_over(&mut self, other: &Self) {
        self.slots.merge(&other.slots);
        for (index, theirs) in other.over.iter().enumerate() {
            let key = |o: &OverCount| (o.metric, o.limit);
            let known = self.over.iter().position(|o| key(o) == key(theirs));
            let ours = known.unwrap_or(self.over.len());
            if known.is_some() {
                self.over[ours].over += theirs.over;
            } else {
                self.over.push(*theirs);
            }
            self.slots.merge_over(ours, &other.slots, index);
        }
    }

    /// Requests that ended (all but the aborted); what was sent again ended once.
    pub fn ended(&self) -> u64 {
        self.sent - self.aborted - self.retried
    }

    /// Requests that did not end well, the never-sent (dropped) among them.
    pub fn violations(&self) -> u64 {
        self.check_failed + self.failed + self.timed_out + self.dropped
    }

    /// `sent = ok + check failed + failed + timed out + aborted + retried`.
    pub fn conserved(&self) -> bool {
        let ended = self.ok + self.check_failed + self.failed + self.timed_out;
        self.sent == ended + self.aborted + self.retried
    }

    /// The latencies of one metric. Response time is that of answered requests, passed or not.
    pub fn latencies(&self, metric: Metric) -> Histogram {
        match metric {
            Metric::Response => {
                let mut all = self.response.clone();
                all.merge(&self.response_check_failed);
                all
            }
            Metric::Service => self.service.clone(),
            Metric::Ttfb => self.ttfb.clone(),
            Metric::Wait => self.wait.clone(),
            Metric::Dns => self.dns.clone(),
            Metric::Connect => self.connect.clone(),
            Metric::Tls => self.tls.clone(),
            Metric::Write => self.write.with_zeros(self.written_at_once),
            Metric::Body => self.body.clone(),
            Metric::Decoded if self.packed > 0 => self.decoded.clone(),
            Metric::Bytes | Metric::Decoded => self.bytes.clone(),
            Metric::Lag => self.lag.clone(),
            Metric::Message | Metric::First | Metric::Gap | Metric::Captured => {
                self.messages.latencies(metric).clone()
            }
        }
    }

    /// A percentile for tables: of answered requests, with timed-out ones beyond the last.
    pub fn quantile(&self, metric: Metric, q: f64) -> Quantile {
        let answered = self.latencies(metric);
        let censored = if metric.of_connections() || metric.of_messages() {
            0
        } else {
            self.timed_out
        };
        let n = answered.count() + censored;
        if n == 0 {
            return Quantile::Nothing;
        }
        answered
            .at_rank(rank(q, n))
            .map_or(Quantile::AtLeast(self.at_least()), Quantile::Value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Nanos = 1_000_000;

    fn sample(ms: Nanos, outcome: Outcome) -> Sample {
        Sample {
            sent: MS,
            first_byte: Some(2 * MS),
            done: ms * MS,
            status: Some(200),
            received: 10,
            ..Sample::of(0, outcome)
        }
    }

    #[test]
    fn what_is_known_of_timeouts_is_the_shortest() {
        let mut tally = Tally::default();
        let mut other = Tally::default();
        tally.record(&sample(8_000, Outcome::Failed(Failure::Timeout)));
        other.record(&sample(1_000, Outcome::Failed(Failure::Timeout)));
        tally.merge(&other);
        assert_eq!(
            tally.quantile(Metric::Response, 0.95),
            Quantile::AtLeast(1_000 * MS)
        );
        assert_eq!((tally.timeout, tally.at_least()), (8_000 * MS, 1_000 * MS));
    }

    #[test]
    fn timeouts_stand_beyond_the_last_answer() {
        // C15: 2 % never answer, timeout 1 s. p95 is normal, p99 is "at least 1 s".
        let mut tally = Tally::default();
        (0..98).for_each(|_| tally.record(&sample(10, Outcome::Ok)));
        (0..2).for_each(|_| tally.record(&sample(1000, Outcome::Failed(Failure::Timeout))));
        assert_eq!(
            tally.quantile(Metric::Response, 0.95),
            Quantile::Value(10 * MS)
        );
        assert_eq!(
            tally.quantile(Metric::Response, 0.99),
            Quantile::AtLeast(1000 * MS)
        );
        assert!(tally.conserved());
        assert_eq!(
            Tally::default().quantile(Metric::Response, 0.5),
            Quantile::Nothing
        );
    }

    #[test]
    fn limits_are_counted_exactly_and_merged_by_limit() {
        let limit = |limit| OverCount {
            metric: Metric::Response,
            limit,
            over: 0,
        };
        let mut a = Tally {
            over: vec![limit(10 * MS)],
            ..Tally::default()
        };
        a.record(&sample(10, Outcome::Ok));
        a.record(&sample(11, Outcome::Ok));
        let mut b = Tally {
            over: vec![limit(10 * MS), limit(5 * MS)],
            ..Tally::default()
        };
        b.record(&sample(11, Outcome::Ok));
        a.merge(&b);
        assert_eq!(a.over.iter().map(|o| o.over).collect::<Vec<_>>(), [2, 1]);
    }

    #[test]
    fn both_clocks_are_kept() {
        let mut tally = Tally::default();
        tally.record(&sample(10, Outcome::Ok));
        assert_eq!(tally.response.max(), Some(10 * MS));
        assert_eq!(tally.service.max(), Some(9 * MS));
        assert_eq!(tally.ttfb.max(), Some(MS));
    }
}
