//! What becomes of a value before it is judged or kept. In: words behind `|`; out: a [`Filter`] that turns
//! one value into another. Invariant: a filter that meets a type which it does not take is a mismatch that
//! names both, never a guess.

mod convert;
pub(super) mod dates;
mod encode;
mod list;
mod parse;

pub(super) use self::encode::Code;
pub use self::encode::escaped;
use self::list::Pick;
pub(super) use self::parse::{template, text};

use super::found::{Found, Obstacle};
use super::jsonpath::JsonPath;
use super::query::{Between, Css, Gives, Page, first_match};
use super::{Template, Value};
use rand_xoshiro::Xoshiro256PlusPlus;
use regex::Regex;
use serde_json::Value as Json;
use std::borrow::Cow;
use std::time::SystemTime;

/// One step between a query and its predicate.
#[derive(Debug, Clone)]
pub(super) enum Filter {
    Count,
    Pick(Pick),
    /// The first thing found, or with the flag all of them.
    Search(Search, bool),
    Json(JsonPath),
    /// A claim, or a path into the claims.
    Jwt(String, Option<JsonPath>),
    Param(Template),
    Split(Template),
    Replace(Template, Template),
    ReplacePattern(Regex, Template),
    Trim,
    Lower,
    Upper,
    Int,
    Float,
    String,
    Code(Code),
    /// In this format, or in one of the usual.
    Date(Option<String>),
    Format(String),
    /// Whole days from now to a date, or from a date to now.
    DaysUntil,
    DaysSince,
}

/// A search in a text.
#[derive(Debug, Clone)]
pub(super) enum Search {
    Regex(Regex),
    Css(Css),
    Between(Between),
}

/// What filters may use while they run.
#[derive(Debug)]
pub(super) struct Tools<'r, 'v> {
    pub(super) variables: &'v [Value],
    pub(super) rng: &'r mut Xoshiro256PlusPlus,
    pub(super) now: fn() -> SystemTime,
}

