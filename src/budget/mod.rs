//! JUDGE: budgets about a run → a verdict. In: the sentences of a budget file and a [`RunRecord`]; out: a
//! [`Verdict`] with one judgement per sentence, the evidence that the generator was not at fault, and the exit
//! code. Invariant: no data is never a pass, and the verdict needs nothing but the record: a stored run is
//! judged exactly like a fresh one.
//!
//! # The language
//! A sentence is a list of words; `/…/` is a word, or a name of several, that fits the expression. An item of the file
//! is a sentence, or one behind the key `warn:`, which changes no exit code.
//! ```text
//! sentence  = statistic [ "of" status ] [ "of" name ] operator quantity [ when ] [ "during" last ]
//! statistic = [ metric ] summary | summary metric | share | call | "throughput"
//! summary   = percentile | "mean" | "max" | "min" | "stddev"
//! metric    = "response" | "service" | "wait" | "dns" | "connect" | "tls" | "write" | "ttfb" | "body"
//!           | "bytes" | "decoded" | [ "schedule" ] "lag" | ( "message" | "ws" | "websocket" | "event" ) "latency"
//!           | "first" ( "message" | "event" ) | ( "message" | "event" ) "gap" | "capture" variable
//! share     = "error_rate" | "success_rate" | "check_rate" | "cache_hit_rate"
//! call      = "apdex(" length ")" | "share(" answers ")" | ( "count(" | "rate(" ) ( answers | "messages" ) ")"
//! answers   = status | "errors" | "timeouts"
//! operator  = "<=" | ">=" | "<" | ">"
//! quantity  = duration | size | percent | rate | number
//! when      = "in" portion "of" length "windows" | "for" length | "within" length "of" "start"
//! percentile = /p[0-9]{1,2}(\.[0-9]+)?/
//! variable  = /[\w-]+/
//! status    = /[1-5](xx|[0-9]{2})/
//! name      = /"[^"]+"|'[^']+'|[^<>"'=!]([^<>]*[^<>=!])?/
//! last      = /"[^"]+"|'[^']+'|[^"'].*/
//! duration  = /[0-9._]+ ?(us|ms|s|m|min|h)/
//! length    = /[0-9._]+(us|ms|s|m|min|h)/
//! size      = /[0-9._]+ ?(B|kB|MB|GB|KiB|MiB|GiB)/
//! percent   = /[0-9._]+ ?%/
//! portion   = /[0-9._]+%/
//! rate      = /[0-9._]+ ?(req)?\/(s|min|h)/
//! number    = /[0-9._]+/
//! ```
//! What servers say of themselves has sentences of its own (docs/server.md):
//! ```text
//! observed  = ( "server" name [ over ] | "prometheus" name [ over ] ":" expression ) operator value [ "during" last ]
//! over      = "max" | "min" | "mean" | "last" | percentile                    (the worst reading when left out)
//! value     = percent (of 0 to 1) | duration (of seconds) | size | number
//! ```
//! What goes together: times take a duration, `bytes` and `decoded` a size, shares a percent, `throughput` and `rate(…)` a
//! rate, `count(…)`, `apdex(…)` and captured numbers a number. `<` and `<=` bound what is better small, `>` and `>=` shares of
//! successes, checks and cache hits, `throughput` and `apdex`; `min`, messages and shares of a status below 400 take any. Percentiles, but for the parts
//! of connecting, and error, success and check rates are kept over time. `of 2xx` is of times, `bytes`, `apdex` and those
//! rates. `throughput` is of the whole run. A name that holds the word `during` stands in quotes.
//!
//! A name after `of` is `flow/step`, a flow, a step whose name no other flow uses, a group, a tag or a host, or one of
//! these behind its kind: `of tag checkout`. A sentence says what must hold, never what must not.
//!
//! # What is judged
//! The measured phase only. `n` is every request that ended (aborted ones have no end) plus those of dropped
//! arrivals.
//! - **pNN** is a statement about a share: `p99 < 500ms` allows 1 % of the requests to violate it. Violations are
//!   passed requests over the limit and every request that failed, failed a check, timed out or was dropped.
//! - **`error_rate`** and **`success_rate`** add up to 100 %: everything but a passed request is an error.
//!   **`check_rate`** is the share of answered requests whose checks all held; dropped ones count against it.
//! - **`cache_hit_rate`** is the share of hits and stale hits in hits, stale hits and misses, as the answers' headers
//!   tell it: an answer that says nothing and one that no cache was meant to have are not in it. Dropped ones are.
//! - A share is *pass* when that many violations or fewer would be seen in at most 5 % of runs by a system exactly
//!   at the limit, *fail* when that many or more would, else *marginal*: then the share itself decides and the
//!   report says so (`strict: true` makes the run undecided instead). With fewer requests than could ever pass,
//!   and no clear failure, it is *undecided*.
//! - Requests depend on each other: a slow one stands next to slow ones. So n and k are divided by an **inflation**
//!   of at least 1, which comes from the scatter of the violations over 20 to 30 equal batches of time; n divided by
//!   it is the *effective n*. Runs shorter than 3 s have no batches and count a quarter of their requests. A limit
//!   that the run did not count takes the largest inflation of those that it did; files of older versions, smoke
//!   passes, the parts of connecting, share(…) and `cache_hit_rate` have no counts over time: there requests are taken as independent.
//! - **`in 95% of 10s windows`**: the measured phase is cut into windows of 10 s, an incomplete last one left out;
//!   the sentence must hold in at least 95 % of those with a request, each judged by its plain share. **`for 2m`**:
//!   it must hold in every stretch of 2 minutes on end. **`within 30s of start`**: it must hold for the requests due
//!   from 30 s after the start of the measured phase on. Only percentiles and rates have counts over time.
//! - **share(5xx)**, **count(5xx)** and **rate(5xx)** are of the answers with such a status (`errors`: all that did
//!   not pass, `timeouts`: those without an answer in time), expected or not; shares are judged like `error_rate`
//!   (`share(2xx) >= 99%` like `success_rate`), counts and rates (a second of the measured phase) as they are. Dropped requests
//!   count in each, and against a share that is bounded from below.
//! - **apdex(T)**: passed requests within T, and half of those within 4T, of all requests.
//! - **during** names a profile, or a phase that is otherwise not judged: `ramp` or `warm-up`.
//! - **mean**, **max**, **min** and **stddev** are compared as they are. Requests without an answer count in the mean at the timeout,
//!   the slowest answer or the limit, whichever is highest, and where they are more than 1 % it cannot hold; a
//!   single one fails a max.
//! - **wait**, **dns**, **connect** and **tls** count the requests that have them (those on a connection that others
//!   use, those that looked up a host, those that opened a connection), judged by that time alone.
//! - **bytes** are those of the body on the wire, **decoded** those of the body once unpacked. Under load bodies are
//!   unpacked where a check or a capture looks at them and where a budget names `decoded`; elsewhere its size is not
//!   known, and such requests do not count.
//! - **message latency**, **first message** and **message gap** are of the messages of streams and sockets: n is
//!   every message that has that time, and each that was awaited and did not come in time, which violates every limit
//!   on messages, as a dropped arrival does. Time stamps from the future count as 0, and where there are such, a
//!   budget on message latency is no pass: the clocks differ. **count(messages)** and **rate(messages)** are of
//!   those that came in.
//! - **capture x** is of the numbers that passed requests captured as `x`: n is every value, and one that is no number from 0
//!   to 10^12 violates every limit, as a dropped arrival does.
//! - **of 2xx** is of the answers with such a status, passed or not, and of dropped requests; what has no such answer is left
//!   out, and the judgement says how many those are.
//! - **throughput** in an open model is the planned rate times the answered share of the requests that the schedule
//!   drew, so that a Poisson draw of 4,930 instead of 5,000 requests is not held against the target; up to 1 % of
//!   the drawn requests may stay unanswered. In a closed model it is answers within the measured phase a second.
//!   A profile of passes offers no rate: there it is not judged.
//! - **server** and **prometheus** are of the readings of a server's value in the measured phase, one a second when
//!   nothing else is said; `n` is how many there are. They are compared as they are. Where more than 5 % of them could
//!   not be read (of fewer than ten any, of fewer than twenty more than one) nothing is decided, except that one
//!   reading over the limit breaks a `max`.
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
mod guard;
mod judge;
mod parse;
mod statistics;
mod stretch;
mod text;
mod tighten;
mod verdict;

