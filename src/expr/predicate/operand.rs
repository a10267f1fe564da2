//! The right-hand side of a predicate. In: a literal as written; out: an [`Operand`] that is compared with
//! what was found. Invariant: what cannot be compared has no order and equals nothing.
//!
//! A template takes the type of what it is compared with: `"{{ n }}"` equals the number 3 when `n` holds `3`
//! or the text `3`, and equals the text `3` too.

use crate::expr::filter::{dates, template};
use crate::expr::found::{Found, quoted, written};
use crate::expr::lexer::{Cursor, Piece, error, unescape};
use crate::expr::query::Gives;
use crate::expr::template::Template;
use crate::expr::{ParseError, Scope, Value};
use crate::units::{self, format_duration};
use serde_json::{Number, Value as Json};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::time::Duration;

/// The units that literals know.
const UNITS: [&str; 14] = [
    "us", "µs", "ms", "s", "sec", "m", "min", "h", "B", "KB", "MB", "GB", "KiB", "MiB",
];

/// A literal.
#[derive(Debug, Clone)]
pub(super) enum Operand {
    /// Text, numbers (also sizes, in bytes), booleans, null.
    Json(Json),
    /// `500ms`.
    Time(Duration),
    /// Text with variables in it.
    Template(Template),
    /// `[1, "a"]`.
    List(Vec<Operand>),
}

impl Operand {
    /// Reads a literal; `word` is the predicate before it.
    pub(super) fn parse(
        cursor: &mut Cursor<'_>,
        word: &Piece<'_>,
        scope: &mut dyn Scope,
    ) -> Result<Self, ParseError> {
        match cursor.peek() {
            Some('"' | '\'') => Self::text(cursor, scope),
            Some('[') => Self::list(cursor, word, scope).map(Self::List),
            Some('{') if cursor.rest().starts_with("{{") => Self::braces(cursor, scope),
            Some('/') => {
                let odd = cursor.anything();
                let help = format!("patterns stand behind `matches`: `matches {}`", odd.text);
                Err(error(odd.range, "a pattern cannot be compared with", help))
            }
            _ => match cursor.number() {
                Some(number) => quantity(cursor, &number),
                None => Self::bare(cursor, word, scope),
            },
        }
    }

    /// Reads `[a, b]`.
    pub(super) fn list(
        cursor: &mut Cursor<'_>,
        word: &Piece<'_>,
        scope: &mut dyn Scope,
    ) -> Result<Vec<Self>, ParseError> {
        cursor.peek();
        let open = cursor.at();
        if !cursor.eat("[") {
            let odd = cursor.anything();
            let message = format!("`{}` needs a list", word.text);
            return Err(error(odd.range, message, "write `in [200, 204]`"));
        }
        let mut items = Vec::new();
        cursor.enter()?;
        while !cursor.eat("]") {
            if cursor.peek().is_none() || !(items.is_empty() || cursor.eat(",")) {
                return Err(error(
                    open..cursor.at(),
                    "this list is never closed",
                    "separate its values with `,` and close it with `]`",
                ));
            }
            items.push(Self::parse(cursor, word, scope)?);
        }
        cursor.leave();
        Ok(items)
    }

    /// Its type, as far as it is known.
    pub(super) fn gives(&self) -> Gives {
        match self {
            Self::Json(Json::String(_)) => Gives::Text,
            Self::Json(Json::Number(_)) => Gives::Number,
            Self::Json(_) | Self::Template(_) => Gives::Anything,
            Self::Time(_) => Gives::Time,
            Self::List(_) => Gives::List,
        }
    }

    /// Whether it is `true`, `false` or `null`.
    pub(super) fn is_constant_word(&self) -> bool {
        matches!(self, Self::Json(Json::Bool(_) | Json::Null))
    }

    /// Whether it is a text that is written like a date.
    pub(super) fn is_date(&self) -> bool {
        matches!(self, Self::Json(Json::String(text)) if dates::read(text).is_some())
    }

