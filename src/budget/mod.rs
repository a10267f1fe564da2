//! JUDGE: budgets about a run → a verdict. In: the sentences of a budget file and a [`RunRecord`]; out: a
//! [`Verdict`] with one judgement per sentence, the evidence that the generator was not at fault, and the exit
//! code. Invariant: no data is never a pass, and the verdict needs nothing but the record: a stored run is
//! judged exactly like a fresh one.
//!
//! # The language
//! ```text
//! budget     = statement operator quantity [ "during" name ]
//! statement  = latency [ "of" name ] | rate [ "of" name ] | "throughput"
//! latency    = [ metric ] summary | summary metric
//! summary    = "p" digits [ "." digits ] | "mean" | "max"
//! metric     = "response" | "service" | "ttfb" | "connect" | "tls"      (response when left out)
//! rate       = "error_rate" | "success_rate" | "check_rate"
//! operator   = "<" | "<="      latency, error_rate
//!            | ">" | ">="      success_rate, check_rate, throughput
//! quantity   = number ( "us" | "ms" | "s" | "m" | "h" )                 latency
//!            | number "%"                                               rate
//!            | number [ "req" ] "/" ( "s" | "min" | "h" )               throughput
//! name       = '"' any text '"' | text up to the operator (after "of") or the end (after "during")
//! ```
//! A name after `of` is `flow/step`, a flow, or a step whose name no other flow uses. A sentence says what must
//! hold, never what must not.
//!
//! # What is judged
//! The measured phase only. `n` is every request that ended (aborted ones have no end) plus those of dropped
//! arrivals.
//! - **pNN** is a statement about a share: `p99 < 500ms` allows 1 % of the requests to violate it. Violations are
//!   passed requests over the limit and every request that failed, failed a check, timed out or was dropped.
//! - **`error_rate`** and **`success_rate`** add up to 100 %: everything but a passed request is an error.
//!   **`check_rate`** is the share of answered requests whose checks all held; dropped ones count against it.
//! - A share is *pass* when that many violations or fewer would be seen in at most 5 % of runs by a system exactly
//!   at the limit, *fail* when that many or more would, else *marginal*: then the share itself decides and the
//!   report says so (`strict: true` makes the run undecided instead). With fewer requests than could ever pass,
//!   and no clear failure, it is *undecided*. Requests are taken as independent.
//! - **mean** and **max** are compared as they are. Requests without an answer count in the mean at the timeout,
//!   the slowest answer or the limit, whichever is highest, and where they are more than 1 % it cannot hold; a
//!   single one fails a max.
//! - **connect** and **tls** count the requests that opened a connection, judged by that time alone.
//! - **throughput** in an open model is the planned rate times the answered share of the requests that the schedule
//!   drew, so that a Poisson draw of 4,930 instead of 5,000 requests is not held against the target; up to 1 % of
//!   the drawn requests may stay unanswered. In a closed model it is answers within the measured phase a second.
//!   A profile of passes offers no rate: there it is not judged.
//! - In a profile of **passes** (smoke) nothing is undecided for being small: the share decides, marked "a smoke
//!   pass, not evidence", and `strict` does not apply. No data at all stays undecided.
//!
//! # Failed checks and budgets
//! With `passes`, every failed check or request is exit 3. Under load a failure is exit 3 only where no budget
//! judges failures of that step in this profile: `error_rate` and `success_rate` judge all failures, `check_rate`
//! those of checks, and any budget judges dropped arrivals. So a load test without an error budget fails on the
//! first error, and with one it fails when the budget says so.

mod bind;
mod exit;
mod expectation;
mod file;
mod judge;
mod parse;
mod statistics;
mod text;
mod verdict;

pub use bind::bind;
pub use exit::{Exit, Reason};
pub use expectation::{Expectation, ExpectedStep, expectations};
pub use file::{BUDGETS, parse};
pub use judge::{answered_in_time, judge};
pub use parse::{SentenceError, parse_sentence};
pub use verdict::{Evidence, FailedCheck, Judgement, Outcome, Verdict};

use crate::record::Metric;
use crate::source::{Source, Span};
use crate::units::Nanos;
use std::sync::Arc;

#[cfg(doc)]
use crate::record::RunRecord;

/// A budget file.
#[derive(Debug, Clone, PartialEq)]
pub struct BudgetFile {
    /// The file.
    pub source: Arc<Source>,
    /// Its budgets, in its order.
    pub budgets: Vec<Budget>,
    /// A marginal judgement makes the run undecided.
    pub strict: bool,
}

/// One sentence about a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Budget {
    /// As written.
    pub text: String,
    /// Where it is written.
    pub span: Span,
    /// What is bounded.
    pub statistic: Statistic,
    /// Of which requests.
    pub scope: Scope,
    /// How.
    pub bound: Bound,
    /// In this profile only.
    pub during: Option<String>,
}

/// What a budget bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Statistic {
    /// `p95`, `ttfb p95`.
    Percentile {
        /// Of which latency.
        metric: Metric,
        /// As a fraction of one.
        q: f64,
    },
    /// `mean`.
    Mean(Metric),
    /// `max`.
    Max(Metric),
    /// Requests that did not pass, of all.
    ErrorRate,
    /// Requests that passed, of all.
    SuccessRate,
    /// Requests whose checks held, of those answered.
    CheckRate,
    /// Requests answered a second.
    Throughput,
}

/// Of which requests a budget speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All of them.
    All,
    /// Those of a step or flow; [`bind()`] says whether there is one.
    Named(String),
}

/// Operator and limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    /// `<`, `<=`, `>` or `>=`.
    pub operator: Operator,
    /// The limit.
    pub limit: Quantity,
}

/// How a value stands to its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
}

/// A limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Quantity {
    /// A latency.
    Time(Nanos),
    /// A fraction of one.
    Share(f64),
    /// Requests a second.
    Rate(f64),
}
