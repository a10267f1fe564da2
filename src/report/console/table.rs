//! The two tables of the summary. In: rows of a view and a width; out: aligned lines. Invariant: columns are dropped
//! before lines wrap, and the least important go first.

use super::paint::{BAD, DIM, GOOD, Paint, UNSURE};
use super::{Page, clip, line};
use crate::budget::{Judgement, Outcome};
use crate::report::text::{counted, put};
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

impl Column {
    fn percentile(&self) -> bool {
        self.head.contains('p')
    }
}

static COLUMNS: [Column; 10] = [
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

/// Fewer requests of a smoke test than this have times, but no percentiles.
const FEW: u64 = 20;

/// Percentiles of so few requests are left out.
pub(super) fn too_few(view: &View, row: &StepRow) -> bool {
    !view.run.under_load && row.n() < FEW
}

const fn column(head: &'static str, cell: fn(&StepRow) -> String, from: usize) -> Column {
    Column { head, cell, from }
}

fn cell(column: &Column, (view, row): (&View, &StepRow)) -> String {
    if column.percentile() && too_few(view, row) {
        return String::new();
    }
    (column.cell)(row)
}

/// The columns that there is room for, and their widths.
fn columns(width: usize, (view, rows): (&View, &[&StepRow])) -> (Vec<&'static Column>, Vec<usize>) {
    let few = rows.iter().all(|row| too_few(view, row));
    let columns = COLUMNS.iter().filter(|c| c.from <= width);
    let columns: Vec<&Column> = columns.filter(|c| !(few && c.percentile())).collect();
    let widest = |column: &&Column| {
        let cells = rows.iter().map(|row| cell(column, (view, row)));
        let cells = cells.map(|cell| cell.chars().count());
        cells.chain([column.head.len()]).max().unwrap_or(0) + 2
    };
    let widths = columns.iter().map(widest).collect();
    (columns, widths)
}

pub(super) fn steps(page: &mut Page<'_>, view: &View) -> io::Result<()> {
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
    let (columns, widths) = columns(page.width, (view, &rows));
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
            let cell = format!("{:>width$}", cell(column, (view, row)));
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

/// Characters of a value.
const WIDEST: usize = 30;

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

fn actual(budget: &Judgement) -> String {
    match budget.outcome {
        Outcome::NotRun => String::new(),
        _ => budget.actual.clone().unwrap_or_else(|| "no data".into()),
    }
}

/// The same for a column: `3.1 % failed`, `500 req/s of 500`.
fn number(budget: &Judgement) -> String {
    let actual = actual(budget);
    let short = actual.strip_prefix("over every limit: ");
    let short = short.or(actual.strip_suffix(" planned"));
    short.unwrap_or(&actual).to_owned()
}

/// What a smoke test's budgets say, and what they do not.
pub(super) fn smoke_pass(page: &mut Page<'_>, view: &View) -> io::Result<()> {
    let failed = view.budgets.iter().filter(|b| b.by_failures).count() as u64;
    if failed > 0 {
        let what = counted(failed, "budget");
        let verb = if failed == 1 { "is" } else { "are" };
        page.line(&format!("{what} {verb} broken by the failures above alone"))?;
    }
    let unsure = |b: &&Judgement| matches!(b.outcome, Outcome::Marginal { .. });
    if view.budgets.iter().any(|b| unsure(&b)) {
        let n = counted(view.totals.all.n(), "request");
        let text = format!("{n}: a smoke pass, not evidence");
        page.line(&page.paint.on(DIM, &text))?;
    }
    Ok(())
}

pub(super) fn budgets(page: &mut Page<'_>, view: &View) -> io::Result<()> {
    let widest = |text: fn(&Judgement) -> String| {
        let lengths = view.budgets.iter().map(|b| text(b).chars().count());
        lengths.max().unwrap_or(0)
    };
    let word = widest(Judgement::word).max(4) + 2;
    let value = widest(number).min(WIDEST) + 2;
    let text = widest(|b| line(&b.text)).min(page.width.saturating_sub(word + value));
    let left = widest(Judgement::headroom_text) + 2;
    let n = widest(|b| format_count(b.n)) + 4;
    // The sentence and its value always stand; what is left of the line decides on the rest.
    let room = page.width.saturating_sub(word + text + value);
    for budget in view.ranked() {
        let found = actual(budget);
        if !view.run.under_load && found.chars().count() > WIDEST {
            // A sentence, not a number.
            let text = format!("{:<text$}", clip(&line(&budget.text), text));
            let word = mark(page.paint, budget, word);
            page.line(&format!("{word}{text}  {found}"))?;
            continue;
        }
        let mut line = format!(
            "{}{:<text$}{:>value$}",
            mark(page.paint, budget, word),
            clip(&line(&budget.text), text),
            clip(&number(budget), value - 2),
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
        let style = match guard.tripped {
            Some(_) => BAD,
            None if guard.unwatched => DIM,
            None => GOOD,
        };
        let word = page.paint.on(style, &format!("{:<13}", guard.word()));
        page.line(&format!("{word}{}", line(&guard.text)))?;
        if guard.unwatched {
            continue;
        }
        page.field("finding", &guard.finding)?;
        page.field("at", &view.budget_place(guard.line))?;
    }
    Ok(())
}
