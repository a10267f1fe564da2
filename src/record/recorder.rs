//! One recorder per worker. In: samples and arrivals as they happen; out: tallies per step, failures, exhibits,
//! and a window whenever it is asked for. Invariant: recording takes no lock, sends nothing and, once a step
//! has been seen, allocates nothing.

mod exhibits;
mod further;
mod layout;
mod part;
mod policies;

use exhibits::EXHIBITS;
pub use layout::{FlowLayout, GroupLayout, Layout, Limit, StepLayout};
use part::Parts;
pub use part::{Part, PartLayout, PartRecord};
pub use policies::{Finding as PolicyFinding, PolicyRecord};

use super::{
    Breach, Exhibit, Failure, FailureCount, FlowRecord, GroupRecord, Histogram, MessageSample,
    Outcome, PolicyCount, Refusal, Sample, SlowRequest, StepRecord, Tally, What, Window, Wrong,
};
use crate::expr::Cache;
use crate::units::Nanos;
use std::collections::BTreeMap;

/// Counts over time that a recorder keeps in all: 4 MB of them.
const SLOTS: usize = 1_000_000;

/// Slots of a step: never fewer, whatever the number of steps and limits, and at most an hour of seconds.
const SLOTS_OF_A_STEP: std::ops::RangeInclusive<usize> = 240..=3_600;

/// What a recorder leaves.
#[derive(Debug)]
pub struct Recorded {
    /// The steps.
    pub steps: Vec<StepRecord>,
    /// The flows.
    pub flows: Vec<FlowRecord>,
    /// The groups.
    pub groups: Vec<GroupRecord>,
    /// What was counted apart.
    pub parts: Vec<PartRecord>,
    /// What failed, most frequent first.
    pub failures: Vec<FailureCount>,
    /// A few exchanges of each kind of failure, of attempts that were sent again, and of passes in smoke tests.
    pub exhibits: Vec<Exhibit>,
    /// Lateness of each measured request.
    pub lag: Histogram,
}

/// Folds samples. One per worker; merged when the run ends.
#[derive(Debug, Clone)]
pub struct Recorder {
    steps: Vec<StepRecord>,
    flows: Vec<FlowRecord>,
    groups: Vec<GroupRecord>,
    parts: Parts,
    failures: BTreeMap<(usize, What), (FailureCount, Vec<Exhibit>)>,
    attempts: BTreeMap<(usize, What), Vec<Exhibit>>,
    passes: Vec<Exhibit>,
    /// For each step, the watches that speak of it.
    watches: Vec<Vec<Watching>>,
    window: Window,
    lag: Histogram,
}

fn policy((name, warns): &(String, bool)) -> PolicyRecord {
    PolicyRecord {
        name: name.clone(),
        warns: *warns,
        ..PolicyRecord::default()
    }
}

impl Recorder {
    /// An empty recorder for a run.
    pub fn new(layout: &Layout) -> Self {
        let apart = layout.parts.iter().map(|part| &part.limits);
        let limits = layout.steps.iter().map(|step| &step.limits).chain(apart);
        let series: usize = limits.map(|limits| 3 + limits.len()).sum();
        let most = (SLOTS / series.max(1)).clamp(*SLOTS_OF_A_STEP.start(), *SLOTS_OF_A_STEP.end());
        let steps = layout.steps.iter().map(|step| StepRecord {
            flow: step.flow,
            name: step.name.clone(),
            label: step.label.clone(),
            method: step.method.clone(),
            line: step.line,
            file: step.file.clone(),
            tags: step.tags.clone(),
            groups: step.groups.clone(),
            host: step.host.clone(),
            checks: step.checks.clone(),
            check_lines: step.check_lines.clone(),
            policies: step.policies.iter().map(policy).collect(),
            slowest: Vec::new(),
            timings: Vec::new(),
            measured: step.tally(most),
            unmeasured: step.tally(most),
        });
        let flows = layout
            .flows
            .iter()
            .map(|flow| FlowRecord {
                name: flow.name.clone(),
                outside: flow.outside,
                ..FlowRecord::default()
            })
            .collect();
        let groups = layout.groups.iter().map(|group| GroupRecord {
            flow: group.flow,
            name: group.name.clone(),
            line: group.line,
            ..GroupRecord::default()
        });
        let steps: Vec<StepRecord> = steps.collect();
        Self {
            parts: Parts::new(&layout.parts, &steps, most),
            steps,
            flows,
            groups: groups.collect(),
            failures: BTreeMap::new(),
            attempts: BTreeMap::new(),
            passes: Vec::new(),
            watches: (0..layout.steps.len())
                .map(|s| watching(layout, s))
                .collect(),
            window: Window::default(),
            lag: Histogram::default(),
        }
    }

