//! What must hold of a value. In: the end of a check; out: a [`Predicate`] that says yes or no of what was
//! found, and in words what it wanted. Invariant: values that cannot be compared never satisfy a predicate,
//! with `not` or without, so that a check that makes no sense is red.

mod kind;
mod operand;
mod parse;
mod schema;

use self::kind::Type;
use self::operand::Operand;
use self::schema::Schema;
use super::Value;
use super::found::Found;
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
    Schema(Schema),
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

/// Longer symbols first.
const OPS: [(&str, Op); 6] = [
    ("==", Op::Equal),
    ("!=", Op::Unequal),
    ("<=", Op::AtMost),
    (">=", Op::AtLeast),
    ("<", Op::Less),
    (">", Op::More),
];

impl Predicate {
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
            Test::Schema(schema) => format!("{not}matches schema {}", schema.name()),
            Test::In(items) => right("in", &Operand::List(items.clone())),
            Test::Exists => format!("{not}exists"),
            Test::Empty => format!("{not}is empty"),
            Test::Is(kind) => format!("{not}is {}", kind.name()),
        }
    }

    /// What was found instead; for a schema, where it does not fit.
    pub(super) fn actual(&self, found: &Found<'_>) -> String {
        let misfit = match &self.test {
            Test::Schema(schema) if !self.negated => schema.misfit(found),
            _ => None,
        };
        misfit.unwrap_or_else(|| found.describe())
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
            Self::Schema(schema) => schema.fits(found),
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
            Self::Matches(_) | Self::Schema(_) | Self::Exists | Self::Empty | Self::Is(_) => {}
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
