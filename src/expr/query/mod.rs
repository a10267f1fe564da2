//! What a check or capture looks at. In: the first words of an expression; out: a [`Query`] that finds its
//! value in the [`Facts`] of a response. Invariant: a query that finds nothing says so in words.
//!
//! Headers, cookies, elements and the matches of a pattern may be several. Alone, such a query gives the first;
//! when the first filter is about lists (`count`, `first`, `last`, `nth`, `random`) it gives all of them.

mod body;
mod certificate;
mod headers;
mod html;
mod parse;

pub(super) use self::body::{Between, first_match, hex};
use self::certificate::Field;
use self::headers::Attribute;
pub use self::html::seen;
pub(super) use self::html::{Css, Page, plain_text};
pub(super) use self::parse::{between, css, needed, pattern};

use super::facts::Facts;
use super::found::{Found, Obstacle};
use super::jsonpath::JsonPath;
use super::{Cache, Needs, Template};
use http::header::HeaderName;
use regex::Regex;
use serde_json::{Value as Json, json};
use std::borrow::Cow;
use std::time::Duration;

/// Why there is no word on a cache.
const NO_CACHE: &str = "no header says whether a cache answered";

/// What an expression starts with.
#[derive(Debug, Clone)]
pub(super) enum Query {
    Status,
    Reason,
    Version,
    Url,
    Redirects,
    Header(HeaderName),
    Cookie(String, Option<Attribute>),
    Cache,
    Body,
    Bytes,
    Sha256,
    Json(JsonPath),
    Css(Css),
    Regex(Regex),
    Between(Between),
    Certificate(Field),
    Ip,
    Size,
    Decoded,
    Wait,
    Dns,
    Connect,
    Tls,
    Write,
    Ttfb,
    Duration,
    ServerTiming(String),
    Variable(usize, String),
}

/// What is known of a value's type before any response is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gives {
    Text,
    Number,
    Time,
    Date,
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
            Self::Date => "a date",
            Self::List => "a list",
            Self::Anything => "anything",
        }
    }
}

impl Query {
    /// What it looks at.
    pub(super) fn needs(&self) -> Needs {
        let mut needs = Needs::default();
        match self {
            Self::Body
            | Self::Bytes
            | Self::Sha256
            | Self::Decoded
            | Self::Json(_)
            | Self::Css(_)
            | Self::Regex(_)
            | Self::Between(_) => needs.body = true,
            Self::Cache => {
                needs.headers = true;
                needs.cache = true;
            }
            Self::Header(_) | Self::Cookie(..) | Self::ServerTiming(_) => needs.headers = true,
            Self::Certificate(_) => needs.certificate = true,
            Self::Reason
            | Self::Version
            | Self::Redirects
            | Self::Ip
            | Self::Wait
            | Self::Dns
            | Self::Connect
            | Self::Tls
            | Self::Write => needs.details = true,
            Self::Status
            | Self::Url
            | Self::Size
            | Self::Ttfb
            | Self::Duration
            | Self::Variable(..) => {}
        }
        needs
    }

    /// The type of what it finds.
    pub(super) fn gives(&self) -> Gives {
        match self {
            Self::Status | Self::Size | Self::Decoded => Gives::Number,
            Self::Wait
            | Self::Dns
            | Self::Connect
            | Self::Tls
            | Self::Write
            | Self::Ttfb
            | Self::Duration
            | Self::ServerTiming(_) => Gives::Time,
            Self::Redirects => Gives::List,
            Self::Certificate(field) => field.gives(),
            Self::Cookie(_, Some(attribute)) => attribute.gives(),
            Self::Json(path) if path.is_plural() => Gives::List,
            Self::Json(_) | Self::Variable(..) => Gives::Anything,
            _ => Gives::Text,
        }
    }

