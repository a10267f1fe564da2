//! What failed, with a few exchanges to look at. In: counts and exhibits of a record; out: rows of cleaned text and
//! a curl line for each exchange. Invariant: every text here may have come from a server, and has been cleaned.

use super::curl::curl;
use super::trace::TraceRow;
use crate::record::{Exhibit, FailureCount, Message, RunRecord, Said, What};
use crate::report::seconds;
use crate::report::text::{self, counted};
use crate::report::view::times::ms;
use crate::units::format_count;

/// Characters kept of a header: nobody reads more of one.
const HEADER: usize = 1_000;

/// One kind of failure of one step.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FailureRow {
    /// `flow/step`.
    pub step: String,
    /// The file that the step stands in.
    pub file: String,
    /// 1-based line in it, of the check that failed or else of the step.
    pub line: usize,
    /// `check`, or a short name of the kind: `timeout`, `connect`, …
    pub kind: &'static str,
    /// The check is a policy.
    pub policy: bool,
    /// The check's text, or what happened instead of an answer.
    pub what: String,
    /// How often, warm-up included.
    pub count: u64,
    /// Requests of the step that ended, warm-up included.
    pub of: u64,
    /// The first time, in seconds since the run began.
    pub first: f64,
    /// The last time.
    pub last: f64,
    /// The first few exchanges.
    pub exhibits: Vec<ExhibitRow>,
}

impl FailureRow {
    /// It is another check of an answer that is shown with an earlier one.
    pub fn shares(&self) -> bool {
        let first = self.exhibits.first();
        first.is_some_and(|exhibit| exhibit.same_as.is_some())
    }

    /// The other checks that the answer shown here failed.
    pub fn others<'a>(&'a self, all: &'a [Self]) -> impl Iterator<Item = &'a Self> {
        let own = self.exhibits.first().and_then(|own| own.what.as_ref());
        let same = move |other: &&Self| {
            let first = other.exhibits.first();
            own.is_some() && first.is_some_and(|e| e.same_as.as_ref() == own)
        };
        let step = all.iter().filter(|other| other.step == self.step);
        step.filter(same)
    }

    /// How often, and when: `3 of 40 requests, from 1 s to 4 s`.
    pub fn often(&self) -> String {
        let first = seconds(self.first);
        let when = if self.last > self.first {
            format!("from {first} to {}", seconds(self.last))
        } else {
            format!("at {first}")
        };
        let (count, of) = (format_count(self.count), counted(self.of, "request"));
        format!("{count} of {of}, {when}")
    }

    /// Where it stands: `scenarios/shop.yaml:36`.
    pub fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }
}

/// What one check wanted and found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FindingRow {
    /// The check's text.
    pub check: String,
    /// It held.
    pub held: bool,
    /// What it wanted, in words; nothing for a capture.
    pub expected: String,
    /// What was there, in words.
    pub actual: String,
}

/// A message of a conversation, masked and cleaned.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SaidRow {
    /// By us.
    pub sent: bool,
    /// How long after the request, in milliseconds.
    pub after: f64,
    /// What it said, on one line.
    pub text: String,
    /// It was longer.
    pub cut: bool,
}

impl SaidRow {
    /// Both directions, one line each.
    pub fn line(&self) -> String {
        let arrow = if self.sent { "→" } else { "←" };
        let more = if self.cut { "…" } else { "" };
        format!(
            "{arrow} {} ms  {}{more}",
            text::figure(self.after),
            self.text
        )
    }
}

/// One exchange, masked and cleaned.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExhibitRow {
    /// It failed and was sent again.
    pub retried: bool,
    /// What failed, if anything did: the check's text, or what happened instead of an answer.
    pub what: Option<String>,
    /// The checks and captures that were looked at, in their order; of a load, up to the one that failed.
    pub findings: Vec<FindingRow>,
    /// It is the answer of another failure of the step, whose text this is: what came is shown there.
    pub same_as: Option<String>,
    /// What a page says, where it is too long to be read as it is: its title and its text.
    pub page: Option<(String, String)>,
    /// When it was sent, in seconds since the run began.
    pub at: f64,
    /// How long it took from being sent, in milliseconds.
    pub took: f64,
    /// Where the time went, in milliseconds, by the names that budgets use.
    pub phases: Vec<(&'static str, f64)>,
    /// What was expected.
    pub expected: Option<String>,
    /// What came.
    pub actual: Option<String>,
    /// Method and URL.
    pub request_line: String,
    /// Headers of the request, one `name: value` each.
    pub request_headers: Vec<String>,
    /// Beginning of its body; its lines are kept.
    pub request_body: String,
    /// The status, where an answer came.
    pub status: Option<u16>,
    /// Headers of the answer.
    pub response_headers: Vec<String>,
    /// Beginning of its body; its lines are kept.
    pub response_body: String,
    /// The answer's body was longer.
    pub response_cut: bool,
    /// The last messages of a conversation behind it.
    pub said: Vec<SaidRow>,
    /// The trace that its request belongs to.
    pub trace: Option<TraceRow>,
    /// A command that sends the request again, secrets masked; empty where there was none to send.
    pub curl: String,
}

pub(in crate::report::view) fn rows(record: &RunRecord) -> Vec<FailureRow> {
    record.failures.iter().map(|f| row(record, f)).collect()
}

