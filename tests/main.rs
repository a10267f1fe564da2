//! The integration tests: one binary, so that it links once.

mod budget_diagnostics;
#[cfg(test)]
mod support;
#[cfg(test)]
mod target;