    /// Whether it gives all of several when a filter asks for a list.
    pub(super) fn can_give_all(&self) -> bool {
        match self {
            Self::Header(_)
            | Self::Cookie(_, None)
            | Self::Regex(_)
            | Self::Css(_)
            | Self::Between(_) => true,
            Self::Json(path) => path.is_plural(),
            _ => false,
        }
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
            Self::Decoded => facts.decoded.map(Found::json).ok_or_else(|| {
                Obstacle::Absent("no unpacked body: its coding is not known".to_owned())
            }),
            Self::Ttfb => Ok(Found::Time(facts.ttfb)),
            Self::Duration => Ok(Found::Time(facts.duration)),
            Self::Body => Ok(Found::Text(String::from_utf8_lossy(facts.body))),
            Self::Bytes => Ok(Found::Text(hex(facts.body).into())),
            Self::Sha256 => Ok(Found::Text(body::sha256(facts.body).into())),
            Self::Header(name) => several(headers::header_values(facts, name), all, || {
                format!("no header `{name}`")
            }),
            Self::Cookie(name, None) => several(headers::cookies(facts, name), all, || {
                format!("no cookie `{name}`")
            }),
            Self::Cookie(name, Some(attribute)) => attribute.find(facts, name),
            Self::Cache => Cache::of(facts.headers)
                .map(|cache| Found::text(cache.name()))
                .ok_or_else(|| Obstacle::Absent(NO_CACHE.to_owned())),
            Self::ServerTiming(name) => headers::server_timing(facts, name),
            Self::Regex(regex) => body::find_pattern(regex, facts.body, all),
            Self::Json(path) => body::find_json(path, facts, all),
            Self::Css(css) => css.find(facts.page(), all),
            Self::Between(between) => {
                between.find(&String::from_utf8_lossy(facts.body), facts.variables, all)
            }
            Self::Certificate(field) => field.find(facts.details.certificate),
            Self::Variable(slot, name) => facts
                .variables
                .get(*slot)
                .and_then(Found::of)
                .ok_or_else(|| Obstacle::Absent(format!("variable `{name}` without a value"))),
            _ => self.detail(facts),
        }
    }

    /// What only the protocol knows.
    fn detail<'a>(&self, facts: &'a Facts<'_>) -> Result<Found<'a>, Obstacle> {
        let details = &facts.details;
        let time = |time: Option<Duration>| time.map(Found::Time);
        let (found, absent) = match self {
            Self::Reason => (
                details.reason.map(Found::text),
                "no words behind the status code",
            ),
            Self::Version => (
                details.version.map(Found::text),
                "no version of the protocol is known",
            ),
            Self::Redirects => {
                let list = details.redirects.iter();
                let list = list.map(|(status, url)| json!({"status": status, "url": url}));
                (Some(Found::json(list.collect::<Vec<_>>())), "")
            }
            Self::Ip => (
                details.peer.map(|ip| Found::Text(ip.to_string().into())),
                "no address: what answered is not known",
            ),
            Self::Wait => (
                time(details.wait),
                "no wait: the request had a connection of its own",
            ),
            Self::Write => (time(details.write), "the request was not written whole"),
            Self::Dns => (
                time(details.dns),
                "no look-up: an open connection was used, or the target is an address",
            ),
            Self::Connect => (
                time(details.connect),
                "no connecting: an open connection was used",
            ),
            _ => (
                time(details.tls),
                "no TLS handshake: an open connection was used, or none was encrypted",
            ),
        };
        found.ok_or_else(|| Obstacle::Absent(absent.to_owned()))
    }

    /// The variables that it reads.
    pub(super) fn slots(&self) -> impl Iterator<Item = usize> + '_ {
        let variable = match self {
            Self::Variable(slot, _) => Some(*slot),
            _ => None,
        };
        let templates = match self {
            Self::Between(between) => between.templates(),
            _ => [None, None],
        };
        variable
            .into_iter()
            .chain(templates.into_iter().flatten().flat_map(Template::slots))
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
