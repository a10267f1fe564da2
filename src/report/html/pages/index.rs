//! The page of many runs. In: rows of a list; out: one HTML page. Invariant: that of the report of one run: self-contained,
//! readable without script, every text escaped.

use crate::report::html::assets;
use crate::report::index::sorted;
use crate::report::text::figure;
use crate::report::{IndexRow, Word};
use crate::units::format_count;
use askama::Template;
use std::borrow::Borrow;
use std::io::{self, Write};

/// Rows of a table at most.
const ROWS: usize = 500;

#[derive(Template)]
#[template(path = "pages/index.html", config = "src/report/html/askama.toml")]
struct Listing<'a> {
    title: &'a str,
    rows: Vec<&'a IndexRow>,
    more: usize,
    css: &'static str,
    policy: String,
    script: &'static str,
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
        css: assets::CSS,
        policy: assets::policy(),
        script: assets::SORT,
    };
    page.write_into(out).map_err(io::Error::other)
}

impl Listing<'_> {
    fn tone(word: impl Borrow<Word>) -> &'static str {
        super::tone(*word.borrow())
    }

    fn count(count: impl Borrow<u64>) -> String {
        format_count(*count.borrow())
    }

    fn rate(rate: impl Borrow<Option<f64>>) -> String {
        rate.borrow().map_or_else(|| "–".into(), figure)
    }
}