fn row(record: &RunRecord, failure: &FailureCount) -> FailureRow {
    let step = record.steps.get(failure.step);
    let mut exhibits: Vec<ExhibitRow> = record
        .exhibits
        .iter()
        .filter(|e| !e.retried && e.step == failure.step)
        .filter_map(|e| match failure.what {
            what if e.what == Some(what) => Some(exhibit(record, e)),
            What::Check(index) if e.also.contains(&index) => {
                Some(shared(exhibit(record, e), (e, index), &failure.label))
            }
            _ => None,
        })
        .collect();
    exhibits.sort_by(|a, b| a.at.total_cmp(&b.at));
    FailureRow {
        step: step.map_or_else(String::new, |s| text::line(&s.label)),
        file: step.map_or_else(String::new, |s| {
            text::line(s.file.as_deref().unwrap_or(&record.file))
        }),
        line: step.map_or(0, |s| match failure.what {
            What::Check(at) => s.check_line(at),
            What::Failure(_) => s.line,
        }),
        kind: kind(failure.what),
        policy: step
            .is_some_and(|s| matches!(failure.what, What::Check(at) if at >= s.checks.len())),
        what: text::line(&failure.label),
        count: failure.count,
        of: step.map_or(0, |s| s.measured.ended() + s.unmeasured.ended()),
        first: failure.first as f64 / 1e9,
        last: failure.last as f64 / 1e9,
        exhibits,
    }
}

/// The same exchange as evidence of another check that failed.
fn shared(row: ExhibitRow, (of, index): (&Exhibit, usize), what: &str) -> ExhibitRow {
    let finding = of.findings.get(index);
    ExhibitRow {
        same_as: row.what,
        what: Some(text::line(what)),
        expected: finding.map(|f| text::line(&f.expected)),
        actual: finding.map(|f| text::line(&f.actual)),
        findings: Vec::new(),
        page: None,
        request_body: String::new(),
        response_body: String::new(),
        said: Vec::new(),
        curl: String::new(),
        ..row
    }
}

fn kind(what: What) -> &'static str {
    use crate::record::Failure as F;
    match what {
        What::Check(_) => "check",
        What::Failure(F::Dns) => "dns",
        What::Failure(F::Connect) => "connect",
        What::Failure(F::Exhausted) => "exhausted",
        What::Failure(F::Tls) => "tls",
        What::Failure(F::Write) => "write",
        What::Failure(F::Read) => "read",
        What::Failure(F::Timeout) => "timeout",
        What::Failure(F::Protocol) => "protocol",
        What::Failure(F::BodyLimit) => "body limit",
        What::Failure(F::Redirect) => "redirect",
        What::Failure(F::Closed) => "closed",
        What::Failure(F::Auth) => "auth",
        What::Failure(F::Unsendable) => "unsendable",
    }
}

fn exhibit(record: &RunRecord, exhibit: &Exhibit) -> ExhibitRow {
    let response = exhibit.response.as_ref();
    let step = record.steps.get(exhibit.step);
    let checks = step.map_or_else(Vec::new, |step| {
        let policies = step.policies.iter().map(|policy| &policy.name);
        step.checks
            .iter()
            .chain(policies)
            .map(String::as_str)
            .collect()
    });
    ExhibitRow {
        retried: exhibit.retried,
        what: exhibit.what.map(|what| match what {
            What::Check(index) => step
                .and_then(|step| step.check_text(index))
                .map_or_else(String::new, |text| text::line(&text)),
            What::Failure(failure) => failure.name().to_owned(),
        }),
        findings: findings(&checks, exhibit),
        same_as: None,
        page: exhibit
            .page
            .as_ref()
            .map(|page| (text::line(&page.title), text::line(&page.text))),
        at: exhibit.at as f64 / 1e9,
        took: ms(exhibit.took),
        phases: exhibit
            .phases
            .iter()
            .map(|(metric, time)| (metric.name(), ms(*time)))
            .collect(),
        expected: exhibit.expected.as_deref().map(text::line),
        actual: exhibit.actual.as_deref().map(text::line),
        request_line: text::line(&exhibit.request_line),
        request_headers: headers(&exhibit.request),
        request_body: text::clean(&exhibit.request.body),
        status: exhibit.status,
        response_headers: response.map_or_else(Vec::new, headers),
        response_body: response.map_or_else(String::new, |r| text::clean(&r.body)),
        response_cut: response.is_some_and(|r| r.cut),
        said: exhibit.said.iter().map(said).collect(),
        trace: exhibit.trace().map(|trace| TraceRow::of(record, trace)),
        curl: text::clean(&curl(record, exhibit)),
    }
}

fn said(said: &Said) -> SaidRow {
    SaidRow {
        sent: said.sent,
        after: ms(said.after),
        text: text::line(&said.text),
        cut: said.cut,
    }
}

/// What each check found, beside its text.
fn findings(checks: &[&str], exhibit: &Exhibit) -> Vec<FindingRow> {
    let failed = |index| exhibit.what == Some(What::Check(index)) || exhibit.also.contains(&index);
    let all = checks.iter().zip(&exhibit.findings).enumerate();
    all.map(|(index, (check, finding))| FindingRow {
        check: text::line(check),
        held: !failed(index),
        expected: text::line(&finding.expected),
        actual: text::line(&finding.actual),
    })
    .collect()
}

/// The exchanges of a step that are no failures of it: those that passed, and attempts that were sent again.
pub(in crate::report::view) fn exchanges(record: &RunRecord, step: usize) -> Vec<ExhibitRow> {
    let exhibits = record.exhibits.iter();
    let mut rows: Vec<ExhibitRow> = exhibits
        .filter(|e| e.step == step && (e.retried || e.what.is_none()))
        .map(|e| exhibit(record, e))
        .collect();
    rows.sort_by(|a, b| a.at.total_cmp(&b.at));
    rows
}

fn headers(message: &Message) -> Vec<String> {
    message
        .headers
        .iter()
        .map(|(name, value)| text::line(&text::clip(&format!("{name}: {value}"), HEADER)))
        .collect()
}
