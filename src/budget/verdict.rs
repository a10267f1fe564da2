//! What is said about a run. In: judgements, evidence and failed checks; out: the [`Verdict`] that reports
//! render and its one sentence. Invariant: plain values; whoever renders them decides nothing.

use super::{Exit, Level, Reason, Stretch};
use serde::{Deserialize, Serialize};

/// The verdict on one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// One per budget, in the order of the file.
    pub judgements: Vec<Judgement>,
    /// Whether the generator was fit to measure.
    pub evidence: Vec<Evidence>,
    /// Checks and requests that failed, by step.
    pub checks: Vec<FailedCheck>,
    /// Steps that no budget of this profile speaks of, as `flow/step`.
    pub uncovered: Vec<String>,
    /// The exit code and why.
    pub exit: Exit,
    /// The verdict in one sentence.
    pub sentence: String,
    /// The parts of a profile whose load changes while it is judged, in order; none of others.
    #[serde(default)]
    pub stretches: Vec<Stretch>,
    /// What stairs say, in one sentence.
    #[serde(default)]
    pub statement: Option<String>,
}

/// What is said about one budget.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// The budget as written.
    pub text: String,
    /// Its 1-based line in the budget file.
    pub line: usize,
    /// What it spoke of: `all requests`, a flow, `flow/step`.
    pub scope: String,
    /// What it does when broken.
    pub level: Level,
    /// What came out.
    pub outcome: Outcome,
    /// The limit, with its unit.
    pub limit: String,
    /// The value, with its unit; `None` where there is no data.
    pub actual: Option<String>,
    /// Share of the limit that is left, negative when over; of a rate, share of the violations it allows.
    pub headroom: Option<f64>,
    /// Requests it was judged on.
    pub n: u64,
    /// Requests that violate it; `None` for means and maxima.
    pub violations: Option<u64>,
    /// Bounds of the value, each at 95 %: both on one side of the limit exactly when the evidence decides.
    pub interval: Option<(String, String)>,
    /// The fewest requests that can ever pass it.
    pub needed: Option<u64>,
    /// Independent requests that say as much; `None` where requests were taken as independent.
    pub effective: Option<u64>,
    /// `n` by that.
    pub inflation: Option<f64>,
    /// The bound of the value on the side of the limit, in nanoseconds, bytes, a fraction or a plain number.
    pub bound: Option<f64>,
    /// Violations were counted one by one, not read from a histogram.
    pub exact: bool,
    /// What a reader must know.
    pub note: Option<String>,
    /// The step that stands worst, with its value, where the budget speaks of several.
    pub worst: Option<String>,
    /// Broken, and no request that passed violates it: only those that failed do.
    #[serde(default)]
    pub by_failures: bool,
}

impl Judgement {
    /// It is broken, and that fails the run.
    pub fn breaks(&self) -> bool {
        self.level == Level::Fail && self.outcome.broken()
    }

    /// It is broken, and that is only shown.
    pub fn warns(&self) -> bool {
        self.level == Level::Warn && self.outcome.broken()
    }
}

/// What came out of judging one budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Outcome {
    /// It holds, and the evidence decides.
    Pass,
    /// It does not hold, and the evidence decides.
    Fail,
    /// The evidence does not decide; the plain value does.
    Marginal {
        /// What the plain value says.
        passed: bool,
    },
    /// Too little data, or none.
    Undecided,
    /// It is about another profile, or another kind of profile.
    NotRun,
}

impl Outcome {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Marginal { passed: true } => "marginal pass",
            Self::Marginal { passed: false } => "marginal fail",
            Self::Undecided => "undecided",
            Self::NotRun => "not run",
        }
    }

    /// Whether the budget counts as held.
    pub fn holds(self) -> bool {
        matches!(self, Self::Pass | Self::Marginal { passed: true })
    }

    /// Whether the budget counts as broken.
    pub fn broken(self) -> bool {
        matches!(self, Self::Fail | Self::Marginal { passed: false })
    }
}

/// What follows when evidence does not hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consequence {
    /// The figures say nothing about the target: exit 7 before all failures.
    #[default]
    Invalid,
    /// They say too little for a pass: exit 7 unless something failed.
    Undecided,
}

impl Consequence {
    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            Self::Invalid => "the run is invalid, whatever the budgets say",
            Self::Undecided => "the run is no pass; failures stand",
        }
    }
}

/// One fact about the generator's fitness.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What was looked at: "schedule lag p99".
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

/// A check that failed, or requests of a step that have no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedCheck {
    /// `flow/step`.
    pub step: String,
    /// 1-based line of the step in the scenario file.
    pub line: usize,
    /// The check's text, or what happened instead of an answer.
    pub what: String,
    /// How often.
    pub count: u64,
    /// Of how many requests of the step, dropped ones included.
    pub n: u64,
    /// A budget of this profile judges such failures, so that they are not exit 3 by themselves.
    pub budgeted: bool,
}

impl Verdict {
    /// Nothing is wrong.
    pub fn passed(&self) -> bool {
        self.exit.reason == Reason::Pass
    }
}
