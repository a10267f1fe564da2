//! Filters, read. In: the words behind a `|`; out: a [`Filter`] with its pattern, path or format compiled.
//! Invariant: what other tools call a filter is answered with our words for it.

use super::encode::CODES;
use super::list::Pick;
use super::{Filter, Search, dates};
use crate::expr::jsonpath::JsonPath;
use crate::expr::lexer::{Cursor, Piece, error, suggest, unescape};
use crate::expr::query::{between, css, needed, pattern};
use crate::expr::vocabulary::{Kind, elsewhere, words};
use crate::expr::{ParseError, Scope, Template};

impl Filter {
    /// Reads the words behind a `|`.
    pub(in crate::expr) fn parse(
        cursor: &mut Cursor<'_>,
        scope: &mut dyn Scope,
    ) -> Result<Self, ParseError> {
        let Some(word) = cursor.word() else {
            let odd = cursor.anything();
            let all: Vec<&str> = words(Kind::Filter).collect();
            let help = format!("one of: {}", all.join(", "));
            return Err(error(odd.range, "expected a filter behind `|`", help));
        };
        Ok(match word.text {
            "count" => Self::Count,
            "first" => Self::Pick(Pick::First),
            "last" => Self::Pick(Pick::Last),
            "nth" => Self::Pick(Pick::Nth(index(cursor, &word)?)),
            "random" => Self::Pick(Pick::Random),
            "regex" => Self::Search(Search::Regex(pattern(cursor, "regex")?), false),
            "css" => Self::Search(Search::Css(css(cursor, &word)?), false),
            "between" => Self::Search(Search::Between(between(cursor, &word, scope)?), false),
            "json" => {
                let path = needed(cursor.path()?, &word, "json $.items[0].id")?;
                Self::Json(JsonPath::parse(&path)?)
            }
            "jwt" => jwt(cursor, &word)?,
            "split" => Self::Split(text(cursor, &word, "split \",\"", scope)?),
            "replace" => replace(cursor, &word, scope)?,
            "trim" => Self::Trim,
            "lower" => Self::Lower,
            "upper" => Self::Upper,
            "int" => Self::Int,
            "float" => Self::Float,
            "string" => Self::String,
            "date" if matches!(cursor.peek(), Some('"' | '\'')) => {
                Self::Date(Some(format(cursor, &word, "date \"%d.%m.%Y\"")?))
            }
            "date" => Self::Date(None),
            "format" => Self::Format(format(cursor, &word, "format \"%Y-%m-%d\"")?),
            _ => return two_words(cursor, &word, scope),
        })
    }
}

/// `days until`, `url param "x"`, `base64 encode`, …
fn two_words(
    cursor: &mut Cursor<'_>,
    word: &Piece<'_>,
    scope: &mut dyn Scope,
) -> Result<Filter, ParseError> {
    let second = cursor.peek_word();
    let pair = (word.text, second.as_ref().map_or("", |next| next.text));
    let known = CODES
        .iter()
        .find(|(first, second, _)| (*first, *second) == pair);
    let filter = match pair {
        ("days", "until") => Some(Filter::DaysUntil),
        ("days", "since") => Some(Filter::DaysSince),
        _ => known.map(|(.., code)| Filter::Code(*code)),
    };
    if let Some(filter) = filter {
        cursor.word();
        return Ok(filter);
    }
    if pair == ("url", "param") {
        cursor.word();
        let name = text(cursor, word, "url param \"code\"", scope)?;
        return Ok(Filter::Param(name));
    }
    let all: Vec<&str> = words(Kind::Filter).collect();
    let prefix = format!("{} ", word.text);
    let longer: Vec<&str> = all
        .iter()
        .copied()
        .filter(|w| w.starts_with(&prefix))
        .collect();
    if !longer.is_empty() {
        let message = format!("`{}` is half a filter", word.text);
        let help = format!("write `{}`", longer.join("` or `"));
        return Err(error(word.range.clone(), message, help));
    }
    let help = elsewhere(Kind::Filter, word.text).unwrap_or_else(|| suggest(word.text, &all, ""));
    let message = format!("unknown filter `{}`", word.text);
    Err(error(word.range.clone(), message, help))
}

