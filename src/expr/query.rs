//! What a check or capture looks at. In: the first words of an expression; out: a [`Query`] that finds its
//! value in the [`Facts`] of a response. Invariant: a query that finds nothing says so in words.
//!
//! Headers, cookies and the matches of a pattern may be several. Alone, such a query gives the first; when
//! the first filter is about lists (`count`, `first`, `last`, `nth`, `random`) it gives all of them.

use super::facts::{Facts, Found, Obstacle, quoted};
use super::jsonpath::JsonPath;
use super::lexer::{Cursor, Piece, error, suggest};
use super::template::unknown_name;
use super::{ParseError, Scope};
use http::HeaderName;
use regex::Regex;
use serde_json::Value as Json;
use std::borrow::Cow;

/// Every query's first word.
const WORDS: [&str; 11] = [
    "status", "header", "cookie", "body", "json", "regex", "url", "size", "ttfb", "duration",
    "variable",
];
/// What other tools call them.
const ELSEWHERE: [(&str, &str); 9] = [
    ("jsonpath", "json"),
    ("code", "status"),
    ("status_code", "status"),
    ("headers", "header"),
    ("cookies", "cookie"),
    ("bytes", "size"),
    ("time", "duration"),
    ("response_time", "duration"),
    ("text", "body"),
];

/// What an expression starts with.
#[derive(Debug, Clone)]
pub(super) enum Query {
    Status,
    Header(HeaderName),
    Cookie(String),
    Body,
    Json(JsonPath),
    Regex(Regex),
    Url,
    Size,
    Ttfb,
    Duration,
    Variable(usize, String),
}

/// What is known of a value's type before any response is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gives {
    Text,
    Number,
    Time,
    List,
    Anything,
}

impl Gives {
    /// With its article, for messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "a number",
            Self::Time => "a time",
            Self::List => "a list",
            Self::Anything => "anything",
        }
    }
}

impl Query {
    /// Reads a query.
    pub(super) fn parse(
        cursor: &mut Cursor<'_>,
        scope: &mut dyn Scope,
    ) -> Result<Self, ParseError> {
        let Some(word) = cursor.word() else {
            return Err(no_query(cursor));
        };
        Ok(match word.text {
            "status" => Self::Status,
            "body" => Self::Body,
            "url" => Self::Url,
            "size" => Self::Size,
            "ttfb" => Self::Ttfb,
            "duration" => Self::Duration,
            "header" => {
                let name = needed(cursor.label()?, &word, "header content-type")?;
                let parsed = HeaderName::from_bytes(name.text.as_bytes());
                Self::Header(parsed.map_err(|_| {
                    error(
                        name.range,
                        format!("`{}` cannot be the name of a header", name.text),
                        "names are letters, digits and `-`",
                    )
                })?)
            }
            "cookie" => Self::Cookie(
                needed(cursor.label()?, &word, "cookie session")?
                    .text
                    .to_owned(),
            ),
            "json" => Self::Json(JsonPath::parse(&needed(
                cursor.path()?,
                &word,
                "json $.items[0].id",
            )?)?),
            "regex" => Self::Regex(pattern(cursor, "regex")?),
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

    /// Whether it looks into the body.
    pub(super) fn needs_body(&self) -> bool {
        matches!(self, Self::Body | Self::Json(_) | Self::Regex(_))
    }

    /// The type of what it finds.
    pub(super) fn gives(&self) -> Gives {
        match self {
            Self::Status | Self::Size => Gives::Number,
            Self::Header(_) | Self::Cookie(_) | Self::Body | Self::Regex(_) | Self::Url => {
                Gives::Text
            }
            Self::Ttfb | Self::Duration => Gives::Time,
            Self::Json(path) if path.is_plural() => Gives::List,
            Self::Json(_) | Self::Variable(..) => Gives::Anything,
        }
    }

    /// Whether it gives all of several when a filter asks for a list.
    pub(super) fn can_give_all(&self) -> bool {
        matches!(self, Self::Header(_) | Self::Cookie(_) | Self::Regex(_))
            || matches!(self, Self::Json(path) if path.is_plural())
    }

    /// The value; with `all`, the list of all values, which may be empty.
    pub(super) fn find<'a>(
        &'a self,
        facts: &'a Facts<'_>,
        all: bool,
    ) -> Result<Found<'a>, Obstacle> {
        match self {
            Self::Status => Ok(Found::json(facts.status)),
            Self::Url => Ok(Found::text(facts.url)),
            Self::Size => Ok(Found::json(facts.size)),
            Self::Ttfb => Ok(Found::Time(facts.ttfb)),
            Self::Duration => Ok(Found::Time(facts.duration)),
            Self::Body => Ok(Found::Text(String::from_utf8_lossy(facts.body))),
            Self::Header(name) => several(
                facts
                    .headers
                    .get_all(name.as_str())
                    .map(String::from_utf8_lossy),
                all,
                || format!("no header `{name}`"),
            ),
            Self::Cookie(name) => {
                several(cookies(facts, name), all, || format!("no cookie `{name}`"))
            }
            Self::Regex(regex) => find_pattern(regex, facts.body, all),
            Self::Json(path) => find_json(path, facts, all),
            Self::Variable(slot, name) => facts
                .variables
                .get(*slot)
                .and_then(Found::of)
                .ok_or_else(|| Obstacle::Absent(format!("variable `{name}` without a value"))),
        }
    }

    /// The variable that it reads.
    pub(super) fn slot(&self) -> Option<usize> {
        match self {
            Self::Variable(slot, _) => Some(*slot),
            _ => None,
        }
    }
}

/// A pattern, compiled.
pub(super) fn pattern(cursor: &mut Cursor<'_>, word: &str) -> Result<Regex, ParseError> {
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

/// The first group of the first match, or the whole match where the pattern has no groups.
pub(super) fn first_match<'t>(regex: &Regex, text: &'t str) -> Option<&'t str> {
    if regex.captures_len() == 1 {
        return regex.find(text).map(|found| found.as_str());
    }
    let groups = regex.captures(text)?;
    groups.get(1).map(|group| group.as_str())
}

