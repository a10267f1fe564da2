//! `cache`. In: the headers of an answer; out: whether a cache dealt with it as it was meant to. Invariant: an answer of
//! which no cache speaks is no data: neither good nor bad.

use super::{Look, Seen};
use crate::expr::Cache;

/// What caches may say of answers that they are meant to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cached {
    /// The words that are no finding.
    pub accept: Vec<Cache>,
}

impl Default for Cached {
    /// Everything but a bypass: a first request is a miss, and a page that is rebuilt behind the user is stale.
    fn default() -> Self {
        Self {
            accept: vec![Cache::Hit, Cache::Stale, Cache::Miss],
        }
    }
}

impl Cached {
    pub(super) fn look(&self, seen: &Seen<'_>) -> Look {
        let Some(said) = Cache::of(seen.headers) else {
            return Look::Idle;
        };
        if self.accept.contains(&said) {
            return Look::Holds;
        }
        let accepted: Vec<&str> = self.accept.iter().map(|cache| cache.name()).collect();
        Look::Fails(format!(
            "the cache says {}, not {}",
            said.name(),
            accepted.join(" or ")
        ))
    }
}
