//! The end of a check, read. In: the words behind an expression and the expression's type; out: a
//! [`Predicate`]. Invariant: a comparison that no response could satisfy is an error here, not a red check.

use super::kind::TYPES;
use super::operand::Operand;
use super::schema::Schema;
use super::{OPS, Predicate, Test};
use crate::expr::lexer::{Cursor, Piece, error, suggest};
use crate::expr::query::{Gives, needed, pattern};
use crate::expr::vocabulary::{Kind, elsewhere, words};
use crate::expr::{ParseError, Scope};

impl Predicate {
    /// Reads a predicate behind an expression, whose text and type serve the messages.
    pub(in crate::expr) fn parse(
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
            "matches" => matches(cursor, &word, scope)?,
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
    let all: Vec<&str> = words(Kind::Predicate).collect();
    let help = format!("one of: {}", all.join(", "));
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

/// A pattern, or `schema FILE`.
fn matches(
    cursor: &mut Cursor<'_>,
    word: &Piece<'_>,
    scope: &mut dyn Scope,
) -> Result<Test, ParseError> {
    let Some(schema) = cursor.peek_word().filter(|next| next.text == "schema") else {
        return pattern(cursor, word.text).map(Test::Matches);
    };
    cursor.word();
    let file = needed(cursor.label()?, &schema, "matches schema \"order.json\"")?;
    Schema::compile(&file, scope).map(Test::Schema)
}

fn is(cursor: &mut Cursor<'_>, word: &Piece<'_>) -> Result<Test, ParseError> {
    let names: Vec<&str> = TYPES
        .iter()
        .map(|(name, _)| *name)
        .chain(["empty"])
        .collect();
    if cursor
        .peek_word()
        .is_some_and(|word| matches!(word.text, "a" | "an"))
    {
        cursor.word();
    }
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
            "array" | "collection" => Some("list"),
            "int" => Some("integer"),
            "decimal" | "double" => Some("float"),
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
    let help = elsewhere(Kind::Predicate, word.text).unwrap_or_else(|| {
        let all: Vec<&str> = words(Kind::Predicate).collect();
        suggest(word.text, &all, "")
    });
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
            (Gives::Date, Gives::Text) => !operand.is_date(),
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
        (Gives::Date, _) => "write a date in quotes: `\"2026-12-31\"`",
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