fn find_pattern<'a>(regex: &Regex, body: &'a [u8], all: bool) -> Result<Found<'a>, Obstacle> {
    let body = String::from_utf8_lossy(body);
    if all {
        let group = usize::from(regex.captures_len() > 1);
        let matches = regex.captures_iter(&body).filter_map(|c| c.get(group));
        return Ok(Found::json(
            matches.map(|m| Json::from(m.as_str())).collect::<Vec<_>>(),
        ));
    }
    let found = match &body {
        Cow::Borrowed(text) => first_match(regex, text).map(Cow::Borrowed),
        Cow::Owned(text) => first_match(regex, text).map(|found| Cow::Owned(found.to_owned())),
    };
    found
        .map(Found::Text)
        .ok_or_else(|| Obstacle::Absent(format!("no match for /{regex}/ in the body")))
}

fn find_json<'a>(path: &JsonPath, facts: &'a Facts<'_>, all: bool) -> Result<Found<'a>, Obstacle> {
    match path.find(facts) {
        Ok(Some(found)) => Ok(found),
        Ok(None) if all => Ok(Found::json(Vec::<Json>::new())),
        Ok(None) => Err(Obstacle::Absent(format!("nothing at {}", path.text()))),
        Err(_) => Err(Obstacle::Unfit {
            expected: "a JSON body".to_owned(),
            actual: match facts.body {
                [] => "an empty body".to_owned(),
                body => format!(
                    "a body that is not JSON: {}",
                    quoted(&String::from_utf8_lossy(body))
                ),
            },
        }),
    }
}

/// One of several texts, or all of them.
fn several<'a>(
    mut texts: impl Iterator<Item = Cow<'a, str>>,
    all: bool,
    absent: impl Fn() -> String,
) -> Result<Found<'a>, Obstacle> {
    if all {
        let list: Vec<Json> = texts.map(|text| Json::String(text.into_owned())).collect();
        return Ok(Found::json(list));
    }
    texts
        .next()
        .map(Found::Text)
        .ok_or_else(|| Obstacle::Absent(absent()))
}

/// The values that `Set-Cookie` gives a cookie.
fn cookies<'a>(facts: &'a Facts<'_>, name: &'a str) -> impl Iterator<Item = Cow<'a, str>> {
    let headers = facts.headers.get_all("set-cookie");
    headers.filter_map(move |header| {
        let cookie = cookie::Cookie::parse(std::str::from_utf8(header).ok()?).ok()?;
        (cookie.name() == name).then(|| Cow::Owned(cookie.value_trimmed().to_owned()))
    })
}

fn needed<'t>(
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
    let known: Vec<&str> = WORDS
        .into_iter()
        .chain(names.iter().map(String::as_str))
        .collect();
    let elsewhere = ELSEWHERE.iter().find(|(other, _)| *other == word.text);
    let help = match elsewhere {
        Some((_, ours)) => format!("did you mean `{ours}`?"),
        None => suggest(word.text, &known, ""),
    };
    error(
        word.range.clone(),
        format!("`{}` is neither a query nor a variable", word.text),
        help,
    )
}

fn no_query(cursor: &mut Cursor<'_>) -> ParseError {
    let help = format!("start with a query: {}", WORDS.join(", "));
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
