//! What must hold of a value. In: the end of a check; out: a [`Predicate`] that says yes or no of what was
//! found, and in words what it wanted. Invariant: values that cannot be compared never satisfy a predicate,
//! with `not` or without, so that a check that makes no sense is red.

mod operand;

use self::operand::Operand;
use super::facts::Found;
use super::lexer::{Cursor, Piece, error, suggest};
use super::query::{Gives, pattern};
use super::{ParseError, Scope, Value};
use regex::Regex;
use serde_json::Value as Json;
use std::cmp::Ordering;

/// The end of a check.
#[derive(Debug, Clone)]
pub(super) struct Predicate {
    negated: bool,
    test: Test,
}

#[derive(Debug, Clone)]
enum Test {
    Compare(Op, Operand),
    Contains(Operand),
    StartsWith(Operand),
    EndsWith(Operand),
    Matches(Regex),
    In(Vec<Operand>),
    Exists,
    Empty,
    Is(Type),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    Equal,
    Unequal,
    Less,
    AtMost,
    More,
    AtLeast,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Number,
    String,
    Boolean,
    List,
    Object,
    Null,
}

/// Longer symbols first.
const OPS: [(&str, Op); 6] = [
    ("==", Op::Equal),
    ("!=", Op::Unequal),
    ("<=", Op::AtMost),
    (">=", Op::AtLeast),
    ("<", Op::Less),
    (">", Op::More),
];
const TYPES: [(&str, Type); 6] = [
    ("number", Type::Number),
    ("string", Type::String),
    ("boolean", Type::Boolean),
    ("list", Type::List),
    ("object", Type::Object),
    ("null", Type::Null),
];
/// Every predicate, as it is written.
const WORDS: [&str; 21] = [
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "contains",
    "starts with",
    "ends with",
    "matches",
    "in",
    "exists",
    "is empty",
    "is number",
    "is string",
    "is boolean",
    "is list",
    "is object",
    "is null",
    "not",
    "is",
];
/// What other tools and people write.
const ELSEWHERE: [(&str, &str); 16] = [
    ("startsWith", "starts with"),
    ("endsWith", "ends with"),
    ("isEmpty", "is empty"),
    ("isNumber", "is number"),
    ("isString", "is string"),
    ("isBoolean", "is boolean"),
    ("isCollection", "is list"),
    ("equals", "=="),
    ("equal", "=="),
    ("eq", "=="),
    ("includes", "contains"),
    ("match", "matches"),
    ("below", "<"),
    ("above", ">"),
    ("empty", "is empty"),
    ("has", "contains"),
];

impl Predicate {
    /// Reads a predicate behind an expression, whose text and type serve the messages.
    pub(super) fn parse(
        cursor: &mut Cursor<'_>,
        scope: &mut dyn Scope,
        (left, gives): (&str, Gives),
    ) -> Result<Self, ParseError> {
        let mut negated = false;
        while cursor.peek_word().is_some_and(|word| word.text == "not") {
            cursor.word();
            negated = !negated;
        }
        let start = cursor.at();
        let Some(word) = cursor.word() else {
            let test = symbol(cursor, scope, left)?;
            let test = checked(test, start..cursor.at(), left, gives)?;
            return Ok(Self { negated, test });
        };
        let test = match word.text {
            "contains" => Test::Contains(Operand::parse(cursor, &word, scope)?),
            "starts" => Test::StartsWith(with(cursor, &word, scope)?),
            "ends" => Test::EndsWith(with(cursor, &word, scope)?),
            "matches" => Test::Matches(pattern(cursor, "matches")?),
            "in" => Test::In(Operand::list(cursor, &word, scope)?),
            "exists" => Test::Exists,
            "is" => {
                if cursor.peek_word().is_some_and(|word| word.text == "not") {
                    cursor.word();
                    negated = !negated;
                }
                is(cursor, &word)?
            }
            _ => return Err(unknown(&word)),
        };
        let test = checked(test, start..cursor.at(), left, gives)?;
        Ok(Self { negated, test })
    }

    /// Whether it holds of what was found.
    pub(super) fn holds(&self, found: &Found<'_>, variables: &[Value]) -> bool {
        self.test
            .holds(found, variables)
            .is_some_and(|holds| holds != self.negated)
    }

    /// Whether it is content with nothing: `not exists`.
    pub(super) fn wants_nothing(&self) -> bool {
        self.negated && matches!(self.test, Test::Exists)
    }

    /// Whether it is `is empty`.
    pub(super) fn wants_empty(&self) -> bool {
        !self.negated && matches!(self.test, Test::Empty)
    }

