//! One step. In: an item of `steps:`; out: a request or think time. Invariant: a step has exactly one verb;
//! it is read as one map of optional keys and counted afterwards, so every key keeps its place.

use super::Request;
use super::control::{Assignment, Block};
use super::headers::Headers;
use super::request;
use crate::scenario::loading::Loading;
use crate::scenario::vocabulary::{DEFAULTS, METHODS, STEP};
use crate::source::{Fields, Kind, Node, Span};
use crate::units::parse_duration;
use std::time::Duration;

/// What a virtual user does.
#[derive(Debug, Clone)]
pub enum Step {
    /// Sends a request and looks at the response.
    Request(Box<Request>),
    /// Waits.
    Think(Think),
    /// Gives variables values.
    Set(Vec<Assignment>),
    /// Steps under a condition, repeated, or at the same time.
    Block(Box<Block>),
}

/// Think time: drawn evenly from `min` to `max`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Think {
    /// The shortest time.
    pub min: Duration,
    /// The longest time; at least `min`.
    pub max: Duration,
    /// Where it stands.
    pub span: Span,
}

/// What holds for every step that says nothing else.
#[derive(Debug)]
pub(in crate::scenario) struct Defaults<'n> {
    pub(super) timeout: Duration,
    pub(super) redirects: u32,
    pub(super) headers: Headers<'n>,
}

impl<'n> Defaults<'n> {
    /// Reads `defaults:`; 10 s and no redirects where it says nothing.
    pub(in crate::scenario) fn read(loading: &mut Loading<'_>, node: Option<&'n Node>) -> Self {
        let mut defaults = Self {
            timeout: Duration::from_secs(10),
            redirects: 0,
            headers: Headers::default(),
        };
        let Some(fields) = node.and_then(|node| loading.reader.object(node, &DEFAULTS)) else {
            return defaults;
        };
        let (timeout, redirects) = (timeout(loading, &fields), redirects(loading, &fields));
        defaults.timeout = timeout.unwrap_or(defaults.timeout);
        defaults.redirects = redirects.unwrap_or(defaults.redirects);
        defaults.headers = Headers::read(loading, fields.get("headers"));
        defaults
    }
}

/// Reads one step.
pub(super) fn read(
    loading: &mut Loading<'_>,
    node: &Node,
    defaults: &Defaults<'_>,
) -> Option<Step> {
    let fields = loading.reader.object(node, &STEP)?;
    let verbs: Vec<&str> = fields
        .iter()
        .map(|(key, _)| key.value.as_str())
        .filter(|key| is_verb(key))
        .collect();
    match verbs.as_slice() {
        ["think"] => think(loading, &fields).map(Step::Think),
        [verb] => {
            let request = request::read(loading, &fields, verb, defaults)?;
            Some(Step::Request(Box::new(request)))
        }
        [] => {
            no_verb(loading, node, &fields);
            None
        }
        [first, second, ..] => {
            let span = fields.entry(second).map_or(fields.span, |(span, _)| span);
            let message = format!("`{second}:` beside `{first}:`: a step does one thing");
            loading.reader.error(
                "T0404",
                span,
                message,
                "make it two steps, each with its own `-`",
            );
            None
        }
    }
}

fn is_verb(key: &str) -> bool {
    key == "think" || METHODS.contains(&key)
}

fn no_verb(loading: &mut Loading<'_>, node: &Node, fields: &Fields<'_>) {
    let written = if let Kind::Map(entries) = &node.kind {
        entries.len()
    } else {
        0
    };
    if written > fields.iter().count() {
        // An unknown key is told already, and it is probably the verb.
        return;
    }
    let span = fields
        .iter()
        .next()
        .map_or(fields.span, |(key, _)| key.span);
    let help = format!("add one of: {}, think", METHODS.join(", "));
    loading
        .reader
        .error("T0403", span, "this step does not say what to do", help);
}

fn think(loading: &mut Loading<'_>, fields: &Fields<'_>) -> Option<Think> {
    for (key, _) in fields.iter().filter(|(key, _)| key.value != "think") {
        let message = format!("`{}` means nothing beside `think`", key.value);
        loading.reader.error(
            "T0407",
            key.span,
            message,
            "remove it, or make it a step of its own",
        );
    }
    let node = fields.get("think")?;
    let (min, max) =
        loading
            .reader
            .quantity(node, "a time such as `1s`, or a range `1s..3s`", range)?;
    if min > max {
        let text = node.scalar().map_or("", |scalar| scalar.text.as_str());
        let (from, to) = text.split_once("..").unwrap_or((text, text));
        let help = format!("write `{}..{}`", to.trim(), from.trim());
        loading.reader.error(
            "T0408",
            node.span,
            "this range is the wrong way round",
            help,
        );
        return None;
    }
    Some(Think {
        min,
        max,
        span: node.span,
    })
}

fn range(text: &str) -> Result<(Duration, Duration), String> {
    match text.split_once("..") {
        Some((from, to)) => Ok((parse_duration(from.trim())?, parse_duration(to.trim())?)),
        None => parse_duration(text).map(|time| (time, time)),
    }
}

/// `timeout:`; `None` where there is none, or it is wrong and told.
pub(super) fn timeout(loading: &mut Loading<'_>, fields: &Fields<'_>) -> Option<Duration> {
    let node = fields.get("timeout")?;
    let timeout = loading.reader.duration(node)?;
    if timeout.is_zero() {
        let help = "write how long a request may take: `10s`";
        loading
            .reader
            .error("T0419", node.span, "nothing answers within no time", help);
        return None;
    }
    Some(timeout)
}

/// `redirects:`; `None` where there is none, or it is wrong and told.
pub(super) fn redirects(loading: &mut Loading<'_>, fields: &Fields<'_>) -> Option<u32> {
    const MOST: u32 = 50;
    let node = fields.get("redirects")?;
    let text = node.scalar().map_or("", |scalar| scalar.text.as_str());
    if text == "off" {
        return Some(0);
    }
    if !loading.plain_digits(node) {
        return None;
    }
    let limit = text.parse().ok().filter(|limit| *limit <= MOST);
    if limit.is_none() {
        let message = format!("expected `off` or how many redirects to follow, at most {MOST}");
        loading.reader.error(
            "T0420",
            node.span,
            message,
            "write `off` or a number such as `5`",
        );
    }
    limit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn think_is_a_time_or_a_range() {
        let ms = Duration::from_millis;
        assert_eq!(range("2s"), Ok((ms(2000), ms(2000))));
        assert_eq!(range("500ms .. 3s"), Ok((ms(500), ms(3000))));
        assert!(range("1..3s").unwrap_err().contains("`1s`"));
        assert!(range("soon").is_err());
    }
}
