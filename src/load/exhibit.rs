//! Exchanges kept as evidence. In: a call, how it went, what was expected; out: a masked, shortened
//! [`Exhibit`]. Invariant: built only when one is still wanted, since it copies headers and bodies.

use super::program::Program;
use crate::expr::{Facts, Mismatch, Value};
use crate::protocol::{Call, Exchange};
use crate::record::{Exhibit, Masker, Sample, What};
use rand::SeedableRng as _;
use rand_xoshiro::Xoshiro256PlusPlus;
use std::borrow::Cow;

/// What went wrong with one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) what: What,
    pub(super) mismatch: Mismatch,
}

/// The evidence for a fault.
pub(super) fn exhibit(
    program: &Program,
    masker: &Masker,
    variables: &[Value],
    sample: &Sample,
    case: (&Call, &Exchange, &Fault),
) -> Exhibit {
    let (call, exchange, fault) = case;
    let mut secrets: Vec<Cow<'_, str>> = program
        .secret_slots
        .iter()
        .map(|slot| variables[*slot].text())
        .collect();
    // What this very answer would have yielded: checks fail before captures are kept.
    secrets.extend(
        yielded(program, variables, call, exchange)
            .into_iter()
            .map(Cow::Owned),
    );
    let mask = |text: &str| masker.text(text, &secrets);
    let answer = exchange.result.as_ref().ok();
    let url = program.requests[call.step].url(call, &program.target);
    Exhibit {
        step: sample.step,
        what: Some(fault.what),
        at: sample.sent,
        took: sample.service(),
        expected: Some(mask(&fault.mismatch.expected)),
        actual: Some(mask(&fault.mismatch.actual)),
        request_line: mask(&format!("{} {url}", call.method)),
        request: masker.message(call.headers.iter(), &call.body, &secrets),
        status: sample.status,
        response: answer.map(|a| masker.message(a.headers.iter(), &a.body, &secrets)),
    }
}

/// The secret captures of the step, evaluated on its answer.
fn yielded(
    program: &Program,
    variables: &[Value],
    call: &Call,
    exchange: &Exchange,
) -> Vec<String> {
    let Ok(answer) = &exchange.result else {
        return Vec::new();
    };
    let facts = Facts::new(answer.status.as_u16(), &answer.headers, "")
        .with_body(&answer.body, answer.received)
        .with_variables(variables);
    let captures = program.requests[call.step]
        .captures()
        .iter()
        .filter(|c| c.secret);
    let mut dice = Xoshiro256PlusPlus::seed_from_u64(0);
    captures
        .filter_map(|c| c.expression.evaluate(&facts, &mut dice).ok())
        .map(|value| value.text().into_owned())
        .collect()
}
