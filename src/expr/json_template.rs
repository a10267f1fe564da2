//! JSON bodies written as YAML. In: a YAML tree; out: JSON text with places for variables. Invariant: the
//! body that is sent is valid JSON whatever the variables hold, and no scalar gets a type by surprise: what
//! YAML readers disagree about must be quoted or written as JSON has it.
//!
//! Plain scalars are read by YAML 1.2's core schema, numbers stay written as they are. A scalar that is one
//! `{{ x }}` or `{{ x.y }}` and nothing else keeps its type; inside a longer text the value is escaped. A variable without
//! a value is `null`, or nothing inside a text.

use super::template::Segment;
use super::{Context, Member, ParseError, Scope, Template, Value};
use crate::source::{Diagnostic, Kind, Node, Scalar, Source, Span};
use std::fmt::{self, Write};

/// The largest whole number that every JSON reader keeps exactly: 2^53.
const EXACT: u64 = 1 << 53;

/// A JSON body: a YAML tree turned into JSON text once, with templates inside its strings.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JsonTemplate {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    /// JSON as it is sent.
    Text(String),
    /// A whole JSON value.
    Whole(Segment),
    /// A part of a JSON string.
    Inside(Segment),
}

impl JsonTemplate {
    /// Turns a YAML tree into JSON text; what is wrong goes to `problems` and the rest is compiled on.
    pub fn compile(
        node: &Node,
        source: &Source,
        scope: &mut dyn Scope,
        problems: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut compiler = Compiler {
            source,
            scope,
            problems,
            out: Self::default(),
        };
        compiler.node(node);
        compiler.out
    }

    /// The body, where nothing in it depends on the run.
    pub fn as_literal(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Appends the body for one request. Allocates nothing but what `out` needs.
    pub fn render(&self, cx: &mut Context<'_>, out: &mut String) {
        for piece in &self.pieces {
            // Writing to a String does not fail.
            let _ = match piece {
                Piece::Text(text) => out.write_str(text),
                Piece::Whole(segment) => write_whole(segment, cx, out),
                Piece::Inside(segment) => segment.write(cx, &mut Escaped(out)),
            };
        }
    }

    /// The variables that it reads, as often as it reads them.
    pub fn slots(&self) -> impl Iterator<Item = usize> + '_ {
        self.pieces.iter().flat_map(|piece| match piece {
            Piece::Whole(segment) | Piece::Inside(segment) => segment.slots(),
            Piece::Text(_) => Vec::new(),
        })
    }

    /// The parts of variables that it reads.
    pub fn members(&self) -> impl Iterator<Item = &Member> + '_ {
        self.pieces.iter().flat_map(|piece| match piece {
            Piece::Whole(segment) | Piece::Inside(segment) => segment.members(),
            Piece::Text(_) => Vec::new(),
        })
    }

    fn push(&mut self, text: &str) {
        match self.pieces.last_mut() {
            _ if text.is_empty() => {}
            Some(Piece::Text(last)) => last.push_str(text),
            _ => self.pieces.push(Piece::Text(text.to_owned())),
        }
    }

    fn push_escaped(&mut self, text: &str) {
        let mut escaped = String::with_capacity(text.len() + 2);
        // Writing to a String does not fail.
        let _ = Escaped(&mut escaped).write_str(text);
        self.push(&escaped);
    }
}

/// One variable or function as a JSON value.
fn write_whole(segment: &Segment, cx: &mut Context<'_>, out: &mut String) -> fmt::Result {
    let bare = match segment {
        Segment::Slot(slot) => match cx.variables.get(*slot) {
            Some(Value::Json(json)) => return write!(out, "{json}"),
            Some(Value::Time(_)) => false,
            Some(Value::Missing) | None => return out.write_str("null"),
        },
        Segment::Member(member) => match member.find(cx.variables) {
            Some(json) => return write!(out, "{json}"),
            None => return out.write_str("null"),
        },
        Segment::Call(function) => function.is_number(),
        Segment::Text(_) => false,
    };
    if bare {
        return segment.write(cx, out);
    }
    out.push('"');
    segment.write(cx, &mut Escaped(out))?;
    out.push('"');
    Ok(())
}

/// Escapes what is written for the inside of a JSON string.
struct Escaped<'a>(&'a mut String);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.find(|c: char| c < ' ' || matches!(c, '"' | '\\')) {
            let (plain, behind) = rest.split_at(at);
            self.0.push_str(plain);
            let c = behind.chars().next().unwrap_or_default();
            match c {
                '"' => self.0.push_str("\\\""),
                '\\' => self.0.push_str("\\\\"),
                '\n' => self.0.push_str("\\n"),
                '\r' => self.0.push_str("\\r"),
                '\t' => self.0.push_str("\\t"),
                c => write!(self.0, "\\u{:04x}", u32::from(c))?,
            }
            rest = &behind[1..];
        }
        self.0.push_str(rest);
        Ok(())
    }
}

struct Compiler<'a> {
    source: &'a Source,
    scope: &'a mut dyn Scope,
    problems: &'a mut Vec<Diagnostic>,
    out: JsonTemplate,
}

