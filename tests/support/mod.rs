//! What the integration tests stand on: a server that misbehaves to order.

mod certificate;
mod script;
pub(crate) mod target;
mod wire;
