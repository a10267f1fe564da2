//! Text → expressions and checks. In: a check or capture as written; out: the compiled whole, which is run
//! against the [`Facts`] of a response. Invariant: a response can make a check false, and nothing else.

use super::filter::{Filter, Tools};
use super::found::{Found, Obstacle};
use super::lexer::{Cursor, error};
use super::predicate::Predicate;
use super::query::{Gives, Query};
use super::{Facts, Mismatch, Needs, ParseError, Scope, Value};
use rand_xoshiro::Xoshiro256PlusPlus;

/// What a capture says: a query and its filters.
#[derive(Debug, Clone)]
pub struct Expression {
    text: String,
    query: Query,
    filters: Vec<Filter>,
    /// The first filter asks the query for all of several values.
    all: bool,
}

impl Expression {
    /// Compiles `query | filter | …`; names are looked up in `scope`.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place and the fix.
    pub fn parse(text: &str, scope: &mut dyn Scope) -> Result<Self, ParseError> {
        let mut cursor = Cursor::new(text, 0);
        let (expression, _) = Self::read(&mut cursor, scope)?;
        if cursor.peek().is_none() {
            return Ok(expression);
        }
        let at = cursor.at();
        Err(error(
            at..text.trim_end().len().max(at),
            "a capture ends behind its filters",
            "filters stand behind `|`; what must hold belongs under `check:`",
        ))
    }

    /// The value that a response holds. `rng` serves `| random`.
    ///
    /// # Errors
    /// Nothing was found, or a filter met a value that it does not take.
    pub fn evaluate(
        &self,
        facts: &Facts<'_>,
        rng: &mut Xoshiro256PlusPlus,
    ) -> Result<Value, Mismatch> {
        self.find(facts, rng)
            .map(Found::into_value)
            .map_err(|obstacle| match obstacle {
                Obstacle::Absent(actual) => Mismatch {
                    expected: "a value".to_owned(),
                    actual,
                },
                Obstacle::Unfit { expected, actual } => Mismatch { expected, actual },
            })
    }

    /// Whether the body must be kept for it.
    pub fn needs_body(&self) -> bool {
        self.needs().body
    }

    /// What must be kept of a response for it.
    pub fn needs(&self) -> Needs {
        self.query.needs()
    }

    /// As it was written, without blanks around it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The variables that it reads.
    pub fn slots(&self) -> impl Iterator<Item = usize> + '_ {
        let filters = self.filters.iter().flat_map(Filter::slots);
        self.query.slots().chain(filters)
    }

    /// Reads up to the predicate or the end.
    fn read(cursor: &mut Cursor<'_>, scope: &mut dyn Scope) -> Result<(Self, Gives), ParseError> {
        let query = Query::parse(cursor, scope)?;
        let mut gives = query.gives();
        let mut all = false;
        let mut text = cursor.before();
        let mut filters: Vec<Filter> = Vec::new();
        while cursor.eat("|") {
            cursor.peek();
            let start = cursor.at();
            let filter = Filter::parse(cursor, scope)?;
            if filter.takes_list() {
                let asked = if let Some(before) = filters.last_mut() {
                    before.give_all()
                } else {
                    all = query.can_give_all();
                    all
                };
                gives = if asked { Gives::List } else { gives };
            }
            gives = filter.gives(gives).map_err(|takes| {
                let help = match (takes, gives) {
                    (Gives::List, Gives::Text) => {
                        "`split` makes a list of a text; `regex /…/ | count` counts matches, `size` bytes"
                    }
                    _ => "leave the filter out, or choose another query",
                };
                let message = format!(
                    "`{}` takes {}, and `{text}` gives {}",
                    filter.name(),
                    takes.name(),
                    gives.name()
                );
                error(start..cursor.at(), message, help)
            })?;
            text = cursor.before();
            filters.push(filter);
        }
        let expression = Self {
            text: text.to_owned(),
            query,
            filters,
            all,
        };
        Ok((expression, gives))
    }

    fn find<'a>(
        &'a self,
        facts: &'a Facts<'_>,
        rng: &mut Xoshiro256PlusPlus,
    ) -> Result<Found<'a>, Obstacle> {
        let mut found = self.query.find(facts, self.all)?;
        let mut tools = Tools {
            variables: facts.variables,
            rng,
            now: facts.now,
        };
        for filter in &self.filters {
            found = filter.apply(found, &mut tools)?;
        }
        Ok(found)
    }
}

