//! `{{ order.lines[0].sku }}`: a part of a variable that holds JSON. In: a name and the path behind it; out: a
//! [`Member`], looked up each time. Invariant: a path is plain: names and places, so it finds one value or none.

use crate::expr::found::Found;
use crate::expr::lexer::{Cursor, Piece, error, unescape};
use crate::expr::{ParseError, Scope, Value};
use serde_json::Value as Json;
use std::fmt::Write as _;

/// A part of what a variable holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    slot: usize,
    /// JSON Pointer (RFC 6901).
    pointer: String,
    text: String,
}

impl Member {
    /// What is there now.
    pub fn find<'v>(&self, variables: &'v [Value]) -> Option<&'v Json> {
        match variables.get(self.slot)? {
            Value::Json(json) => json.pointer(&self.pointer),
            Value::Missing | Value::Time(_) => None,
        }
    }

    /// Why [`Member::find`] found nothing, for a person.
    pub fn lacking(&self, variables: &[Value]) -> String {
        let name = self.text.split(['.', '[']).next().unwrap_or_default();
        let held = variables.get(self.slot).and_then(Found::of);
        let held = held.map_or_else(|| "nothing".to_owned(), |found| found.describe());
        format!("`{}` finds nothing: `{name}` holds {held}", self.text)
    }

    /// The variable.
    pub(super) fn slot(&self) -> usize {
        self.slot
    }
}

/// Reads the path behind a name; `None` where there is none, or the name is unknown to `scope`. A column of a feeder
/// wins over a member.
pub(super) fn member(
    cursor: &mut Cursor<'_>,
    name: &Piece<'_>,
    known: Option<usize>,
    scope: &mut dyn Scope,
) -> Result<Option<Member>, ParseError> {
    let (slot, within) = match (known, name.text.split_once('.')) {
        (Some(slot), _) => (slot, ""),
        (None, Some((head, within))) => match scope.slot(head) {
            Some(slot) => (slot, within),
            None => return Ok(None),
        },
        (None, None) => return Ok(None),
    };
    let mut pointer = String::new();
    keys(within, name, &mut pointer)?;
    let mut text = name.text.to_owned();
    while cursor.rest().starts_with(['[', '.']) {
        let from = cursor.at();
        let rest = cursor.rest();
        if cursor.eat("[") {
            place(cursor, from, &mut pointer)?;
        } else {
            cursor.take(1);
            let key = cursor.word().filter(|key| key.range.start == from + 1);
            let key = key.ok_or_else(|| odd(from..from + 1))?;
            keys(key.text, &key, &mut pointer)?;
        }
        text.push_str(&rest[..cursor.at() - from]);
    }
    Ok((!pointer.is_empty()).then_some(Member {
        slot,
        pointer,
        text,
    }))
}

/// Appends `a.b` as `/a/b`.
fn keys(path: &str, piece: &Piece<'_>, pointer: &mut String) -> Result<(), ParseError> {
    if path.is_empty() {
        return Ok(());
    }
    for key in path.split('.') {
        if key.is_empty() {
            return Err(odd(piece.range.clone()));
        }
        push(key, pointer);
    }
    Ok(())
}

fn push(key: &str, pointer: &mut String) {
    pointer.push('/');
    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
}

/// Reads `0]` or `"a key"]`.
fn place(cursor: &mut Cursor<'_>, from: usize, pointer: &mut String) -> Result<(), ParseError> {
    if let Some(key) = cursor.quoted()? {
        push(&unescape(&key)?, pointer);
    } else {
        let place = cursor.number().and_then(|n| n.text.parse::<usize>().ok());
        let place = place.ok_or_else(|| odd(from..cursor.at().max(from + 1)))?;
        // Writing to a String does not fail.
        let _ = write!(pointer, "/{place}");
    }
    if cursor.eat("]") {
        return Ok(());
    }
    Err(odd(from..cursor.at()))
}

fn odd(range: std::ops::Range<usize>) -> ParseError {
    let help =
        "write names and places: `{{ order.lines[0].sku }}`; for more, capture with a JSON path";
    error(range, "this is no path into a variable", help)
}
