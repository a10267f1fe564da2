//! What becomes of a value before it is judged or kept. In: words behind `|`; out: a [`Filter`] that turns
//! one value into another. Invariant: a filter that meets a type which it does not take is a mismatch that
//! names both, never a guess.

use super::facts::{Found, Obstacle};
use super::lexer::{Cursor, Piece, error, suggest, unescape};
use super::query::{Gives, first_match, pattern};
use super::template::Template;
use super::{ParseError, Scope, Value};
use rand::RngExt;
use rand_xoshiro::Xoshiro256PlusPlus;
use regex::Regex;
use serde_json::Value as Json;
use std::borrow::Cow;

/// Every filter's word.
const WORDS: [&str; 13] = [
    "count", "first", "last", "nth", "random", "regex", "trim", "lower", "upper", "int", "float",
    "split", "replace",
];
/// What other tools call them.
const ELSEWHERE: [(&str, &str); 7] = [
    ("length", "count"),
    ("size", "count"),
    ("toInt", "int"),
    ("toFloat", "float"),
    ("lowercase", "lower"),
    ("uppercase", "upper"),
    ("sample", "random"),
];

/// One step between a query and its predicate.
#[derive(Debug, Clone)]
pub(super) enum Filter {
    Count,
    First,
    Last,
    /// From the front, or with a minus from the back.
    Nth(i64),
    Random,
    Regex(Regex),
    Trim,
    Lower,
    Upper,
    Int,
    Float,
    Split(Template),
    Replace(Template, Template),
}

/// What filters may use while they run.
#[derive(Debug)]
pub(super) struct Tools<'r, 'v> {
    pub(super) variables: &'v [Value],
    pub(super) rng: &'r mut Xoshiro256PlusPlus,
}

impl Filter {
    /// Reads the words behind a `|`.
    pub(super) fn parse(
        cursor: &mut Cursor<'_>,
        scope: &mut dyn Scope,
    ) -> Result<Self, ParseError> {
        let Some(word) = cursor.word() else {
            let odd = cursor.anything();
            let help = format!("one of: {}", WORDS.join(", "));
            return Err(error(odd.range, "expected a filter behind `|`", help));
        };
        Ok(match word.text {
            "count" => Self::Count,
            "first" => Self::First,
            "last" => Self::Last,
            "nth" => Self::Nth(index(cursor, &word)?),
            "random" => Self::Random,
            "regex" => Self::Regex(pattern(cursor, "regex")?),
            "trim" => Self::Trim,
            "lower" => Self::Lower,
            "upper" => Self::Upper,
            "int" => Self::Int,
            "float" => Self::Float,
            "split" => Self::Split(text(cursor, &word, "split \",\"", scope)?),
            "replace" => {
                let usage = "replace \"from\" \"to\"";
                Self::Replace(
                    text(cursor, &word, usage, scope)?,
                    text(cursor, &word, usage, scope)?,
                )
            }
            _ => {
                let elsewhere = ELSEWHERE.iter().find(|(other, _)| *other == word.text);
                let help = match elsewhere {
                    Some((_, ours)) => format!("did you mean `{ours}`?"),
                    None => suggest(word.text, &WORDS, ""),
                };
                return Err(error(
                    word.range,
                    format!("unknown filter `{}`", word.text),
                    help,
                ));
            }
        })
    }

