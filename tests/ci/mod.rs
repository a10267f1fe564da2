//! What CI systems read of a run.

mod consumers;
mod github;
mod metrics;
mod text;
