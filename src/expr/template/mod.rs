//! Text with `{{ }}` in it. In: a text and the names it may use; out: segments, rendered once per request.
//! Invariant: rendering never fails, and allocates nothing but its output where no function works on a text;
//! what stands outside the braces goes through unchanged.

mod call;
mod fake;
mod function;
mod member;
mod parse;

use self::function::Function;
pub use self::member::Member;
pub(super) use self::parse::unknown_name;
use self::parse::{not_closed, placeholder};

use super::lexer::{Cursor, error};
use super::{Context, ParseError, Scope, Value};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt::{self, Write};

/// Text with `{{ name }}`, `{{ feeder.column }}`, `{{ name.member[0] }}` and `{{ function() }}` in it, compiled to segments.
/// `{{ "{{" }}` stands for two literal braces.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Template {
    segments: Vec<Segment>,
    /// What the segments give is sent as `Basic` credentials.
    basic: bool,
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Segment {
    /// As written.
    Text(String),
    /// A variable.
    Slot(usize),
    /// A part of one.
    Member(Box<Member>),
    /// A function's result.
    Call(Function),
}

impl Template {
    /// Compiles a text; names are looked up in `scope`.
    ///
    /// # Errors
    /// An unclosed `{{`, an unknown name or function, arguments that do not fit.
    pub fn parse(text: &str, scope: &mut dyn Scope) -> Result<Self, ParseError> {
        let mut out = Self::default();
        let mut at = 0;
        while let Some(open) = text[at..].find("{{").map(|i| at + i) {
            out.push_text(&text[at..open]);
            let mut cursor = Cursor::new(text, open + 2);
            let segment = placeholder(&mut cursor, open, scope)?;
            if !cursor.eat("}}") {
                return Err(not_closed(&mut cursor, open));
            }
            match segment {
                Segment::Text(text) => out.push_text(&text),
                other => out.segments.push(other),
            }
            at = cursor.at();
        }
        out.push_text(&text[at..]);
        Ok(out)
    }

    /// Like [`Template::parse`], for checks and captures: they see variables, not the functions of requests.
    pub(super) fn parse_variables(text: &str, scope: &mut dyn Scope) -> Result<Self, ParseError> {
        let template = Self::parse(text, scope)?;
        let calls = |s: &Segment| matches!(s, Segment::Call(_));
        if template.segments.iter().any(calls) {
            let open = text.find("{{").unwrap_or_default();
            return Err(error(
                open..text.len(),
                "functions are for requests: here they would give a new value that nothing was sent with",
                "use variables here; what a request sent can be captured from its response",
            ));
        }
        Ok(template)
    }

    /// A fixed text before what this one gives: `Bearer `.
    #[must_use]
    pub fn behind(mut self, text: &str) -> Self {
        if let Some(Segment::Text(first)) = self.segments.first_mut() {
            first.insert_str(0, text);
        } else {
            self.segments.splice(0..0, Self::literal(text).segments);
        }
        self
    }

    /// Writes the fixed beginning `from` as `to`.
    pub fn replace_start(&mut self, from: &str, to: &str) {
        if let Some(Segment::Text(first)) = self.segments.first_mut()
            && first
                .get(..from.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(from))
        {
            first.replace_range(..from.len(), to);
        }
    }

    /// The value of `authorization` for a user and a password (RFC 7617), encoded when it is rendered.
    pub fn basic(user: Self, password: Self) -> Self {
        if let (Some(user), Some(password)) = (user.as_literal(), password.as_literal()) {
            return Self::literal(&basic(&format!("{user}:{password}")));
        }
        let mut out = user;
        out.push_text(":");
        for segment in password.segments {
            match segment {
                Segment::Text(text) => out.push_text(&text),
                other => out.segments.push(other),
            }
        }
        out.basic = true;
        out
    }

    /// A text that is taken as it stands, braces and all.
    pub fn literal(text: &str) -> Self {
        let mut out = Self::default();
        out.push_text(text);
        out
    }