fn jwt(cursor: &mut Cursor<'_>, word: &Piece<'_>) -> Result<Filter, ParseError> {
    if cursor.peek() == Some('$') {
        let path = needed(cursor.path()?, word, "jwt $.realm.roles[0]")?;
        let compiled = JsonPath::parse(&path)?;
        return Ok(Filter::Jwt(path.text.to_owned(), Some(compiled)));
    }
    let claim = needed(cursor.label()?, word, "jwt sub")?;
    Ok(Filter::Jwt(claim.text.to_owned(), None))
}

/// `replace "a" "b"`, or `replace /a(.)/ "b$1"`.
fn replace(
    cursor: &mut Cursor<'_>,
    word: &Piece<'_>,
    scope: &mut dyn Scope,
) -> Result<Filter, ParseError> {
    if cursor.peek() == Some('/') {
        let from = pattern(cursor, "replace")?;
        let to = text(cursor, word, "replace /from/ \"to\"", scope)?;
        return Ok(Filter::ReplacePattern(from, to));
    }
    let usage = "replace \"from\" \"to\"";
    let from = text(cursor, word, usage, scope)?;
    Ok(Filter::Replace(from, text(cursor, word, usage, scope)?))
}

fn index(cursor: &mut Cursor<'_>, word: &Piece<'_>) -> Result<i64, ParseError> {
    let help = "count from 0, or from the end with -1: `nth 0`";
    let Some(number) = cursor.number() else {
        return Err(error(word.range.clone(), "`nth` of what?", help));
    };
    let parsed = number.text.replace('_', "").parse();
    parsed.map_err(|_| {
        let message = format!("`{}` is not a whole number", number.text);
        error(number.range, message, help)
    })
}

/// A format of `strftime` in quotes.
fn format(cursor: &mut Cursor<'_>, word: &Piece<'_>, usage: &str) -> Result<String, ParseError> {
    let piece = quoted(cursor, word, usage)?;
    let format = unescape(&piece)?;
    if dates::is_format(&format) {
        return Ok(format);
    }
    Err(error(
        piece.range,
        format!("`{}` is no format of dates", piece.text),
        format!("formats are those of strftime: `{usage}`"),
    ))
}

fn quoted<'t>(
    cursor: &mut Cursor<'t>,
    word: &Piece<'_>,
    usage: &str,
) -> Result<Piece<'t>, ParseError> {
    if let Some(piece) = cursor.quoted()? {
        return Ok(piece);
    }
    let message = format!("`{}` needs text in quotes", word.text);
    let odd = cursor.anything();
    let range = if odd.text.is_empty() {
        word.range.clone()
    } else {
        odd.range
    };
    Err(error(range, message, format!("write `{usage}`")))
}

/// A text in quotes behind a word.
pub(in crate::expr) fn text(
    cursor: &mut Cursor<'_>,
    word: &Piece<'_>,
    usage: &str,
    scope: &mut dyn Scope,
) -> Result<Template, ParseError> {
    template(&quoted(cursor, word, usage)?, scope)
}

/// A quoted text with the templates in it.
pub(in crate::expr) fn template(
    piece: &Piece<'_>,
    scope: &mut dyn Scope,
) -> Result<Template, ParseError> {
    let text = unescape(piece)?;
    Template::parse_variables(&text, scope).map_err(|mut problem| {
        // Escapes move what stands behind them: then the whole text is pointed at.
        problem.range = if text.len() == piece.text.len() {
            piece.range.start + problem.range.start..piece.range.start + problem.range.end
        } else {
            piece.range.clone()
        };
        problem
    })
}
