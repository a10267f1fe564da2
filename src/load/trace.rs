//! Trace contexts (W3C) for requests. In: the share of traces that is to be kept; out: a `traceparent` header for each
//! request. Invariant: the ids of two runs differ even where their seeds do not, or their traces would be taken for one;
//! and nothing of the run's own dice is used up.

use crate::plan::seed_of;
use crate::protocol::Call;
use crate::record::TraceId;
use http::HeaderName;
use rand::{RngExt as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::time::{SystemTime, UNIX_EPOCH};

/// The header.
pub(super) const TRACEPARENT: &str = "traceparent";

/// Where a worker draws ids from.
#[derive(Debug)]
pub(super) struct Tracer {
    dice: Xoshiro256PlusPlus,
}

impl Tracer {
    /// The ids of one worker.
    pub(super) fn new(seed: u64, worker: u64) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = crate::units::nanos(now.unwrap_or_default());
        Self {
            dice: Xoshiro256PlusPlus::seed_from_u64(seed_of(seed ^ now, worker)),
        }
    }

    /// Adds the header to a request that has none of its own; servers keep this share of the traces.
    pub(super) fn mark(&mut self, call: &mut Call, sampled: f64) {
        let id: u128 = self.dice.random::<u128>() | 1;
        let parent: u64 = self.dice.random::<u64>() | 1;
        let kept = u8::from(self.dice.random::<f64>() < sampled);
        let text = format!("00-{id:032x}-{parent:016x}-{kept:02x}");
        let name = HeaderName::from_static(TRACEPARENT);
        call.headers.add(&name, &text);
    }
}

/// The trace of a request.
pub(super) fn trace(call: &Call) -> Option<TraceId> {
    let mut headers = call.headers.iter();
    let (_, value) = headers.find(|(name, _)| *name == TRACEPARENT)?;
    TraceId::parse(std::str::from_utf8(value).ok()?)
}
