//! Text with `{{ }}` in it. In: a text and the names it may use; out: segments, rendered once per request.
//! Invariant: rendering never fails and allocates nothing but its output; what stands outside the braces
//! goes through unchanged.

use super::lexer::{Cursor, error, suggest, unescape};
use super::{Context, ParseError, Scope, Value};
use rand::{Rng, RngExt};
use std::fmt::{self, Write};

/// The longest text that `random_string` makes.
const LONGEST: i64 = 65_536;
/// What `random_string` draws from.
const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// Every function, as it is called.
const FUNCTIONS: [(&str, &str, usize); 7] = [
    ("uuid", "uuid()", 0),
    ("now", "now()", 0),
    ("timestamp", "timestamp()", 0),
    ("random_int", "random_int(1, 6)", 2),
    ("random_string", "random_string(8)", 1),
    ("user", "user()", 0),
    ("iteration", "iteration()", 0),
];

/// Text with `{{ name }}`, `{{ feeder.column }}` and `{{ function() }}` in it, compiled to segments.
/// `{{ "{{" }}` stands for two literal braces.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Template {
    segments: Vec<Segment>,
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Segment {
    /// As written.
    Text(String),
    /// A variable.
    Slot(usize),
    /// A function's result.
    Call(Function),
}

/// What a template can compute, each anew at every place it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    /// A version 4 UUID.
    Uuid,
    /// The time as RFC 3339, in milliseconds, UTC.
    Now,
    /// Whole seconds since 1970.
    Timestamp,
    /// A whole number from the first to the second, both included.
    RandomInt(i64, i64),
    /// So many letters and digits.
    RandomString(usize),
    /// The number of the virtual user.
    User,
    /// The number of the iteration.
    Iteration,
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

    /// Appends the text for one request. Allocates nothing but what `out` needs. A variable without a value
    /// renders as nothing: whoever runs a step refuses it before, by [`Template::slots`].
    pub fn render(&self, cx: &mut Context<'_>, out: &mut String) {
        for segment in &self.segments {
            // Writing to a String does not fail.
            let _ = segment.write(cx, out);
        }
    }

    /// The variables that it reads, as often as it reads them.
    pub fn slots(&self) -> impl Iterator<Item = usize> + '_ {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Slot(slot) => Some(*slot),
            Segment::Text(_) | Segment::Call(_) => None,
        })
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

    fn push_text(&mut self, text: &str) {
        match self.segments.last_mut() {
            _ if text.is_empty() => {}
            Some(Segment::Text(last)) => last.push_str(text),
            _ => self.segments.push(Segment::Text(text.to_owned())),
        }
    }
}

impl Segment {
    /// Writes it as text.
    pub(super) fn write(&self, cx: &mut Context<'_>, out: &mut dyn Write) -> fmt::Result {
        match self {
            Self::Text(text) => out.write_str(text),
            Self::Slot(slot) => match cx.variables.get(*slot) {
                Some(value) => write!(out, "{value}"),
                None => Ok(()),
            },
            Self::Call(function) => function.write(cx, out),
        }
    }
}

impl Function {
    /// Whether its result is a number.
    pub(super) fn is_number(self) -> bool {
        !matches!(self, Self::Uuid | Self::Now | Self::RandomString(_))
    }

    /// Writes the result of one call.
    pub(super) fn write(self, cx: &mut Context<'_>, out: &mut dyn Write) -> fmt::Result {
        match self {
            Self::Uuid => write_uuid(cx, out),
            Self::Now => {
                let now = jiff::Timestamp::try_from((cx.now)()).unwrap_or_default();
                write!(out, "{now:.3}")
            }
            Self::Timestamp => {
                let now = jiff::Timestamp::try_from((cx.now)()).unwrap_or_default();
                write!(out, "{}", now.as_second())
            }
            Self::RandomInt(low, high) => write!(out, "{}", cx.rng.random_range(low..=high)),
            Self::RandomString(length) => (0..length).try_for_each(|_| {
                let letter = ALPHABET[cx.rng.random_range(0..ALPHABET.len())];
                out.write_char(char::from(letter))
            }),
            Self::User => write!(out, "{}", cx.user),
            Self::Iteration => write!(out, "{}", cx.iteration),
        }
    }
}

