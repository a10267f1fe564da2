//! What responses gave that later requests send. In: recorded responses, one after the other; out: captures for values that come
//! back. Invariant: only tokens, by their names, and ids of what the flow made are captured; the latest response with a
//! value counts.

use crate::import::draft::Capture;
use crate::import::name::{Taken, variable};
use crate::import::recorded::{Place, noun};
use crate::import::secret;
use regex::Regex;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Shorter values are the same by chance.
const SHORTEST: usize = 8;
/// Longer ones are no tokens.
const LONGEST: usize = 4096;
/// The JSON of one response that is looked through.
const DEPTH: usize = 6;

/// Where a value came from.
struct Source {
    /// The step, by its place in the flow.
    step: usize,
    from: String,
    name: String,
    secret: bool,
    /// What its capture is called, once a request sends it.
    captured: Option<String>,
}

impl Source {
    fn new(step: usize, name: &str, from: String, secret: bool) -> Self {
        Self {
            step,
            from,
            name: name.into(),
            secret,
            captured: None,
        }
    }
}

/// A response as it was recorded.
pub(super) struct Answer<'a> {
    pub(super) path: &'a str,
    /// The request changed something, so that ids in the body are of what it made.
    pub(super) made: bool,
    pub(super) headers: &'a [(String, String)],
    pub(super) kind: &'a str,
    pub(super) text: &'a str,
}

/// All values so far.
#[derive(Default)]
pub(super) struct Seen {
    values: HashMap<String, Source>,
    names: Taken,
}

impl Seen {
    /// Takes in the response of a step.
    pub(super) fn answer(&mut self, step: usize, answer: &Answer<'_>) {
        for (name, value) in answer.headers {
            let name = name.to_ascii_lowercase();
            if name == "set-cookie" {
                self.cookie(step, value);
            } else if secret::is_name(&name) && is_word(&name) && value.len() >= SHORTEST {
                self.add(
                    value,
                    Source::new(step, &name, format!("header {name}"), true),
                );
            }
        }
        if answer.kind.contains("json") {
            if let Ok(value) = serde_json::from_str::<Value>(answer.text) {
                self.json(step, &value, "$", answer);
            }
        } else if answer.kind.contains("html") {
            self.html(step, answer.text);
        }
    }

    /// The template of a value that an earlier response gave.
    pub(super) fn template(&mut self, place: Place, value: &str) -> Option<String> {
        let decoded = percent_encoding::percent_decode_str(value).decode_utf8_lossy();
        let key = if place == Place::Url && self.values.contains_key(decoded.as_ref()) {
            decoded.as_ref()
        } else {
            value
        };
        let source = self.values.get_mut(key)?;
        // What stands in a URL is no secret any more, and the language takes none there.
        source.secret &= place != Place::Url;
        let names = &mut self.names;
        let name = source
            .captured
            .get_or_insert_with(|| names.unique(&variable(&source.name), "_"));
        Some(format!("{{{{ {name} }}}}"))
    }

    /// The captures of each step.
    pub(super) fn captures(&self) -> Vec<(usize, Capture)> {
        let used = self.values.values().filter_map(|source| {
            let capture = Capture {
                name: source.captured.clone()?,
                from: source.from.clone(),
                secret: source.secret,
            };
            Some((source.step, capture))
        });
        let mut all: Vec<(usize, Capture)> = used.collect();
        all.sort_by(|a, b| (a.0, &a.1.name).cmp(&(b.0, &b.1.name)));
        all
    }

    fn add(&mut self, value: &str, source: Source) {
        // A value that is sent already keeps the source that it has.
        let sent = self
            .values
            .get(value)
            .is_some_and(|known| known.captured.is_some());
        if !sent && (1..=LONGEST).contains(&value.len()) {
            self.values.insert(value.into(), source);
        }
    }