    fn tally(&mut self, step: usize, measured: bool) -> &mut Tally {
        let step = &mut self.steps[step];
        if measured {
            &mut step.measured
        } else {
            &mut step.unmeasured
        }
    }

    /// An arrival was due: its flow wants `requests` requests.
    pub fn arrival(&mut self, requests: u64) {
        self.window.counts.arrivals += 1;
        self.window.counts.offered += requests;
    }

    /// An arrival was started.
    pub fn flow_started(&mut self, flow: usize, measured: bool) {
        let record = &mut self.flows[flow];
        record.started += u64::from(measured || record.outside);
    }

    /// An arrival that was due then could not be started; none of its steps is sent.
    pub fn flow_dropped(&mut self, flow: usize, due: Nanos, measured: bool) {
        self.window.counts.dropped += 1;
        self.flows[flow].dropped += u64::from(measured);
        for step in 0..self.steps.len() {
            if self.steps[step].flow == flow {
                let tally = self.tally(step, measured);
                tally.dropped += 1;
                tally.slots.dropped(due);
                self.parts.dropped(step, measured);
                for watch in &self.watches[step] {
                    if measured || !watch.measured {
                        self.window.watch(watch.index, true);
                    }
                }
            }
        }
    }

    /// A flow ended: whole and well, or stopped by a step that failed. `took` counts from its intended start.
    pub fn flow_ended(&mut self, flow: usize, measured: bool, completed: bool, took: Nanos) {
        let record = &mut self.flows[flow];
        if !measured && !record.outside {
            return;
        }
        if completed {
            record.completed += 1;
            record.duration.record(took);
        } else {
            record.stopped += 1;
        }
    }

    /// Steps that were not sent because their flow ended before them.
    pub fn skipped(&mut self, steps: std::ops::Range<usize>, measured: bool) {
        for step in steps {
            self.tally(step, measured).skipped += 1;
        }
    }

    /// Steps that were not sent because a condition did not hold or a list was empty.
    pub fn not_taken(&mut self, steps: std::ops::Range<usize>, measured: bool) {
        for step in steps {
            self.tally(step, measured).not_taken += 1;
        }
    }

    /// An attempt failed and is sent again: all that is left of it.
    pub fn retried(&mut self, step: usize, measured: bool) {
        let tally = self.tally(step, measured);
        tally.sent += 1;
        tally.retried += 1;
        self.window.counts.retried += 1;
    }

    /// A request passed that had failed before. Call it beside [`Recorder::record`].
    pub fn flaky(&mut self, step: usize, measured: bool) {
        self.tally(step, measured).flaky += 1;
    }

    /// A cache said this of an answer. Call it beside [`Recorder::record`].
    pub fn cache(&mut self, step: usize, measured: bool, cache: Cache) {
        self.tally(step, measured).cache.record(cache);
    }

    /// A request was refused, and not by the application. Call it beside [`Recorder::record`].
    pub fn refused(&mut self, step: usize, measured: bool, refusal: Refusal) {
        let tally = self.tally(step, measured);
        tally.refused.record(refusal, tally.ok);
    }