impl Filter {
    /// Its words.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Pick(pick) => pick.name(),
            Self::Search(Search::Regex(_), _) => "regex",
            Self::Search(Search::Css(_), _) => "css",
            Self::Search(Search::Between(_), _) => "between",
            Self::Json(_) => "json",
            Self::Jwt(..) => "jwt",
            Self::Param(_) => "url param",
            Self::Split(_) => "split",
            Self::Replace(..) | Self::ReplacePattern(..) => "replace",
            Self::Trim => "trim",
            Self::Lower => "lower",
            Self::Upper => "upper",
            Self::Int => "int",
            Self::Float => "float",
            Self::String => "string",
            Self::Code(code) => code.name(),
            Self::Date(_) => "date",
            Self::Format(_) => "format",
            Self::DaysUntil => "days until",
            Self::DaysSince => "days since",
        }
    }

    /// Whether it picks from or counts a list.
    pub(super) fn takes_list(&self) -> bool {
        matches!(self, Self::Count | Self::Pick(_))
    }

    /// Gives all that is found instead of the first, where it can: for a filter about lists behind it.
    pub(super) fn give_all(&mut self) -> bool {
        match self {
            Self::Search(_, all) => {
                *all = true;
                true
            }
            _ => false,
        }
    }

    /// What it makes of a type; the error is what it takes.
    pub(super) fn gives(&self, from: Gives) -> Result<Gives, Gives> {
        let is = |kinds: &[Gives]| from == Gives::Anything || kinds.contains(&from);
        let (takes, gives): (&[Gives], Gives) = match self {
            Self::Count => (&[Gives::List], Gives::Number),
            Self::Pick(_) => (&[Gives::List], Gives::Anything),
            Self::Json(path) if path.is_plural() => (&[Gives::Text, Gives::List], Gives::List),
            Self::Json(_) => (&[Gives::Text, Gives::List], Gives::Anything),
            Self::Jwt(..) => (&[Gives::Text], Gives::Anything),
            Self::Split(_) => (&[Gives::Text], Gives::List),
            Self::Int | Self::Float => (&[Gives::Text, Gives::Number], Gives::Number),
            Self::String => return Ok(Gives::Text),
            Self::Date(_) => (&[Gives::Text, Gives::Number, Gives::Date], Gives::Date),
            Self::Format(_) => (&[Gives::Date, Gives::Text], Gives::Text),
            Self::DaysUntil | Self::DaysSince => (&[Gives::Date, Gives::Text], Gives::Number),
            Self::Search(..)
            | Self::Param(_)
            | Self::Replace(..)
            | Self::ReplacePattern(..)
            | Self::Trim
            | Self::Lower
            | Self::Upper
            | Self::Code(_) => (&[Gives::Text], Gives::Text),
        };
        if is(takes) { Ok(gives) } else { Err(takes[0]) }
    }

    /// Runs it.
    pub(super) fn apply<'a>(
        &self,
        found: Found<'a>,
        tools: &mut Tools<'_, '_>,
    ) -> Result<Found<'a>, Obstacle> {
        match self {
            Self::Count => self.count(&found),
            Self::Pick(pick) => pick.from(found, tools.rng),
            Self::Search(search, all) => self.search(search, *all, found, tools),
            Self::Json(path) => self.json(path, found),
            Self::Jwt(claim, path) => self.jwt(claim, path.as_ref(), found),
            Self::Param(name) => {
                let name = self.render(name, tools.variables)?;
                self.param(&name, found)
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
            Self::ReplacePattern(from, to) => {
                let to = self.render(to, tools.variables)?;
                let text = self.want_text(found)?;
                Ok(owned(from.replace_all(&text, to.as_str()).into_owned()))
            }
            Self::Code(code) => {
                let text = self.want_text(found)?;
                let done = code.apply(&text);
                done.map(owned)
                    .ok_or_else(|| self.unfit(code.takes(), &Found::Text(text)))
            }
            Self::Int => self.int(&found),
            Self::Float => self.float(&found),
            Self::String => Ok(owned(found.into_value().text().into_owned())),
            Self::Date(format) => self.date(format.as_deref(), &found).map(Found::Date),
            Self::Format(format) => self.format(format, &found),
            Self::DaysUntil => self.days(&found, tools.now).map(Found::json),
            Self::DaysSince => self.days(&found, tools.now).map(|days| Found::json(-days)),
        }
    }

    /// The variables that it reads.
    pub(super) fn slots(&self) -> impl Iterator<Item = usize> + '_ {
        let templates = match self {
            Self::Split(one) | Self::Param(one) | Self::ReplacePattern(_, one) => [Some(one), None],
            Self::Replace(from, to) => [Some(from), Some(to)],
            Self::Search(Search::Between(between), _) => between.templates(),
            _ => [None, None],
        };
        templates.into_iter().flatten().flat_map(Template::slots)
    }

    fn search<'a>(
        &self,
        search: &Search,
        all: bool,
        found: Found<'a>,
        tools: &Tools<'_, '_>,
    ) -> Result<Found<'a>, Obstacle> {
        let text = self.want_text(found)?;
        match search {
            Search::Between(between) => between.find(&text, tools.variables, all),
            Search::Css(css) => css.find(&Page::read(&text), all),
            Search::Regex(regex) if all => {
                let group = usize::from(regex.captures_len() > 1);
                let matches = regex.captures_iter(&text).filter_map(|c| c.get(group));
                let list = matches.map(|found| Json::from(found.as_str()));
                Ok(Found::json(list.collect::<Vec<_>>()))
            }
            Search::Regex(regex) => part(text, |text| first_match(regex, text)).map_err(|text| {
                let text = Found::Text(text).describe();
                Obstacle::Absent(format!("no match for /{regex}/ in {text}"))
            }),
        }
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
