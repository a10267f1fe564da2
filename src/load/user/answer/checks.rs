//! Checks and captures of an answer. In: an exchange; out: what was captured, or what did not hold. Invariant: nothing is
//! captured behind a check that failed; a load stops at the first of them, a smoke test looks at every check.

use super::refusal::not_the_application;
use crate::expr::{Check, Facts, Mismatch, Value};
use crate::load::program::RequestProgram;
use crate::load::user::{Captured, Fault, Lane, with_facts};
use crate::load::worker::Worker;
use crate::protocol::{Answer, Call, Exchange, Problem, Protocol, mitigated_quietly};
use crate::record::What;

impl<P: Protocol> Worker<P> {
    /// Runs the checks and, when they hold, the captures. `Err` is the first that did not hold, and in a smoke test the
    /// other checks that did not.
    #[inline]
    pub(in crate::load::user) fn evaluate(
        &self,
        (variables, lane): (&[Value], &mut Lane),
        call: &Call,
        exchange: &Exchange,
    ) -> Result<Vec<Captured>, Fault> {
        let answer = exchange.result.as_ref().map_err(no_answer)?;
        let request = &self.program.requests[call.step];
        let first = usize::from(request.implicit_status);
        if request.implicit_status
            && let Some(mismatch) = unfit_status(request, answer)
        {
            let fault = Fault::new(What::Check(0), mismatch);
            if !self.shows_passes() {
                return Err(fault);
            }
            let exchange = (call, exchange, answer);
            return Err(with_facts(&self.program, variables, exchange, |facts| {
                others(fault, (request, answer, first), (facts, lane))
            }));
        }
        let exchange = (call, exchange, answer);
        with_facts(&self.program, variables, exchange, |facts| {
            look((request, answer, first), (facts, lane)).map_err(|(index, mismatch)| {
                let fault = Fault::new(What::Check(index), mismatch);
                if self.shows_passes() {
                    others(fault, (request, answer, index + 1), (facts, lane))
                } else {
                    fault
                }
            })
        })
    }
}

/// Why the status is not what a step without a check on it wants.
#[inline]
fn unfit_status(request: &RequestProgram, answer: &Answer) -> Option<Mismatch> {
    let status = answer.status.as_u16();
    let quiet = mitigated_quietly(answer);
    let (held, expected) = request.implicit(status);
    if held && quiet.is_none() {
        return None;
    }
    let who = quiet.map_or_else(String::new, not_the_application);
    Some(Mismatch {
        expected: expected.into(),
        actual: format!("number {status}{who}"),
    })
}

/// A request, its answer, and the index of the first check that is looked at.
type Looked<'a> = (&'a RequestProgram, &'a Answer, usize);

#[inline]
fn look(
    (request, answer, mut index): Looked<'_>,
    (facts, lane): (&Facts<'_>, &mut Lane),
) -> Result<Vec<Captured>, (usize, Mismatch)> {
    for check in request.checks().chain(request.awaited()) {
        check
            .evaluate(facts, &mut lane.rng)
            .map_err(|mismatch| (index, still_packed(answer, check.needs_body(), mismatch)))?;
        index += 1;
    }
    let mut captured = Vec::new();
    for capture in request.captures() {
        let value = capture
            .expression
            .evaluate(facts, &mut lane.rng)
            .map_err(|mismatch| {
                let needs_body = capture.expression.needs_body();
                (index, still_packed(answer, needs_body, mismatch))
            })?;
        captured.push((capture.slot, value));
        index += 1;
    }
    Ok(captured)
}

/// The same fault with the checks from this index on that do not hold either.
#[cold]
fn others(
    mut fault: Fault,
    (request, answer, from): Looked<'_>,
    (facts, lane): (&Facts<'_>, &mut Lane),
) -> Fault {
    let first = usize::from(request.implicit_status);
    let checks = request.checks().chain(request.awaited());
    let mut broken = |check: &Check| {
        let mismatch = check.evaluate(facts, &mut lane.rng).err()?;
        Some(still_packed(answer, check.needs_body(), mismatch))
    };
    let behind = checks.zip(first..).filter(|(_, index)| *index >= from);
    fault.also = behind
        .filter_map(|(check, index)| Some((index, broken(check)?)))
        .collect();
    fault
}

/// Why something was not found in a body that came in a coding which is not known.
#[cold]
fn still_packed(answer: &Answer, needs_body: bool, mut mismatch: Mismatch) -> Mismatch {
    if needs_body && answer.decoded.is_none() {
        let coding = answer.headers.get("content-encoding").unwrap_or_default();
        let coding: String = String::from_utf8_lossy(coding).chars().take(50).collect();
        let why = format!(" (the body came packed as `{coding}`, which cannot be unpacked)");
        mismatch.actual.push_str(&why);
    }
    mismatch
}

fn no_answer(problem: &Problem) -> Fault {
    let mismatch = Mismatch {
        expected: "a whole answer".into(),
        actual: problem.detail.clone(),
    };
    Fault::new(What::Failure(problem.failure), mismatch)
}