    /// Its word.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::First => "first",
            Self::Last => "last",
            Self::Nth(_) => "nth",
            Self::Random => "random",
            Self::Regex(_) => "regex",
            Self::Trim => "trim",
            Self::Lower => "lower",
            Self::Upper => "upper",
            Self::Int => "int",
            Self::Float => "float",
            Self::Split(_) => "split",
            Self::Replace(..) => "replace",
        }
    }

    /// Whether it picks from or counts a list.
    pub(super) fn takes_list(&self) -> bool {
        matches!(
            self,
            Self::Count | Self::First | Self::Last | Self::Nth(_) | Self::Random
        )
    }

    /// What it makes of a type; the error is what it takes.
    pub(super) fn gives(&self, from: Gives) -> Result<Gives, Gives> {
        let list = matches!(from, Gives::List | Gives::Anything);
        let text = matches!(from, Gives::Text | Gives::Anything);
        match self {
            Self::Count if list => Ok(Gives::Number),
            Self::First | Self::Last | Self::Nth(_) | Self::Random if list => Ok(Gives::Anything),
            Self::Count | Self::First | Self::Last | Self::Nth(_) | Self::Random => {
                Err(Gives::List)
            }
            Self::Regex(_) | Self::Trim | Self::Lower | Self::Upper | Self::Replace(..) if text => {
                Ok(Gives::Text)
            }
            Self::Split(_) if text => Ok(Gives::List),
            Self::Int | Self::Float if text || from == Gives::Number => Ok(Gives::Number),
            _ => Err(Gives::Text),
        }
    }

    /// Runs it.
    pub(super) fn apply<'a>(
        &self,
        found: Found<'a>,
        tools: &mut Tools<'_, '_>,
    ) -> Result<Found<'a>, Obstacle> {
        match self {
            Self::Count => self.count(&found),
            Self::First | Self::Last | Self::Nth(_) | Self::Random => self.pick(found, tools.rng),
            Self::Int => self.int(&found),
            Self::Float => self.float(&found),
            Self::Regex(regex) => {
                match part(self.want_text(found)?, |text| first_match(regex, text)) {
                    Ok(found) => Ok(found),
                    Err(text) => Err(Obstacle::Absent(format!(
                        "no match for /{regex}/ in {}",
                        Found::Text(text).describe()
                    ))),
                }
            }
            Self::Trim => {
                let text = self.want_text(found)?;
                part(text, |text| Some(text.trim())).or_else(|text| Ok(Found::Text(text)))
            }
            Self::Lower => Ok(owned(self.want_text(found)?.to_lowercase())),
            Self::Upper => Ok(owned(self.want_text(found)?.to_uppercase())),
            Self::Split(by) => {
                let by = self.render(by, tools.variables)?;
                let text = self.want_text(found)?;
                let parts: Vec<Json> = text.split(by.as_str()).map(Json::from).collect();
                Ok(Found::json(parts))
            }
            Self::Replace(from, to) => {
                let from = self.render(from, tools.variables)?;
                let to = self.render(to, tools.variables)?;
                Ok(owned(self.want_text(found)?.replace(&from, &to)))
            }
        }
    }

    /// The variables that it reads.
    pub(super) fn slots(&self) -> impl Iterator<Item = usize> + '_ {
        let templates = match self {
            Self::Split(by) => [Some(by), None],
            Self::Replace(from, to) => [Some(from), Some(to)],
            _ => [None, None],
        };
        templates.into_iter().flatten().flat_map(Template::slots)
    }

    fn count<'a>(&self, found: &Found<'_>) -> Result<Found<'a>, Obstacle> {
        match found.as_json() {
            Some(Json::Array(items)) => Ok(Found::json(items.len())),
            Some(Json::Object(members)) => Ok(Found::json(members.len())),
            _ => Err(self.unfit("a list or an object", found)),
        }
    }

    fn pick<'a>(
        &self,
        found: Found<'a>,
        rng: &mut Xoshiro256PlusPlus,
    ) -> Result<Found<'a>, Obstacle> {
        let Some(Json::Array(items)) = found.as_json() else {
            return Err(self.unfit("a list", &found));
        };
        let length = items.len();
        let index = match self {
            Self::Last => length.checked_sub(1),
            Self::Nth(n) if *n < 0 => usize::try_from(n.unsigned_abs())
                .ok()
                .and_then(|back| length.checked_sub(back)),
            Self::Nth(n) => usize::try_from(*n).ok().filter(|n| *n < length),
            Self::Random if length > 0 => Some(rng.random_range(0..length)),
            _ => (length > 0).then_some(0),
        };
        let Some(index) = index else {
            let wanted = match self {
                Self::Nth(n) => format!("nth {n}"),
                _ => self.name().to_owned(),
            };
            return Err(Obstacle::Absent(match length {
                0 => format!("an empty list, which has no `{wanted}`"),
                _ => format!("a list of {length}, which has no `{wanted}`"),
            }));
        };
        Ok(match found {
            Found::Json(Cow::Borrowed(Json::Array(items))) => {
                Found::Json(Cow::Borrowed(&items[index]))
            }
            Found::Json(Cow::Owned(Json::Array(mut items))) => {
                Found::Json(Cow::Owned(items.swap_remove(index)))
            }
            other => other,
        })
    }

    fn int<'a>(&self, found: &Found<'_>) -> Result<Found<'a>, Obstacle> {
        let whole = |text: &str| {
            let text = text.trim();
            let signed = text.parse::<i64>().map(Json::from).ok();
            signed.or_else(|| text.parse::<u64>().map(Json::from).ok())
        };
        let number = match (found.as_text(), found.as_json()) {
            (Some(text), _) => whole(text),
            (None, Some(Json::Number(number))) if !number.is_f64() => Some(number.clone().into()),
            (None, Some(Json::Number(number))) => number
                .as_f64()
                .and_then(|f| whole(&format!("{:.0}", f.trunc()))),
            _ => None,
        };
        number
            .map(Found::json)
            .ok_or_else(|| self.unfit("a whole number", found))
    }

    fn float<'a>(&self, found: &Found<'_>) -> Result<Found<'a>, Obstacle> {
        let number = match (found.as_text(), found.as_json()) {
            (Some(text), _) => text.trim().parse::<f64>().ok(),
            (None, Some(Json::Number(number))) => number.as_f64(),
            _ => None,
        };
        number
            .and_then(serde_json::Number::from_f64)
            .map(Found::json)
            .ok_or_else(|| self.unfit("a number", found))
    }

    fn want_text<'a>(&self, found: Found<'a>) -> Result<Cow<'a, str>, Obstacle> {
        match found {
            Found::Text(text) => Ok(text),
            Found::Json(Cow::Borrowed(Json::String(text))) => Ok(Cow::Borrowed(text)),
            Found::Json(Cow::Owned(Json::String(text))) => Ok(Cow::Owned(text)),
            other => Err(self.unfit("text", &other)),
        }
    }

    fn render(&self, template: &Template, variables: &[Value]) -> Result<String, Obstacle> {
        template
            .render_variables(variables)
            .ok_or_else(|| Obstacle::Unfit {
                expected: format!("a value for every variable of `{}`", self.name()),
                actual: "a variable without a value".to_owned(),
            })
    }

    fn unfit(&self, expected: &str, found: &Found<'_>) -> Obstacle {
        Obstacle::Unfit {
            expected: format!("{expected} for `{}`", self.name()),
            actual: found.describe(),
        }
    }
}

