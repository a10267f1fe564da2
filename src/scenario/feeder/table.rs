//! Data files → tables. In: the bytes of a CSV, JSON or JSON Lines file; out: columns and rows, or what is wrong with
//! the file at its own line. Invariant: every row of a table is as long as its columns, whose names are
//! there and differ.

mod lines;

use crate::expr::Value;
use crate::source::{Diagnostic, Severity, Source, Span};
use serde_json::{Deserializer, Map, Value as Json};
use std::collections::HashSet;
use std::sync::Arc;

/// Problems of one file that are worth reading; a wrong separator makes every line wrong.
const MOST: usize = 5;

/// How a data file is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Format {
    /// Comma-separated, with a header line.
    Csv,
    /// A list of objects.
    Json,
    /// One object a line.
    JsonLines,
}

/// Named columns and their rows.
#[derive(Debug, PartialEq)]
pub(super) struct Table {
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<Value>>,
}

/// Reads a data file.
///
/// # Errors
/// Its first few problems; at least one.
pub(super) fn read(format: Format, name: &str, bytes: Vec<u8>) -> Result<Table, Vec<Diagnostic>> {
    let mut file = File::new(name, bytes)?;
    let text = Arc::clone(&file.source);
    let table = match format {
        Format::Csv => csv(&text.text, &mut file),
        Format::Json => json(&text.text, &mut file),
        Format::JsonLines => lines::json_lines(&text.text, &mut file),
    };
    let Some(table) = table.filter(|_| file.problems.is_empty()) else {
        return Err(file.problems);
    };
    if table.rows.is_empty() {
        file.problem(
            "T0503",
            Span::default(),
            "the file has no rows",
            "add at least one",
        );
        return Err(file.problems);
    }
    Ok(table)
}

/// A data file and its problems so far.
struct File {
    source: Arc<Source>,
    problems: Vec<Diagnostic>,
}

impl File {
    fn new(name: &str, bytes: Vec<u8>) -> Result<Self, Vec<Diagnostic>> {
        let problems = Vec::new();
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self {
                source: Arc::new(Source::new(name, text)),
                problems,
            }),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                let mut file = Self {
                    source: Arc::new(Source::new(name, text)),
                    problems,
                };
                let help = "save it as UTF-8";
                file.problem(
                    "T0506",
                    Span::new(at, at + 1),
                    "the file is not UTF-8 text",
                    help,
                );
                Err(file.problems)
            }
        }
    }

    fn problem(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        // Built by hand: the source is shared, not copied, because a data file may be large.
        self.problems.push(Diagnostic {
            code,
            severity: Severity::Error,
            source: Arc::clone(&self.source),
            span,
            message: message.into(),
            help: Some(help.into()),
        });
    }

    fn full(&self) -> bool {
        self.problems.len() >= MOST
    }

    /// The line that holds or follows a byte, without blank lines before it.
    fn line(&self, byte: usize) -> Span {
        let text = &self.source.text;
        let rest = text.get(byte..).unwrap_or_default();
        let start = byte + (rest.len() - rest.trim_start_matches(['\n', '\r']).len());
        let line = text.get(start..).unwrap_or_default();
        Span::new(start, start + line.find(['\n', '\r']).unwrap_or(line.len()))
    }

    /// Notes columns without a name and columns of the same name.
    fn columns(&mut self, columns: &[String], span: Span) {
        let mut seen = HashSet::new();
        for (index, column) in columns.iter().enumerate() {
            if column.is_empty() {
                let message = format!("column {} has no name", index + 1);
                self.problem(
                    "T0505",
                    span,
                    message,
                    "name every column in the first line",
                );
            } else if !seen.insert(column) {
                let message = format!("the column `{column}` stands here twice");
                self.problem("T0505", span, message, "rename one of them");
            }
        }
    }
}

fn csv(text: &str, file: &mut File) -> Option<Table> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut columns: Option<Vec<String>> = None;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let byte = error.position().map_or(0, csv::Position::byte);
                let span = file.line(usize::try_from(byte).unwrap_or(0));
                file.problem(
                    "T0506",
                    span,
                    format!("not valid CSV: {error}"),
                    "correct this line",
                );
                return None;
            }
        };
        let byte = record.position().map_or(0, csv::Position::byte);
        let span = file.line(usize::try_from(byte).unwrap_or(0));
        let Some(columns) = &columns else {
            columns = Some(header(&record, span, file)?);
            continue;
        };
        if record.len() != columns.len() {
            let message = format!(
                "this row has {}, the header has {}",
                values(record.len()),
                columns.len()
            );
            file.problem(
                "T0504",
                span,
                message,
                "fill the row, or quote a value that holds a comma",
            );
            if file.full() {
                return None;
            }
            continue;
        }
        rows.push(record.iter().map(Value::from).collect());
    }
    if columns.is_none() {
        file.problem(
            "T0503",
            Span::default(),
            "the file is empty",
            "begin with a line of column names",
        );
    }
    Some(Table {
        columns: columns?,
        rows,
    })
}