    /// What it wants, with the values of its variables: `== 201`.
    pub(super) fn expected(&self, variables: &[Value]) -> String {
        let not = if self.negated { "not " } else { "" };
        let right =
            |word: &str, operand: &Operand| format!("{not}{word} {}", operand.describe(variables));
        match &self.test {
            Test::Compare(op, operand) => {
                let symbol = OPS
                    .iter()
                    .find(|(_, known)| known == op)
                    .map_or("", |(s, _)| s);
                right(symbol, operand)
            }
            Test::Contains(operand) => right("contains", operand),
            Test::StartsWith(operand) => right("starts with", operand),
            Test::EndsWith(operand) => right("ends with", operand),
            Test::Matches(regex) => format!("{not}matches /{regex}/"),
            Test::In(items) => right("in", &Operand::List(items.clone())),
            Test::Exists => format!("{not}exists"),
            Test::Empty => format!("{not}is empty"),
            Test::Is(kind) => {
                let name = TYPES
                    .iter()
                    .find(|(_, known)| known == kind)
                    .map_or("", |(s, _)| s);
                format!("{not}is {name}")
            }
        }
    }

    /// The variables that it reads.
    pub(super) fn slots(&self) -> Vec<usize> {
        let mut slots = Vec::new();
        self.test.operands(&mut |operand| operand.slots(&mut slots));
        slots
    }
}

impl Test {
    /// `None` where the test makes no sense for what was found.
    fn holds(&self, found: &Found<'_>, variables: &[Value]) -> Option<bool> {
        match self {
            Self::Compare(Op::Equal, operand) => operand.equals(found, variables),
            Self::Compare(Op::Unequal, operand) => {
                operand.equals(found, variables).map(|same| !same)
            }
            Self::Compare(op, operand) => {
                let order = operand.order(found, variables)?;
                Some(match op {
                    Op::Less => order == Ordering::Less,
                    Op::AtMost => order != Ordering::Greater,
                    Op::More => order == Ordering::Greater,
                    _ => order != Ordering::Less,
                })
            }
            Self::Contains(operand) => contains(found, operand, variables),
            Self::StartsWith(operand) => Some(
                found
                    .as_text()?
                    .starts_with(&*operand.text_value(variables)?),
            ),
            Self::EndsWith(operand) => {
                Some(found.as_text()?.ends_with(&*operand.text_value(variables)?))
            }
            Self::Matches(regex) => Some(regex.is_match(found.as_text()?)),
            Self::In(items) => {
                let mut any = false;
                for item in items {
                    any |= item.equals(found, variables)?;
                }
                Some(any)
            }
            Self::Exists => Some(true),
            Self::Empty => match (found.as_text(), found.as_json()) {
                (Some(text), _) => Some(text.is_empty()),
                (None, Some(Json::Array(items))) => Some(items.is_empty()),
                (None, Some(Json::Object(members))) => Some(members.is_empty()),
                _ => None,
            },
            Self::Is(kind) => Some(kind.fits(found)),
        }
    }

    fn operands(&self, each: &mut dyn FnMut(&Operand)) {
        match self {
            Self::Compare(_, operand)
            | Self::Contains(operand)
            | Self::StartsWith(operand)
            | Self::EndsWith(operand) => each(operand),
            Self::In(items) => items.iter().for_each(each),
            Self::Matches(_) | Self::Exists | Self::Empty | Self::Is(_) => {}
        }
    }
}

impl Type {
    fn fits(self, found: &Found<'_>) -> bool {
        match found {
            Found::Text(_) => self == Self::String,
            Found::Time(_) => false,
            Found::Json(json) => {
                self == match json.as_ref() {
                    Json::Null => Self::Null,
                    Json::Bool(_) => Self::Boolean,
                    Json::Number(_) => Self::Number,
                    Json::String(_) => Self::String,
                    Json::Array(_) => Self::List,
                    Json::Object(_) => Self::Object,
                }
            }
        }
    }
}

/// A text contains a text, a list a value, an object a key.
fn contains(found: &Found<'_>, operand: &Operand, variables: &[Value]) -> Option<bool> {
    if let Some(text) = found.as_text() {
        return Some(text.contains(&*operand.text_value(variables)?));
    }
    match found.as_json()? {
        Json::Array(items) => {
            let mut any = false;
            for item in items {
                any |= operand.equals(&Found::Json(std::borrow::Cow::Borrowed(item)), variables)?;
            }
            Some(any)
        }
        Json::Object(members) => Some(members.contains_key(&*operand.text_value(variables)?)),
        _ => None,
    }
}

/// A comparison, or the error for what stands there instead.
fn symbol(cursor: &mut Cursor<'_>, scope: &mut dyn Scope, left: &str) -> Result<Test, ParseError> {
    let at = cursor.at();
    for odd in ["===", "!==", "=~", "<>", "=>", "=<"] {
        if cursor.eat(odd) {
            let help = match odd {
                "===" => "write `==`",
                "=~" => "write `matches`",
                "=>" => "write `>=`",
                "=<" => "write `<=`",
                _ => "write `!=`",
            };
            return Err(error(
                at..cursor.at(),
                format!("`{odd}` is no predicate"),
                help,
            ));
        }
    }
    for (text, op) in OPS {
        let start = cursor.at();
        if cursor.eat(text) {
            let word = Piece {
                text,
                range: start..cursor.at(),
            };
            return Operand::parse(cursor, &word, scope).map(|operand| Test::Compare(op, operand));
        }
    }
    if cursor.eat("=") {
        return Err(error(at..cursor.at(), "`=` is no predicate", "write `==`"));
    }
    let odd = cursor.anything();
    if odd.text.is_empty() {
        return Err(error(
            0..odd.range.end,
            "a check ends with what must hold",
            format!("for example `{left} == …` or `{left} exists`"),
        ));
    }
    let help = format!("one of: {}", WORDS[..13].join(", "));
    Err(error(
        odd.range,
        format!("`{}` is no predicate", odd.text),
        help,
    ))
}

