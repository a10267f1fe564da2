//! The integration tests: one binary, so that it links once.

#[cfg(test)]
mod budget_diagnostics;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod reports;
#[cfg(test)]
mod support;
