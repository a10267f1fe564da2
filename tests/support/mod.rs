//! What the integration tests stand on: a server that misbehaves to order, and the binary to run against it.

mod certificate;
pub(crate) mod cli;
pub(crate) mod extreme_runs;
mod pages;
pub(crate) mod precise;
pub(crate) mod sample_run;
mod script;
mod socket;
pub(crate) mod target;
mod wire;
