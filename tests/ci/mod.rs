//! What CI systems read of a run.

mod consumers;
mod files;
mod github;
mod hostile;
mod metrics;
mod text;
