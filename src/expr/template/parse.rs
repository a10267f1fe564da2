//! What stands between `{{` and `}}`, read. In: a name, a text or a call; out: a [`Segment`]. Invariant: a name that
//! nothing gives is refused here, with the nearest one that something gives.

use super::Segment;
use super::call::call;
use super::member::member;
use crate::expr::lexer::{Cursor, error, suggest, unescape};
use crate::expr::vocabulary::{Kind, entry};
use crate::expr::{ParseError, Scope};
use std::ops::Range;

/// What stands between `{{` and `}}`.
pub(super) fn placeholder(
    cursor: &mut Cursor<'_>,
    open: usize,
    scope: &mut dyn Scope,
) -> Result<Segment, ParseError> {
    if let Some(text) = cursor.quoted()? {
        return unescape(&text).map(Segment::Text);
    }
    let Some(name) = cursor.word() else {
        return Err(match cursor.peek() {
            None => never_closed(open, cursor),
            Some('}') => error(
                open..cursor.at() + 1,
                "nothing stands between `{{` and `}}`",
                "write a variable, `{{ name }}`, or a function, `{{ uuid() }}`",
            ),
            Some(_) => {
                let odd = cursor.anything();
                error(
                    odd.range,
                    "expected a variable or a function",
                    "write `{{ name }}` or `{{ uuid() }}`; two literal braces are `{{ \"{{\" }}`",
                )
            }
        });
    };
    if cursor.eat("(") {
        return call(cursor, &name, open, scope);
    }
    let known = scope.slot(name.text);
    if let Some(member) = member(cursor, &name, known, scope)? {
        return Ok(Segment::Member(Box::new(member)));
    }
    match known {
        Some(slot) => Ok(Segment::Slot(slot)),
        None => Err(unknown_name(name.text, name.range, scope)),
    }
}

/// The error for a name that `scope` does not know.
pub(in crate::expr) fn unknown_name(
    name: &str,
    range: Range<usize>,
    scope: &dyn Scope,
) -> ParseError {
    let mut names = scope.names();
    if let Some((_, path)) = name.split_once('.') {
        let whole = names.iter().filter(|known| !known.contains('.'));
        let members: Vec<String> = whole.map(|known| format!("{known}.{path}")).collect();
        names.extend(members);
    }
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    let help = match entry(Kind::Function, name) {
        Some(function) => format!("a function is called: `{}`", function.syntax),
        None => suggest(
            name,
            &known,
            "capture it in an earlier step, or give it in `data:`",
        ),
    };
    error(range, format!("unknown variable `{name}`"), help)
}

pub(super) fn not_closed(cursor: &mut Cursor<'_>, open: usize) -> ParseError {
    match cursor.peek() {
        None | Some('}') => never_closed(open, cursor),
        Some('|') => {
            let at = cursor.at();
            error(
                at..at + 1,
                "filters do not stand in templates",
                "put the filter into the capture that sets the variable",
            )
        }
        Some(_) if !cursor.rest().contains("}}") => never_closed(open, cursor),
        Some(_) => {
            let odd = cursor.anything();
            error(
                odd.range,
                "expected `}}`",
                "one variable or one function stands between `{{` and `}}`",
            )
        }
    }
}

pub(super) fn never_closed(open: usize, cursor: &Cursor<'_>) -> ParseError {
    let end = cursor.at() + cursor.rest().len();
    error(
        open..end,
        "this `{{` is never closed",
        "close it with `}}`; two literal braces are `{{ \"{{\" }}`",
    )
}
