//! Pages about more than one run. In: a comparison, or rows of a list; out: one HTML page. Invariant: that of the report
//! of one run: self-contained, readable without script, every text escaped.

use super::{CSS, overlay, script, svg};
use crate::report::compare::{change, compared};
use crate::report::index::sorted;
use crate::report::text::{figure, put};
use crate::report::{BudgetRow, Comparison, IndexRow, StepRow, Word};
use crate::units::format_count;
use askama::Template;
use std::borrow::Borrow;
use std::io::{self, Write};

/// Rows of a table at most.
const ROWS: usize = 500;

#[derive(Template)]
#[template(path = "compare.html", config = "src/report/html/askama.toml")]
struct Compared<'a> {
    both: &'a Comparison<'a>,
    css: &'static str,
    policy: String,
    script: &'static str,
    curves: Option<String>,
    over_time: Option<String>,
    all: String,
}

#[derive(Template)]
#[template(path = "index.html", config = "src/report/html/askama.toml")]
struct Listing<'a> {
    title: &'a str,
    rows: Vec<&'a IndexRow>,
    more: usize,
    css: &'static str,
    policy: String,
    script: &'static str,
}

impl Comparison<'_> {
    /// Writes the page.
    ///
    /// # Errors
    /// Only when `out` cannot be written.
    pub fn html(&self, out: &mut dyn Write) -> io::Result<()> {
        let page = Compared {
            both: self,
            css: CSS,
            policy: script::policy(),
            script: script::SORT,
            curves: overlay::curves(self),
            over_time: overlay::over_time(self),
            all: Compared::cells(Some(&self.a.totals.all), Some(&self.b.totals.all)),
        };
        page.write_into(out).map_err(io::Error::other)
    }
}

/// Writes the page of many runs.
///
/// # Errors
/// Only when `out` cannot be written.
pub fn index(title: &str, rows: &[IndexRow], out: &mut dyn Write) -> io::Result<()> {
    let page = Listing {
        title,
        rows: sorted(rows).into_iter().take(ROWS).collect(),
        more: rows.len().saturating_sub(ROWS),
        css: CSS,
        policy: script::policy(),
        script: script::SORT,
    };
    page.write_into(out).map_err(io::Error::other)
}

/// The class that colours a verdict.
fn tone(word: Word) -> &'static str {
    match word {
        Word::Pass => "pass",
        Word::Fail | Word::Unreachable | Word::Stopped => "fail",
        Word::Invalid | Word::Interrupted | Word::Terminated => "unsure",
    }
}

impl Compared<'_> {
    fn tone(word: impl Borrow<Word>) -> &'static str {
        tone(*word.borrow())
    }

    /// Cells of a step: requests and errors of both, then each percentile of both with its difference.
    fn cells(a: Option<&StepRow>, b: Option<&StepRow>) -> String {
        let mut cells = String::new();
        let mut cell = |text: &str, below: &str| {
            put(
                &mut cells,
                format_args!("<td class=r>{}", svg::escaped(text)),
            );
            if !below.is_empty() {
                put(
                    &mut cells,
                    format_args!("<span class=sub>{}</span>", svg::escaped(below)),
                );
            }
            cells.push_str("</td>");
        };
        let both = [a, b];
        let none = || "–".to_owned();
        for step in both {
            cell(&step.map_or_else(none, |s| format_count(s.n())), "");
        }
        for step in both {
            cell(&step.map_or_else(none, StepRow::error_text), "");
        }
        let times = both.map(|step| step.map_or_else(Default::default, |s| compared(&s.response)));
        for (one, other) in times[0].into_iter().zip(times[1]) {
            cell(&one.text(), "");
            cell(&other.text(), "");
            let (share, size) = change(one, other);
            cell(&share, &size);
        }
        cells
    }

    /// Cells of a budget: verdict, value and headroom of both.
    fn judged(budget: Option<&BudgetRow>) -> String {
        let Some(budget) = budget else {
            return "<td class=sub>not judged</td><td class=r>–</td>".into();
        };
        let class = super::Page::outcome(budget);
        let actual = budget.actual.as_deref().unwrap_or("–");
        format!(
            "<td class='word {class}'>{}</td><td class='r strong'>{}<span class=sub>{}</span></td>",
            svg::escaped(&budget.word()),
            svg::escaped(actual),
            svg::escaped(&budget.headroom_text())
        )
    }
}

impl Listing<'_> {
    fn tone(word: impl Borrow<Word>) -> &'static str {
        tone(*word.borrow())
    }

    fn count(count: impl Borrow<u64>) -> String {
        format_count(*count.borrow())
    }

    fn rate(rate: impl Borrow<Option<f64>>) -> String {
        rate.borrow().map_or_else(|| "–".into(), figure)
    }
}
