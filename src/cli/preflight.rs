//! A look at the target before the load. In: the client's settings; out: whether it can be reached. Invariant: no
//! request is sent, only a connection (and a TLS handshake) is made.

use crate::protocol::{Blueprint, Client, Problem};
use std::io;
use std::time::Duration;
use tokio::task::LocalSet;

/// Resolves, connects and shakes hands with the target. `Ok(Some)` says why that failed.
///
/// # Errors
/// When the system gives no runtime.
pub(super) fn reach(blueprint: &Blueprint, timeout: Duration) -> io::Result<Option<Problem>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let client = Client::new(blueprint.clone());
    let reached = LocalSet::new().block_on(&runtime, client.reach_target(timeout));
    Ok(reached.err())
}
