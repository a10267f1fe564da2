//! The two tables of the summary. In: rows of a view and a width; out: aligned lines. Invariant: columns are dropped
//! before lines wrap, and the least important go first.

use super::paint::{BAD, DIM, GOOD, Paint, UNSURE};
use super::{Page, clip, line};
use crate::budget::{Judgement, Outcome};
use crate::report::text::put;
use crate::report::{GroupRow, MessagesRow, Point, StepRow, View};
use crate::units::format_count;
use std::io;

/// Steps shown of a load; of more, the slowest. A smoke test is read like its flows: all of it, in order.
const STEPS: usize = 30;

/// A column of the step table.
struct Column {
    head: &'static str,
    cell: fn(&StepRow) -> String,
    /// Shown from this width on.
    from: usize,
}

const COLUMNS: [Column; 10] = [
    column("n", |s| format_count(s.n()), 0),
    column("errors", |s| format_count(s.errors()), 0),
    column("p50", |s| s.response.p50.text(), 70),
    column("p90", |s| s.response.p90.text(), 110),
    column("p95", |s| s.response.p95.text(), 0),
    column("p99", |s| s.response.p99.text(), 0),
    column("p99.9", |s| s.response.p999.text(), 110),
    column("max", |s| s.response.max.text(), 0),
    column("service p50", |s| s.service.p50.text(), 130),
    column("service p99", |s| s.service.p99.text(), 100),
];

const fn column(head: &'static str, cell: fn(&StepRow) -> String, from: usize) -> Column {
    Column { head, cell, from }
}

pub(super) fn steps(page: &mut Page<'_>, view: &View) -> io::Result<()> {
    let columns: Vec<&Column> = COLUMNS.iter().filter(|c| c.from <= page.width).collect();
    let mut shown: Vec<&StepRow> = view.steps.iter().collect();
    if view.run.under_load && shown.len() > STEPS {
        let slow = |p: Point| p.ms.unwrap_or(-1.0);
        shown.sort_by(|a, b| slow(b.response.p95).total_cmp(&slow(a.response.p95)));
        shown.truncate(STEPS);
    }
    let groups: Vec<StepRow> = view.groups.iter().map(GroupRow::row).collect();
    let rows: Vec<&StepRow> = shown
        .into_iter()
        .chain(&groups)
        .chain((view.steps.len() != 1).then_some(&view.totals.all))
        .collect();
    let widths: Vec<usize> = columns
        .iter()
        .map(|c| {
            let cells = rows.iter().map(|r| (c.cell)(r).chars().count());
            cells.chain([c.head.len()]).max().unwrap_or(0) + 2
        })
        .collect();
    let name = page.width.saturating_sub(widths.iter().sum()).clamp(18, 48);
    let heads = columns.iter().zip(&widths);
    let mut head = String::new();
    heads.for_each(|(c, w)| put(&mut head, format_args!("{:>w$}", c.head)));
    page.title("Steps")?;
    let head = page
        .paint
        .on(DIM, &format!("{:<name$}{head}", "response time, ms"));
    page.line(&head)?;
    for row in &rows {
        let label = clip(&line(&row.label), name);
        let mut line = format!("{label:<name$}");
        for (column, width) in columns.iter().zip(&widths) {
            let cell = format!("{:>width$}", (column.cell)(row));
            let bad = column.head == "errors" && row.errors() > 0;
            line.push_str(&if bad { page.paint.on(BAD, &cell) } else { cell });
        }
        page.line(&line)?;
        if !row.name.is_empty() && !row.asides().is_empty() {
            let asides = row.asides().into_iter();
            let texts: Vec<String> = asides
                .map(|(count, what)| format!("{} {what}", format_count(count)))
                .collect();
            let asides = page.paint.on(DIM, &format!("  {}", texts.join(", ")));
            page.line(&asides)?;
        }
    }
    if view.run.under_load && view.steps.len() > STEPS {
        let rest = view.steps.len() - STEPS;
        page.line(&format!("the {STEPS} slowest; {rest} more in summary.csv"))?;
    }
    Ok(())
}

