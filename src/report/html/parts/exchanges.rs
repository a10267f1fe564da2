//! Exchanges on a page. In: rows; out: their texts, as many as there is room for. Invariant: all of a page together are
//! no longer than [`EXCHANGES`] and, what is long of their bodies, [`BODIES`].

use crate::report::text::clip;
use crate::report::{ExhibitRow, FailureRow, StepRow, View};

/// Characters of a body that count among those of its exchange; what is behind them has a room of its own.
const BODY: usize = 512;
/// What long bodies may take of a page, as they are written in it.
pub(in crate::report::html) const BODIES: usize = 120_000;

/// Room that is left on a page.
pub(in crate::report::html) struct Room {
    exchanges: usize,
    bodies: usize,
}

impl Room {
    /// A whole page's, with so much for long bodies.
    pub(in crate::report::html) fn with(bodies: usize) -> Self {
        Self {
            exchanges: EXCHANGES,
            bodies,
        }
    }
}

/// Kinds of failure shown.
const FAILURES: usize = 40;
/// Characters of all exchanges together.
const EXCHANGES: usize = 70_000;
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

pub(in crate::report::html) fn failures<'a>(view: &'a View, room: &mut Room) -> Vec<Failure<'a>> {
    let mut out = Vec::new();
    for row in view.failures.iter().take(FAILURES) {
        let exhibits = exchanges(&row.exhibits, room);
        out.push(Failure { row, exhibits });
    }
    out
}

pub(in crate::report::html) fn kept<'a>(view: &'a View, room: &mut Room) -> Vec<Kept<'a>> {
    let steps = view.steps.iter().filter(|s| !s.exchanges.is_empty());
    let steps = steps.map(|row| Kept {
        row,
        exchanges: exchanges(&row.exchanges, room),
    });
    steps.filter(|step| !step.exchanges.is_empty()).collect()
}

/// As many as there is room for.
fn exchanges<'a>(rows: &'a [ExhibitRow], room: &mut Room) -> Vec<Exchange<'a>> {
    let mut out = Vec::new();
    for row in rows {
        let (body, long) = body(row, room.bodies);
        let exchange = exchange(row, &body);
        let findings = row.findings.iter();
        let findings = findings.map(|f| f.check.len() + f.expected.len() + f.actual.len() + 60);
        let size = exchange.request.len() + exchange.response.len() + row.curl.len();
        let page = row.page.as_ref();
        let page = page.map_or(0, |(title, text)| title.len() + text.len());
        let long_text: usize = body.chars().skip(BODY).map(char::len_utf8).sum();
        let size = size.saturating_sub(long_text) + page + findings.sum::<usize>();
        if size > room.exchanges {
            break;
        }
        room.exchanges -= size;
        room.bodies -= long;
        out.push(exchange);
    }
    out
}

/// As much of a body as there is room for, and how much of the room that takes. What is left out is said.
fn body(row: &ExhibitRow, room: usize) -> (String, usize) {
    let all = &row.response_body;
    let mut used = 0;
    let more = all.char_indices().skip(BODY);
    let end = more.map(|(at, c)| (at, written(c))).find(|(_, width)| {
        used += width;
        used > room
    });
    match end {
        None => {
            let more = if row.response_cut { "…" } else { "" };
            (format!("{all}{more}"), used)
        }
        Some((at, width)) => (
            format!("{}… (cut here; more is in result.json)", &all[..at]),
            used - width,
        ),
    }
}

/// Bytes of a character in a page.
fn written(c: char) -> usize {
    match c {
        '<' | '>' | '&' | '"' | '\'' => 5,
        c => c.len_utf8(),
    }
}

fn exchange<'a>(row: &'a ExhibitRow, body: &str) -> Exchange<'a> {
    let status = row
        .status
        .map_or_else(|| "no answer".into(), |s| format!("status {s}"));
    Exchange {
        row,
        request: message(&row.request_line, &row.request_headers, &row.request_body),
        response: with_said(message(&status, &row.response_headers, body), row),
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

fn message(first: &str, headers: &[String], body: &str) -> String {
    let mut text = clip(first, LINE);
    for header in headers {
        text.push('\n');
        text.push_str(&clip(header, LINE));
    }
    if !body.is_empty() {
        text.push_str("\n\n");
        text.push_str(body);
    }
    text
}