impl Compiler<'_> {
    fn node(&mut self, node: &Node) {
        match &node.kind {
            Kind::List(items) => {
                self.out.push("[");
                for (i, item) in items.iter().enumerate() {
                    self.out.push(if i > 0 { "," } else { "" });
                    self.node(item);
                }
                self.out.push("]");
            }
            Kind::Map(entries) => {
                self.out.push("{");
                for (i, (key, value)) in entries.iter().enumerate() {
                    self.out.push(if i > 0 { "," } else { "" });
                    self.key(&key.value, key.span);
                    self.out.push(":");
                    self.node(value);
                }
                self.out.push("}");
            }
            Kind::Scalar(scalar) => self.scalar(scalar, node),
        }
    }

    /// Keys are always text; they may hold templates.
    fn key(&mut self, key: &str, span: Span) {
        let node = Node {
            span,
            kind: Kind::Scalar(Scalar {
                text: key.to_owned(),
                plain: false,
            }),
        };
        match Template::parse(key, self.scope) {
            Ok(template) => self.string(template),
            Err(problem) => self.refuse(problem, &node),
        }
    }

    fn scalar(&mut self, scalar: &Scalar, node: &Node) {
        let text = scalar.text.as_str();
        if scalar.plain {
            match typed(text) {
                Typed::Json(json) => return self.out.push(json),
                Typed::Text => {}
                Typed::Trap {
                    code,
                    message,
                    help,
                } => {
                    let problem = Diagnostic::error(code, self.source, node.span, message);
                    self.problems.push(problem.help(help));
                    return self.out.push("null");
                }
            }
        }
        match Template::parse(text, self.scope) {
            Ok(template) => match template.into_segments() {
                segments
                    if matches!(
                        segments[..],
                        [Segment::Slot(_) | Segment::Member(_) | Segment::Call(_)]
                    ) =>
                {
                    self.out
                        .pieces
                        .extend(segments.into_iter().map(Piece::Whole));
                }
                segments => self.segments(segments),
            },
            Err(problem) => self.refuse(problem, node),
        }
    }

    fn string(&mut self, template: Template) {
        self.segments(template.into_segments());
    }

    fn segments(&mut self, segments: Vec<Segment>) {
        self.out.push("\"");
        for segment in segments {
            match segment {
                Segment::Text(text) => self.out.push_escaped(&text),
                other => self.out.pieces.push(Piece::Inside(other)),
            }
        }
        self.out.push("\"");
    }

    fn refuse(&mut self, problem: ParseError, node: &Node) {
        self.problems
            .push(problem.diagnostic("T0310", self.source, node));
        self.out.push("null");
    }
}

/// What a plain scalar is.
enum Typed<'t> {
    /// JSON as it stands.
    Json(&'t str),
    /// Text.
    Text,
    /// Readers disagree, or JSON has no such thing.
    Trap {
        code: &'static str,
        message: String,
        help: String,
    },
}

fn typed(text: &str) -> Typed<'_> {
    let trap = |code, message: String, instead: &str| Typed::Trap {
        code,
        message,
        help: if instead.is_empty() {
            format!("quote it to send text: `\"{text}\"`")
        } else {
            format!("write `{instead}`, or quote it to send text: `\"{text}\"`")
        },
    };
    match text {
        "" | "~" | "null" => return Typed::Json("null"),
        "true" | "false" => return Typed::Json(text),
        _ => {}
    }
    let lower = text.to_ascii_lowercase();
    match lower.as_str() {
        "yes" | "on" => {
            return trap(
                "T0301",
                format!("`{text}` is a boolean to some and text to others"),
                "true",
            );
        }
        "no" | "off" => {
            return trap(
                "T0301",
                format!("`{text}` is a boolean to some and text to others"),
                "false",
            );
        }
        "true" | "false" | "null" => {
            return trap(
                "T0301",
                format!("`{text}` is not how JSON writes it"),
                &lower,
            );
        }
        ".inf" | "+.inf" | "-.inf" | ".nan" => {
            return trap(
                "T0306",
                format!("`{text}` is a number that JSON does not have"),
                "",
            );
        }
        _ => {}
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return Typed::Text;
    }
    number(text, trap)
}

/// A plain scalar that starts like a number.
fn number<'t>(text: &'t str, trap: impl Fn(&'static str, String, &str) -> Typed<'t>) -> Typed<'t> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let radix = [("0x", 16), ("0o", 8), ("0b", 2)]
        .into_iter()
        .find_map(|(prefix, radix)| {
            u64::from_str_radix(unsigned.strip_prefix(prefix)?, radix).ok()
        });
    if let Some(value) = radix {
        return trap(
            "T0305",
            format!("`{text}` is a number to some and text to others"),
            &value.to_string(),
        );
    }
    if unsigned.contains('_')
        && digits(&unsigned.replace('_', ""))
        && unsigned.as_bytes()[0] != b'_'
    {
        return trap(
            "T0303",
            format!("`{text}` is a number to some and text to others"),
            &text.replace('_', ""),
        );
    }
    if digits(unsigned) && unsigned.len() > 1 && unsigned.starts_with('0') {
        let message = format!("`{text}` has a leading zero: octal to some, decimal to others");
        return trap("T0302", message, "");
    }
    if digits(unsigned) && unsigned.parse().map_or(true, |n: u64| n > EXACT) {
        let message =
            format!("`{text}` is larger than 2^53: many JSON readers would change its last digits");
        return trap("T0304", message, "");
    }
    let json = serde_json::from_str::<serde_json::Number>(text).is_ok();
    if json {
        return Typed::Json(text);
    }
    let float = unsigned
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    match text.parse::<f64>() {
        // `+49123`, `.5` and `5.`: numbers in YAML that JSON does not know.
        Ok(value) if float && value.is_finite() => {
            let message = format!("`{text}` is a number in YAML, and JSON does not write it so");
            trap("T0305", message, &value.to_string())
        }
        Ok(_) if float => trap("T0306", format!("`{text}` is too large for a number"), ""),
        _ => Typed::Text,
    }
}