fn write_uuid(cx: &mut Context<'_>, out: &mut dyn Write) -> fmt::Result {
    let high = (cx.rng.next_u64() & !0xf000) | 0x4000;
    let low = (cx.rng.next_u64() & (u64::MAX >> 2)) | (1 << 63);
    write!(
        out,
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}

/// What stands between `{{` and `}}`.
fn placeholder(
    cursor: &mut Cursor<'_>,
    open: usize,
    scope: &mut dyn Scope,
) -> Result<Segment, ParseError> {
    if let Some(text) = cursor.quoted()? {
        return unescape(&text).map(Segment::Text);
    }
    let Some(name) = cursor.word() else {
        return Err(match cursor.peek() {
            None => never_closed(open, cursor),
            Some('}') => error(
                open..cursor.at() + 1,
                "nothing stands between `{{` and `}}`",
                "write a variable, `{{ name }}`, or a function, `{{ uuid() }}`",
            ),
            Some(_) => {
                let odd = cursor.anything();
                error(
                    odd.range,
                    "expected a variable or a function",
                    "write `{{ name }}` or `{{ uuid() }}`; two literal braces are `{{ \"{{\" }}`",
                )
            }
        });
    };
    if cursor.eat("(") {
        return call(cursor, name.text, name.range.start, open).map(Segment::Call);
    }
    if let Some(slot) = scope.slot(name.text) {
        return Ok(Segment::Slot(slot));
    }
    Err(unknown_name(name.text, name.range, scope))
}

/// The error for a name that `scope` does not know.
pub(super) fn unknown_name(
    name: &str,
    range: std::ops::Range<usize>,
    scope: &dyn Scope,
) -> ParseError {
    let names = scope.names();
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    let help = match FUNCTIONS.iter().find(|(function, ..)| *function == name) {
        Some((_, usage, _)) => format!("a function is called: `{usage}`"),
        None => suggest(
            name,
            &known,
            "capture it in an earlier step, or give it in `data:`",
        ),
    };
    error(range, format!("unknown variable `{name}`"), help)
}

fn call(
    cursor: &mut Cursor<'_>,
    name: &str,
    start: usize,
    open: usize,
) -> Result<Function, ParseError> {
    let mut numbers = Vec::new();
    while !cursor.eat(")") {
        let comma = numbers.is_empty() || cursor.eat(",");
        cursor.peek();
        let number = cursor.number().filter(|_| comma);
        let Some(number) = number else {
            if cursor.peek().is_none() {
                return Err(never_closed(open, cursor));
            }
            let odd = cursor.anything();
            let message = format!("`{name}` takes whole numbers, and this is none");
            return Err(error(odd.range, message, usage(name)));
        };
        numbers.push(number.text.replace('_', "").parse::<i64>().map_err(|_| {
            let message = format!("`{}` is not a whole number", number.text);
            error(number.range.clone(), message, usage(name))
        })?);
    }
    let range = start..cursor.at();
    if !FUNCTIONS.iter().any(|(function, ..)| *function == name) {
        let names: Vec<&str> = FUNCTIONS.iter().map(|(_, usage, _)| *usage).collect();
        let nearest = FUNCTIONS.map(|(function, ..)| function);
        let help = match crate::source::closest(name, nearest) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("one of: {}", names.join(", ")),
        };
        let message = format!("unknown function `{name}`");
        return Err(error(start..start + name.len(), message, help));
    }
    match (name, numbers.as_slice()) {
        ("uuid", []) => Ok(Function::Uuid),
        ("now", []) => Ok(Function::Now),
        ("timestamp", []) => Ok(Function::Timestamp),
        ("user", []) => Ok(Function::User),
        ("iteration", []) => Ok(Function::Iteration),
        ("random_int", [low, high]) if low <= high => Ok(Function::RandomInt(*low, *high)),
        ("random_int", [low, high]) => Err(error(
            range,
            format!("nothing lies between {low} and {high}"),
            format!("the smaller number comes first: `random_int({high}, {low})`"),
        )),
        ("random_string", [length]) if (1..=LONGEST).contains(length) => Ok(
            Function::RandomString(usize::try_from(*length).unwrap_or(1)),
        ),
        ("random_string", [_]) => Err(error(
            range,
            format!("`random_string` makes 1 to {LONGEST} characters"),
            usage(name),
        )),
        _ => Err(error(
            range,
            format!("`{name}` does not take {}", counted(numbers.len())),
            usage(name),
        )),
    }
}

fn usage(name: &str) -> String {
    let known = FUNCTIONS.iter().find(|(function, ..)| *function == name);
    known.map_or_else(
        || "functions take whole numbers: `random_int(1, 6)`".to_owned(),
        |(_, usage, _)| format!("write `{usage}`"),
    )
}

fn counted(arguments: usize) -> String {
    match arguments {
        0 => "no arguments".to_owned(),
        1 => "1 argument".to_owned(),
        n => format!("{n} arguments"),
    }
}

fn not_closed(cursor: &mut Cursor<'_>, open: usize) -> ParseError {
    match cursor.peek() {
        None | Some('}') => never_closed(open, cursor),
        Some('|') => {
            let at = cursor.at();
            error(
                at..at + 1,
                "filters do not stand in templates",
                "put the filter into the capture that sets the variable",
            )
        }
        Some(_) if !cursor.rest().contains("}}") => never_closed(open, cursor),
        Some(_) => {
            let odd = cursor.anything();
            error(
                odd.range,
                "expected `}}`",
                "one variable or one function stands between `{{` and `}}`",
            )
        }
    }
}

fn never_closed(open: usize, cursor: &Cursor<'_>) -> ParseError {
    let end = cursor.at() + cursor.rest().len();
    error(
        open..end,
        "this `{{` is never closed",
        "close it with `}}`; two literal braces are `{{ \"{{\" }}`",
    )
}
