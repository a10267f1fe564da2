//! The parts of a load that changes while it is judged. In: rows of a view; out: what stairs say, and aligned lines.
//! Invariant: columns are dropped before lines wrap, and what a part breaks is always said.

use super::paint::{BAD, DIM, GOOD, STRONG, UNSURE};
use super::{Page, broken, clip, line};
use crate::report::text::put;
use crate::report::{PartRow, View};
use std::io;

/// What stands over the names.
const HEAD: &str = "response time, ms";

/// Parts shown.
const MOST: usize = 40;

/// The columns of [`PartRow::cells`] that have a place here, and the width from which they are shown.
const COLUMNS: [(usize, usize); 7] = [(0, 120), (1, 0), (2, 70), (3, 0), (4, 100), (5, 0), (6, 90)];

/// What stairs say, and a line a part; nothing where the load does not change.
pub(super) fn parts(page: &mut Page<'_>, view: &View) -> io::Result<()> {
    if view.parts.is_empty() {
        return Ok(());
    }
    page.title(view.parts_title())?;
    if let Some(statement) = &view.statement {
        for part in broken(statement, page.width) {
            let part = page.paint.on(STRONG, &line(&part));
            page.line(&part)?;
        }
    }
    let shown = &view.parts[..view.parts.len().min(MOST)];
    let columns = COLUMNS.iter().filter(|(_, from)| *from <= page.width);
    let columns: Vec<usize> = columns.map(|(column, _)| *column).collect();
    let cells: Vec<[String; 8]> = shown.iter().map(PartRow::cells).collect();
    let widths: Vec<usize> = columns
        .iter()
        .map(|c| {
            let cells = cells.iter().map(|row| row[*c].chars().count());
            cells.chain([head(*c).chars().count()]).max().unwrap_or(0) + 2
        })
        .collect();
    let words = shown.iter().map(|row| row.outcome.word().len());
    let word = words.max().unwrap_or(0) + 2;
    let room = page
        .width
        .saturating_sub(word + widths.iter().sum::<usize>());
    let longest = shown.iter().map(|row| row.name.chars().count()).max();
    let name = longest.unwrap_or(0).min(room).max(HEAD.len());
    let mut heads = format!("{:word$}{:name$}", "", HEAD);
    let titles = columns.iter().zip(&widths);
    titles.for_each(|(c, w)| put(&mut heads, format_args!("{:>w$}", head(*c))));
    page.line(&page.paint.on(DIM, &heads))?;
    for (row, cells) in shown.iter().zip(&cells) {
        let style = match row.tone() {
            "pass" => GOOD,
            "fail" => BAD,
            "unsure" => UNSURE,
            _ => DIM,
        };
        let mark = page
            .paint
            .on(style, &format!("{:<word$}", row.outcome.word()));
        let mut text = format!("{mark}{:<name$}", clip(&line(&row.name), name));
        let own = columns.iter().zip(&widths);
        own.for_each(|(c, w)| put(&mut text, format_args!("{:>w$}", cells[*c])));
        page.line(&text)?;
        why(page, row)?;
    }
    rest(page, view)
}

fn head(column: usize) -> &'static str {
    crate::report::PART_COLUMNS[column]
}

/// What a part breaks, or why nothing is said of it.
fn why(page: &mut Page<'_>, row: &PartRow) -> io::Result<()> {
    let word = row.outcome.word();
    for broken in row.outcome.broken() {
        page.field("budget", &broken.text())?;
    }
    let text = row.outcome.text();
    match text
        .strip_prefix(word)
        .and_then(|rest| rest.strip_prefix(": "))
    {
        Some(why) if row.outcome.broken().is_empty() => page.field("why", why),
        _ => Ok(()),
    }
}

/// What is not shown, and how parts were judged where that is not plain.
fn rest(page: &mut Page<'_>, view: &View) -> io::Result<()> {
    if view.parts.len() > MOST {
        let rest = view.parts.len() - MOST;
        page.line(&format!("the first {MOST}; {rest} more in parts.csv"))?;
    }
    for note in view.part_notes() {
        for part in broken(note, page.width) {
            let part = page.paint.on(DIM, &line(&part));
            page.line(&part)?;
        }
    }
    Ok(())
}