/// A column of the table of messages.
type Cell = (&'static str, fn(&MessagesRow) -> String);

const MESSAGES: [Cell; 8] = [
    ("received", |m| format_count(m.received)),
    ("sent", |m| format_count(m.sent)),
    ("missing", |m| format_count(m.missing)),
    ("p50", |m| m.latency.p50.text()),
    ("p95", |m| m.latency.p95.text()),
    ("p99", |m| m.latency.p99.text()),
    ("first p95", |m| m.first.p95.text()),
    ("gap p95", |m| m.gap.p95.text()),
];

/// Messages of the steps that have any; nothing without.
pub(super) fn messages(page: &mut Page<'_>, view: &View) -> io::Result<()> {
    let all = view.steps.iter();
    let rows: Vec<_> = all
        .filter_map(|s| Some((&s.label, s.messages.as_ref()?)))
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let width = |(head, cell): &Cell| {
        let cells = rows.iter().map(|(_, m)| cell(m).chars().count());
        cells.chain([head.len()]).max().unwrap_or(0) + 2
    };
    let widths = MESSAGES.each_ref().map(width);
    let name = page.width.saturating_sub(widths.iter().sum()).clamp(18, 48);
    let mut head = format!("{:<name$}", "latency, ms");
    let heads = MESSAGES.iter().zip(widths);
    heads.for_each(|((head_of, _), w)| put(&mut head, format_args!("{head_of:>w$}")));
    page.title("Messages")?;
    page.line(&page.paint.on(DIM, &head))?;
    for (label, row) in rows {
        let mut line = format!("{:<name$}", clip(&line(label), name));
        for ((head, cell), width) in MESSAGES.iter().zip(widths) {
            let cell = format!("{:>width$}", cell(row));
            let bad = *head == "missing" && row.missing > 0;
            line.push_str(&if bad { page.paint.on(BAD, &cell) } else { cell });
        }
        page.line(&line)?;
        if let Some(clocks) = row.clocks() {
            page.line(&page.paint.on(UNSURE, &format!("  {clocks}")))?;
        }
    }
    Ok(())
}

/// The word of a budget, padded and painted.
fn mark(paint: Paint, budget: &Judgement, width: usize) -> String {
    let style = match budget.outcome {
        _ if budget.warns() => UNSURE,
        Outcome::Pass => GOOD,
        Outcome::Fail | Outcome::Marginal { passed: false } => BAD,
        Outcome::Marginal { passed: true } | Outcome::Undecided => UNSURE,
        Outcome::NotRun => DIM,
    };
    paint.on(style, &format!("{:<width$}", budget.word()))
}

pub(super) fn budgets(page: &mut Page<'_>, view: &View) -> io::Result<()> {
    let widest = |text: fn(&Judgement) -> String| {
        let lengths = view.budgets.iter().map(|b| text(b).chars().count());
        lengths.max().unwrap_or(0)
    };
    let actual = |b: &Judgement| match b.outcome {
        Outcome::NotRun => String::new(),
        _ => b.actual.clone().unwrap_or_else(|| "no data".into()),
    };
    let word = widest(Judgement::word).max(4) + 2;
    let value = widest(actual).min(30) + 2;
    let text = widest(|b| line(&b.text)).min(page.width.saturating_sub(word + value));
    let left = widest(Judgement::headroom_text) + 2;
    let n = widest(|b| format_count(b.n)) + 4;
    // The sentence and its value always stand; what is left of the line decides on the rest.
    let room = page.width.saturating_sub(word + text + value);
    for budget in view.ranked() {
        let mut line = format!(
            "{}{:<text$}{:>value$}",
            mark(page.paint, budget, word),
            clip(&line(&budget.text), text),
            clip(&actual(budget), value - 2),
        );
        if room >= left {
            put(&mut line, format_args!("{:>left$}", budget.headroom_text()));
        }
        if room >= left + n && budget.outcome != Outcome::NotRun {
            let count = format!("n {}", format_count(budget.n));
            put(&mut line, format_args!("{count:>n$}"));
        }
        page.line(&line)?;
        page.budget_notes(view, budget)?;
    }
    Ok(())
}

/// The guards, one line each.
pub(super) fn guards(page: &mut Page<'_>, view: &View) -> io::Result<()> {
    if view.guards.is_empty() {
        return Ok(());
    }
    page.title("Guards")?;
    for guard in &view.guards {
        let style = if guard.tripped.is_some() { BAD } else { GOOD };
        let word = page.paint.on(style, &format!("{:<9}", guard.word()));
        page.line(&format!("{word}{}", line(&guard.text)))?;
        page.field("finding", &guard.finding)?;
        page.field("at", &view.budget_place(guard.line))?;
    }
    Ok(())
}