/// The operand of `starts with` and `ends with`.
fn with(
    cursor: &mut Cursor<'_>,
    word: &Piece<'_>,
    scope: &mut dyn Scope,
) -> Result<Operand, ParseError> {
    if cursor.peek_word().is_none_or(|next| next.text != "with") {
        let help = format!("write `{} with`", word.text);
        let message = format!("`{}` is half a predicate", word.text);
        return Err(error(word.range.clone(), message, help));
    }
    cursor.word();
    Operand::parse(cursor, word, scope)
}

fn is(cursor: &mut Cursor<'_>, word: &Piece<'_>) -> Result<Test, ParseError> {
    let names: Vec<&str> = TYPES
        .iter()
        .map(|(name, _)| *name)
        .chain(["empty"])
        .collect();
    let Some(kind) = cursor.word() else {
        let help = format!("one of: {}; equality is `==`", names.join(", "));
        return Err(error(word.range.clone(), "`is` what?", help));
    };
    if kind.text == "empty" {
        return Ok(Test::Empty);
    }
    let known = TYPES.iter().find(|(name, _)| *name == kind.text);
    known.map(|(_, kind)| Test::Is(*kind)).ok_or_else(|| {
        let meant = match kind.text {
            "text" => Some("string"),
            "bool" => Some("boolean"),
            "array" => Some("list"),
            "integer" | "int" | "float" => Some("number"),
            _ => None,
        };
        let help = match meant {
            Some(ours) => format!("did you mean `{ours}`?"),
            None => suggest(kind.text, &names, ""),
        };
        error(kind.range, format!("`{}` is no type", kind.text), help)
    })
}

fn unknown(word: &Piece<'_>) -> ParseError {
    let elsewhere = ELSEWHERE.iter().find(|(other, _)| *other == word.text);
    let help = match elsewhere {
        Some((_, ours)) => format!("did you mean `{ours}`?"),
        None => suggest(word.text, &WORDS[..19], ""),
    };
    error(
        word.range.clone(),
        format!("`{}` is no predicate", word.text),
        help,
    )
}

/// Refuses comparisons that can never hold, which would otherwise be red for a reason nobody sees.
fn checked(
    test: Test,
    range: std::ops::Range<usize>,
    left: &str,
    gives: Gives,
) -> Result<Test, ParseError> {
    let text_only = matches!(
        test,
        Test::StartsWith(_) | Test::EndsWith(_) | Test::Matches(_)
    ) || (gives != Gives::List && matches!(test, Test::Contains(_)));
    if text_only && !matches!(gives, Gives::Text | Gives::Anything) {
        let message = format!(
            "`{left}` gives {}, and this predicate is about text",
            gives.name()
        );
        return Err(error(range, message, "compare it with `==`, `<` or `in`"));
    }
    let mut problem = None;
    // A list contains values of any type.
    let list = gives == Gives::List && !matches!(test, Test::Compare(..));
    test.operands(&mut |operand| {
        let text_wanted = text_only || gives == Gives::Text;
        let right = operand.gives();
        let never = match (gives, right) {
            (Gives::Anything, _) => {
                matches!(test, Test::StartsWith(_) | Test::EndsWith(_))
                    && right != Gives::Text
                    && !matches!(operand, Operand::Template(_))
            }
            (_, Gives::Anything) => operand.is_constant_word() && gives != Gives::List,
            (left, right) => left != right,
        };
        if never && !list {
            problem = Some(mismatch(left, gives, right, text_wanted));
        }
    });
    match problem {
        Some((message, help)) => Err(error(range, message, help)),
        None => Ok(test),
    }
}

fn mismatch(left: &str, gives: Gives, right: Gives, text_wanted: bool) -> (String, String) {
    let right_name = match right {
        Gives::Anything => "true, false or null",
        known => known.name(),
    };
    let help = match (gives, right) {
        (Gives::Time, Gives::Number) => "give it a unit: `2s` or `500ms`",
        (Gives::Text, Gives::Number) => "add `| int` or `| float` to the left, or quote the number",
        (Gives::Number, Gives::Text) => "write the number without quotes",
        _ if text_wanted => "put the right-hand side in quotes",
        _ => "compare values of the same type",
    };
    let message = format!(
        "`{left}` gives {}, and is compared with {right_name}",
        gives.name()
    );
    (message, help.to_owned())
}
