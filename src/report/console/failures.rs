//! What failed, and what passed only later. In: a view; out: lines with one exchange of each. Invariant: that of the
//! module above.

use super::paint::{BAD, DIM, UNSURE};
use super::{Page, conversation};
use crate::report::text::{self, clip, counted, line};
use crate::report::{ExhibitRow, FailureRow, StepRow, View};
use crate::units::format_count;
use std::io;

/// Failures shown of a load; the others are in the files.
pub(super) const FAILURES: usize = 5;
/// Failures shown of a smoke test, which is read to be mended.
const SMOKE: usize = 20;
/// Characters shown of the body of an answer.
pub(super) const BODY: usize = 300;
/// Characters of a body that begins like a page or a document, which are shown where there are no more.
const PAGE: usize = 600;

impl Page<'_> {
    pub(super) fn failures(&mut self, view: &View) -> io::Result<()> {
        if view.failures.is_empty() {
            return Ok(());
        }
        self.title("Failures")?;
        let most = if view.run.under_load { FAILURES } else { SMOKE };
        let mut left = most;
        let mut shown = 0;
        // What one answer failed stands together, and is cut together.
        for failure in view.failures.iter().filter(|f| !f.shares()) {
            if left == 0 {
                break;
            }
            let others: Vec<_> = failure.others(&view.failures).take(left - 1).collect();
            left -= 1 + others.len();
            shown += 1 + others.len();
            self.failure(view, failure, &others)?;
        }
        let rest = view.failures.len().saturating_sub(shown) as u64;
        if rest > 0 {
            let rest = counted(rest, "more kind");
            self.line(&format!("       and {rest}, in the report"))?;
        }
        Ok(())
    }

    /// What failed, what was expected, what came, and where it is written.
    fn failed_check(&mut self, failure: &FailureRow) -> io::Result<()> {
        let what = match failure.kind {
            "check" if failure.policy => format!("policy {}", failure.what),
            "check" => format!("check {}", failure.what),
            _ => failure.what.clone(),
        };
        let name = line(&format!("{}: {what}", failure.step));
        let name = self.paint.on(BAD, &clip(&name, self.width - 2));
        self.line(&format!("  {name}"))?;
        if let Some(exhibit) = failure.exhibits.first() {
            self.mismatch(exhibit)?;
        }
        self.field("at", &failure.place())
    }

    fn failure(
        &mut self,
        view: &View,
        failure: &FailureRow,
        others: &[&FailureRow],
    ) -> io::Result<()> {
        self.failed_check(failure)?;
        for other in others {
            self.failed_check(other)?;
        }
        let exhibit = failure.exhibits.first();
        if let Some(exhibit) = exhibit {
            self.exchange(exhibit)?;
        }
        if view.run.under_load || failure.of > 1 {
            self.field("n", &often(view, failure))?;
        }
        let Some(exhibit) = exhibit.filter(|e| !e.curl.is_empty()) else {
            return Ok(());
        };
        self.curl(exhibit)
    }

    fn exchange(&mut self, exhibit: &ExhibitRow) -> io::Result<()> {
        let took = text::figure(exhibit.took);
        match exhibit.status {
            Some(status) => self.field("answer", &format!("status {status} after {took} ms"))?,
            None => self.field("answer", &format!("none after {took} ms"))?,
        }
        if let Some(trace) = &exhibit.trace {
            self.field("trace", &trace.text())?;
        }
        conversation::said(self, exhibit, conversation::LAST)?;
        self.body(exhibit)
    }

    /// The beginning of what came; of a page, what it says.
    fn body(&mut self, exhibit: &ExhibitRow) -> io::Result<()> {
        if let Some((title, text)) = &exhibit.page {
            if !title.is_empty() {
                self.field("title", title)?;
            }
            return match text.as_str() {
                "" => self.field("body", "a page without any text"),
                text => self.field("body", &clip(text, BODY)),
            };
        }
        let words: Vec<&str> = exhibit.response_body.split_whitespace().collect();
        let body = line(&words.join(" "));
        let marked = body.starts_with('<');
        let short = !exhibit.response_cut && body.chars().nth(PAGE).is_none();
        let start: String = body.chars().take(14).collect();
        let start = start.to_ascii_lowercase();
        let is_page = start.starts_with("<!doctype html") || start.starts_with("<html");
        // A page begins with what nobody looks for; the report has it.
        if body.is_empty() || (is_page && !short) {
            return Ok(());
        }
        let more = if exhibit.response_cut { "…" } else { "" };
        let most = if marked && short { PAGE } else { BODY };
        self.field("body", &format!("{}{more}", clip(&body, most)))
    }

    pub(super) fn mismatch(&mut self, exhibit: &ExhibitRow) -> io::Result<()> {
        for (name, value) in [("expected", &exhibit.expected), ("actual", &exhibit.actual)] {
            if let Some(value) = value {
                self.field(name, &clip(value, 300))?;
            }
        }
        Ok(())
    }

    /// A command is copied: it stays on one line, however long.
    pub(super) fn curl(&mut self, exhibit: &ExhibitRow) -> io::Result<()> {
        let name = self.paint.on(DIM, &format!("{:<10}", "curl"));
        self.line(&format!("       {name}{}", line(&exhibit.curl)))
    }

    /// Attempts that failed before one passed.
    pub(super) fn flaky(&mut self, view: &View) -> io::Result<()> {
        let flaky: Vec<&StepRow> = view.steps.iter().filter(|s| s.flaky > 0).collect();
        if flaky.is_empty() {
            return Ok(());
        }
        self.title("Flaky: passed, but not at the first attempt")?;
        for step in flaky.iter().take(FAILURES) {
            let name = format!("{}: {} flaky", step.label, format_count(step.flaky));
            let name = self.paint.on(UNSURE, &line(&name));
            self.line(&format!("  {name}"))?;
            for attempt in step.exchanges.iter().filter(|e| e.retried) {
                self.field("attempt", attempt.what.as_deref().unwrap_or_default())?;
                self.mismatch(attempt)?;
                self.exchange(attempt)?;
                self.curl(attempt)?;
            }
        }
        let rest = flaky.len().saturating_sub(FAILURES);
        if rest > 0 {
            self.line(&format!("       and {rest} more steps, in the report"))?;
        }
        Ok(())
    }
}

/// How often, when, and who judges it.
fn often(view: &View, failure: &FailureRow) -> String {
    let mut often = failure.often();
    let mut ours = view.checks.iter().filter(|c| c.step == failure.step);
    if ours.clone().count() > 0 && ours.all(|c| c.budgeted) {
        often.push_str("; judged by budgets");
    }
    often
}
