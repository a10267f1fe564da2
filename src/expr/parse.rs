//! Text → expressions and checks.

use super::{Facts, Mismatch, ParseError, Scope, Value};
use rand_xoshiro::Xoshiro256PlusPlus;

/// What a capture says: a query and its filters.
#[derive(Debug, Clone)]
pub struct Expression {
    text: String,
}

impl Expression {
    /// Compiles `query | filter | …`; names are looked up in `scope`.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place and the fix.
    pub fn parse(text: &str, _scope: &mut dyn Scope) -> Result<Self, ParseError> {
        Ok(Self { text: text.into() })
    }

    /// The value that a response holds. `rng` serves `| random`.
    ///
    /// # Errors
    /// Nothing was found, or a filter met a value that it does not take.
    pub fn evaluate(
        &self,
        _facts: &Facts<'_>,
        _rng: &mut Xoshiro256PlusPlus,
    ) -> Result<Value, Mismatch> {
        Ok(Value::Missing)
    }

    /// Whether the body must be kept for it.
    pub fn needs_body(&self) -> bool {
        false
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The variables that it reads.
    pub fn slots(&self) -> impl Iterator<Item = usize> + '_ {
        std::iter::empty()
    }
}

/// What must hold of one response: an expression and a predicate.
#[derive(Debug, Clone)]
pub struct Check {
    text: String,
}

impl Check {
    /// Compiles `query | filter … predicate`; names are looked up in `scope`.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place and the fix.
    pub fn parse(text: &str, _scope: &mut dyn Scope) -> Result<Self, ParseError> {
        Ok(Self { text: text.into() })
    }

    /// Whether it holds. `rng` serves `| random`.
    ///
    /// # Errors
    /// What was expected and what was there instead.
    pub fn evaluate(
        &self,
        _facts: &Facts<'_>,
        _rng: &mut Xoshiro256PlusPlus,
    ) -> Result<(), Mismatch> {
        Ok(())
    }

    /// Whether the body must be kept for it.
    pub fn needs_body(&self) -> bool {
        false
    }

    /// Whether it is about the status: then the default check on the status does not apply.
    pub fn tests_status(&self) -> bool {
        false
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The variables that it reads.
    pub fn slots(&self) -> impl Iterator<Item = usize> + '_ {
        std::iter::empty()
    }
}
