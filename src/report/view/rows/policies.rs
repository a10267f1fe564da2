//! What policies found. In: the steps of a record; out: a row for each policy of each step. Invariant: how many answers
//! were looked at stands beside how many there were, warm-up included, so that nobody takes a sample for the whole.

use crate::record::{PolicyCount, RunRecord, StepRecord};
use crate::report::text;
use crate::units::format_count;

/// One policy of one step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyRow {
    /// `flow/step`.
    pub step: String,
    /// 1-based line of the step in the scenario file.
    pub line: usize,
    /// Its name.
    pub name: String,
    /// Its findings are only shown.
    pub warns: bool,
    /// How many answers there were, and what became of them.
    pub count: PolicyCount,
    /// The first finding that failed the step.
    pub failed: Option<String>,
    /// The first finding that is only shown.
    pub warned: Option<String>,
}

impl PolicyRow {
    /// In one word: `FAIL`, `WARN`, `ok`, `idle` where there was nothing to judge, `-` where no answer was looked at.
    pub fn word(&self) -> &'static str {
        match self.count {
            count if count.failed > 0 => "FAIL",
            count if count.warned > 0 => "WARN",
            count if count.looked == 0 => "-",
            count if count.idle == count.looked => "idle",
            _ => "ok",
        }
    }

    /// `20 of 500 answers looked at, 3 failed, 1 warned`.
    pub fn counts_text(&self) -> String {
        let count = &self.count;
        let answers = text::counted(count.answers, "answer");
        let mut out = match (count.looked, count.answers) {
            (0, 0) => return "no answer to look at".to_owned(),
            (looked, all) if looked == all => format!("{answers} looked at"),
            (looked, _) => format!("{} of {answers} looked at", format_count(looked)),
        };
        let nothing = "had nothing to judge";
        for (n, what) in [
            (count.failed, "failed"),
            (count.warned, "warned"),
            (count.idle, nothing),
        ] {
            if n > 0 {
                text::put(&mut out, format_args!(", {} {what}", format_count(n)));
            }
        }
        out
    }

    /// What was found: what failed, then what is only shown.
    pub fn findings(&self) -> impl Iterator<Item = &str> {
        let both = [self.failed.as_deref(), self.warned.as_deref()];
        both.into_iter().flatten()
    }
}

pub(in crate::report::view) fn rows(record: &RunRecord) -> Vec<PolicyRow> {
    record.steps.iter().flat_map(of).collect()
}

fn of(step: &StepRecord) -> impl Iterator<Item = PolicyRow> {
    step.policies.iter().enumerate().map(|(index, policy)| {
        let mut count = PolicyCount::default();
        for tally in [&step.measured, &step.unmeasured] {
            count.add(tally.policies.get(index).copied().unwrap_or_default());
        }
        PolicyRow {
            step: text::line(&step.label),
            line: step.line,
            name: text::line(&policy.name),
            warns: policy.warns,
            count,
            failed: policy.failed.as_deref().map(text::line),
            warned: policy.warned.as_deref().map(text::line),
        }
    })
}
