//! Queries, read. In: the first words of an expression; out: a [`Query`] with its path, pattern or selector
//! compiled. Invariant: what other tools call a query is answered with our word for it.

use super::certificate::FIELDS;
use super::headers::ATTRIBUTES;
use super::{Between, Css, Query};
use crate::expr::filter::text;
use crate::expr::jsonpath::JsonPath;
use crate::expr::lexer::{Cursor, Piece, error, suggest};
use crate::expr::template::unknown_name;
use crate::expr::vocabulary::{Kind, elsewhere, words};
use crate::expr::{ParseError, Scope};
use http::header::HeaderName;
use regex::Regex;

impl Query {
    /// Reads a query.
    pub(in crate::expr) fn parse(
        cursor: &mut Cursor<'_>,
        scope: &mut dyn Scope,
    ) -> Result<Self, ParseError> {
        let Some(word) = cursor.word() else {
            return Err(no_query(cursor));
        };
        Ok(match word.text {
            "status" => Self::Status,
            "reason" => Self::Reason,
            "version" => Self::Version,
            "url" => Self::Url,
            "redirects" => Self::Redirects,
            "body" => Self::Body,
            "bytes" => Self::Bytes,
            "sha256" => Self::Sha256,
            "ip" => Self::Ip,
            "size" => Self::Size,
            "decoded" => Self::Decoded,
            "wait" => Self::Wait,
            "dns" => Self::Dns,
            "connect" => Self::Connect,
            "tls" => Self::Tls,
            "write" => Self::Write,
            "ttfb" => Self::Ttfb,
            "duration" => Self::Duration,
            "header" => Self::Header(header(&label(cursor, &word, "header content-type")?)?),
            "cache" => Self::Cache,
            "cookie" => cookie(cursor, &word)?,
            "server_timing" => {
                Self::ServerTiming(label(cursor, &word, "server_timing db")?.text.to_owned())
            }
            "certificate" => {
                let field = label(cursor, &word, "certificate expiry")?;
                Self::Certificate(one_of(&field, &FIELDS, "no part of a certificate")?)
            }
            "json" => {
                let path = needed(cursor.path()?, &word, "json $.items[0].id")?;
                Self::Json(JsonPath::parse(&path)?)
            }
            "css" => Self::Css(css(cursor, &word)?),
            "regex" => Self::Regex(pattern(cursor, "regex")?),
            "between" => Self::Between(between(cursor, &word, scope)?),
            "variable" => {
                let name = needed(cursor.word(), &word, "variable token")?;
                variable(&name, scope)?
            }
            _ => match scope.slot(word.text) {
                Some(slot) => Self::Variable(slot, word.text.to_owned()),
                None => return Err(unknown(&word, scope)),
            },
        })
    }
}

fn header(name: &Piece<'_>) -> Result<HeaderName, ParseError> {
    HeaderName::from_bytes(name.text.as_bytes()).map_err(|_| {
        error(
            name.range.clone(),
            format!("`{}` cannot be the name of a header", name.text),
            "names are letters, digits and `-`",
        )
    })
}

fn cookie(cursor: &mut Cursor<'_>, word: &Piece<'_>) -> Result<Query, ParseError> {
    let name = label(cursor, word, "cookie session")?;
    let next = cursor.peek_word();
    let attribute = next.and_then(|next| {
        let known = ATTRIBUTES
            .iter()
            .find(|(known, _)| next.text.eq_ignore_ascii_case(known))?;
        cursor.word();
        Some(known.1)
    });
    Ok(Query::Cookie(name.text.to_owned(), attribute))
}

/// Reads `selector`, `selector@attribute` or `selector @attribute`, for the query and the filter.
pub(in crate::expr) fn css(cursor: &mut Cursor<'_>, word: &Piece<'_>) -> Result<Css, ParseError> {
    let example = "css \"form input[name=csrf]\" @value";
    let selector = needed(cursor.selector()?, word, example)?;
    let attribute = if cursor.eat("@") {
        let at = cursor.at();
        let name = cursor.word();
        Some(name.ok_or_else(|| error(at - 1..at, "`@` of what?", format!("write `{example}`")))?)
    } else {
        None
    };
    Css::parse(&selector, attribute)
}

