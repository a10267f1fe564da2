//! JSON paths (RFC 9535). In: a path and the bytes of a body; out: the value, or all values, that it names.
//! Invariant: a plain path (`$.a.b[0].c`) walks the bytes and builds nothing but the value it names; the
//! whole document is read all the same, so that broken JSON is never half accepted.

use super::ParseError;
use super::facts::Facts;
use super::found::Found;
use super::lexer::{Piece, error, flat};
use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;
use std::borrow::Cow;
use std::fmt;

/// A compiled path.
#[derive(Debug, Clone)]
pub(super) struct JsonPath {
    text: String,
    steps: Steps,
}

#[derive(Debug, Clone)]
enum Steps {
    /// Names and indices from the front: one value, found while the bytes are read.
    Plain(Vec<Step>),
    /// One value, by a path that needs the tree.
    One(serde_json_path::JsonPath),
    /// Any number of values.
    Many(serde_json_path::JsonPath),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

/// The body is not JSON.
#[derive(Debug)]
pub(super) struct NotJson;

impl JsonPath {
    /// Compiles a path; the error's place is within the text that the piece was cut from.
    pub(super) fn parse(piece: &Piece<'_>) -> Result<Self, ParseError> {
        let text = piece.text;
        if !text.starts_with('$') {
            let dot = if text.starts_with('[') { "" } else { "." };
            return Err(error(
                piece.range.clone(),
                "a JSON path starts with `$`, the whole body",
                format!("write `${dot}{}`", text.trim_start_matches('.')),
            ));
        }
        if text.contains("{{") {
            return Err(error(
                piece.range.clone(),
                "a JSON path cannot hold a template",
                "paths are compiled once; name what changes behind the path, e.g. `== \"{{ name }}\"`",
            ));
        }
        flat(piece)?;
        let steps = match plain(text) {
            Some(Plain { steps, fallback }) if !fallback => Steps::Plain(steps),
            Some(_) => Steps::One(compile(piece)?),
            None => Steps::Many(compile(piece)?),
        };
        Ok(Self {
            text: text.to_owned(),
            steps,
        })
    }

    /// Whether it names any number of values, as `$.items[*]` does.
    pub(super) fn is_plural(&self) -> bool {
        matches!(self.steps, Steps::Many(_))
    }

    /// The path as written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The value; a list of all of them for a plural path; `None` where there is none.
    pub(super) fn find<'a>(&self, facts: &'a Facts<'_>) -> Result<Option<Found<'a>>, NotJson> {
        match &self.steps {
            Steps::Plain(steps) => match facts.parsed_json() {
                Some(tree) => Ok(self.find_in(tree)),
                None => Ok(walk(facts.json_bytes(), steps)
                    .map_err(|_| NotJson)?
                    .map(|json| Found::Json(Cow::Owned(json)))),
            },
            Steps::One(_) | Steps::Many(_) => Ok(self.find_in(facts.json().ok_or(NotJson)?)),
        }
    }

    /// The same in a document that is read already.
    pub(super) fn find_in<'j>(&self, tree: &'j Json) -> Option<Found<'j>> {
        match &self.steps {
            Steps::Plain(steps) => pick(tree, steps).map(|json| Found::Json(Cow::Borrowed(json))),
            Steps::One(path) => {
                let first = path.query(tree).first();
                first.map(|json| Found::Json(Cow::Borrowed(json)))
            }
            Steps::Many(path) => {
                let all: Vec<Json> = path.query(tree).into_iter().cloned().collect();
                (!all.is_empty()).then(|| Found::json(all))
            }
        }
    }
}

fn compile(piece: &Piece<'_>) -> Result<serde_json_path::JsonPath, ParseError> {
    serde_json_path::JsonPath::parse(piece.text).map_err(|problem| {
        let text = piece.text;
        let mut from = problem.position().saturating_sub(1).min(text.len());
        while !text.is_char_boundary(from) {
            from -= 1;
        }
        let from = from.min(text.trim_end().len().saturating_sub(1));
        let start = piece.range.start + from;
        let dashed = text.split(['.', '[', ']']).find(|name| {
            name.contains('-') && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
        });
        let help = match dashed {
            Some(name) => format!("a name with `-` stands in brackets: `['{name}']`"),
            None => "paths look like `$.items[0].id`, `$.items[*].id` or `$.items[?@.price > 10]` (RFC 9535)"
                .to_owned(),
        };
        error(
            start..piece.range.end.max(start),
            // What the library says of functions helps; the rest speaks of its own inner rules.
            match problem.message() {
                reason if reason.contains("function") => format!("not a JSON path: {reason}"),
                _ => "not a JSON path from here on".to_owned(),
            },
            help,
        )
    })
}

