//! The integration tests: one binary, so that it links once.

mod golden;
mod reports;
mod support;