    /// A group ended; `took` counts from its first intended start, `None` where a request of it failed.
    pub fn group_ended(&mut self, group: usize, measured: bool, took: Option<Nanos>) {
        if !measured {
            return;
        }
        let record = &mut self.groups[group];
        match took {
            Some(took) => record.duration.record(took),
            None => record.stopped += 1,
        }
    }

    /// A request is on its way.
    pub fn sent(&mut self, lag: Nanos, measured: bool) {
        self.window.counts.sent += 1;
        self.window.lag = self.window.lag.max(lag);
        if measured {
            self.lag.record(lag);
        }
    }

    /// A request ended.
    pub fn record(&mut self, sample: &Sample) {
        let checks = self.steps[sample.step].checks.len();
        let tally = self.tally(sample.step, sample.measured);
        tally.record(sample);
        self.parts.record(sample);
        let tally = self.tally(sample.step, sample.measured);
        match sample.outcome {
            Outcome::Ok => tally.checks.iter_mut().for_each(|c| c.passed += 1),
            // Checks are evaluated in order and stop at the first that fails; policies come behind them.
            Outcome::NotYet(index) | Outcome::CheckFailed(index) => {
                let held = index.min(checks);
                tally.checks[..held].iter_mut().for_each(|c| c.passed += 1);
                if let (Outcome::CheckFailed(_), Some(check)) =
                    (sample.outcome, tally.checks.get_mut(index))
                {
                    check.failed += 1;
                }
            }
            Outcome::Failed(_) | Outcome::Aborted => {}
        }
        let window = &mut self.window;
        for watch in &self.watches[sample.step] {
            if watch.measured && !sample.measured {
                continue;
            }
            if let Some(broken) = watch.breach.of(sample) {
                window.watch(watch.index, broken);
            }
        }
        window.counts.received += sample.received;
        window.counts.connections += u64::from(sample.connect.is_some());
        match sample.outcome {
            Outcome::Ok | Outcome::NotYet(_) => {
                window.counts.ok += 1;
                window.response.record(sample.response());
            }
            Outcome::CheckFailed(index) => {
                window.counts.not_ok += 1;
                window.response.record(sample.response());
                let class = sample.status.map_or(0, |status| status / 100);
                window.went_wrong(Wrong::Check(class), 1);
                self.failure(sample, What::Check(index));
            }
            Outcome::Failed(failure) => {
                window.counts.not_ok += 1;
                window.timed_out += u64::from(failure == Failure::Timeout);
                window.went_wrong(Wrong::Failure(failure), 1);
                self.failure(sample, What::Failure(failure));
            }
            Outcome::Aborted => window.counts.not_ok += 1,
        }
    }

    /// A value was captured that a budget asks for, by a request that was due at `at`; `None` is no number.
    pub fn number(&mut self, part: usize, measured: bool, at: Nanos, value: Option<f64>) {
        self.parts.number(part, measured, (at, value));
    }

    /// A message came in.
    pub fn message(&mut self, message: &MessageSample) {
        self.tally(message.step, message.measured).message(message);
    }

    /// A message was sent.
    pub fn message_sent(&mut self, step: usize, measured: bool) {
        self.tally(step, measured).messages.sent += 1;
    }

    /// A message was awaited until `at` and did not come: it violates every budget on messages.
    pub fn message_missing(&mut self, step: usize, measured: bool, at: Nanos) {
        self.tally(step, measured).message_missing(at);
    }

    fn failure(&mut self, sample: &Sample, what: What) {
        let step = &self.steps[sample.step];
        let (count, _) = self.failures.entry((sample.step, what)).or_insert_with(|| {
            let label = match what {
                What::Check(index) => step.check_text(index).unwrap_or_default(),
                What::Failure(failure) => failure.name().to_owned(),
            };
            (
                FailureCount {
                    step: sample.step,
                    what,
                    label,
                    count: 0,
                    first: sample.done,
                    last: sample.done,
                },
                Vec::new(),
            )
        });
        count.count += 1;
        count.last = count.last.max(sample.done);
    }