    /// A cookie whose value is sent elsewhere, too: the double-submit pattern.
    fn cookie(&mut self, step: usize, header: &str) {
        let pair = header.split(';').next().unwrap_or_default();
        if let Some((name, value)) = pair.split_once('=') {
            let (name, value) = (name.trim(), value.trim());
            let says = ["csrf", "xsrf"]
                .iter()
                .any(|word| name.to_ascii_lowercase().contains(word));
            if says && is_word(name) && value.len() >= SHORTEST {
                self.add(
                    value,
                    Source::new(step, name, format!("cookie {name}"), true),
                );
            }
        }
    }

    fn json(&mut self, step: usize, value: &Value, path: &str, answer: &Answer<'_>) {
        let Some(members) = value
            .as_object()
            .filter(|_| path.matches('.').count() < DEPTH)
        else {
            return;
        };
        for (key, value) in members.iter().filter(|(key, _)| is_member(key)) {
            let path = format!("{path}.{key}");
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                Value::Object(_) => {
                    self.json(step, value, &path, answer);
                    continue;
                }
                _ => continue,
            };
            let token = text.len() >= SHORTEST && (secret::is_name(key) || is_csrf(key));
            let id = answer.made && is_id_name(key) && text.len() >= 3;
            if token {
                self.add(&text, Source::new(step, key, format!("json {path}"), true));
            } else if id {
                let name = if matches!(key.as_str(), "id" | "_id" | "uuid") {
                    noun(answer.path)
                } else {
                    key.clone()
                };
                self.add(
                    &text,
                    Source::new(step, &name, format!("json {path}"), false),
                );
            }
        }
    }

    /// Tokens in forms and in the head of a page.
    fn html(&mut self, step: usize, text: &str) {
        #[expect(clippy::unwrap_used, reason = "constant patterns, used by a test")]
        static TAG: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"(?i)<(input|meta)\b([^<>]{1,2000})>").unwrap());
        for tag in TAG.captures_iter(text) {
            let (kind, inside) = (tag[1].to_ascii_lowercase(), &tag[2]);
            let value_name = if kind == "input" { "value" } else { "content" };
            let (Some(name), Some(value)) =
                (attribute(inside, "name"), attribute(inside, value_name))
            else {
                continue;
            };
            if value.len() < SHORTEST
                || !is_word(&name)
                || !(secret::is_name(&name) || is_csrf(&name))
            {
                continue;
            }
            self.add(
                &value,
                Source::new(
                    step,
                    &name,
                    format!("css \"{kind}[name='{name}']\" @{value_name}"),
                    true,
                ),
            );
        }
    }
}

/// An attribute of a tag, unescaped where it is simple.
fn attribute(inside: &str, name: &str) -> Option<String> {
    let mut rest = inside;
    loop {
        let at = rest.to_ascii_lowercase().find(name)?;
        let alone = at == 0
            || rest.as_bytes()[at - 1].is_ascii_whitespace()
            || matches!(rest.as_bytes()[at - 1], b'"' | b'\'');
        let after = rest[at + name.len()..].trim_start();
        if let (true, Some(value)) = (alone, after.strip_prefix('=')) {
            let value = value.trim_start();
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
            let text = match quote {
                Some(quote) => value[1..].split(quote).next()?,
                None => value
                    .split(|c: char| c.is_whitespace() || c == '/')
                    .next()?,
            };
            return Some(
                text.replace("&#x3D;", "=")
                    .replace("&#x2B;", "+")
                    .replace("&amp;", "&"),
            );
        }
        rest = &rest[at + name.len()..];
    }
}

fn is_csrf(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["csrf", "xsrf", "verificationtoken", "authenticity", "nonce"]
        .iter()
        .any(|word| name.contains(word))
}

fn is_id_name(name: &str) -> bool {
    matches!(
        name,
        "id" | "_id" | "uuid" | "number" | "slug" | "order" | "reference"
    ) || name.ends_with("Id")
        || name.ends_with("_id")
}

/// A name that stands in a query as it is.
fn is_word(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
}

/// A name that stands in a JSON path as it is.
fn is_member(name: &str) -> bool {
    is_word(name) && !name.contains('-') && !name.starts_with(|c: char| c.is_ascii_digit())
}
