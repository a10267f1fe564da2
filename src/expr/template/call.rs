//! Calls in templates, read. In: a name and what stands between its brackets; out: a [`Function`] with arguments
//! that fit. Invariant: every argument is checked here, so that no call can fail while a request is made.

use super::Segment;
use super::fake::FAKES;
use super::function::Function;
use super::parse::{never_closed, placeholder};
use crate::expr::filter::{Code, dates};
use crate::expr::lexer::{Cursor, Piece, error};
use crate::expr::vocabulary::{Kind, elsewhere, entry, vocabulary, words};
use crate::expr::{ParseError, Scope};
use std::ops::Range;

/// The longest text that `random_string` makes.
const LONGEST: usize = 65_536;

/// An argument, as it is written.
enum Argument {
    Number(i64),
    Text(String),
    Other(Segment),
}

impl Argument {
    fn segment(self) -> Segment {
        match self {
            Self::Number(number) => Segment::Text(number.to_string()),
            Self::Text(text) => Segment::Text(text),
            Self::Other(segment) => segment,
        }
    }

    fn boxed(self) -> Box<Segment> {
        Box::new(self.segment())
    }
}

/// Reads the arguments behind `name(`.
pub(super) fn call(
    cursor: &mut Cursor<'_>,
    name: &Piece<'_>,
    open: usize,
    scope: &mut dyn Scope,
) -> Result<Segment, ParseError> {
    let mut arguments = Vec::new();
    cursor.enter()?;
    while !cursor.eat(")") {
        let comma = arguments.is_empty() || cursor.eat(",");
        if cursor.peek().is_none() {
            return Err(never_closed(open, cursor));
        }
        if !comma {
            let odd = cursor.anything();
            let message = "expected `,` or `)`";
            return Err(error(odd.range, message, usage(name.text)));
        }
        arguments.push(argument(cursor, name.text, open, scope)?);
    }
    cursor.leave();
    build(name, name.range.start..cursor.at(), arguments, scope)
}

fn argument(
    cursor: &mut Cursor<'_>,
    name: &str,
    open: usize,
    scope: &mut dyn Scope,
) -> Result<Argument, ParseError> {
    if let Some(number) = cursor.number() {
        let parsed = number.text.replace('_', "").parse();
        return parsed.map(Argument::Number).map_err(|_| {
            let message = format!("`{}` is not a whole number", number.text);
            error(number.range, message, usage(name))
        });
    }
    if matches!(name, "random_int" | "random_string" | "fake_number") {
        let odd = cursor.anything();
        let message = format!("`{name}` takes whole numbers, and this is none");
        return Err(error(odd.range, message, usage(name)));
    }
    Ok(match placeholder(cursor, open, scope)? {
        Segment::Text(text) => Argument::Text(text),
        other => Argument::Other(other),
    })
}

fn build(
    piece: &Piece<'_>,
    range: Range<usize>,
    arguments: Vec<Argument>,
    scope: &mut dyn Scope,
) -> Result<Segment, ParseError> {
    let name = piece.text;
    let count = arguments.len();
    if let Some((_, fake)) = FAKES.iter().find(|(known, _)| *known == name)
        && count == 0
    {
        return Ok(Segment::Call(Function::Fake(*fake)));
    }
    let arguments = match on_text(name, arguments) {
        Ok(function) => return Ok(Segment::Call(function)),
        Err(arguments) => arguments,
    };
    let wrong = |message: String| error(range.clone(), message, usage(name));
    let mut arguments = arguments.into_iter();
    let given = (arguments.next(), arguments.next(), arguments.next());
    Ok(Segment::Call(match (name, given) {
        ("uuid", (None, ..)) => Function::Uuid,
        ("user", (None, ..)) => Function::User,
        ("iteration", (None, ..)) => Function::Iteration,
        ("sequence", (None, ..)) => Function::Sequence,
        ("now", (first, second, None)) => now(first, second).map_err(wrong)?,
        ("timestamp", (None, ..)) => Function::Timestamp(0),
        ("timestamp", (Some(Argument::Text(by)), None, _)) => {
            offset(&by).map(Function::Timestamp).map_err(wrong)?
        }
        (
            "random_int" | "fake_number",
            (Some(Argument::Number(low)), Some(Argument::Number(high)), None),
        ) => {
            if low > high {
                return Err(error(
                    range.clone(),
                    format!("nothing lies between {low} and {high}"),
                    format!("the smaller number comes first: `{name}({high}, {low})`"),
                ));
            }
            Function::RandomInt(low, high)
        }
        ("random_string", (Some(Argument::Number(length)), None, _)) => {
            match usize::try_from(length) {
                Ok(length) if (1..=LONGEST).contains(&length) => Function::RandomString(length),
                _ => {
                    return Err(wrong(format!(
                        "`random_string` makes 1 to {LONGEST} characters"
                    )));
                }
            }
        }
        ("env", (Some(Argument::Text(variable)), default, None)) => {
            return environment(&variable, default, range, scope);
        }
        _ if words(Kind::Function).any(|known| known == name) => {
            return Err(wrong(format!("`{name}` does not take {}", counted(count))));
        }
        _ => return Err(unknown_function(piece)),
    }))
}