    /// Whether a traced request that took so long is one of the slowest of its step so far.
    pub fn wants_slow(&self, step: usize, took: Nanos) -> bool {
        self.steps[step].wants_slow(took)
    }

    /// Keeps one.
    pub fn slow(&mut self, step: usize, request: SlowRequest) {
        self.steps[step].slow(request);
    }

    /// What a server said of the time of one request, and the rest of the time to its first byte.
    pub fn timing(&mut self, step: usize, name: &str, (time, rest): (Nanos, Option<Nanos>)) {
        self.steps[step].timing(name, time, rest);
    }

    /// Whether anything failed so far.
    pub fn failed(&self) -> bool {
        !self.failures.is_empty()
    }

    /// What happened since the last call.
    pub fn take_window(&mut self) -> Window {
        std::mem::take(&mut self.window)
    }

    /// Adds another worker's recorder.
    pub fn merge(&mut self, other: Self) {
        for (ours, theirs) in self.steps.iter_mut().zip(&other.steps) {
            ours.measured.merge(&theirs.measured);
            ours.unmeasured.merge(&theirs.unmeasured);
            ours.merge_timings(&theirs.timings);
            for slow in &theirs.slowest {
                ours.slow(slow.clone());
            }
            for (ours, theirs) in ours.policies.iter_mut().zip(&theirs.policies) {
                ours.merge(theirs);
            }
        }
        for (ours, theirs) in self.flows.iter_mut().zip(&other.flows) {
            ours.merge(theirs);
        }
        for (ours, theirs) in self.groups.iter_mut().zip(&other.groups) {
            ours.merge(theirs);
        }
        self.parts.merge(&other.parts);
        for (key, (count, exhibits)) in other.failures {
            let Some((ours, kept)) = self.failures.get_mut(&key) else {
                self.failures.insert(key, (count, exhibits));
                continue;
            };
            ours.count += count.count;
            ours.first = ours.first.min(count.first);
            ours.last = ours.last.max(count.last);
            kept.extend(exhibits);
            kept.sort_by_key(|e| e.at);
            kept.truncate(EXHIBITS);
        }
        for (key, exhibits) in other.attempts {
            let kept = self.attempts.entry(key).or_default();
            kept.extend(exhibits);
            kept.sort_by_key(|e| e.at);
            kept.truncate(EXHIBITS);
        }
        // Only the first worker of a smoke test sends anything.
        self.passes.extend(other.passes);
        self.lag.merge(&other.lag);
        self.window.merge(&other.window);
    }

    /// The counts of every step add up.
    pub fn conserved(&self) -> bool {
        self.steps
            .iter()
            .all(|s| s.measured.conserved() && s.unmeasured.conserved())
    }

    /// Ends recording.
    pub fn finish(self) -> Recorded {
        let mut failures: Vec<_> = self.failures.into_values().collect();
        failures.sort_by_key(|(count, _)| std::cmp::Reverse(count.count));
        let failed = failures
            .iter_mut()
            .flat_map(|(_, kept)| std::mem::take(kept));
        let attempts = self.attempts.into_values().flatten();
        let exhibits = failed.chain(attempts).chain(self.passes).collect();
        Recorded {
            steps: self.steps,
            flows: self.flows,
            groups: self.groups,
            parts: self.parts.finish(),
            failures: failures.into_iter().map(|(count, _)| count).collect(),
            exhibits,
            lag: self.lag,
        }
    }
}

/// A watch that speaks of a step.
#[derive(Debug, Clone)]
struct Watching {
    index: usize,
    breach: Breach,
    measured: bool,
}

/// The watches that speak of a step.
fn watching(layout: &Layout, step: usize) -> Vec<Watching> {
    let all = layout.watches.iter().enumerate();
    all.filter(|(_, watch)| watch.steps.contains(&step))
        .map(|(index, watch)| Watching {
            index,
            breach: watch.breach,
            measured: watch.measured,
        })
        .collect()
}

#[cfg(test)]
mod tests;
