//! What a share says with so many requests. In: violations `k` of `n` requests and the allowed share; out:
//! decided or not, exact (Clopper-Pearson) bounds, the fewest requests that can decide. Invariant: exact binomial
//! tails, summed term by term: no approximation by a normal distribution, none that breaks down at zero
//! violations or at ten million requests.

mod inflation;
mod sequential;
#[cfg(test)]
mod simulation;

pub(super) use inflation::{Sample, inflation};
pub use sequential::decided;

use statrs::function::factorial::ln_binomial;

/// One-sided: at most this share of wrong passes of a system at its limit, and of wrong failures.
const ALPHA: f64 = 0.05;

/// What the evidence says about a share and its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Evident {
    /// Below the limit.
    Below,
    /// Above it.
    Above,
    /// It does not decide.
    Neither,
}

/// P(X ≤ k) of X ~ Bin(n, p).
pub(super) fn at_most(k: u64, n: u64, p: f64) -> f64 {
    if k >= n || p <= 0.0 {
        return 1.0;
    }
    if p >= 1.0 {
        return 0.0;
    }
    // Only the tail that falls away from the mean is summed: its terms only get smaller.
    if (k as f64) < p * n as f64 {
        tail(k, n, p)
    } else {
        1.0 - tail(n - k - 1, n, 1.0 - p)
    }
}

/// P(X ≥ k) of X ~ Bin(n, p): at most n − k of the others.
pub(super) fn at_least(k: u64, n: u64, p: f64) -> f64 {
    if k == 0 {
        1.0
    } else if k > n {
        0.0
    } else {
        at_most(n - k, n, 1.0 - p)
    }
}

/// P(X ≤ k) for k at or below the mean and 0 < p < 1.
fn tail(k: u64, n: u64, p: f64) -> f64 {
    let odds = (1.0 - p) / p;
    let mut term = (ln_binomial(n, k) + k as f64 * p.ln() + (n - k) as f64 * (-p).ln_1p()).exp();
    if term == 0.0 {
        // Below the smallest number there is; so are the terms behind it.
        return 0.0;
    }
    let mut sum = term;
    for i in (1..=k).rev() {
        // From i successes to i − 1.
        term *= i as f64 / (n - i + 1) as f64 * odds;
        sum += term;
        if term < sum * 1e-17 {
            break;
        }
    }
    sum.min(1.0)
}

/// The exact bounds of a share, each at 95 %; everything when there is no request.
pub(super) fn bounds(k: u64, n: u64) -> (f64, f64) {
    if n == 0 {
        return (0.0, 1.0);
    }
    let lower = match k {
        0 => 0.0,
        _ => crossing(|p| at_least(k, n, p) > ALPHA),
    };
    let upper = if k >= n {
        1.0
    } else {
        crossing(|p| at_most(k, n, p) <= ALPHA)
    };
    (lower, upper)
}

