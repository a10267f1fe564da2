//! What one request leaves behind. In: the instants and the outcome of an exchange; out: a plain value that a
//! recorder folds away at once. Invariant: every instant is on one clock, nanoseconds since the run began.

use super::Metric;
use crate::units::Nanos;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One request: three instants on one clock, and how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Index of the step.
    pub step: usize,
    /// Counts for the budgets; `false` while ramping and warming up.
    pub measured: bool,
    /// When the schedule wanted it sent.
    pub intended: Nanos,
    /// When it was sent.
    pub sent: Nanos,
    /// When the head of the answer arrived.
    pub first_byte: Option<Nanos>,
    /// When the last byte arrived, or the failure was known.
    pub done: Nanos,
    /// Time spent waiting for a place on a connection that others use; `None` where it has one of its own.
    pub wait: Option<Nanos>,
    /// Time spent on looking up the host; `None` where that was not needed.
    pub dns: Option<Nanos>,
    /// Time spent on opening the connection; `None` on a reused one.
    pub connect: Option<Nanos>,
    /// Time spent on the TLS handshake; `None` on a reused or plain connection.
    pub tls: Option<Nanos>,
    /// Time spent on writing the request, from having a connection to its last byte; `None` where that was not reached.
    pub write: Option<Nanos>,
    /// How it ended.
    pub outcome: Outcome,
    /// The status, where an answer came.
    pub status: Option<u16>,
    /// Bytes of the answer's body on the wire.
    pub received: u64,
    /// Bytes of the answer's body once unpacked; `None` where it was packed and nobody unpacked it.
    pub decoded: Option<u64>,
}

impl Sample {
    /// A request of the measured phase that began and ended with the run's clock, and left nothing else behind.
    pub fn of(step: usize, outcome: Outcome) -> Self {
        Self {
            step,
            measured: true,
            intended: 0,
            sent: 0,
            first_byte: None,
            done: 0,
            wait: None,
            dns: None,
            connect: None,
            tls: None,
            write: None,
            outcome,
            status: None,
            received: 0,
            decoded: None,
        }
    }

    /// `done − intended`: what a user waits, lateness of the generator included.
    pub fn response(&self) -> Nanos {
        self.done.saturating_sub(self.intended)
    }

    /// `done − sent`: what the target took.
    pub fn service(&self) -> Nanos {
        self.done.saturating_sub(self.sent)
    }

    /// `sent − intended`: how late the generator was.
    pub fn lag(&self) -> Nanos {
        self.sent.saturating_sub(self.intended)
    }
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Answered, and every check held.
    Ok,
    /// A poll: answered, every check held, and the condition with this index that it waits for not yet.
    NotYet(usize),
    /// Answered, and this check (index within the step) did not hold.
    CheckFailed(usize),
    /// No whole answer.
    Failed(Failure),
    /// Cut off by the end of the run.
    Aborted,
}

/// Why a request has no whole answer. A closed set: names of hosts or texts of servers never make new kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The host name did not resolve.
    Dns,
    /// No connection: refused, unreachable, or a proxy that opened none.
    Connect,
    /// The generator's own machine had no port or no file left for a connection: nothing that the target did.
    Exhausted,
    /// The TLS handshake failed: certificate, host name, version.
    Tls,
    /// The request could not be written.
    Write,
    /// The connection broke before the answer was complete.
    Read,
    /// No whole answer within the step's timeout.
    Timeout,
    /// The answer, or a message behind it, breaks the rules of its protocol.
    Protocol,
    /// The body is larger than the limit.
    BodyLimit,
    /// More redirects than the step allows, or a location that cannot be followed.
    Redirect,
    /// The server closed a conversation that was to go on, or with another code than the one that was wanted.
    Closed,
    /// It was never sent: there was no token for it.
    Auth,
    /// It was never sent: a captured value does not fit where the step puts it.
    Unsendable,
}

impl Failure {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dns => "name not resolved",
            Self::Connect => "connection refused or unreachable",
            Self::Exhausted => "the load generator ran out of ports or open files",
            Self::Tls => "TLS handshake failed",
            Self::Write => "connection lost while sending",
            Self::Read => "connection lost before the answer was complete",
            Self::Timeout => "timed out",
            Self::Protocol => "answer breaks the rules of its protocol",
            Self::BodyLimit => "body larger than the limit",
            Self::Redirect => "redirect not followed",
            Self::Closed => "closed by the server",
            Self::Auth => "no token to authenticate with",
            Self::Unsendable => "request could not be sent with the captured values",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A kind of failure within one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The check with this index within the step.
    Check(usize),
    /// No whole answer.
    Failure(Failure),
}

/// How often one kind of failure happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureCount {
    /// Index of the step.
    pub step: usize,
    /// The kind.
    pub what: What,
    /// The kind in words: the check's text or [`Failure::name`].
    pub label: String,
    /// How often, warm-up included.
    pub count: u64,
    /// The first time, since the run began.
    pub first: Nanos,
    /// The last time.
    pub last: Nanos,
}

/// One exchange kept whole (masked, shortened), to show why something failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exhibit {
    /// Index of the step.
    pub step: usize,
    /// What failed; `None` for exchanges kept although they passed (smoke).
    pub what: Option<What>,
    /// It failed and was sent again: no failure of the step.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retried: bool,
    /// What the step's checks wanted and found, in their order, up to the first that did not hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// When it was sent, since the run began.
    pub at: Nanos,
    /// How long it took from being sent.
    pub took: Nanos,
    /// Where the time went, as far as it is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phases: Vec<(Metric, Nanos)>,
    /// What was expected and what came, in words.
    pub expected: Option<String>,
    /// See `expected`.
    pub actual: Option<String>,
    /// Method and full URL.
    pub request_line: String,
    /// The request.
    pub request: Message,
    /// The status, where an answer came.
    pub status: Option<u16>,
    /// The answer.
    pub response: Option<Message>,
    /// The last messages of a conversation behind it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub said: Vec<Said>,
}

/// A message of a conversation, masked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// By us.
    pub sent: bool,
    /// How long after the request.
    pub after: Nanos,
    /// At most 512 characters; of bytes, how many there were.
    pub text: String,
    /// The whole message was longer.
    pub cut: bool,
}

/// What a check wanted and found, masked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What it wanted, in words; nothing for a capture.
    pub expected: String,
    /// What was there, in words.
    pub actual: String,
}

/// Where a body came from, for those that are more than a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A file as it is.
    File(String),
    /// `multipart/form-data`.
    Form(Vec<Field>),
}

/// A part of a form.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its text, masked; of a file, the path.
    pub value: String,
    /// It is a file.
    pub file: bool,
    /// The file's name, as the server is told.
    pub filename: Option<String>,
    /// Its media type, where one is sent.
    pub media_type: Option<String>,
}

/// Headers and the beginning of a body, masked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Names and values in order.
    pub headers: Vec<(String, String)>,
    /// At most 512 characters.
    pub body: String,
    /// The body went out packed, as its `content-encoding` says; `body` is what it was before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub packed: bool,
    /// The whole body was longer.
    pub cut: bool,
    /// Where the body came from, where that says more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}
