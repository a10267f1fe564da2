//! What a guard watches while the run goes. In: requests as they end; out: how many ended and how many of them broke
//! the rule, second by second. Invariant: a step that no guard speaks of costs nothing.

use super::{Limit, Outcome, Sample};
use crate::units::Nanos;
use serde::{Deserialize, Serialize};

/// When a request breaks a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breach {
    /// It did not pass.
    NotPassed,
    /// It was answered and a check failed; what was not answered is not asked.
    Check,
    /// It did not pass, or it was over a limit.
    Over(Limit),
}

/// A rule and the steps it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// Indices of the steps.
    pub steps: Vec<usize>,
    /// The rule.
    pub breach: Breach,
    /// Only of requests of the measured phase.
    pub measured: bool,
}

/// Requests that a rule speaks of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Watched {
    /// They ended.
    pub ended: u64,
    /// Of those, the ones that broke it.
    pub broken: u64,
}

/// How a run was decided before its planned end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Decided {
    /// When, since the run began.
    pub at: Nanos,
    /// How much of the measured phase had passed.
    pub measured: Nanos,
    /// The budget that is broken, as written; `None` where all of them hold.
    pub broken: Option<String>,
}

/// What became of a guard in a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GuardRecord {
    /// As written.
    pub text: String,
    /// 1-based line in the budget file.
    pub line: usize,
    /// When it tripped, since the run began.
    pub tripped: Option<Nanos>,
    /// Since when it had been broken when it tripped; while the run goes, since when it is.
    pub since: Option<Nanos>,
    /// The longest time on end for which it was broken.
    pub longest: Nanos,
    /// The largest share of requests that broke it in one of its windows, as a fraction of one.
    pub worst: f64,
    /// The share when it tripped; while the run goes and it is broken, the share now.
    pub share: Option<f64>,
}

impl Breach {
    /// Whether a request broke the rule; `None` where the rule does not speak of it.
    pub(super) fn of(self, sample: &Sample) -> Option<bool> {
        let passed = matches!(sample.outcome, Outcome::Ok | Outcome::NotYet(_));
        match (self, sample.outcome) {
            (_, Outcome::Aborted) | (Self::Check, Outcome::Failed(_)) => None,
            (Self::NotPassed | Self::Check, _) => Some(!passed),
            (Self::Over(limit), _) if passed => {
                let value = limit.metric.value(sample)?;
                Some(value > limit.limit)
            }
            (Self::Over(limit), _) => (!limit.metric.of_connections()).then_some(true),
        }
    }
}

impl Watched {
    /// Counts a request.
    pub(super) fn count(&mut self, broken: bool) {
        self.ended += 1;
        self.broken += u64::from(broken);
    }
}

/// Adds rule by rule what another worker, or another second, has seen.
pub(super) fn add(ours: &mut Vec<Watched>, theirs: &[Watched]) {
    if ours.len() < theirs.len() {
        ours.resize(theirs.len(), Watched::default());
    }
    for (ours, theirs) in ours.iter_mut().zip(theirs) {
        ours.ended += theirs.ended;
        ours.broken += theirs.broken;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Failure, Metric};

    #[test]
    fn each_rule_speaks_of_its_own_requests() {
        let sample = |outcome| Sample {
            done: 30,
            ..Sample::of(0, outcome)
        };
        let over = |metric, limit| Breach::Over(Limit { metric, limit });
        let (ok, check) = (Outcome::Ok, Outcome::CheckFailed(0));
        let failed = Outcome::Failed(Failure::Read);
        for (breach, outcome, expected) in [
            (Breach::NotPassed, ok, Some(false)),
            (Breach::NotPassed, Outcome::NotYet(0), Some(false)),
            (Breach::NotPassed, failed, Some(true)),
            (Breach::NotPassed, Outcome::Aborted, None),
            (Breach::Check, check, Some(true)),
            (Breach::Check, failed, None),
            (over(Metric::Response, 30), ok, Some(false)),
            (over(Metric::Response, 29), ok, Some(true)),
            (over(Metric::Response, 29), failed, Some(true)),
            (over(Metric::Connect, 29), ok, None),
            (over(Metric::Connect, 29), failed, None),
        ] {
            assert_eq!(
                breach.of(&sample(outcome)),
                expected,
                "{breach:?} {outcome:?}"
            );
        }
    }
}