    /// The text, where nothing in it depends on the run.
    pub fn as_literal(&self) -> Option<&str> {
        match self.segments.as_slice() {
            [] => Some(""),
            [Segment::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The text that it begins with, whatever the run brings.
    pub fn beginning(&self) -> &str {
        match self.segments.first() {
            Some(Segment::Text(text)) => text,
            _ => "",
        }
    }

    /// Appends the text for one request. Allocates nothing but what `out` needs. A variable without a value
    /// renders as nothing: whoever runs a step refuses it before, by [`Template::slots`].
    pub fn render(&self, cx: &mut Context<'_>, out: &mut String) {
        if self.basic {
            let mut credentials = String::new();
            self.write(cx, &mut credentials);
            out.push_str(&basic(&credentials));
        } else {
            self.write(cx, out);
        }
    }

    fn write(&self, cx: &mut Context<'_>, out: &mut String) {
        for segment in &self.segments {
            // Writing to a String does not fail.
            let _ = segment.write(cx, out);
        }
    }

    /// The variables that it reads, as often as it reads them.
    pub fn slots(&self) -> impl Iterator<Item = usize> + '_ {
        self.segments.iter().flat_map(Segment::slots)
    }

    /// The texts in it that do not depend on the run.
    pub fn texts(&self) -> impl Iterator<Item = &str> + '_ {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// The parts of variables that it reads.
    pub fn members(&self) -> impl Iterator<Item = &Member> + '_ {
        self.segments.iter().flat_map(Segment::members)
    }

    /// Renders what was parsed with [`Template::parse_variables`]; `None` where a variable has no value.
    pub(super) fn render_variables(&self, variables: &[Value]) -> Option<String> {
        let mut out = String::new();
        for segment in &self.segments {
            match segment {
                Segment::Text(text) => out.push_str(text),
                Segment::Slot(slot) => {
                    let value = variables.get(*slot).filter(|value| !value.is_missing())?;
                    out.push_str(&value.text());
                }
                Segment::Member(member) => {
                    out.push_str(&Value::Json(member.find(variables)?.clone()).text());
                }
                Segment::Call(_) => {}
            }
        }
        Some(out)
    }

    /// The pieces, for JSON bodies, which escape them.
    pub(super) fn into_segments(self) -> Vec<Segment> {
        self.segments
    }

    /// The variable that the whole text consists of.
    pub fn as_slot(&self) -> Option<usize> {
        match self.segments.as_slice() {
            [Segment::Slot(slot)] => Some(*slot),
            _ => None,
        }
    }

    /// The part of a variable that the whole text consists of.
    pub fn as_member(&self) -> Option<&Member> {
        match self.segments.as_slice() {
            [Segment::Member(member)] => Some(member),
            _ => None,
        }
    }

    fn push_text(&mut self, text: &str) {
        match self.segments.last_mut() {
            _ if text.is_empty() => {}
            Some(Segment::Text(last)) => last.push_str(text),
            _ => self.segments.push(Segment::Text(text.to_owned())),
        }
    }
}

fn basic(credentials: &str) -> String {
    format!("Basic {}", STANDARD.encode(credentials))
}

impl Segment {
    /// The variables that it reads.
    pub(super) fn slots(&self) -> Vec<usize> {
        match self {
            Self::Text(_) => Vec::new(),
            Self::Slot(slot) => vec![*slot],
            Self::Member(member) => vec![member.slot()],
            Self::Call(function) => function.arguments().flat_map(Self::slots).collect(),
        }
    }

    /// The parts of variables that it reads.
    pub(super) fn members(&self) -> Vec<&Member> {
        match self {
            Self::Text(_) | Self::Slot(_) => Vec::new(),
            Self::Member(member) => vec![member],
            Self::Call(function) => function.arguments().flat_map(Self::members).collect(),
        }
    }

    /// Its text.
    fn text(&self, cx: &mut Context<'_>) -> String {
        let mut out = String::new();
        // Writing to a String does not fail.
        let _ = self.write(cx, &mut out);
        out
    }

    /// Writes it as text.
    pub(super) fn write(&self, cx: &mut Context<'_>, out: &mut dyn Write) -> fmt::Result {
        match self {
            Self::Text(text) => out.write_str(text),
            Self::Slot(slot) => match cx.variables.get(*slot) {
                Some(value) => write!(out, "{value}"),
                None => Ok(()),
            },
            Self::Member(member) => match member.find(cx.variables) {
                Some(serde_json::Value::String(text)) => out.write_str(text),
                Some(json) => write!(out, "{json}"),
                None => Ok(()),
            },
            Self::Call(function) => function.write(cx, out),
        }
    }
}
