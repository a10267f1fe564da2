//! What CI systems read of a run.

mod consumers;
mod files;
mod github;
mod metrics;
mod text;
