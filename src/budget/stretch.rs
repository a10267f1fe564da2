//! A part of a profile whose load changes while it is judged, and what came out of it. In: nothing; out: the types that
//! the judge fills in and reports show. Invariant: plain values; whoever renders them decides nothing.

use crate::record::Quantile;
use crate::units::{Nanos, Rate, format_count, format_share, significant};
use serde::{Deserialize, Serialize};

/// A stair, a stage, a stretch of a spike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stretch {
    /// As the plan calls it: `step 3 (30 req/s)`.
    pub name: String,
    /// Since the run began.
    pub start: Nanos,
    /// Since the run began.
    pub end: Nanos,
    /// What the plan offers, on average where it changes; `None` where the name does not say.
    pub planned: Option<Planned>,
    /// Requests that the arrivals drawn in it ask for, a second.
    pub offered: Option<f64>,
    /// Requests that ended in it, a second.
    pub achieved: Option<f64>,
    /// Requests due in it that ended, and dropped arrivals.
    pub n: u64,
    /// Those of them that did not pass.
    pub failed: u64,
    /// p50, p95 and p99 of the response times of answers that came in it.
    pub response: [Quantile; 3],
    /// What came out.
    pub outcome: StretchOutcome,
    /// What a reader must know of how it was judged.
    pub note: Option<String>,
}

/// What a part was meant to offer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Planned {
    /// Requests a second.
    Rate(f64),
    /// Users.
    Users(f64),
}

/// A budget that a part does not keep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broken {
    /// As written.
    pub budget: String,
    /// What was found.
    pub actual: String,
    /// The evidence does not decide; the plain value does.
    pub marginal: bool,
}

/// What the budgets say of a part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum StretchOutcome {
    /// Every budget that can be asked of it holds.
    Holds {
        /// For one of them the evidence does not decide.
        marginal: bool,
    },
    /// These do not hold.
    Breaks {
        /// In the order of the file; never empty.
        budgets: Vec<Broken>,
        /// What most of its failures are, where it had many.
        failures: Option<String>,
    },
    /// Too little is known.
    Undecided {
        /// Why.
        why: String,
    },
    /// The generator was not fit to measure.
    GeneratorAtFault {
        /// Why.
        why: String,
    },
    /// Something in front of the target refused requests.
    Refused {
        /// What share of those that ended, as a fraction of one.
        share: f64,
    },
    /// The run ended before it, or has not come to it yet.
    NotReached,
    /// No budget can be asked of a part.
    NotJudged,
}

impl Planned {
    /// `300 req/s`, `50 users`.
    pub fn text(self) -> String {
        match self {
            Self::Rate(rate) => format!("{} req/s", figure(rate)),
            Self::Users(users) => format!("{} users", figure(users)),
        }
    }
}

impl StretchOutcome {
    /// In a word or two, always the same ones.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Holds { .. } => "holds",
            Self::Breaks { .. } => "breaks",
            Self::Undecided { .. } => "undecided",
            Self::GeneratorAtFault { .. } => "generator at fault",
            Self::Refused { .. } => "refused",
            Self::NotReached => "not reached",
            Self::NotJudged => "not judged",
        }
    }

    /// The word, and what it is about: `breaks: p95 < 500ms (612 ms)`.
    pub fn text(&self) -> String {
        let word = self.word();
        match self {
            Self::Holds { marginal: true } => format!("{word}, marginally"),
            Self::Holds { .. } | Self::NotReached | Self::NotJudged => word.to_owned(),
            Self::Breaks { budgets, .. } => {
                let rest = match budgets.len() {
                    0 | 1 => String::new(),
                    more => format!(" and {} more", more - 1),
                };
                let first = budgets.first().map(Broken::text);
                format!("{word}: {}{rest}", first.unwrap_or_default())
            }
            Self::Undecided { why } | Self::GeneratorAtFault { why } => format!("{word}: {why}"),
            Self::Refused { share } => format!("{word}: {}", format_share(*share)),
        }
    }

    /// Why it is so, in full; nothing where the word says it all.
    pub fn broken(&self) -> &[Broken] {
        match self {
            Self::Breaks { budgets, .. } => budgets,
            _ => &[],
        }
    }
}

impl Broken {
    /// `p95 < 500ms (612 ms)`.
    pub fn text(&self) -> String {
        let marginal = if self.marginal { ", marginal" } else { "" };
        format!("{} ({}{marginal})", self.budget, self.actual)
    }
}

impl Stretch {
    /// It is one of the stairs of `stairs:`.
    pub fn is_stair(&self) -> bool {
        self.name.starts_with("step ")
    }

    /// What its name says it offers, as people say it: `1,000 req/s`; the name where it does not say.
    pub fn level(&self) -> String {
        let inner = level(&self.name).unwrap_or(&self.name);
        Rate::parse(inner).map_or_else(
            |_| inner.to_owned(),
            |rate| format!("{} {}", figure(rate.per_second), rate.unit()),
        )
    }

    /// Share of its requests that did not pass.
    pub fn failed_share(&self) -> Option<f64> {
        (self.n > 0).then(|| self.failed as f64 / self.n as f64)
    }
}

/// What stands in the brackets at the end of a name.
pub(in crate::budget) fn level(name: &str) -> Option<&str> {
    Some(name.strip_suffix(')')?.rsplit_once('(')?.1)
}

/// Three digits; whole thousands in groups.
fn figure(value: f64) -> String {
    if value >= 1_000.0 {
        format_count(value.round() as u64)
    } else {
        significant(value)
    }
}