pub use bind::{Place, bind, bind_servers};
pub use exit::{Exit, Reason};
pub use expectation::{Expectation, ExpectedStep, NEVER_SENT, expectations};
pub use file::{BUDGETS, is_budgets, parse};
pub use guard::{Decider, Standing, Watchman};
pub use judge::{answered_in_time, judge};
pub use parse::{SentenceError, parse_sentence};
pub use statistics::decided;
pub use stretch::{Broken, Planned, Stretch, StretchOutcome};
pub use tighten::{Slack, Suggestion, patch, slack, tighten};
pub use verdict::{Consequence, Evidence, FailedCheck, Judgement, Outcome, Verdict};

use crate::record::{Metric, Part};
use crate::source::{Source, Span};
use crate::units::Nanos;
use serde::{Deserialize, Serialize};
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
    /// What stops the run, in its order.
    pub guards: Vec<Budget>,
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
    /// Where its limit is written.
    pub limit_at: Span,
    /// What it does when broken.
    pub level: Level,
    /// What is bounded.
    pub statistic: Statistic,
    /// Of which requests.
    pub scope: Scope,
    /// Which part of them, where that is counted apart.
    pub part: Option<Part>,
    /// How.
    pub bound: Bound,
    /// At which times; over all of the measured phase when `None`.
    pub when: Option<When>,
    /// In this profile or phase only.
    pub during: Option<String>,
}

