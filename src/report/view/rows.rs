//! The rows of the tables: budgets, steps, flows. In: judgements, tallies and flow records; out: one value per row.
//! Invariant: counts are those of the measured phase, and a share of nothing is `None`.

use super::failures::ExhibitRow;
use super::latency::Latency;
use super::messages::MessagesRow;
use super::over_time::OverTime;
use crate::budget::{Consequence, Evidence, Judgement, Level, Outcome};
use crate::record::{CacheCount, FlowRecord, GroupRecord, Metric, StepRecord, Tally};
use crate::report::text;
use crate::units::{format_count, format_share};

/// One budget.
#[derive(Debug, Clone, PartialEq)]
pub struct BudgetRow {
    /// What it does when broken.
    pub level: Level,
    /// What came out.
    pub outcome: Outcome,
    /// As written.
    pub text: String,
    /// 1-based line in the budget file.
    pub line: usize,
    /// What it spoke of.
    pub scope: String,
    /// The limit, with its unit.
    pub limit: String,
    /// The value, with its unit; `None` where there is no data.
    pub actual: Option<String>,
    /// Share of the limit that is left, negative when over.
    pub headroom: Option<f64>,
    /// Requests it was judged on.
    pub n: u64,
    /// Requests that violate it.
    pub violations: Option<u64>,
    /// Bounds of the value, each at 95 %.
    pub interval: Option<(String, String)>,
    /// The fewest requests that can ever pass it.
    pub needed: Option<u64>,
    /// Independent requests that say as much; `None` where requests were taken as independent.
    pub effective: Option<u64>,
    /// `n` by that.
    pub inflation: Option<f64>,
    /// Violations were counted one by one.
    pub exact: bool,
    /// What a reader must know.
    pub note: Option<String>,
    /// The step that stands worst.
    pub worst: Option<String>,
    /// Broken, and only by requests that failed.
    pub by_failures: bool,
}

impl BudgetRow {
    pub(super) fn of(judgement: &Judgement) -> Self {
        Self {
            level: judgement.level,
            outcome: judgement.outcome,
            text: text::line(&judgement.text),
            line: judgement.line,
            scope: text::line(&judgement.scope),
            limit: judgement.limit.clone(),
            actual: judgement.actual.clone(),
            headroom: judgement.headroom.filter(|h| h.is_finite()),
            n: judgement.n,
            violations: judgement.violations,
            // Equal bounds are words, not an interval.
            interval: judgement.interval.clone().filter(|(low, high)| low != high),
            needed: judgement.needed,
            effective: judgement.effective,
            inflation: judgement.inflation,
            exact: judgement.exact,
            note: judgement.note.as_deref().map(text::line),
            worst: judgement.worst.as_deref().map(text::line),
            by_failures: judgement.by_failures,
        }
    }

    /// The outcome as readers see it: `PASS`, `FAIL`, `MARGINAL PASS`, `UNDECIDED`, `NOT RUN`.
    pub fn word(&self) -> String {
        if self.warns() {
            return "WARN".to_owned();
        }
        self.outcome.name().to_uppercase()
    }

    /// It does not hold, and that is only shown.
    pub fn warns(&self) -> bool {
        self.level == Level::Warn && self.outcome.broken()
    }

    /// It does not hold, and that fails the run.
    pub fn breaks(&self) -> bool {
        self.level == Level::Fail && self.outcome.broken()
    }

    /// `worth 420 independent ones (inflation 71.4)`, or nothing.
    pub fn effective_text(&self) -> Option<String> {
        let (n, by) = self.effective.zip(self.inflation)?;
        let (n, by) = (format_count(n), text::figure(by));
        Some(format!("worth {n} independent ones (inflation {by})"))
    }

    /// `37 % left`, `104 % over`, or nothing.
    pub fn headroom_text(&self) -> String {
        match self.headroom {
            Some(left) if left >= 0.0 => format!("{} left", whole_share(left)),
            Some(over) if over < -9.995 => format!("{} × the limit", text::figure(1.0 - over)),
            Some(over) => format!("{} over", whole_share(-over)),
            None => String::new(),
        }
    }
}

/// A share to the percent, but never a small one as none, nor nearly all as all.
fn whole_share(share: f64) -> String {
    if share > 0.0 && (share < 0.01 || (share > 0.99 && share < 1.0)) {
        return format_share(share);
    }
    format!("{:.0} %", share * 100.0)
}

/// One fact about the generator's fitness.
#[derive(Debug, Clone, PartialEq)]
pub struct EvidenceRow {
    /// What was looked at.
    pub name: String,
    /// What was found.
    pub value: String,
    /// What is allowed.
    pub limit: String,
    /// It is within what is allowed.
    pub holds: bool,
    /// What follows when it is not.
    pub consequence: Consequence,
    /// What to do when it is not.
    pub advice: String,
}

impl EvidenceRow {
    pub(super) fn of(evidence: &Evidence) -> Self {
        Self {
            name: evidence.name.clone(),
            value: text::line(&evidence.value),
            limit: evidence.limit.clone(),
            holds: evidence.holds,
            consequence: evidence.consequence,
            advice: text::line(&evidence.advice),
        }
    }
}

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
    pub slowest: Vec<super::SlowRow>,
    /// What servers say where their time went.
    pub timings: Vec<super::TimingRow>,
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
    pub(super) fn of(
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
    pub(super) fn tally(tally: &Tally, seconds: f64) -> Self {
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
    pub(super) fn of(flow: &FlowRecord) -> Self {
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
    pub(super) fn of(group: &GroupRecord, flow: &str) -> Self {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headroom_is_said_in_words() {
        let judgement = Judgement {
            text: "p95 < 500ms".into(),
            line: 2,
            scope: "all requests".into(),
            level: Level::Fail,
            outcome: Outcome::Marginal { passed: false },
            limit: "500 ms".into(),
            actual: None,
            headroom: None,
            n: 0,
            violations: None,
            interval: None,
            needed: None,
            effective: None,
            inflation: None,
            bound: None,
            exact: true,
            note: None,
            worst: None,
            by_failures: false,
        };
        let mut row = BudgetRow::of(&judgement);
        assert_eq!((row.word().as_str(), row.breaks()), ("MARGINAL FAIL", true));
        row.level = Level::Warn;
        assert_eq!((row.word().as_str(), row.breaks()), ("WARN", false));
        for (headroom, text) in [
            (None, ""),
            (Some(0.374), "37 % left"),
            (Some(0.0), "0 % left"),
            (Some(0.004), "0.4 % left"),
            (Some(1.0), "100 % left"),
            (Some(-1.04), "104 % over"),
            (Some(-61.6), "62.6 × the limit"),
        ] {
            row.headroom = headroom;
            assert_eq!(row.headroom_text(), text);
        }
    }

    #[test]
    fn shares_of_nothing_are_none() {
        let row = StepRow::tally(&Tally::default(), 0.0);
        assert_eq!((row.n(), row.error_share()), (0, None));
        assert_eq!(row.error_text(), "–");
    }
}
