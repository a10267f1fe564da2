//! What all fronts have. In: switches; out: the headers that tell browsers to be careful, and faults at a steady share.
//! Invariant: a fault comes at the same requests in every run.

use super::Switches;
use axum::http::header::{
    CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue};
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts calls.
#[derive(Debug, Default)]
pub(crate) struct Calls(AtomicU64);

impl Calls {
    /// Counts a call; whether it is the last of so many.
    pub(crate) fn one_in(&self, many: u64) -> bool {
        self.0.fetch_add(1, Ordering::Relaxed) % many == many - 1
    }

    /// So many there were.
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The security headers, less what `no-hsts`, `weak-csp` and `no-frame-options` break.
pub(crate) fn careful(broken: &Switches) -> Vec<(HeaderName, HeaderValue)> {
    let csp = if broken.on("weak-csp") {
        "default-src 'self'; script-src 'self' 'unsafe-inline'"
    } else {
        "default-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'"
    };
    let hsts = "max-age=63072000; includeSubDomains; preload";
    [
        (STRICT_TRANSPORT_SECURITY, hsts, "no-hsts"),
        (CONTENT_SECURITY_POLICY, csp, ""),
        (X_FRAME_OPTIONS, "DENY", "no-frame-options"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff", ""),
        (REFERRER_POLICY, "strict-origin-when-cross-origin", ""),
    ]
    .into_iter()
    .filter(|(_, _, switch)| !broken.on(switch))
    .map(|(name, value, _)| (name, HeaderValue::from_static(value)))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_comes_at_a_steady_share() {
        let calls = Calls::default();
        let faults: Vec<usize> = (1..=1_000).filter(|_| calls.one_in(500)).collect();
        assert_eq!(faults, [500, 1_000]);
        assert_eq!(calls.count(), 1_000);
    }
}