/// What a broken budget does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// It fails the run.
    #[default]
    Fail,
    /// It is shown.
    Warn,
}

/// At which times a budget must hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum When {
    /// In at least this share of the windows.
    Windows {
        /// As a fraction of one.
        share: f64,
        /// How long each is.
        length: Nanos,
    },
    /// In every stretch of this length.
    Every(Nanos),
    /// From this long after the start on.
    From(Nanos),
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
    /// `min`.
    Min(Metric),
    /// `stddev`.
    Deviation(Metric),
    /// `apdex(500ms)`, of the response time.
    Apdex(Nanos),
    /// Requests that did not pass, of all.
    ErrorRate,
    /// Requests that passed, of all.
    SuccessRate,
    /// Requests whose checks held, of those answered.
    CheckRate,
    /// Answers from a cache, of those that one could have given.
    CacheHitRate,
    /// Requests answered a second.
    Throughput,
    /// `share(429)`.
    Share(Which),
    /// `count(5xx)`.
    Count(Which),
    /// `rate(5xx)`.
    Rate(Which),
    /// `server cpu max`, of the readings of a server's value.
    Server(Over),
}

/// What is made of readings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Over {
    /// The largest.
    Max,
    /// The smallest.
    Min,
    /// Their mean.
    Mean,
    /// The last one.
    Last,
    /// This share of them is no larger, as a fraction of one.
    Percentile(f64),
}

/// Which requests are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Answers with this status.
    Status(u16),
    /// Answers of this class: 5 for 5xx.
    Class(u16),
    /// Requests that did not pass.
    Errors,
    /// Requests that timed out.
    Timeouts,
    /// Messages that came in: no requests, but counted like them.
    Messages,
}

/// Of which requests a budget speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All of them.
    All,
    /// Those of a step, flow, group, tag or host; [`bind()`] says whether there is one.
    Named(String),
    /// Of none: a value that a server says of itself.
    Server {
        /// What it is called.
        name: String,
        /// The expression that Prometheus is asked, where the budget has it.
        query: Option<String>,
    },
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
    /// Bytes.
    Bytes(u64),
    /// A fraction of one.
    Share(f64),
    /// Requests a second.
    Rate(f64),
    /// So many requests, or a score.
    Number(f64),
}
