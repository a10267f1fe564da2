//! A test that may be looked at any number of times. In: violations among (inflated) requests and the allowed
//! share; out: the evidence for "below" and for "above". Invariant: whatever the number of looks, a system exactly
//! at the limit shows evidence of 20 in at most 5 % of runs.
//!
//! The alternative is a Beta mixture with half a violation and half of `(1 − p) / p` others, cut at the limit p:
//! the evidence is its likelihood over that of p. Latencies must be inflated first, and need 20 seconds.

use super::ALPHA;
use statrs::function::beta::{beta_reg, ln_beta};

/// What may be said after any request: the evidence for one side has reached 1 / α.
/// `Some(true)`: the share is below the limit; `Some(false)`: above it; `None`: go on. Counts are divided by their
/// inflation. Of several limits any one may be found broken: among `among` of them the evidence must be so many times
/// as strong (Holm).
pub fn decided(k: f64, n: f64, allowed: f64, among: f64) -> Option<bool> {
    let (below, above) = evidence(k, n, allowed);
    let enough = -ALPHA.ln();
    if below >= enough {
        Some(true)
    } else {
        (above >= enough + among.ln()).then_some(false)
    }
}

/// Logarithms of the evidence that the share is below the limit, and that it is above.
fn evidence(k: f64, n: f64, allowed: f64) -> (f64, f64) {
    if !(0.0..1.0).contains(&allowed) || allowed == 0.0 || n <= 0.0 {
        return (0.0, 0.0);
    }
    let (a, b) = (0.5, 0.5 * (1.0 - allowed) / allowed);
    let (seen_a, seen_b) = (a + k, b + n - k);
    let likelihood = k * allowed.ln() + (n - k) * (-allowed).ln_1p();
    let common = ln_beta(seen_a, seen_b) - ln_beta(a, b) - likelihood;
    let (prior, seen) = (beta_reg(a, b, allowed), beta_reg(seen_a, seen_b, allowed));
    (
        common + (seen / prior).ln(),
        common + ((1.0 - seen) / (1.0 - prior)).ln(),
    )
}
