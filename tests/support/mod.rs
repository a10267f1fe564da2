//! What the integration tests stand on: a server that misbehaves to order, and the binary to run against it.

mod certificate;
pub(crate) mod cli;
pub(crate) mod extreme_runs;
mod pages;
pub(crate) mod past_nights;
mod policies;
pub(crate) mod precise;
pub(crate) mod properties;
pub(crate) mod sample_nights;
pub(crate) mod sample_run;
mod script;
pub(crate) mod serve;
pub(crate) mod sized_runs;
pub(crate) mod smtp;
mod socket;
pub(crate) mod target;
mod wire;
