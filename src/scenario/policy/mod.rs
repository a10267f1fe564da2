//! Policies: what must hold of answers by convention, under one name each. In: `policies:` of a scenario, a flow or a
//! step; out: [`Policy`], and what it finds in an answer. Invariant: looking is a pure function of the answer, and no
//! finding repeats a secret.
//!
//! *A policy that needs requests of its own becomes steps beside its step, each with a rule that looks at one answer:
//! see `flow/request/probes.rs`. A new policy is a word in the vocabulary, a reader in `read.rs` and a [`Rule`].*

mod cached;
mod certificate;
mod compressed;
mod cookies;
mod cors;
mod headers;
mod read;
mod sensitive;
mod service;

pub use cached::Cached;
pub use certificate::Certificate;
pub use compressed::Compressed;
pub use cookies::Cookies;
pub use cors::{Cors, Crossing};
pub use headers::SecurityHeaders;
pub(super) use read::read;
pub use sensitive::Sensitive;
pub use service::{Earlier, RateLimited};

use crate::expr::Head;
use crate::source::Span;
use std::time::{Duration, SystemTime};

/// What a finding does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// It fails the step.
    Fail,
    /// It is counted and shown.
    Warn,
}

/// One policy of one step.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Its name in files and reports.
    pub word: &'static str,
    /// What its findings do.
    pub level: Level,
    /// What it looks for.
    pub rule: Rule,
    /// Where it stands.
    pub span: Span,
}

/// What a policy looks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    /// Headers that tell browsers to be careful.
    SecurityHeaders(SecurityHeaders),
    /// Attributes of cookies.
    Cookies(Cookies),
    /// How long the certificate is valid.
    Certificate(Certificate),
    /// Whether texts come compressed.
    Compressed(Compressed),
    /// What caches say.
    Cached(Cached),
    /// What no answer should tell.
    Sensitive(Sensitive),
    /// Origins: becomes a [`Rule::Crossing`] for each request.
    Cors(Cors),
    /// What one request from another origin may get.
    Crossing(Crossing),
    /// `HEAD` agrees with the `GET` before it.
    Uptime,
    /// A 429 comes in time.
    RateLimited(RateLimited),
}

/// What is known of one answer.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// It came over TLS.
    pub https: bool,
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: &'a Head,
    /// The decoded body; empty where no policy needs it.
    pub body: &'a [u8],
    /// Bytes of the body on the wire.
    pub size: u64,
    /// `accept-encoding` of the request.
    pub offered: Option<&'a [u8]>,
    /// The server's certificate, DER.
    pub certificate: Option<&'a [u8]>,
    /// The clock on the wall.
    pub now: SystemTime,
    /// How many answers to the same request of a sequence came before.
    pub round: u64,
    /// The answer that this one is compared with.
    pub earlier: Option<&'a Earlier>,
}

/// What a policy says of one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// There is nothing that it could judge.
    Idle,
    /// It holds.
    Holds,
    /// The next answer may say.
    Later,
    /// A finding that is counted and shown.
    Warns(String),
    /// A finding that fails the step.
    Fails(String),
}

impl Policy {
    /// Looks at one answer.
    pub fn look(&self, seen: &Seen<'_>) -> Look {
        let look = match &self.rule {
            Rule::SecurityHeaders(rule) => rule.look(seen),
            Rule::Cookies(rule) => rule.look(seen),
            Rule::Certificate(rule) => rule.look(seen),
            Rule::Compressed(rule) => rule.look(seen),
            Rule::Cached(rule) => rule.look(seen),
            Rule::Sensitive(rule) => rule.look(seen),
            Rule::Crossing(rule) => rule.look(seen),
            Rule::RateLimited(rule) => rule.look(seen),
            Rule::Uptime => service::agrees(seen),
            Rule::Cors(_) => Look::Idle,
        };
        match (look, self.level) {
            (Look::Fails(finding), Level::Warn) => Look::Warns(finding),
            (look, _) => look,
        }
    }

    /// Whether it sends requests of its own in place of looking at those of its step.
    pub fn probes(&self) -> bool {
        matches!(
            self.rule,
            Rule::Cors(_) | Rule::Uptime | Rule::RateLimited(_)
        )
    }

    /// Does beforehand what the first look would have to wait for.
    pub fn prepare(&self) {
        if self.needs_body() {
            sensitive::compile();
        }
    }

    /// Whether it looks at bodies.
    pub fn needs_body(&self) -> bool {
        matches!(self.rule, Rule::Sensitive(_))
    }

    /// What no output may show of an answer that it found something in.
    pub fn secrets<'a>(&self, headers: &'a Head, body: &'a [u8]) -> Vec<String> {
        match &self.rule {
            Rule::Sensitive(_) => sensitive::secrets(headers, body),
            _ => Vec::new(),
        }
    }
}

impl Look {
    /// A verdict out of findings: none is good.
    fn of(findings: &[String]) -> Self {
        if findings.is_empty() {
            Self::Holds
        } else {
            Self::Fails(findings.join("; "))
        }
    }
}

impl Seen<'_> {
    /// The value of a header as text, trimmed; the empty text where there is none.
    fn text(&self, name: &str) -> String {
        let value = self.headers.get(name).unwrap_or_default();
        String::from_utf8_lossy(value).trim().to_owned()
    }

    /// The media type, in lower case and without parameters.
    fn media_type(&self) -> String {
        let value = self.text("content-type");
        let kind = value.split(';').next().unwrap_or_default();
        kind.trim().to_ascii_lowercase()
    }

    /// A page that browsers show.
    fn is_page(&self) -> bool {
        let kind = self.media_type();
        kind == "text/html" || kind == "application/xhtml+xml"
    }
}

/// A time in days, for sentences: `180 days`.
fn days(time: Duration) -> String {
    let days = time.as_secs() / 86_400;
    match days {
        0 => format!("{} hours", time.as_secs() / 3600),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

/// Part of a server's text, short enough for a sentence.
fn short(text: &str) -> String {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
