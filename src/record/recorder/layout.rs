//! What a recorder must know of a run before it begins. In: the plan, through the layer above; out: a place for each
//! step, flow, group and limit. Invariant: indices here are the indices in the plan.

use crate::record::{CheckCount, Metric, OverCount, PartLayout, PolicyCount, Slots, Tally, Watch};
use crate::units::Nanos;

/// A latency limit that must be counted exactly, because a budget names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// The latency.
    pub metric: Metric,
    /// The limit.
    pub limit: Nanos,
}

/// What a recorder must know of a step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StepLayout {
    /// Index of its flow.
    pub flow: usize,
    /// Its name.
    pub name: String,
    /// `flow/step`, as budgets and reports name it.
    pub label: String,
    /// The method of its requests.
    pub method: String,
    /// 1-based line in its file.
    pub line: usize,
    /// The file, where it is not the scenario's own.
    pub file: Option<String>,
    /// Names for parts of budgets.
    pub tags: Vec<String>,
    /// The groups that it is in.
    pub groups: Vec<String>,
    /// The host it goes to, where that is fixed.
    pub host: Option<String>,
    /// The texts of its checks, the implicit one included.
    pub checks: Vec<String>,
    /// Their lines; those that are missing stand at the step's.
    pub check_lines: Vec<usize>,
    /// Its policies: their names, and whether their findings are only shown.
    pub policies: Vec<(String, bool)>,
    /// Limits to count exactly.
    pub limits: Vec<Limit>,
}

/// What a recorder must know of a flow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FlowLayout {
    /// Its name.
    pub name: String,
    /// Setup or teardown.
    pub outside: bool,
}

/// What a recorder must know of a group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupLayout {
    /// Index of its flow.
    pub flow: usize,
    /// Its name.
    pub name: String,
    /// 1-based line in the scenario file.
    pub line: usize,
}

/// What a recorder must know of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    /// The steps, in the order of their indices.
    pub steps: Vec<StepLayout>,
    /// The flows, setup and teardown behind the others.
    pub flows: Vec<FlowLayout>,
    /// The groups.
    pub groups: Vec<GroupLayout>,
    /// What is watched while the run goes.
    pub watches: Vec<Watch>,
    /// What is counted apart.
    pub parts: Vec<PartLayout>,
}

impl StepLayout {
    /// An empty tally that keeps at most so many slots of time.
    pub(super) fn tally(&self, most: usize) -> Tally {
        Tally {
            checks: vec![CheckCount::default(); self.checks.len()],
            policies: vec![PolicyCount::default(); self.policies.len()],
            ..Tally::counting(&self.limits, most)
        }
    }
}

impl Tally {
    /// An empty one that counts these limits and keeps at most so many slots of time.
    pub(in crate::record) fn counting(limits: &[Limit], most: usize) -> Self {
        let over = limits.iter().map(|l| OverCount {
            metric: l.metric,
            limit: l.limit,
            over: 0,
        });
        Self {
            over: over.collect(),
            slots: Slots::new(most, limits.len()),
            ..Self::default()
        }
    }
}
