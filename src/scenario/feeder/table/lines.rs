//! JSON Lines → a table. In: one object a line; out: rows, or problems at their lines. Invariant: blank lines are
//! nothing, and every other line is one row.

use super::{File, Span, Table, add};
use serde_json::Value as Json;

const SHAPE: &str = "write one object a line, each with the same keys: `{\"email\": \"a@b.test\"}`";

pub(super) fn json_lines(text: &str, file: &mut File) -> Option<Table> {
    let mut table = Table {
        columns: Vec::new(),
        rows: Vec::new(),
    };
    let mut at = 0;
    for whole in text.split_inclusive('\n') {
        let line = whole.trim_start_matches('\u{feff}').trim();
        let start = at + whole.find(line).unwrap_or(0);
        at += whole.len();
        if line.is_empty() {
            continue;
        }
        let span = Span::new(start, start + line.len());
        match serde_json::from_str::<Json>(line) {
            Ok(Json::Object(object)) => add(&mut table, object, span, file),
            Ok(_) => file.problem("T0506", span, "expected an object on this line", SHAPE),
            Err(error) => {
                let words = error.to_string();
                let place = words.rfind(" at line ").unwrap_or(words.len());
                let here = (start + error.column().saturating_sub(1)).min(span.end - 1);
                let message = format!("not valid JSON: {}", &words[..place]);
                file.problem("T0506", Span::new(here, here + 1), message, SHAPE);
            }
        }
        if file.full() {
            return None;
        }
    }
    Some(table)
}
