//! Policies in the summary. In: rows by step; out: one line for each policy, and below it what was found. Invariant:
//! how many answers were looked at is said of each.

use super::Page;
use super::failures::FAILURES;
use super::paint::{BAD, DIM, GOOD, UNSURE};
use crate::record::PolicyCount;
use crate::report::text::line;
use crate::report::{PolicyRow, View};
use anstyle::Style;
use std::io;

/// The rows of each policy, in the order in which the names first come.
fn by_name(view: &View) -> Vec<(PolicyRow, Vec<&PolicyRow>)> {
    let mut all: Vec<(PolicyRow, Vec<&PolicyRow>)> = Vec::new();
    for row in &view.policies {
        let known = all.iter().position(|(sum, _)| sum.name == row.name);
        let place = known.unwrap_or_else(|| {
            let sum = PolicyRow {
                name: row.name.clone(),
                ..PolicyRow::default()
            };
            all.push((sum, Vec::new()));
            all.len() - 1
        });
        all[place].0.count.add(row.count);
        all[place].1.push(row);
    }
    all
}

fn style(count: &PolicyCount) -> Style {
    match count {
        count if count.failed > 0 => BAD,
        count if count.warned > 0 => UNSURE,
        count if count.looked > count.idle => GOOD,
        _ => DIM,
    }
}

pub(super) fn policies(page: &mut Page<'_>, view: &View) -> io::Result<()> {
    if view.policies.is_empty() {
        return Ok(());
    }
    page.title("Policies")?;
    for (sum, rows) in by_name(view) {
        let word = page
            .paint
            .on(style(&sum.count), &format!("{:<4}", sum.word()));
        let counts = page.paint.on(DIM, &sum.counts_text());
        page.line(&format!("  {word} {}  {counts}", line(&sum.name)))?;
        let found = rows
            .iter()
            .flat_map(|row| row.findings().map(move |finding| (&row.step, finding)));
        let found: Vec<_> = found.collect();
        for (step, finding) in found.iter().take(FAILURES) {
            page.field("found", &format!("{step}: {finding}"))?;
        }
        let rest = found.len().saturating_sub(FAILURES);
        if rest > 0 {
            page.line(&format!("       and {rest} more, in the report"))?;
        }
    }
    Ok(())
}
