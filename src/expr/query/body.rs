//! Queries of the body. In: its bytes; out: what a pattern, a path or two boundaries find in them. Invariant:
//! every search is linear in the body: patterns have no backtracking, and boundaries never overlap.

use crate::expr::facts::Facts;
use crate::expr::found::{Found, Obstacle, quoted};
use crate::expr::jsonpath::JsonPath;
use crate::expr::{Template, Value};
use aws_lc_rs::digest;
use regex::Regex;
use serde_json::Value as Json;
use std::borrow::Cow;

/// The text between two others.
#[derive(Debug, Clone)]
pub(in crate::expr) struct Between {
    pub(super) left: Template,
    pub(super) right: Template,
}

impl Between {
    /// Between `left` and `right`.
    pub(in crate::expr) fn new(left: Template, right: Template) -> Self {
        Self { left, right }
    }

    /// Both of its texts.
    pub(in crate::expr) fn templates(&self) -> [Option<&Template>; 2] {
        [Some(&self.left), Some(&self.right)]
    }

    /// The first text between the two, or all of them.
    pub(in crate::expr) fn find<'a>(
        &self,
        text: &Cow<'a, str>,
        variables: &[Value],
        all: bool,
    ) -> Result<Found<'a>, Obstacle> {
        let render = |template: &Template| {
            template
                .render_variables(variables)
                .ok_or_else(|| Obstacle::Unfit {
                    expected: "a value for every variable of `between`".to_owned(),
                    actual: "a variable without a value".to_owned(),
                })
        };
        let (left, right) = (render(&self.left)?, render(&self.right)?);
        if all {
            let list: Vec<Json> = parts(text, &left, &right).map(Json::from).collect();
            return Ok(Found::json(list));
        }
        let found = match text {
            Cow::Borrowed(text) => parts(text, &left, &right).next().map(Cow::Borrowed),
            Cow::Owned(text) => parts(text, &left, &right)
                .next()
                .map(|part| Cow::Owned(part.to_owned())),
        };
        found.map(Found::Text).ok_or_else(|| {
            Obstacle::Absent(format!(
                "nothing between {} and {}",
                quoted(&left),
                quoted(&right)
            ))
        })
    }
}

fn parts<'t>(text: &'t str, left: &str, right: &str) -> impl Iterator<Item = &'t str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let behind = &rest[rest.find(left)? + left.len()..];
        let (part, after) = if right.is_empty() {
            (behind, "")
        } else {
            behind.split_once(right)?
        };
        // An empty left side must still end.
        if rest.is_empty() {
            return None;
        }
        rest = after;
        Some(part)
    })
}

/// The first group of the first match, or the whole match where the pattern has no groups.
pub(in crate::expr) fn first_match<'t>(regex: &Regex, text: &'t str) -> Option<&'t str> {
    if regex.captures_len() == 1 {
        return regex.find(text).map(|found| found.as_str());
    }
    let groups = regex.captures(text)?;
    groups.get(1).map(|group| group.as_str())
}

/// The first match in the body, or all of them.
pub(super) fn find_pattern<'a>(
    regex: &Regex,
    body: &'a [u8],
    all: bool,
) -> Result<Found<'a>, Obstacle> {
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

/// What a path names in the body.
pub(super) fn find_json<'a>(
    path: &JsonPath,
    facts: &'a Facts<'_>,
    all: bool,
) -> Result<Found<'a>, Obstacle> {
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

/// Bytes as lower-case hexadecimal digits.
pub(in crate::expr) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |n: u8| char::from(DIGITS[usize::from(n)]);
    let pairs = bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    pairs.collect()
}

/// The SHA-256 digest, in hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}