fn owned<'a>(text: String) -> Found<'a> {
    Found::Text(Cow::Owned(text))
}

/// A part of a text, borrowed where the text is; the text itself where there is no such part.
fn part<'a>(
    text: Cow<'a, str>,
    cut: impl for<'t> Fn(&'t str) -> Option<&'t str>,
) -> Result<Found<'a>, Cow<'a, str>> {
    match text {
        Cow::Borrowed(borrowed) => match cut(borrowed) {
            Some(part) => Ok(Found::text(part)),
            None => Err(text),
        },
        Cow::Owned(whole) => match cut(&whole).map(str::to_owned) {
            Some(part) => Ok(owned(part)),
            None => Err(Cow::Owned(whole)),
        },
    }
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

fn text(
    cursor: &mut Cursor<'_>,
    word: &Piece<'_>,
    usage: &str,
    scope: &mut dyn Scope,
) -> Result<Template, ParseError> {
    let Some(piece) = cursor.quoted()? else {
        let message = format!("`{}` needs text in quotes", word.text);
        let odd = cursor.anything();
        let range = if odd.text.is_empty() {
            word.range.clone()
        } else {
            odd.range
        };
        return Err(error(range, message, format!("write `{usage}`")));
    };
    template(&piece, scope)
}

/// A quoted text with the templates in it.
pub(super) fn template(piece: &Piece<'_>, scope: &mut dyn Scope) -> Result<Template, ParseError> {
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
