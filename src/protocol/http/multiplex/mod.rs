//! HTTP/2: many requests on one connection (RFC 9113). In: a request, a place on a connection; out: the answer that
//! comes back on its stream. Invariant: no task stands between a request and its connection: whoever waits drives it.

mod fault;
mod head;
mod hub;
mod link;
mod links;
mod stream;
#[cfg(test)]
mod tests;

pub(super) use head::Target;
pub(super) use links::{ASSUMED, Bounds, Links, Next, Opening, Place};
pub(super) use stream::exchange;
