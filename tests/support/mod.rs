//! What several integration tests need.

pub(crate) mod sample_run;
