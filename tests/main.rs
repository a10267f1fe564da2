//! The integration tests: one binary, so that it links once.

mod budget_diagnostics;