/// Where a monotone predicate on 0..1 turns true.
fn crossing(beyond: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    for _ in 0..60 {
        let middle = low.midpoint(high);
        if beyond(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    low.midpoint(high)
}

/// The fewest requests that can show a share below `allowed`: with no violation at all.
pub(super) fn smallest_sample(allowed: f64) -> u64 {
    if allowed <= 0.0 || allowed >= 1.0 {
        return 1;
    }
    // (1 − allowed)^n ≤ α; a hair off first, so that a whole number stays itself.
    ((ALPHA.ln() / (-allowed).ln_1p()) - 1e-9).ceil().max(1.0) as u64
}

/// The most violations with which `n` requests still pass; `None` when none does.
pub(super) fn most_passing(n: u64, allowed: f64) -> Option<u64> {
    let passes = |k| n > 0 && at_most(k, n, allowed) <= ALPHA;
    passes(0).then(|| {
        let (mut passing, mut other) = (0, n);
        while other - passing > 1 {
            let middle = passing + (other - passing) / 2;
            if passes(middle) {
                passing = middle;
            } else {
                other = middle;
            }
        }
        passing
    })
}

/// The first of 0..=n that a monotone predicate holds for; n + 1 when none.
fn first(n: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (0, n + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use statrs::distribution::{Binomial, DiscreteCDF as _};

    /// Of independent requests.
    fn evident(k: u64, n: u64, allowed: f64) -> Evident {
        let inflation = 1.0;
        Sample { n, k, inflation }.evident(allowed)
    }

    fn order_interval(n: u64, q: f64) -> (Option<u64>, Option<u64>) {
        let (k, inflation) = (0, 1.0);
        Sample { n, k, inflation }.ranks(q)
    }

    /// Pass up to the first, fail from the second.
    fn zone(n: u64, allowed: f64) -> (Option<u64>, u64) {
        (
            most_passing(n, allowed),
            first(n, |k| evident(k, n, allowed) == Evident::Above),
        )
    }

    #[test]
    fn zones_of_independent_requests() {
        for (n, allowed, pass, fail) in [
            (300, 0.05, Some(8), 22),
            (300, 0.01, Some(0), 7),
            (300, 0.001, None, 2),
            (1_000, 0.05, Some(38), 63),
            (1_000, 0.01, Some(4), 16),
            (1_000, 0.001, None, 4),
            (3_000, 0.05, Some(130), 171),
            (3_000, 0.01, Some(20), 40),
            (3_000, 0.001, Some(0), 7),
            (30_000, 0.05, Some(1437), 1563),
            (30_000, 0.01, Some(271), 330),
            (30_000, 0.001, Some(20), 40),
            (300_000, 0.05, Some(14803), 15198),
            (300_000, 0.01, Some(2910), 3091),
            (300_000, 0.001, Some(271), 330),
        ] {
            assert_eq!(zone(n, allowed), (pass, fail), "{n} requests, {allowed}");
        }
    }

    #[test]
    fn smallest_samples() {
        for (allowed, row) in [
            (0.05, [59, 93, 124, 153, 208]),
            (0.01, [299, 473, 628, 773, 1_049]),
            (0.001, [2_995, 4_742, 6_294, 7_752, 10_511]),
            (0.0001, [29_956, 47_437, 62_956, 77_535, 105_128]),
        ] {
            assert_eq!(smallest_sample(allowed), row[0]);
            for (k, n) in [0, 1, 2, 3, 5].into_iter().zip(row) {
                assert_eq!(evident(k, n, allowed), Evident::Below, "{k} of {n}");
                assert_ne!(evident(k, n - 1, allowed), Evident::Below, "{k} of {n} - 1");
            }
        }
        assert_eq!((smallest_sample(0.0), smallest_sample(1.0)), (1, 1));
    }

    #[test]
    fn nothing_decides_nothing() {
        assert_eq!(evident(0, 0, 0.01), Evident::Neither);
        assert_eq!(bounds(0, 0), (0.0, 1.0));
        assert_eq!(order_interval(0, 0.5), (None, None));
        assert_eq!(most_passing(0, 0.5), None);
    }

    #[test]
    fn bounds_are_clopper_pearson() {
        // Known values: one-sided 95 % bounds.
        let (lower, upper) = bounds(0, 2_995);
        assert_eq!(lower, 0.0);
        assert!(upper < 0.001 && upper > 0.000_999, "{upper}");
        let (lower, upper) = bounds(5, 100);
        assert!((lower - 0.019_9).abs() < 1e-4, "{lower}");
        assert!((upper - 0.102_25).abs() < 1e-4, "{upper}");
        assert_eq!(bounds(7, 7).1, 1.0);
    }

    #[test]
    fn large_runs_keep_their_digits() {
        // At ten million requests the median of Bin(n, p) is its mean.
        for n in [10_000_000_u64, 100_000_000] {
            let half = at_most(n / 20, n, 0.05);
            assert!((half - 0.5).abs() < 1e-3, "{half}");
            let both = at_most(n / 20 - 1, n, 0.05) + at_least(n / 20, n, 0.05);
            assert!((both - 1.0).abs() < 1e-6, "{both}");
        }
    }

    #[test]
    fn no_upper_bound_of_a_percentile_where_nothing_is_beyond() {
        assert_eq!(order_interval(298, 0.99).1, None);
        assert_eq!(order_interval(299, 0.99).1, Some(299));
        assert_eq!(order_interval(58, 0.95).1, None);
        assert_eq!(order_interval(59, 0.95).1, Some(59));
    }

    proptest! {
        #![proptest_config(crate::properties::cases(256))]

        #[test]
        fn tails_agree_with_the_library(n in 1u64..2_000, share in 0.0f64..1.0, p in 0.0005f64..0.9995) {
            let k = (share * n as f64) as u64;
            let library = Binomial::new(p, n).unwrap().cdf(k);
            prop_assert!((at_most(k, n, p) - library).abs() < 1e-9, "{} {library}", at_most(k, n, p));
            prop_assert!((at_most(k, n, p) + at_least(k + 1, n, p) - 1.0).abs() < 1e-9);
        }
    }
}