/// A function of texts, which may be any arguments; the arguments back where it is none.
fn on_text(name: &str, arguments: Vec<Argument>) -> Result<Function, Vec<Argument>> {
    let code = match name {
        "base64" => Some(Code::Base64Encode),
        "base64url" => Some(Code::Base64UrlEncode),
        "url_encode" => Some(Code::UrlEncode),
        _ => None,
    };
    let hmac = matches!(name, "hmac_sha256" | "hmac_sha256_base64");
    if hmac && arguments.len() == 2 {
        let mut boxed = arguments.into_iter().map(Argument::boxed);
        let (Some(key), Some(text)) = (boxed.next(), boxed.next()) else {
            return Err(Vec::new());
        };
        let base64 = name.ends_with("base64");
        return Ok(Function::Hmac { key, text, base64 });
    }
    if name == "choice" && !arguments.is_empty() {
        let number = |item: &Argument| matches!(item, Argument::Number(_));
        let numbers = arguments.iter().all(number);
        let items = arguments.into_iter().map(Argument::segment).collect();
        return Ok(Function::Choice(items, numbers));
    }
    if arguments.len() != 1 || (code.is_none() && name != "sha256") {
        return Err(arguments);
    }
    let text = arguments.into_iter().next().map(Argument::boxed);
    let text = text.ok_or_else(Vec::new)?;
    Ok(match code {
        Some(code) => Function::Encode(code, text),
        None => Function::Sha256(text),
    })
}

/// `now()`, `now(format)`, `now(offset)` or `now(format, offset)`; what has no `%` is an offset.
fn now(first: Option<Argument>, second: Option<Argument>) -> Result<Function, String> {
    let mut format = None;
    let mut by = 0;
    for argument in [first, second].into_iter().flatten() {
        let Argument::Text(text) = argument else {
            return Err("`now` takes a format and an offset, in quotes".to_owned());
        };
        if !text.contains('%') {
            by = offset(&text)?;
        } else if dates::is_format(&text) {
            format = Some(text);
        } else {
            return Err(format!("`{text}` is no format of dates"));
        }
    }
    Ok(Function::Now(format, by))
}

/// `+3d`, `-90s`: seconds.
fn offset(text: &str) -> Result<i64, String> {
    let wrong = || format!("`{text}` is no offset: a sign, a number, and s, m, h, d or w");
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 24 * 3600,
        'w' => 7 * 24 * 3600,
        _ => return Err(wrong()),
    };
    let number = &text[..text.len() - 1];
    if !number.starts_with(['+', '-']) {
        return Err(wrong());
    }
    let number: i64 = number.parse().map_err(|_| wrong())?;
    let total = number.checked_mul(seconds);
    // A thousand years.
    total
        .filter(|total| total.unsigned_abs() < 32_000_000_000)
        .ok_or_else(|| format!("`{text}` is longer than a thousand years"))
}

/// The value of an environment variable now, while the scenario is read.
fn environment(
    variable: &str,
    default: Option<Argument>,
    range: Range<usize>,
    scope: &mut dyn Scope,
) -> Result<Segment, ParseError> {
    match (scope.env(variable), default) {
        (Some(value), _) => Ok(Segment::Text(value)),
        (None, Some(default)) => Ok(default.segment()),
        (None, None) => Err(error(
            range,
            format!("the environment variable `{variable}` is not set"),
            format!(
                "set it, or give a default: `env(\"{variable}\", \"…\")`; secrets are written `${{{variable}}}`"
            ),
        )),
    }
}

fn unknown_function(name: &Piece<'_>) -> ParseError {
    let help = elsewhere(Kind::Function, name.text)
        .or_else(|| {
            let near = crate::source::closest(name.text, words(Kind::Function))?;
            Some(format!("did you mean `{near}`?"))
        })
        .unwrap_or_else(|| {
            let some = vocabulary().iter().filter(|e| e.kind == Kind::Function);
            let some: Vec<&str> = some.map(|entry| entry.syntax).take(12).collect();
            format!("one of: {}, …", some.join(", "))
        });
    let message = format!("unknown function `{}`", name.text);
    error(name.range.clone(), message, help)
}

fn usage(name: &str) -> String {
    entry(Kind::Function, name).map_or_else(
        || "for example `random_int(1, 6)`".to_owned(),
        |entry| format!("write `{}`", entry.syntax),
    )
}

fn counted(arguments: usize) -> String {
    match arguments {
        0 => "no arguments".to_owned(),
        1 => "1 argument".to_owned(),
        n => format!("{n} arguments"),
    }
}
