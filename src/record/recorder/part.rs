//! Part of what a step did, counted apart because a budget asks: answers of a status, numbers that were captured. In:
//! the samples of the step; out: a [`StepRecord`] of the part alone. Invariant: what no budget asks for costs nothing,
//! and a dropped arrival is in every part, since nobody knows what it would have been.

use crate::record::{Limit, Metric, Sample, StepRecord, Tally};
use crate::units::Nanos;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What is counted apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Answers with this status.
    Status(u16),
    /// Answers of this class: 5 for 5xx.
    Class(u16),
    /// Numbers that were captured under this name.
    Capture(String),
}

/// A part that must be counted, because a budget names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartLayout {
    /// Index of the step.
    pub step: usize,
    /// Which part of it.
    pub part: Part,
    /// Limits to count exactly.
    pub limits: Vec<Limit>,
}

/// A part as it was counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartRecord {
    /// Index of the step.
    pub step: usize,
    /// Which part of it.
    pub part: Part,
    /// The part as a step of its own; numbers are kept where messages are.
    pub counted: StepRecord,
}

impl Part {
    fn has(&self, status: Option<u16>) -> bool {
        match self {
            Self::Status(wanted) => status == Some(*wanted),
            Self::Class(class) => status.is_some_and(|s| s / 100 == *class),
            Self::Capture(_) => false,
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "{status}"),
            Self::Class(class) => write!(f, "{class}xx"),
            Self::Capture(name) => write!(f, "capture {name}"),
        }
    }
}

/// The parts of a run.
#[derive(Debug, Clone, Default)]
pub(super) struct Parts {
    records: Vec<PartRecord>,
    /// For each step, the parts of it.
    of_step: Vec<Vec<usize>>,
}

impl Parts {
    /// Empty ones, of steps that are just as empty.
    pub(super) fn new(layouts: &[PartLayout], steps: &[StepRecord], most: usize) -> Self {
        let record = |layout: &PartLayout| {
            let tally = Tally::counting(&layout.limits, most);
            PartRecord {
                step: layout.step,
                part: layout.part.clone(),
                counted: StepRecord {
                    measured: tally.clone(),
                    unmeasured: tally,
                    ..steps[layout.step].clone()
                },
            }
        };
        let of = |step: usize| {
            let all = layouts.iter().enumerate();
            all.filter(|(_, part)| part.step == step)
                .map(|(index, _)| index)
                .collect()
        };
        Self {
            records: layouts.iter().map(record).collect(),
            of_step: (0..steps.len()).map(of).collect(),
        }
    }

    /// A request ended.
    pub(super) fn record(&mut self, sample: &Sample) {
        for index in &self.of_step[sample.step] {
            let record = &mut self.records[*index];
            if record.part.has(sample.status) {
                record.tally(sample.measured).record(sample);
            }
        }
    }

    /// A request was never sent.
    pub(super) fn dropped(&mut self, step: usize, measured: bool) {
        for index in &self.of_step[step] {
            self.records[*index].tally(measured).dropped += 1;
        }
    }

    /// A value was captured; `None` is one that is no number.
    pub(super) fn number(
        &mut self,
        part: usize,
        measured: bool,
        (at, value): (Nanos, Option<f64>),
    ) {
        let Some(record) = self.records.get_mut(part) else {
            return;
        };
        let kept = value.filter(|v| (0.0..=Metric::MOST_NUMBER).contains(v));
        let tally = record.tally(measured);
        match kept {
            Some(value) => tally.number(at, (value * Metric::NUMBER as f64).round() as Nanos),
            None => tally.message_missing(at),
        }
    }

    /// Adds those of another worker.
    pub(super) fn merge(&mut self, other: &Self) {
        for (ours, theirs) in self.records.iter_mut().zip(&other.records) {
            ours.counted.measured.merge(&theirs.counted.measured);
            ours.counted.unmeasured.merge(&theirs.counted.unmeasured);
        }
    }

    pub(super) fn finish(self) -> Vec<PartRecord> {
        self.records
    }
}

impl PartRecord {
    fn tally(&mut self, measured: bool) -> &mut Tally {
        if measured {
            &mut self.counted.measured
        } else {
            &mut self.counted.unmeasured
        }
    }
}