/// What must hold of one response: an expression and a predicate.
#[derive(Debug, Clone)]
pub struct Check {
    text: String,
    expression: Expression,
    predicate: Predicate,
}

impl Check {
    /// Compiles `query | filter … predicate`; names are looked up in `scope`.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place and the fix.
    pub fn parse(text: &str, scope: &mut dyn Scope) -> Result<Self, ParseError> {
        let mut cursor = Cursor::new(text, 0);
        let (expression, gives) = Expression::read(&mut cursor, scope)?;
        let predicate = Predicate::parse(&mut cursor, scope, (&expression.text, gives))?;
        if cursor.peek().is_some() {
            let start = cursor.at();
            let odd = cursor.anything();
            let help = match odd.text {
                "or" | "||" => "for several values write `in [200, 204]`",
                "|" => "filters stand before the predicate",
                _ => "write one check per list item; all of them must hold",
            };
            let range = start..text.trim_end().len().max(odd.range.end);
            return Err(error(range, "a check ends behind its predicate", help));
        }
        Ok(Self {
            text: text.trim().to_owned(),
            expression,
            predicate,
        })
    }

    /// Whether it holds. `rng` serves `| random`.
    ///
    /// # Errors
    /// What was expected and what was there instead.
    pub fn evaluate(
        &self,
        facts: &Facts<'_>,
        rng: &mut Xoshiro256PlusPlus,
    ) -> Result<(), Mismatch> {
        let wanted = |actual| Mismatch {
            expected: self.predicate.expected(facts.variables),
            actual,
        };
        match self.expression.find(facts, rng) {
            Ok(found) if self.predicate.holds(&found, facts.variables) => Ok(()),
            Ok(found) => Err(wanted(self.predicate.actual(&found))),
            Err(Obstacle::Absent(_)) if self.predicate.wants_nothing() => Ok(()),
            // `json $.errors[*] is empty`: no match is the empty list that was asked for.
            Err(Obstacle::Absent(_)) if self.predicate.wants_empty() && self.is_plural() => Ok(()),
            Err(Obstacle::Absent(actual)) => Err(wanted(actual)),
            Err(Obstacle::Unfit { expected, actual }) => Err(Mismatch { expected, actual }),
        }
    }

    /// What it wants and what is there, whether it holds or not.
    pub fn finding(&self, facts: &Facts<'_>, rng: &mut Xoshiro256PlusPlus) -> Mismatch {
        let expected = self.predicate.expected(facts.variables);
        match self.expression.find(facts, rng) {
            Ok(found) => Mismatch {
                expected,
                actual: self.predicate.actual(&found),
            },
            Err(Obstacle::Absent(actual)) => Mismatch { expected, actual },
            Err(Obstacle::Unfit { expected, actual }) => Mismatch { expected, actual },
        }
    }

    /// Whether the body must be kept for it.
    pub fn needs_body(&self) -> bool {
        self.needs().body
    }

    /// What must be kept of a response for it.
    pub fn needs(&self) -> Needs {
        self.expression.needs()
    }

    /// Whether it is about the status: then the default check on the status does not apply.
    pub fn tests_status(&self) -> bool {
        matches!(self.expression.query, Query::Status)
    }

    /// Whether it looks at a variable, and so needs no response.
    pub fn tests_variable(&self) -> bool {
        matches!(self.expression.query, Query::Variable(..))
    }

    /// As it was written, without blanks around it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The variables that it reads.
    pub fn slots(&self) -> impl Iterator<Item = usize> + '_ {
        self.expression.slots().chain(self.predicate.slots())
    }

    /// A JSON path for several values, without filters.
    fn is_plural(&self) -> bool {
        self.expression.filters.is_empty()
            && matches!(&self.expression.query, Query::Json(path) if path.is_plural())
    }
}
