//! Commands on scenarios that are not run. In: scenario files; out: what is in them. Invariant: nothing is sent.

mod alone;
pub(super) mod config;
pub(super) mod plan;
pub(super) mod validate;
