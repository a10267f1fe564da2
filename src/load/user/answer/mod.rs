//! What is made of an answer. In: an exchange that has ended; out: what was captured or the fault, the findings of policies,
//! and who refused. Invariant: nothing here is sent, waited for or recorded but findings.

mod checks;
mod policies;
mod refusal;
mod told;

pub(super) use policies::Policed;
pub(super) use refusal::refusal;
pub(super) use told::Told;
