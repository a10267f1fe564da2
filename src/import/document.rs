//! A document, read. In: its text; out: JSON, what kind it is, and where its parts stand. Invariant: size, depth and
//! aliases are bounded before anything is made of them.

use super::Left;
use crate::source::{Diagnostic, Kind as NodeKind, Node, Scalar, Source, parse};
use serde_json::{Map, Number, Value};
use std::sync::LazyLock;

/// The largest document that is read, in bytes.
pub const SIZE_LIMIT: usize = 64 << 20;
/// Larger documents are not read a second time to find the lines of what was left out.
const LINES_LIMIT: usize = 4 << 20;

/// What a document can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An OpenAPI document, 3.0 or 3.1.
    OpenApi,
    /// A recording of a browser.
    Har,
    /// Command lines of curl.
    Curl,
    /// A Postman collection, 2.1.
    Postman,
}

impl Kind {
    /// With an article.
    fn name(self) -> &'static str {
        match self {
            Self::OpenApi => "an OpenAPI document",
            Self::Har => "a HAR recording",
            Self::Curl => "a curl command",
            Self::Postman => "a Postman collection",
        }
    }
}

/// Why a document cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It is not YAML.
    #[error("{0}")]
    Yaml(Box<Diagnostic>),
    /// Anything else: place, what is wrong, and the fix.
    #[error("{place}: {what}; {fix}")]
    Document {
        /// File and place in it.
        place: String,
        /// What is wrong.
        what: String,
        /// How to get on.
        fix: String,
    },
}

/// A document and what it was read from.
pub(super) struct Document<'a> {
    pub(super) source: &'a Source,
    pub(super) kind: Kind,
    pub(super) root: Value,
}

impl<'a> Document<'a> {
    /// Reads a document and finds out what it is.
    pub(super) fn read(source: &'a Source, kind: Option<Kind>) -> Result<Self, ImportError> {
        let text = source.text.trim_start_matches('\u{feff}').trim_start();
        if source.text.len() > SIZE_LIMIT {
            let what = format!(
                "{} MB are more than an import reads",
                source.text.len() >> 20
            );
            return Err(error(
                source,
                what,
                "cut it down to the part that should become a scenario; 64 MB are the limit",
            ));
        }
        if text.is_empty() {
            return Err(error(
                source,
                "the file is empty",
                "give an OpenAPI document, a HAR recording, a Postman collection or a curl command",
            ));
        }
        if kind.unwrap_or(Kind::Curl) == Kind::Curl && super::curl::is_one(text) {
            return Ok(Self {
                source,
                kind: Kind::Curl,
                root: Value::Null,
            });
        }
        let root = if text.starts_with('{') {
            json(source, text)?
        } else {
            yaml(source)?
        };
        let found = recognised(source, &root)?;
        match kind {
            Some(wanted) if wanted != found => Err(error(
                source,
                format!("this is {}", found.name()),
                "leave --from out, or give the right one",
            )),
            _ => Ok(Self {
                source,
                kind: found,
                root,
            }),
        }
    }

    /// An error at a place of this document.
    pub(super) fn error(&self, pointer: &str, what: impl Into<String>, fix: &str) -> ImportError {
        ImportError::Document {
            place: format!("{}: {pointer}", self.source.name),
            what: what.into(),
            fix: fix.into(),
        }
    }

    /// The same with lines before the pointers, where lines can be found.
    pub(super) fn places(&self, mut left: Vec<Left>) -> Vec<Left> {
        if left.is_empty() || self.source.text.len() > LINES_LIMIT {
            return left;
        }
        if let Ok(tree) = parse(self.source) {
            for one in &mut left {
                if let Some(span) = find(&tree, &one.place) {
                    let (line, _) = self.source.position(span);
                    one.place = format!("line {line}, {}", one.place);
                }
            }
        }
        left
    }
}

fn error(source: &Source, what: impl Into<String>, fix: &str) -> ImportError {
    ImportError::Document {
        place: source.name.clone(),
        what: what.into(),
        fix: fix.into(),
    }
}

