//! HTTP/1.1 as bytes. In: a request to render, a stream; out: the answer that comes back on it. Invariant: no task,
//! no buffer per connection: whoever waits for the answer drives the stream, with the scratch memory of its worker.

mod chunked;
mod exchange;
mod head;
mod open;
mod reader;
mod received;
mod request;
mod sending;
#[cfg(test)]
mod tests;

pub(super) use exchange::{Arrival, Scratch, exchange, is_quiet};
pub(super) use head::Has;
pub(in crate::protocol) use open::OpenBody;
pub(super) use received::{KEPT, Purpose, Received};
pub(super) use request::Outgoing;
pub(super) use sending::Lost;

/// Statuses that lead somewhere else when they have a location.
pub(super) fn redirects(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}
