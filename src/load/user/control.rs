//! What decides which steps are done, and how often. In: conditions, lists and assignments over a user's variables;
//! out: the place where its flow goes on. Invariant: nothing here waits, and every request that is passed by is
//! counted as not taken.

use super::User;
use crate::expr::{Check, Facts, Head, Value};
use crate::load::program::{Each, Op, When};
use crate::load::worker::Worker;
use crate::protocol::Protocol;
use crate::scenario::Assignment;
use crate::source::Spanned;

/// A loop that a user is in.
#[derive(Debug)]
pub(super) enum Loop {
    /// Rounds to go, this one included.
    Repeat(u64),
    /// Items to go, and the slot for them.
    Each(std::vec::IntoIter<serde_json::Value>, usize),
}

/// A loop over something that is no list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NoList {
    /// The block's first request.
    pub(super) request: usize,
    /// What is there instead, in words.
    pub(super) why: String,
}

impl User {
    /// Whether all of this holds of the variables.
    pub(super) fn finds(&mut self, checks: &[Spanned<Check>]) -> bool {
        let headers = Head::default();
        let facts = Facts::new(0, &headers, "").with_variables(&self.variables);
        let rng = &mut self.lane.rng;
        checks.iter().all(|c| c.value.evaluate(&facts, rng).is_ok())
    }

    pub(super) fn assign(&mut self, assignments: &[Assignment]) {
        for assignment in assignments {
            let value = self.lane.value(&assignment.value, &self.variables);
            self.variables[assignment.slot] = value;
        }
    }

    pub(super) fn forget_loops(&mut self) {
        self.loops.clear();
    }

    /// Goes back to the start of the innermost loop, or leaves it.
    fn again(&mut self) -> bool {
        let goes_on = match self.loops.last_mut() {
            Some(Loop::Repeat(left)) => {
                *left -= 1;
                *left > 0
            }
            Some(Loop::Each(items, slot)) => match items.next() {
                Some(item) => {
                    self.variables[*slot] = Value::Json(item);
                    true
                }
                None => false,
            },
            None => false,
        };
        if !goes_on {
            self.loops.pop();
        }
        goes_on
    }

    /// The items of a list; `Err` says what is there instead.
    fn items(&self, each: &Each, names: &[String]) -> Result<Vec<serde_json::Value>, String> {
        let name = names.get(each.list).map_or("the list", String::as_str);
        match &self.variables[each.list] {
            Value::Json(serde_json::Value::Array(items)) => {
                let limit = each.limit.map_or(usize::MAX, |limit| {
                    usize::try_from(limit).unwrap_or(usize::MAX)
                });
                Ok(items.iter().take(limit).cloned().collect())
            }
            Value::Missing => Err(format!("{name} has no value")),
            other => {
                let text: String = other.text().chars().take(80).collect();
                Err(match other {
                    Value::Json(serde_json::Value::String(_)) => {
                        format!("{name} is no list: text {text:?}")
                    }
                    Value::Json(serde_json::Value::Object(_)) => {
                        format!("{name} is no list: object {text}")
                    }
                    _ => format!("{name} is no list: {text}"),
                })
            }
        }
    }
}

impl<P: Protocol> Worker<P> {
    /// Does an operation that neither sends nor waits. Where the flow goes on, if not at `next`.
    pub(super) fn control(
        &self,
        user: &mut User,
        (op, next): (&Op, usize),
        measured: bool,
    ) -> Result<usize, NoList> {
        match op {
            Op::Set(assignments) => user.assign(assignments),
            Op::When(when) if !user.finds(&when.checks) => {
                return Ok(self.pass_by(when, measured));
            }
            Op::Repeat(times) => user.loops.push(Loop::Repeat(*times)),
            Op::Each(each) => return self.enter(user, (each, next), measured),
            Op::Again(start) if user.again() => return Ok(*start),
            Op::Again(_) | Op::When(_) | Op::Think(_) | Op::Request(_) | Op::Group(_) => {}
        }
        Ok(next)
    }

    fn pass_by(&self, when: &When, measured: bool) -> usize {
        let extent = &when.extent;
        self.not_taken(extent.requests.clone(), measured);
        self.wanted(-extent.expected, measured);
        extent.past
    }

    fn enter(
        &self,
        user: &mut User,
        (each, next): (&Each, usize),
        measured: bool,
    ) -> Result<usize, NoList> {
        let extent = &each.extent;
        let items = user
            .items(each, &self.program.names)
            .map_err(|why| NoList {
                request: extent.requests.start,
                why,
            })?;
        let rounds = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let more = rounds - each.planned;
        self.wanted(more.saturating_mul(extent.expected), measured);
        user.loops.push(Loop::Each(items.into_iter(), each.item));
        if user.again() {
            return Ok(next);
        }
        self.not_taken(extent.requests.clone(), measured);
        Ok(extent.past)
    }

    fn not_taken(&self, requests: std::ops::Range<usize>, measured: bool) {
        self.recorder.borrow_mut().not_taken(requests, measured);
    }
}
