//! What several integration tests need.

pub(crate) mod extreme_runs;
pub(crate) mod sample_run;
