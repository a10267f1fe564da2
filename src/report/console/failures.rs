//! What failed, and what passed only later. In: a view; out: lines with one exchange of each. Invariant: that of the
//! module above.

use super::paint::{BAD, DIM, UNSURE};
use super::{Page, conversation};
use crate::report::text::{self, clip, counted, line};
use crate::report::view::seconds;
use crate::report::{ExhibitRow, FailureRow, StepRow, View};
use crate::units::format_count;
use std::io;

/// Failures shown; the others are in the files.
pub(super) const FAILURES: usize = 5;
/// Characters shown of the body of an answer.
pub(super) const BODY: usize = 300;

impl Page<'_> {
    pub(super) fn failures(&mut self, view: &View) -> io::Result<()> {
        if view.failures.is_empty() {
            return Ok(());
        }
        self.title("Failures")?;
        for failure in view.failures.iter().take(FAILURES) {
            self.failure(view, failure)?;
        }
        let rest = view.failures.len().saturating_sub(FAILURES);
        if rest > 0 {
            self.line(&format!("       and {rest} more kinds, in the report"))?;
        }
        Ok(())
    }

    fn failure(&mut self, view: &View, failure: &FailureRow) -> io::Result<()> {
        let what = match failure.kind {
            "check" if failure.policy => format!("policy {}", failure.what),
            "check" => format!("check {}", failure.what),
            _ => failure.what.clone(),
        };
        let name = line(&format!("{}: {what}", failure.step));
        let name = self.paint.on(BAD, &clip(&name, self.width - 2));
        self.line(&format!("  {name}"))?;
        let exhibit = failure.exhibits.first();
        if let Some(exhibit) = exhibit {
            self.exchange(exhibit)?;
        }
        let mut often = format!(
            "{} of {}, {}",
            format_count(failure.count),
            counted(failure.of, "request"),
            when(failure)
        );
        let mut ours = view.checks.iter().filter(|c| c.step == failure.step);
        if ours.clone().count() > 0 && ours.all(|c| c.budgeted) {
            often.push_str("; judged by budgets");
        }
        self.field("n", &often)?;
        self.field("at", &failure.place())?;
        let Some(exhibit) = exhibit.filter(|e| !e.curl.is_empty()) else {
            return Ok(());
        };
        self.curl(exhibit)
    }

    fn exchange(&mut self, exhibit: &ExhibitRow) -> io::Result<()> {
        self.mismatch(exhibit)?;
        let took = text::figure(exhibit.took);
        match exhibit.status {
            Some(status) => self.field("answer", &format!("status {status} after {took} ms"))?,
            None => self.field("answer", &format!("none after {took} ms"))?,
        }
        if let Some(trace) = &exhibit.trace {
            self.field("trace", &trace.text())?;
        }
        let words: Vec<&str> = exhibit.response_body.split_whitespace().collect();
        let body = words.join(" ");
        conversation::said(self, exhibit, conversation::LAST)?;
        // A page begins with what nobody looks for; the report has it.
        if body.is_empty() || body.starts_with('<') {
            return Ok(());
        }
        let more = if exhibit.response_cut { "…" } else { "" };
        self.field("body", &format!("{}{more}", clip(&line(&body), BODY)))
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

fn when(failure: &FailureRow) -> String {
    if failure.last > failure.first {
        format!(
            "from {} to {}",
            seconds(failure.first),
            seconds(failure.last)
        )
    } else {
        format!("at {}", seconds(failure.first))
    }
}
