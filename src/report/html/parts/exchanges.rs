//! Exchanges on a page. In: rows; out: their texts, as many as there is room for. Invariant: all of a page together are
//! no longer than [`EXCHANGES`].

use crate::report::text::clip;
use crate::report::{ExhibitRow, FailureRow, StepRow, View};

/// Kinds of failure shown.
const FAILURES: usize = 40;
/// Characters of all exchanges together.
pub(in crate::report::html) const EXCHANGES: usize = 70_000;
/// Characters of one line of an exchange.
const LINE: usize = 300;

/// A kind of failure, with as many exchanges as there is room for.
pub(in crate::report::html) struct Failure<'a> {
    pub(in crate::report::html) row: &'a FailureRow,
    pub(in crate::report::html) exhibits: Vec<Exchange<'a>>,
}

/// A step, with exchanges that are no failures of it.
pub(in crate::report::html) struct Kept<'a> {
    pub(in crate::report::html) row: &'a StepRow,
    pub(in crate::report::html) exchanges: Vec<Exchange<'a>>,
}

pub(in crate::report::html) struct Exchange<'a> {
    pub(in crate::report::html) row: &'a ExhibitRow,
    pub(in crate::report::html) request: String,
    pub(in crate::report::html) response: String,
}

pub(in crate::report::html) fn failures<'a>(view: &'a View, room: &mut usize) -> Vec<Failure<'a>> {
    let mut out = Vec::new();
    for row in view.failures.iter().take(FAILURES) {
        let exhibits = exchanges(&row.exhibits, room);
        out.push(Failure { row, exhibits });
    }
    out
}

pub(in crate::report::html) fn kept<'a>(view: &'a View, room: &mut usize) -> Vec<Kept<'a>> {
    let steps = view.steps.iter().filter(|s| !s.exchanges.is_empty());
    let steps = steps.map(|row| Kept {
        row,
        exchanges: exchanges(&row.exchanges, room),
    });
    steps.filter(|step| !step.exchanges.is_empty()).collect()
}

/// As many as there is room for.
fn exchanges<'a>(rows: &'a [ExhibitRow], room: &mut usize) -> Vec<Exchange<'a>> {
    let mut out = Vec::new();
    for row in rows {
        let exchange = exchange(row);
        let findings = row.findings.iter();
        let findings = findings.map(|f| f.check.len() + f.expected.len() + f.actual.len() + 60);
        let size = exchange.request.len() + exchange.response.len() + row.curl.len();
        let size = size + findings.sum::<usize>();
        if size > *room {
            break;
        }
        *room -= size;
        out.push(exchange);
    }
    out
}

fn exchange(row: &ExhibitRow) -> Exchange<'_> {
    let status = row
        .status
        .map_or_else(|| "no answer".into(), |s| format!("status {s}"));
    Exchange {
        row,
        request: message(
            &row.request_line,
            &row.request_headers,
            &row.request_body,
            false,
        ),
        response: with_said(
            message(
                &status,
                &row.response_headers,
                &row.response_body,
                row.response_cut,
            ),
            row,
        ),
    }
}

/// The answer with what was said behind it.
fn with_said(mut answer: String, row: &ExhibitRow) -> String {
    for (index, said) in row.said.iter().enumerate() {
        answer.push_str(if index == 0 { "\n\n" } else { "\n" });
        answer.push_str(&clip(&said.line(), LINE));
    }
    answer
}

fn message(first: &str, headers: &[String], body: &str, cut: bool) -> String {
    let mut text = clip(first, LINE);
    for header in headers {
        text.push('\n');
        text.push_str(&clip(header, LINE));
    }
    if !body.is_empty() {
        text.push_str("\n\n");
        text.push_str(body);
        if cut {
            text.push('…');
        }
    }
    text
}
