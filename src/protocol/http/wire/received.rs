//! What goes into reading an answer and what comes out. Invariant: whoever has a [`Received`] has the whole answer.

use super::head::Has;
use super::open::OpenBody;
use crate::expr::Head;
use crate::protocol::Keep;
use http::{StatusCode, Version};

/// What an answer is read for.
#[derive(Debug, Clone, Copy, Default)]
pub(in super::super) struct Purpose {
    /// The request was a HEAD.
    pub(in super::super) to_head: bool,
    /// What becomes of the body.
    pub(in super::super) keep: Keep,
    /// Redirects are followed, so nobody looks at their bodies.
    pub(in super::super) follow: bool,
    /// A good answer is handed out before its body has come.
    pub(in super::super) open: bool,
}

/// A whole answer.
#[derive(Debug)]
pub(in super::super) struct Received {
    pub(in super::super) status: StatusCode,
    pub(in super::super) version: Version,
    pub(in super::super) head: Head,
    /// Empty where it was not to be kept.
    pub(in super::super) body: Vec<u8>,
    /// Bytes of the body on the wire.
    pub(in super::super) size: u64,
    /// Another request may follow on the connection.
    pub(in super::super) reusable: bool,
    pub(in super::super) has: Has,
    /// What came behind an answer that switches to another protocol, or of a body that is still to come.
    pub(in super::super) rest: Vec<u8>,
    /// The body that is still to come, where the answer was handed out before.
    pub(in super::super) open: Option<Box<OpenBody>>,
}
