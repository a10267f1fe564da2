//! The integration tests: one binary, so that it links once.

mod budget_diagnostics;
mod golden;
mod reports;
mod support;
