//! What is known about one response. In: its parts, borrowed; out: what queries ask for.
//! Invariant: the body is parsed as JSON at most once, and only when a query needs the whole tree.

use super::{Head, Value};
use crate::units::format_duration;
use serde_json::Value as Json;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::io;
use std::time::Duration;

/// How much of a server's text a message shows, in characters.
const EXCERPT: usize = 200;

/// One response and the variables of the user who got it.
#[derive(Debug)]
pub struct Facts<'a> {
    /// The status code.
    pub status: u16,
    /// The response's headers.
    pub headers: &'a Head,
    /// The decoded body; empty where nobody asked for it.
    pub body: &'a [u8],
    /// The URL that answered, behind all redirects.
    pub url: &'a str,
    /// From sending to the first byte.
    pub ttfb: Duration,
    /// From sending to the last byte.
    pub duration: Duration,
    /// Bytes of body received, also where the body was not kept.
    pub size: u64,
    /// Slot → value.
    pub variables: &'a [Value],
    json: OnceCell<Option<Json>>,
}

impl<'a> Facts<'a> {
    /// A response without body, times and variables; the `with` methods add them.
    pub fn new(status: u16, headers: &'a Head, url: &'a str) -> Self {
        Self {
            status,
            headers,
            body: &[],
            url,
            ttfb: Duration::ZERO,
            duration: Duration::ZERO,
            size: 0,
            variables: &[],
            json: OnceCell::new(),
        }
    }

    /// The body, and `size` bytes of it received.
    #[must_use]
    pub fn with_body(mut self, body: &'a [u8], size: u64) -> Self {
        self.body = body;
        self.size = size;
        self.json = OnceCell::new();
        self
    }

    /// The times to the first and to the last byte.
    #[must_use]
    pub fn with_times(mut self, ttfb: Duration, duration: Duration) -> Self {
        self.ttfb = ttfb;
        self.duration = duration;
        self
    }

    /// The user's variables.
    #[must_use]
    pub fn with_variables(mut self, variables: &'a [Value]) -> Self {
        self.variables = variables;
        self
    }

    /// The body as JSON; `None` where it is none.
    pub fn json(&self) -> Option<&Json> {
        self.json
            .get_or_init(|| serde_json::from_slice(self.json_bytes()).ok())
            .as_ref()
    }

    /// The body as JSON, if an earlier query needed the whole tree.
    pub(super) fn parsed_json(&self) -> Option<&Json> {
        self.json.get()?.as_ref()
    }

    /// The body without a byte order mark, which some servers write and JSON does not know.
    pub(super) fn json_bytes(&self) -> &'a [u8] {
        self.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(self.body)
    }
}

/// Why a check failed or a capture found nothing, for the developer whose pull request went red.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// What had to hold: `== 201`.
    pub expected: String,
    /// What was there, with its type: `number 500`. At most 200 characters of a server's text.
    pub actual: String,
}

/// What a query found, borrowed from the response where it can be.
#[derive(Debug, Clone)]
pub(super) enum Found<'a> {
    /// Text.
    Text(Cow<'a, str>),
    /// Anything else that JSON knows (and text inside it).
    Json(Cow<'a, Json>),
    /// A time.
    Time(Duration),
}

/// Why there is no value.
#[derive(Debug)]
pub(super) enum Obstacle {
    /// Nothing was found; says what is not there. `not exists` is content with that.
    Absent(String),
    /// Something is there that cannot be worked with: never what a check wants.
    Unfit {
        /// What was needed.
        expected: String,
        /// What is there.
        actual: String,
    },
}

impl<'a> Found<'a> {
    /// Text that is borrowed.
    pub(super) fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// A number or a list made here.
    pub(super) fn json(json: impl Into<Json>) -> Self {
        Self::Json(Cow::Owned(json.into()))
    }

    /// What a variable holds; `None` where it holds nothing.
    pub(super) fn of(value: &'a Value) -> Option<Self> {
        match value {
            Value::Missing => None,
            Value::Json(json) => Some(Self::Json(Cow::Borrowed(json))),
            Value::Time(time) => Some(Self::Time(*time)),
        }
    }

    /// As text, if it is text.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Json(json) => json.as_str(),
            Self::Time(_) => None,
        }
    }

    /// As JSON, if it is JSON and no text.
    pub(super) fn as_json(&self) -> Option<&Json> {
        match self {
            Self::Json(json) => Some(json),
            Self::Text(_) | Self::Time(_) => None,
        }
    }

    /// For a variable.
    pub(super) fn into_value(self) -> Value {
        match self {
            Self::Text(text) => Value::Json(Json::String(text.into_owned())),
            Self::Json(json) => Value::Json(json.into_owned()),
            Self::Time(time) => Value::Time(time),
        }
    }

    /// Its type and an excerpt: `number 500`, `string "paid"`, `list of 3: [1,2,3]`.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Text(text) => format!("string {}", quoted(text)),
            Self::Json(json) => describe(json),
            Self::Time(time) => format!("time {}", format_duration(*time)),
        }
    }
}

fn describe(json: &Json) -> String {
    match json {
        Json::Null => "null".to_owned(),
        Json::Bool(value) => format!("boolean {value}"),
        Json::Number(number) => format!("number {number}"),
        Json::String(text) => format!("string {}", quoted(text)),
        Json::Array(items) => format!("list of {}: {}", items.len(), written(json)),
        Json::Object(_) => format!("object {}", written(json)),
    }
}

/// A text in quotes, made harmless and cut.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    let mut chars = text.chars();
    for c in chars.by_ref().take(EXCERPT) {
        show(c, &mut out);
    }
    out.push('"');
    if chars.next().is_some() {
        out.push_str("… (");
        out.push_str(&crate::units::format_bytes(text.len() as u64));
        out.push(')');
    }
    out
}

/// JSON as it is written, made harmless and cut.
pub(super) fn written(json: &Json) -> String {
    let mut start = Start(Vec::new());
    // The error is the writer's own, to stop early.
    let _ = serde_json::to_writer(&mut start, json);
    let text = String::from_utf8_lossy(&start.0);
    let mut out = String::new();
    let mut chars = text.chars();
    for c in chars.by_ref().take(EXCERPT) {
        if matches!(c, '"' | '\\') {
            out.push(c);
        } else {
            show(c, &mut out);
        }
    }
    if chars.next().is_some() {
        out.push('…');
    }
    out
}

/// A character, or its number where it would move a cursor, turn the line around or not be seen.
fn show(c: char, out: &mut String) {
    if c == '\'' {
        out.push(c);
    } else {
        out.extend(c.escape_debug());
    }
}

/// Keeps the start of what is written and refuses the rest.
struct Start(Vec<u8>);

impl io::Write for Start {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() > EXCERPT * 4 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        // One long text must not be copied whole either.
        self.0.extend(bytes.iter().take(EXCERPT * 4 + 8));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
