//! The reference is what the language is: tables are made from the vocabulary, examples run against a server.
//! `UPDATE=1 cargo test` writes `docs/` anew; read the difference before you commit it.

mod examples;
mod expressions;
mod keys;

use std::fs;
use std::path::Path;

/// The pages about keys.
const PAGES: [&str; 2] = ["scenario.md", "policies.md"];

/// A page as it stands in `docs/`.
fn page(name: &str) -> String {
    fs::read_to_string(Path::new("docs").join(name)).unwrap_or_default()
}

/// That the page is as it should be; `UPDATE=1` makes it so.
fn golden(name: &str, made: &str) {
    if std::env::var_os("UPDATE").is_some() {
        fs::write(Path::new("docs").join(name), made).unwrap();
    }
    let stale = page(name) != made;
    assert!(
        !stale,
        "docs/{name} is stale: `UPDATE=1 cargo test` writes it anew"
    );
}

/// A row of a table; `|` would end a cell.
fn row(cells: &[String]) -> String {
    let cells: Vec<String> = cells.iter().map(|c| c.replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | "))
}

/// Text as code, whatever quotes are in it.
fn code(text: &str) -> String {
    if text.contains('`') {
        format!("`` {text} ``")
    } else {
        format!("`{text}`")
    }
}
