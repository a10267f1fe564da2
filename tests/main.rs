//! The integration tests: one binary, so that linking is paid for once.

#[cfg(test)]
mod support;
#[cfg(test)]
mod target;