    /// As it would be written, with the values of its variables.
    pub(super) fn describe(&self, variables: &[Value]) -> String {
        match self {
            Self::Json(Json::String(text)) => quoted(text),
            Self::Json(json) => written(json),
            Self::Time(time) => format_duration(*time),
            Self::Template(template) => match whole(template, variables) {
                Some(Found::Json(json)) => Self::Json(json.into_owned()).describe(variables),
                Some(Found::Time(time)) => format_duration(time),
                _ => template.render_variables(variables).map_or_else(
                    || "a variable without a value".to_owned(),
                    |text| quoted(&text),
                ),
            },
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(|i| i.describe(variables)).collect();
                format!("[{}]", items.join(", "))
            }
        }
    }

    /// Its text, for predicates about text.
    pub(super) fn text_value<'a>(&'a self, variables: &'a [Value]) -> Option<Cow<'a, str>> {
        match self {
            Self::Json(Json::String(text)) => Some(Cow::Borrowed(text)),
            Self::Template(template) => match template.as_slot() {
                Some(slot) => variables
                    .get(slot)
                    .filter(|v| !v.is_missing())
                    .map(Value::text),
                None => template.render_variables(variables).map(Cow::Owned),
            },
            Self::Json(_) | Self::Time(_) | Self::List(_) => None,
        }
    }

    /// Whether something equals it.
    pub(super) fn equals(&self, found: &Found<'_>, variables: &[Value]) -> Option<bool> {
        if let Self::List(items) = self {
            let Some(Json::Array(found)) = found.as_json() else {
                return Some(false);
            };
            let mut all = found.len() == items.len();
            for (found, item) in found.iter().zip(items) {
                all &= item.equals(&Found::Json(Cow::Borrowed(found)), variables)?;
            }
            return Some(all);
        }
        let own = self.resolve(found, variables)?;
        Some(match (&own, found) {
            (Found::Time(a), Found::Time(b)) => a == b,
            (own, Found::Date(found)) => date(own)? == *found,
            _ => match (own.as_text(), found.as_text()) {
                (Some(a), Some(b)) => a == b,
                (None, None) => own
                    .as_json()
                    .zip(found.as_json())
                    .is_some_and(|(a, b)| same(a, b)),
                _ => false,
            },
        })
    }

    /// How something compares with it: numbers, texts and times have an order.
    pub(super) fn order(&self, found: &Found<'_>, variables: &[Value]) -> Option<Ordering> {
        let own = self.resolve(found, variables)?;
        match (found, &own) {
            (Found::Time(found), Found::Time(own)) => Some(found.cmp(own)),
            (Found::Date(found), own) => Some(found.cmp(&date(own)?)),
            _ => match (found.as_text(), own.as_text()) {
                (Some(found), Some(own)) => Some(found.cmp(own)),
                _ => match (found.as_json()?, own.as_json()?) {
                    (Json::Number(found), Json::Number(own)) => number_order(found, own),
                    _ => None,
                },
            },
        }
    }

    /// The variables that it reads.
    pub(super) fn slots(&self, into: &mut Vec<usize>) {
        match self {
            Self::Template(template) => into.extend(template.slots()),
            Self::List(items) => items.iter().for_each(|item| item.slots(into)),
            Self::Json(_) | Self::Time(_) => {}
        }
    }

    /// Its value beside what was found; `None` where a variable has none.
    fn resolve<'a>(&'a self, beside: &Found<'_>, variables: &'a [Value]) -> Option<Found<'a>> {
        let template = match self {
            Self::Json(json) => return Some(Found::Json(Cow::Borrowed(json))),
            Self::Time(time) => return Some(Found::Time(*time)),
            Self::List(_) => return None,
            Self::Template(template) => template,
        };
        let own = if is_whole(template) {
            whole(template, variables)?
        } else {
            Found::Text(Cow::Owned(template.render_variables(variables)?))
        };
        if beside.as_text().is_some() {
            return self.text_value(variables).map(Found::Text);
        }
        let read = own.as_text().and_then(|text| read_as(beside, text));
        Some(read.unwrap_or(own))
    }

    fn text(cursor: &mut Cursor<'_>, scope: &mut dyn Scope) -> Result<Self, ParseError> {
        let piece = cursor.quoted()?.unwrap_or_else(|| cursor.take(0));
        if !piece.text.contains("{{") {
            return unescape(&piece).map(|text| Self::Json(Json::String(text)));
        }
        template(&piece, scope).map(|template| match template.as_literal() {
            Some(text) => Self::Json(text.into()),
            None => Self::Template(template),
        })
    }

    /// `{{ name }}` without quotes.
    fn braces(cursor: &mut Cursor<'_>, scope: &mut dyn Scope) -> Result<Self, ParseError> {
        let length = cursor
            .rest()
            .find("}}")
            .map_or(cursor.rest().len(), |i| i + 2);
        let piece = cursor.take(length);
        template(&piece, scope).map(Self::Template)
    }

    fn bare(
        cursor: &mut Cursor<'_>,
        predicate: &Piece<'_>,
        scope: &mut dyn Scope,
    ) -> Result<Self, ParseError> {
        let odd = cursor.anything();
        match odd.text {
            "true" => return Ok(Self::Json(true.into())),
            "false" => return Ok(Self::Json(false.into())),
            "null" => return Ok(Self::Json(Json::Null)),
            "" => {
                return Err(error(
                    predicate.range.clone(),
                    format!("`{}` needs a value behind it", predicate.text),
                    "a number, a duration such as `2s`, a text in quotes, true, false, null or a list",
                ));
            }
            _ => {}
        }
        let known = scope.names().iter().any(|name| name == odd.text);
        let help = if known {
            format!(
                "write `\"{0}\"` for this text, `\"{{{{ {0} }}}}\"` for the variable",
                odd.text
            )
        } else {
            format!(
                "quote it: `\"{}\"`",
                odd.text.trim_matches(['"', '\'', '[', ']'])
            )
        };
        Err(error(
            odd.range,
            format!("text stands in quotes, `{}` does not", odd.text),
            help,
        ))
    }
}