fn header(record: &csv::StringRecord, span: Span, file: &mut File) -> Option<Vec<String>> {
    let name = |text: &str| text.trim_start_matches('\u{feff}').trim().to_owned();
    let columns: Vec<String> = record.iter().map(name).collect();
    if let [only] = columns.as_slice()
        && let Some(separator) = only.chars().find(|c| matches!(c, ';' | '\t' | '|'))
    {
        let message = format!("the columns are separated by {separator:?}");
        file.problem("T0506", span, message, "separate them by commas");
        return None;
    }
    file.columns(&columns, span);
    Some(columns)
}

fn values(count: usize) -> String {
    if count == 1 {
        String::from("1 value")
    } else {
        format!("{count} values")
    }
}

/// `[{…}, {…}]`, one element at a time so that each keeps its place.
fn json(text: &str, file: &mut File) -> Option<Table> {
    const SHAPE: &str = "write a list of objects with the same keys: `[{\"email\": \"a@b.test\"}]`";
    let mut at = skip_blank(
        text,
        if text.starts_with('\u{feff}') {
            '\u{feff}'.len_utf8()
        } else {
            0
        },
    );
    if at == text.len() {
        file.problem("T0503", Span::default(), "the file is empty", SHAPE);
        return None;
    }
    if !text[at..].starts_with('[') {
        let span = file.line(at);
        let help = if table_of_lines(text) {
            "each line is an object: name the file behind `jsonl:`"
        } else {
            SHAPE
        };
        file.problem("T0506", span, "expected a list of objects", help);
        return None;
    }
    let mut table = Table {
        columns: Vec::new(),
        rows: Vec::new(),
    };
    at = skip_blank(text, at + 1);
    if text[at..].starts_with(']') {
        return after_list(text, at + 1, file).then_some(table);
    }
    loop {
        let (element, end) = element(text, at, file)?;
        let Json::Object(object) = element else {
            file.problem("T0506", file.line(at), "expected an object", SHAPE);
            return None;
        };
        add(&mut table, object, Span::new(at, end), file);
        if file.full() {
            return None;
        }
        at = skip_blank(text, end);
        match text[at..].chars().next() {
            Some(',') => at = skip_blank(text, at + 1),
            Some(']') => return after_list(text, at + 1, file).then_some(table),
            _ => {
                let span = Span::new(at, at + 1);
                file.problem(
                    "T0506",
                    span,
                    "not valid JSON: expected `,` or `]`",
                    "close the list",
                );
                return None;
            }
        }
    }
}

/// Whether the first line is a whole object, and another follows.
fn table_of_lines(text: &str) -> bool {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next().unwrap_or_default();
    serde_json::from_str::<Map<String, Json>>(first).is_ok() && lines.next().is_some()
}

fn element(text: &str, at: usize, file: &mut File) -> Option<(Json, usize)> {
    let mut stream = Deserializer::from_str(&text[at..]).into_iter::<Json>();
    let error = match stream.next() {
        Some(Ok(value)) => return Some((value, at + stream.byte_offset())),
        Some(Err(error)) => error,
        None => {
            let span = Span::new(at, at + 1);
            let help = "close it with `]`";
            file.problem(
                "T0506",
                span,
                "not valid JSON: the list is not closed",
                help,
            );
            return None;
        }
    };
    // The place is told by line and column of the element; the caret shows it in the file.
    let lines = text[at..]
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1));
    let here = at + lines.map(str::len).sum::<usize>() + error.column().saturating_sub(1);
    let words = error.to_string();
    let place = words.rfind(" at line ").unwrap_or(words.len());
    let message = format!("not valid JSON: {}", &words[..place]);
    file.problem(
        "T0506",
        Span::new(here, here + 1),
        message,
        "correct it here",
    );
    None
}

fn add(table: &mut Table, mut object: Map<String, Json>, span: Span, file: &mut File) {
    if table.columns.is_empty() {
        table.columns = object.keys().cloned().collect();
        if table.columns.is_empty() {
            file.problem(
                "T0505",
                span,
                "this object has no keys",
                "give every row the same keys",
            );
        }
        file.columns(&table.columns.clone(), span);
    }
    let extra = object
        .keys()
        .find(|key| !table.columns.contains(key))
        .cloned();
    let lacking = table
        .columns
        .iter()
        .find(|column| !object.contains_key(*column))
        .cloned();
    if let Some(key) = extra {
        let message = format!("this row has the key `{key}`, the first one does not");
        file.problem("T0504", span, message, "give every row the same keys");
    } else if let Some(key) = lacking {
        let message = format!("this row lacks the key `{key}` of the first one");
        file.problem("T0504", span, message, "give every row the same keys");
    } else {
        let take = |column: &String| object.remove(column).map_or(Value::Missing, Value::Json);
        table.rows.push(table.columns.iter().map(take).collect());
    }
}

fn after_list(text: &str, at: usize, file: &mut File) -> bool {
    let at = skip_blank(text, at);
    if at < text.len() {
        let span = file.line(at);
        file.problem(
            "T0506",
            span,
            "not valid JSON: text behind the list",
            "remove it",
        );
    }
    at >= text.len()
}

fn skip_blank(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + (rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len())
}

#[cfg(test)]
mod tests;