/// Reads two texts, for the query and the filter.
pub(in crate::expr) fn between(
    cursor: &mut Cursor<'_>,
    word: &Piece<'_>,
    scope: &mut dyn Scope,
) -> Result<Between, ParseError> {
    let usage = "between \"token=\" \"&\"";
    let left = text(cursor, word, usage, scope)?;
    let right = text(cursor, word, usage, scope)?;
    if left.as_literal() == Some("") && right.as_literal() == Some("") {
        let range = word.range.start..cursor.at();
        return Err(error(
            range,
            "between nothing and nothing",
            format!("write `{usage}`"),
        ));
    }
    Ok(Between::new(left, right))
}

fn one_of<T: Copy>(piece: &Piece<'_>, known: &[(&str, T)], what: &str) -> Result<T, ParseError> {
    let found = known.iter().find(|(word, _)| *word == piece.text);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
        let message = format!("`{}` is {what}", piece.text);
        error(
            piece.range.clone(),
            message,
            suggest(piece.text, &words, ""),
        )
    })
}

/// A pattern, compiled.
pub(in crate::expr) fn pattern(cursor: &mut Cursor<'_>, word: &str) -> Result<Regex, ParseError> {
    let Some(piece) = cursor.pattern()? else {
        let odd = cursor.anything();
        return Err(error(
            odd.range,
            format!("`{word}` needs a pattern"),
            format!("write it in quotes or slashes: `{word} /id=(\\d+)/`"),
        ));
    };
    if piece.text.contains("{{") {
        return Err(error(
            piece.range,
            "a pattern cannot hold a template",
            "patterns are compiled once; compare with `contains` or `==` instead",
        ));
    }
    Regex::new(piece.text).map_err(|problem| {
        let text = problem.to_string();
        let last = text.lines().last().unwrap_or_default();
        let reason = last.strip_prefix("error: ").unwrap_or(last).to_owned();
        error(
            piece.range,
            format!("not a pattern: {reason}"),
            "patterns are those of Rust's regex crate: no look-around, no back-references",
        )
    })
}

fn label<'t>(
    cursor: &mut Cursor<'t>,
    word: &Piece<'_>,
    example: &str,
) -> Result<Piece<'t>, ParseError> {
    needed(cursor.label()?, word, example)
}

/// The piece, or the error that it is missing.
pub(in crate::expr) fn needed<'t>(
    piece: Option<Piece<'t>>,
    word: &Piece<'_>,
    example: &str,
) -> Result<Piece<'t>, ParseError> {
    piece.ok_or_else(|| {
        error(
            word.range.clone(),
            format!("`{}` of what?", word.text),
            format!("for example `{example}`"),
        )
    })
}

fn variable(name: &Piece<'_>, scope: &mut dyn Scope) -> Result<Query, ParseError> {
    match scope.slot(name.text) {
        Some(slot) => Ok(Query::Variable(slot, name.text.to_owned())),
        None => Err(unknown_name(name.text, name.range.clone(), scope)),
    }
}

fn unknown(word: &Piece<'_>, scope: &dyn Scope) -> ParseError {
    if word.text == "not" {
        return error(
            word.range.clone(),
            "`not` stands before the predicate",
            "for example `status not == 404`",
        );
    }
    let names = scope.names();
    let mut known: Vec<&str> = words(Kind::Query).collect();
    known.extend(names.iter().map(String::as_str));
    let help = elsewhere(Kind::Query, word.text).unwrap_or_else(|| suggest(word.text, &known, ""));
    error(
        word.range.clone(),
        format!("`{}` is neither a query nor a variable", word.text),
        help,
    )
}

fn no_query(cursor: &mut Cursor<'_>) -> ParseError {
    let all: Vec<&str> = words(Kind::Query).collect();
    let help = format!("start with a query: {}", all.join(", "));
    if cursor.peek() == Some('$') {
        let odd = cursor.anything();
        let help = format!("write `json {}`", odd.text);
        return error(odd.range, "a JSON path stands behind `json`", help);
    }
    let odd = cursor.anything();
    let message = if odd.text.is_empty() {
        "there is nothing to look at".to_owned()
    } else {
        format!("`{}` is no query", odd.text)
    };
    error(odd.range, message, help)
}
