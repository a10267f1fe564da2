//! The rows of steps. In: tallies and their names; out: one value per step. Invariant: counts are those of the measured
//! phase, and a share of nothing is `None`.

use super::MessagesRow;
use super::TimingRow;
use crate::record::{CacheCount, Metric, StepRecord, Tally};
use crate::report::text;
use crate::report::view::exchanges::{ExhibitRow, SlowRow};
use crate::report::view::times::{Latency, OverTime};
use crate::units::format_share;

/// How often a check held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckRow {
    /// Its text.
    pub text: String,
    /// 1-based line in the file of its step.
    pub line: usize,
    /// It held.
    pub passed: u64,
    /// It did not.
    pub failed: u64,
}

/// One step, or all of them together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepRow {
    /// Its flow.
    pub flow: String,
    /// Its name.
    pub name: String,
    /// `flow/step`.
    pub label: String,
    /// The method of its requests.
    pub method: String,
    /// The file that it stands in; nothing for several together.
    pub file: String,
    /// 1-based line in it.
    pub line: usize,
    /// The slowest requests whose traces are kept, slowest first.
    pub slowest: Vec<SlowRow>,
    /// What servers say where their time went.
    pub timings: Vec<TimingRow>,
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
    /// Never sent: the arrival could not be started.
    pub dropped: u64,
    /// Never sent: an earlier step of the flow failed.
    pub skipped: u64,
    /// Attempts that failed and were sent again.
    pub retried: u64,
    /// Passed, but not at the first attempt.
    pub flaky: u64,
    /// Never sent: a condition did not hold, or a list was empty.
    pub not_taken: u64,
    /// Requests of the ramp and the warm-up, outside all other figures.
    pub warmup: u64,
    /// Body bytes received, as they were on the wire.
    pub received: u64,
    /// Body bytes of answers once unpacked; `None` where some came packed and nobody unpacked them.
    pub decoded: Option<u64>,
    /// Answers whose body came packed.
    pub packed: u64,
    /// Requests on a connection opened for them.
    pub new_connections: u64,
    /// Requests that ended, a second of the measured phase.
    pub throughput: f64,
    /// What caches said.
    pub cache: CacheCount,
    /// Answers by status.
    pub statuses: Vec<(u16, u64)>,
    /// Its checks.
    pub checks: Vec<CheckRow>,
    /// From the intended start.
    pub response: Latency,
    /// From the send.
    pub service: Latency,
    /// Waiting for a place on a connection that others use.
    pub wait: Latency,
    /// Looking up the host.
    pub dns: Latency,
    /// From the send to the head of the answer.
    pub ttfb: Latency,
    /// Opening a connection.
    pub connect: Latency,
    /// TLS handshake.
    pub tls: Latency,
    /// From having a connection to the last byte of the request.
    pub write: Latency,
    /// From the head of the answer to its last byte.
    pub body: Latency,
    /// What came in and went out on its streams.
    pub messages: Option<MessagesRow>,
    /// Its requests over time, warm-up and measured phase apart; nothing of smoke tests.
    pub over_time: Vec<OverTime>,
    /// Exchanges kept although they are no failures: passes of a smoke test, attempts that were sent again.
    pub exchanges: Vec<ExhibitRow>,
}

impl StepRow {
    /// The row of a step; of setup and teardown, which are never measured, all of it.
    pub(in crate::report::view) fn of(
        step: &StepRecord,
        (flow, outside, file): (&str, bool, &str),
        seconds: f64,
    ) -> Self {
        let (tally, warmup) = if outside {
            (&step.unmeasured, 0)
        } else {
            (&step.measured, step.unmeasured.sent)
        };
        let checks = step
            .checks
            .iter()
            .zip(&tally.checks)
            .enumerate()
            .map(|(index, (check, count))| CheckRow {
                text: text::line(check),
                line: step.check_line(index),
                passed: count.passed,
                failed: count.failed,
            })
            .collect();
        Self {
            flow: text::line(flow),
            name: text::line(&step.name),
            label: text::line(&step.label),
            method: text::line(&step.method),
            file: text::line(step.file.as_deref().unwrap_or(file)),
            line: step.line,
            warmup,
            over_time: [(false, &step.unmeasured), (true, &step.measured)]
                .into_iter()
                .filter_map(|(measured, tally)| OverTime::of(measured, &tally.slots))
                .collect(),
            checks,
            ..Self::tally(tally, seconds)
        }
    }

    /// The figures of a tally, nameless.
    pub(in crate::report::view) fn tally(tally: &Tally, seconds: f64) -> Self {
        Self {
            sent: tally.sent,
            ok: tally.ok,
            check_failed: tally.check_failed,
            failed: tally.failed,
            timed_out: tally.timed_out,
            aborted: tally.aborted,
            dropped: tally.dropped,
            skipped: tally.skipped,
            retried: tally.retried,
            flaky: tally.flaky,
            not_taken: tally.not_taken,
            received: tally.received,
            decoded: tally.decoded_bytes(),
            packed: tally.packed,
            new_connections: tally.new_connections,
            throughput: if seconds > 0.0 {
                tally.ended() as f64 / seconds
            } else {
                0.0
            },
            cache: tally.cache,
            statuses: tally.statuses.iter().map(|(s, n)| (*s, *n)).collect(),
            response: Latency::of(tally, Metric::Response),
            service: Latency::of(tally, Metric::Service),
            wait: Latency::of(tally, Metric::Wait),
            dns: Latency::of(tally, Metric::Dns),
            ttfb: Latency::of(tally, Metric::Ttfb),
            connect: Latency::of(tally, Metric::Connect),
            tls: Latency::of(tally, Metric::Tls),
            write: Latency::of(tally, Metric::Write),
            body: Latency::of(tally, Metric::Body),
            messages: MessagesRow::of(tally, seconds),
            ..Self::default()
        }
    }

    /// Where it stands: `scenarios/shop.yaml:34`.
    pub fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }

    /// Where the check with this text stands; the step, where there is none.
    pub fn place_of(&self, check: &str) -> (&str, usize) {
        let found = self.checks.iter().find(|c| c.text == check);
        (&self.file, found.map_or(self.line, |c| c.line))
    }

    /// What budgets judge it on: requests that ended and those of dropped arrivals.
    pub fn n(&self) -> u64 {
        self.sent - self.aborted - self.retried + self.dropped
    }

    /// What is not plain about it, in words: flaky, retried, not taken, what caches said.
    pub fn asides(&self) -> Vec<(u64, &'static str)> {
        let all = [
            (self.flaky, "flaky"),
            (self.retried, "retried"),
            (self.not_taken, "not taken"),
            (self.cache.hit, "cache hit"),
            (self.cache.stale, "cache stale"),
            (self.cache.miss, "cache miss"),
            (self.cache.bypass, "cache bypass"),
        ];
        all.into_iter().filter(|(count, _)| *count > 0).collect()
    }

    /// All that did not end well, dropped ones among them.
    pub fn errors(&self) -> u64 {
        self.check_failed + self.failed + self.timed_out + self.dropped
    }

    /// Errors of `n`.
    pub fn error_share(&self) -> Option<f64> {
        (self.n() > 0).then(|| self.errors() as f64 / self.n() as f64)
    }

    /// [`StepRow::error_share`] in percent, `–` of nothing.
    pub fn error_text(&self) -> String {
        self.error_share().map_or_else(|| "–".into(), format_share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_nothing_are_none() {
        let row = StepRow::tally(&Tally::default(), 0.0);
        assert_eq!((row.n(), row.error_share()), (0, None));
        assert_eq!(row.error_text(), "–");
    }
}
