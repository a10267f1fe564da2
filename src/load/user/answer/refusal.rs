//! Refused, by whom? In: an answer that failed a check; out: a [`Refusal`], and words for the person who reads the
//! failure. Invariant: a status that the step's own checks allow is the application's.

use crate::expr::{Facts, Value};
use crate::load::exhibit::Fault;
use crate::load::program::RequestProgram;
use crate::protocol::{Answer, mitigation};
use crate::record::{Platform, Refusal, What};
use rand_xoshiro::Xoshiro256PlusPlus;

/// What an answer is that is not the application's.
pub(super) fn not_the_application(platform: Platform) -> String {
    format!(
        ": a challenge or a block of {}, not the application; {}",
        platform.name(),
        platform.advice()
    )
}

/// Who refused a request that failed a check, told in the fault, too; `None` where the application answered.
pub(in crate::load::user) fn refusal(
    request: &RequestProgram,
    (variables, dice): (&[Value], &mut Xoshiro256PlusPlus),
    answer: &Answer,
    fault: &mut Fault,
) -> Option<Refusal> {
    if !matches!(fault.what, What::Check(_)) {
        return None;
    }
    let status = answer.status.as_u16();
    let mut declared = || {
        let facts = Facts::new(status, &answer.headers, "").with_variables(variables);
        let mut checks = request.checks().filter(|check| check.tests_status());
        !request.implicit_status && checks.all(|check| check.evaluate(&facts, dice).is_ok())
    };
    if status >= 400 && declared() {
        return None;
    }
    if let Some(platform) = mitigation(answer) {
        let actual = &mut fault.mismatch.actual;
        let told = not_the_application(platform);
        if !actual.ends_with(&told) {
            actual.push_str(&told);
        }
        return Some(Refusal::Platform(platform));
    }
    matches!(status, 403 | 429).then_some(Refusal::Wall)
}