/// A number, or with its unit a time or a size.
fn quantity(cursor: &mut Cursor<'_>, number: &Piece<'_>) -> Result<Operand, ParseError> {
    let digits = number.text.replace('_', "");
    let behind = cursor.rest().chars().next().unwrap_or(' ');
    let ends = behind.is_whitespace() || behind.is_alphabetic();
    if !(ends || matches!(behind, ',' | ']')) {
        let odd = cursor.anything();
        let text = format!("{}{}", number.text, odd.text);
        let message = format!("`{text}` is no number");
        return Err(error(
            number.range.start..odd.range.end,
            message,
            format!("quote it: `\"{text}\"`"),
        ));
    }
    let unit = cursor.peek_word().filter(|unit| {
        // `== 200 and` is for the check to complain about.
        unit.range.start == number.range.end || !matches!(unit.text, "and" | "or")
    });
    let Some(unit) = unit else {
        return plain_number(&digits).map(Operand::Json).ok_or_else(|| {
            let message = format!("`{}` is too large for a number", number.text);
            error(
                number.range.clone(),
                message,
                "quote it to compare it as text",
            )
        });
    };
    cursor.word();
    let range = number.range.start..unit.range.end;
    let text = format!("{digits}{}", unit.text);
    if let Ok(bytes) = units::parse_bytes(&text) {
        return Ok(Operand::Json(bytes.into()));
    }
    units::parse_duration(&text)
        .map(Operand::Time)
        .map_err(|problem| {
            let (message, help) = if !UNITS.contains(&unit.text) {
                let help = "times are us, ms, s, m or h; sizes are B, KB, MB, GB, KiB or MiB; text stands in quotes";
                (format!("`{}` is not a unit", unit.text), help)
            } else if digits.starts_with('-') {
                ("times and sizes are not negative".to_owned(), "leave the `-` out")
            } else {
                (problem, "write a shorter time")
            };
            error(range.clone(), message, help)
        })
}

fn plain_number(digits: &str) -> Option<Json> {
    let signed = digits.parse::<i64>().map(Json::from).ok();
    let whole = signed.or_else(|| digits.parse::<u64>().map(Json::from).ok());
    whole.or_else(|| {
        let float = digits.parse::<f64>().ok()?;
        Number::from_f64(float).map(Json::Number)
    })
}

/// Whether a template consists of a variable, or a part of one.
fn is_whole(template: &Template) -> bool {
    template.as_slot().is_some() || template.as_member().is_some()
}

/// What that variable or part holds.
fn whole<'a>(template: &Template, variables: &'a [Value]) -> Option<Found<'a>> {
    if let Some(member) = template.as_member() {
        let json = member.find(variables)?;
        return Some(Found::Json(Cow::Borrowed(json)));
    }
    variables.get(template.as_slot()?).and_then(Found::of)
}

/// A text as a value of the type of `beside`, if it is written like one.
fn read_as<'a>(beside: &Found<'_>, text: &str) -> Option<Found<'a>> {
    match beside {
        Found::Json(json) => {
            let read: Json = serde_json::from_str(text).ok()?;
            let alike = matches!(
                (json.as_ref(), &read),
                (Json::Number(_), Json::Number(_)) | (Json::Bool(_), Json::Bool(_))
            );
            alike.then(|| Found::json(read))
        }
        Found::Time(_) => units::parse_duration(text).ok().map(Found::Time),
        Found::Date(_) => dates::read(text).map(Found::Date),
        Found::Text(_) => None,
    }
}

/// A date, or a text that is written like one.
fn date(found: &Found<'_>) -> Option<jiff::Timestamp> {
    match found {
        Found::Date(date) => Some(*date),
        other => dates::read(other.as_text()?),
    }
}

/// Equality by value: 1 is 1.0, and the order of members does not matter.
fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => number_order(a, b) == Some(Ordering::Equal),
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

fn number_order(a: &Number, b: &Number) -> Option<Ordering> {
    let whole = |n: &Number| n.as_i64().map(i128::from).or(n.as_u64().map(i128::from));
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}
