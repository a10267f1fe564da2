//! The `.env` file beside a scenario. In: its text; out: names and values, and problems with their line.
//! Invariant: no value of this file is ever shown, not even in a diagnostic about it.

use super::is_name;
use crate::source::{Diagnostic, Source, Span};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

/// Reads `.env` in a folder; no such file is no entries.
pub(in crate::scenario) fn beside(
    folder: &Path,
    problems: &mut Vec<Diagnostic>,
) -> BTreeMap<String, String> {
    let path = folder.join(".env");
    match std::fs::read_to_string(&path) {
        Ok(text) => read(&path.display().to_string(), &text, problems),
        Err(error) if error.kind() == ErrorKind::NotFound => BTreeMap::new(),
        Err(error) => {
            let source = Source::new(path.display().to_string(), "");
            let message = format!("cannot read this file: {error}");
            problems.push(
                Diagnostic::error("T0708", &source, Span::default(), message)
                    .help("make it a readable text file, or remove it"),
            );
            BTreeMap::new()
        }
    }
}

fn read(name: &str, text: &str, problems: &mut Vec<Diagnostic>) -> BTreeMap<String, String> {
    let mut entries = BTreeMap::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        match entry(line.trim().trim_start_matches('\u{feff}')) {
            Ok(None) => {}
            Ok(Some((key, value))) => {
                entries.insert(key, value);
            }
            Err(help) => {
                let source = Source::new(name, hidden(text));
                let span = Span::new(start, start + line.trim_end().len());
                let message = "this line is not `NAME=value`";
                problems.push(Diagnostic::error("T0708", &source, span, message).help(help));
            }
        }
        start += line.len();
    }
    entries
}

/// One line: `NAME=value`, `export NAME='value'`, a comment or nothing. The error is its fix.
fn entry(line: &str) -> Result<Option<(String, String)>, &'static str> {
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, value) = line
        .split_once('=')
        .ok_or("write `NAME=value`, or `#` before a comment")?;
    let name = name.trim();
    if !is_name(name) {
        return Err("a name has letters, digits and `_`, and no digit first");
    }
    Ok(Some((name.into(), unquote(value.trim())?)))
}

fn unquote(value: &str) -> Result<String, &'static str> {
    const UNCLOSED: &str = "close the quote on the same line";
    if let Some(rest) = value.strip_prefix('\'') {
        return rest
            .split_once('\'')
            .map(|(inside, _)| inside.into())
            .ok_or(UNCLOSED);
    }
    let Some(rest) = value.strip_prefix('"') else {
        let end = value.find(" #").unwrap_or(value.len());
        return Ok(value[..end].trim_end().into());
    };
    let mut out = String::new();
    let mut chars = rest.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return Ok(out),
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some(other) => out.push(other),
                None => return Err(UNCLOSED),
            },
            other => out.push(other),
        }
    }
    Err(UNCLOSED)
}

/// The file with every character but line ends hidden, at its old offsets.
fn hidden(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let shown = if matches!(c, '\n' | '\r') { c } else { '*' };
            std::iter::repeat_n(shown, c.len_utf8())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_as_shells_and_other_tools_write_them() {
        let text = "# comment\n\nA=1\nexport B = two words # why\nC='it # stays'\nD=\"a\\nb \\\"c\\\"\"\r\nE=\nF=a=b#c\n";
        let mut problems = Vec::new();
        let entries = read(".env", text, &mut problems);
        let expected = [
            ("A", "1"),
            ("B", "two words"),
            ("C", "it # stays"),
            ("D", "a\nb \"c\""),
            ("E", ""),
            ("F", "a=b#c"),
        ];
        let found: Vec<(&str, &str)> = entries
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        assert_eq!(found, expected);
        assert!(problems.is_empty());
    }

    #[test]
    fn a_broken_line_is_named_and_not_shown() {
        let mut problems = Vec::new();
        read(".env", "A=1\nhunter2é\nB=\"open\n2C=x\n", &mut problems);
        let shown = crate::source::render_all(&problems, false);
        assert_eq!(problems.len(), 3, "{shown}");
        assert!(
            shown.contains(".env:2:1") && shown.contains(".env:3:1"),
            "{shown}"
        );
        assert!(
            !shown.contains("hunter2") && !shown.contains("open"),
            "{shown}"
        );
    }
}
