//! Bodies of requests and answers. In: a request and what budgets count; out: what goes over the wire, and what becomes
//! of what comes back. Invariant: what nobody looks at is neither kept nor unpacked.

use crate::protocol::{Keep, pack};
use crate::record::{Limit, Metric};
use crate::scenario::Request;
use bytes::Bytes;

/// A body as it goes over the wire and, where that is something else, as it was.
pub(super) fn packed(request: &Request, plain: Bytes) -> (Bytes, Option<Bytes>) {
    match request.compress {
        Some(coding) => (pack(coding, &plain).into(), Some(plain)),
        None => (plain, None),
    }
}

/// What becomes of the body of an answer.
pub(super) fn keep(request: &Request, limits: &[Limit]) -> Keep {
    let sized = |limit: &Limit| limit.metric == Metric::Decoded;
    if request.needs_body {
        Keep::Whole
    } else if limits.iter().any(sized) {
        Keep::Sized
    } else if request.conversation.is_some() {
        // Why a handshake was refused.
        Keep::Shown
    } else {
        Keep::No
    }
}