struct Plain {
    steps: Vec<Step>,
    /// It names one value, but only the tree can say which (`[-1]`).
    fallback: bool,
}

/// The steps of a path that names one value; `None` for every other path, also for those that are wrong.
fn plain(path: &str) -> Option<Plain> {
    let mut steps = Vec::new();
    let mut fallback = false;
    let mut rest = path.strip_prefix('$')?;
    while !rest.is_empty() {
        if let Some(name) = rest.strip_prefix('.') {
            let inner = |c: char| c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii();
            let length = name.find(|c| !inner(c)).unwrap_or(name.len());
            let (name, behind) = name.split_at(length);
            if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
                return None;
            }
            steps.push(Step::Key(name.to_owned()));
            rest = behind;
            continue;
        }
        let inside = rest.strip_prefix('[')?;
        if let Some(quote @ ('"' | '\'')) = inside.chars().next() {
            let (name, behind) = quoted_name(&inside[1..], quote)?;
            if name.contains(|c: char| c < ' ') {
                return None;
            }
            // Names with escapes are rare: the tree reads them.
            fallback |= name.contains('\\');
            steps.push(Step::Key(name.to_owned()));
            rest = behind.strip_prefix(']')?;
        } else {
            let (index, behind) = inside.split_once(']')?;
            let digits = index.strip_prefix('-').unwrap_or(index);
            let canonical = digits == "0" && digits == index || !digits.starts_with('0');
            if !canonical || digits.len() > 15 || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            fallback |= digits.len() < index.len();
            steps.push(Step::Index(digits.parse().ok()?));
            rest = behind;
        }
    }
    Some(Plain { steps, fallback })
}

/// Splits at the closing quote.
fn quoted_name(text: &str, quote: char) -> Option<(&str, &str)> {
    let mut escaped = false;
    let close = text.char_indices().find_map(|(i, c)| {
        let closes = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        closes.then_some(i)
    })?;
    Some((&text[..close], &text[close + 1..]))
}

fn pick<'j>(json: &'j Json, steps: &[Step]) -> Option<&'j Json> {
    steps.iter().try_fold(json, |json, step| match step {
        Step::Key(key) => json.as_object()?.get(key),
        Step::Index(index) => json.as_array()?.get(*index),
    })
}

fn walk(body: &[u8], steps: &[Step]) -> Result<Option<Json>, serde_json::Error> {
    let mut document = serde_json::Deserializer::from_slice(body);
    let found = Walk(steps).deserialize(&mut document)?;
    document.end()?;
    Ok(found)
}

/// Reads one value, of which the steps name a part.
struct Walk<'p>(&'p [Step]);

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = Option<Json>;

    fn deserialize<D: Deserializer<'de>>(self, document: D) -> Result<Self::Value, D::Error> {
        if self.0.is_empty() {
            return serde::Deserialize::deserialize(document).map(Some);
        }
        document.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = Option<Json>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let Some((Step::Key(key), deeper)) = self.0.split_first() else {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(None);
        };
        let mut found = None;
        while let Some(wanted) = map.next_key_seed(Is(key))? {
            if wanted {
                // Of a key that stands there twice the last one counts, as in the tree.
                found = map.next_value_seed(Walk(deeper))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        if let Some((Step::Index(index), deeper)) = self.0.split_first() {
            for _ in 0..*index {
                if list.next_element::<IgnoredAny>()?.is_none() {
                    return Ok(None);
                }
            }
            found = list.next_element_seed(Walk(deeper))?.flatten();
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(found)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// Whether a key is the wanted one, without keeping it.
struct Is<'p>(&'p str);

impl<'de> DeserializeSeed<'de> for Is<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, document: D) -> Result<bool, D::Error> {
        document.deserialize_str(self)
    }
}

impl Visitor<'_> for Is<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}