fn json(source: &Source, text: &str) -> Result<Value, ImportError> {
    serde_json::from_str(text).map_err(|problem| {
        let shift = source.text.len() - text.len();
        let above = source.text[..shift].matches('\n').count();
        let place = format!(
            "{}:{}:{}",
            source.name,
            problem.line() + above,
            problem.column()
        );
        let (what, fix) = if problem.to_string().starts_with("recursion limit") {
            ("nested too deep".into(), "at most 127 levels are read")
        } else {
            let words = problem.to_string();
            let what = words
                .split(" at line ")
                .next()
                .unwrap_or_default()
                .to_owned();
            (
                format!("not valid JSON: {what}"),
                "export it anew, or check it with a JSON validator",
            )
        };
        ImportError::Document {
            place,
            what,
            fix: fix.into(),
        }
    })
}

fn yaml(source: &Source) -> Result<Value, ImportError> {
    let node = parse(source).map_err(|problem| match problem.code {
        "T0104" => ImportError::Document {
            place: problem.location(),
            what: problem.message,
            fix: "write it as JSON, which has no aliases and is read up to 64 MB".into(),
        },
        _ => ImportError::Yaml(Box::new(problem)),
    })?;
    Ok(typed(&node))
}

/// What a document is, by what only documents of its kind have.
fn recognised(source: &Source, root: &Value) -> Result<Kind, ImportError> {
    let version = |key: &str| {
        root.get(key)
            .map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned))
    };
    if root["log"]["entries"].is_array() {
        return Ok(Kind::Har);
    }
    if root["item"].is_array() && root["info"].is_object() {
        return Ok(Kind::Postman);
    }
    match (version("openapi"), version("swagger")) {
        (Some(v), _) if v.starts_with("3.0") || v.starts_with("3.1") => Ok(Kind::OpenApi),
        (Some(v), _) => {
            let what = format!("OpenAPI {} is not read", super::name::line(&v, 20));
            Err(error(source, what, "3.0 and 3.1 are"))
        }
        (None, Some(_)) => Err(error(
            source,
            "this is Swagger 2.0",
            "convert it to OpenAPI 3, with `npx swagger2openapi` or at editor.swagger.io",
        )),
        (None, None) => Err(error(
            source,
            "not a document that can be imported",
            "OpenAPI has `openapi: 3.0.x` or `3.1.x` at its top, HAR `log.entries`, a Postman collection `info` and `item`, and a curl command begins with `curl`",
        )),
    }
}

/// A YAML tree as JSON, by YAML's core schema.
fn typed(node: &Node) -> Value {
    match &node.kind {
        NodeKind::Scalar(scalar) => single(scalar),
        NodeKind::List(items) => items.iter().map(typed).collect(),
        NodeKind::Map(entries) => {
            let members = entries
                .iter()
                .map(|(key, value)| (key.value.clone(), typed(value)));
            Value::Object(members.collect::<Map<_, _>>())
        }
    }
}

fn single(scalar: &Scalar) -> Value {
    let text = scalar.text.as_str();
    if !scalar.plain {
        return text.into();
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => true.into(),
        "false" | "False" | "FALSE" => false.into(),
        _ => number(text).map_or_else(|| text.into(), Value::Number),
    }
}

fn number(text: &str) -> Option<Number> {
    #[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by a test")]
    static NUMBER: LazyLock<regex::Regex> = LazyLock::new(|| {
        regex::Regex::new(r"^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$").unwrap()
    });
    if !NUMBER.is_match(text) {
        return None;
    }
    let whole = text.parse::<i64>().ok().map(Number::from);
    whole.or_else(|| Number::from_f64(text.parse().ok()?))
}

/// Where a pointer leads, as far as it can be followed: a byte of the text.
fn find(tree: &Node, pointer: &str) -> Option<usize> {
    let mut node = tree;
    let mut at = None;
    for part in pointer.strip_prefix("#/")?.split('/') {
        let part = part.replace("~1", "/").replace("~0", "~");
        match &node.kind {
            NodeKind::Map(entries) => {
                let (key, value) = entries.iter().find(|(key, _)| key.value == part)?;
                at = Some(key.span.start);
                node = value;
            }
            NodeKind::List(items) => {
                node = items.get(part.parse::<usize>().ok()?)?;
                at = Some(node.span.start);
            }
            NodeKind::Scalar(_) => return None,
        }
    }
    at
}
