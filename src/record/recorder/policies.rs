//! What policies found. In: one finding after the other; out: counts, and a sentence of each kind. Invariant: sentences
//! are masked before they come here, and the first of each kind is kept.

use super::{PolicyCount, Recorder};
use serde::{Deserialize, Serialize};

/// One policy of a step.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PolicyRecord {
    /// Its name.
    pub name: String,
    /// Its findings are only shown.
    pub warns: bool,
    /// The first finding that failed the step, in words.
    pub failed: Option<String>,
    /// The first finding that is only shown, in words.
    pub warned: Option<String>,
}

/// What a policy says of one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The answer was not looked at.
    Unseen,
    /// There was nothing to judge.
    Idle,
    /// It holds.
    Holds,
    /// Shown, in words.
    Warns(String),
    /// Fails the step, in words.
    Fails(String),
}

impl PolicyRecord {
    /// What stands in the place of a check's text: `cookies: session has no HttpOnly`.
    pub fn text(&self) -> String {
        match &self.failed {
            Some(failed) => format!("{}: {failed}", self.name),
            None => self.name.clone(),
        }
    }

    /// Takes what another worker found, where this one found nothing.
    pub(super) fn merge(&mut self, other: &Self) {
        for (ours, theirs) in [
            (&mut self.failed, &other.failed),
            (&mut self.warned, &other.warned),
        ] {
            if ours.is_none() {
                ours.clone_from(theirs);
            }
        }
    }
}

impl Recorder {
    /// What a policy, by its place in the step, says of an answer that passed every check. Call it before
    /// [`Recorder::record`] of the same request.
    pub fn policy(&mut self, (step, policy): (usize, usize), measured: bool, finding: Finding) {
        let Some(record) = self.steps[step].policies.get_mut(policy) else {
            return;
        };
        let mut count = PolicyCount {
            answers: 1,
            looked: 1,
            ..PolicyCount::default()
        };
        match finding {
            Finding::Unseen => count.looked = 0,
            Finding::Idle => count.idle = 1,
            Finding::Holds => {}
            Finding::Warns(words) => {
                count.warned = 1;
                record.warned.get_or_insert(words);
            }
            Finding::Fails(words) => {
                count.failed = 1;
                record.failed.get_or_insert(words);
            }
        }
        if let Some(sum) = self.tally(step, measured).policies.get_mut(policy) {
            sum.add(count);
        }
    }
}
