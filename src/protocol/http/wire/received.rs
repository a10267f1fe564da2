//! What goes into reading an answer and what comes out. Invariant: whoever has a [`Received`] has the whole answer.

use super::head::Has;
use super::open::OpenBody;
use crate::expr::Head;
use crate::protocol::{Keep, Problem};
use crate::record::Failure;
use crate::units::format_bytes;
use http::{StatusCode, Version};

/// The most that is kept of one body, and the most that a packed one may unpack to.
pub(in super::super) const KEPT: usize = 16 << 20;
/// Longer bodies are not shown to anybody: the error pages of frameworks are shorter.
const SHOWN: u64 = 1 << 20;
/// The most that is read of one body that nobody looks at.
const READ: u64 = 256 << 20;

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

impl Purpose {
    /// Whether the body of an answer is kept.
    pub(in super::super) fn keeps(self, status: StatusCode, has: Has) -> bool {
        let followed = self.follow && has.location && super::redirects(status.as_u16());
        let wanted = match self.keep {
            Keep::No => false,
            Keep::Sized => has.coding,
            Keep::Shown | Keep::Whole => true,
        };
        wanted && !followed
    }
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

impl Received {
    /// Takes bytes of the body, and keeps them as long as `keep` says so.
    pub(in super::super) fn gather(
        &mut self,
        data: &[u8],
        keep: &mut bool,
        purpose: Purpose,
    ) -> Result<(), Problem> {
        self.size += data.len() as u64;
        if *keep && self.size > SHOWN && purpose.keep == Keep::Shown {
            *keep = false;
            self.body = Vec::new();
        }
        let limit = if *keep { KEPT as u64 } else { READ };
        if self.size > limit {
            return Err(Problem {
                failure: Failure::BodyLimit,
                detail: format!("more than {} arrived", format_bytes(limit)),
                received: self.size,
            });
        }
        if *keep {
            self.body.extend_from_slice(data);
        }
        Ok(())
    }
}
