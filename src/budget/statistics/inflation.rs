//! How many independent requests the dependent ones are worth. In: counts slot by slot over time, or violations
//! with an inflation; out: the inflation of the variance, and what the sample then decides. Invariant: never more
//! than the requests there were, and the interval and the judgement never contradict each other.
//!
//! Requests wait for the same queue, so a slow one is next to slow ones. Time is cut into 20 to 30 equal batches;
//! their violations scatter by Σ(k − p·n)², where independent requests would scatter by n·p·(1 − p). The quotient,
//! times the square of Student's quantile over the normal one (few batches know their scatter badly), is the
//! inflation, at least 1: n requests are worth n / inflation. Runs shorter than 20 slots have as many batches as
//! slots, and one of fewer than three is taken at a quarter of its requests. Where no request violates, or every
//! one does, there is no scatter, and the inflation is 1.

use super::{ALPHA, Evident, at_least, at_most, bounds, first, most_passing};
use statrs::distribution::{ContinuousCDF as _, StudentsT};

/// The normal quantile at 1 − α.
const NORMAL: f64 = 1.644_853_626_951_472_7;

/// Batches that show how requests depend on each other.
const BATCHES: std::ops::RangeInclusive<usize> = 20..=30;

/// Fewer show nothing.
const FEWEST: usize = 3;

/// Inflation where nothing can be seen.
const UNKNOWN: f64 = 4.0;

/// By how much the variance of a share exceeds that of independent requests; `slots` are requests and violations,
/// in the order of time and of equal length.
pub(in crate::budget) fn inflation(slots: &[(u64, u64)]) -> f64 {
    let batches = batches(slots);
    let b = batches.len();
    if b < FEWEST {
        return UNKNOWN;
    }
    let (n, k) = batches
        .iter()
        .fold((0, 0), |(n, k), batch| (n + batch.0, k + batch.1));
    if n == 0 || k == 0 || k >= n {
        return 1.0;
    }
    let p = k as f64 / n as f64;
    let scatter: f64 = batches
        .iter()
        .map(|(n, k)| (*k as f64 - p * *n as f64).powi(2))
        .sum();
    let freedom = (b - 1) as f64;
    let variance = scatter * b as f64 / freedom / (n as f64 * p * (1.0 - p));
    let student = StudentsT::new(0.0, 1.0, freedom).map_or(NORMAL, |t| t.inverse_cdf(1.0 - ALPHA));
    (variance * (student / NORMAL).powi(2)).max(1.0)
}

/// Neighbouring slots together, as equal as can be; slots without a request at the ends are not part of the run.
fn batches(slots: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let used = |slot: &(u64, u64)| slot.0 > 0;
    let Some(begin) = slots.iter().position(used) else {
        return Vec::new();
    };
    let end = slots.iter().rposition(used).map_or(begin, |last| last + 1);
    let slots = &slots[begin..end];
    let count = BATCHES
        .min_by_key(|b| slots.len() % b)
        .unwrap_or(slots.len())
        .min(slots.len());
    (0..count)
        .map(|i| {
            let batch = &slots[i * slots.len() / count..(i + 1) * slots.len() / count];
            batch
                .iter()
                .fold((0, 0), |(n, k), slot| (n + slot.0, k + slot.1))
        })
        .collect()
}

/// Violations among requests that depend on each other.
#[derive(Debug, Clone, Copy)]
pub(in crate::budget) struct Sample {
    /// Requests.
    pub(in crate::budget) n: u64,
    /// Violations.
    pub(in crate::budget) k: u64,
    /// At least 1.
    pub(in crate::budget) inflation: f64,
}

impl Sample {
    /// Independent requests that say as much; rounded to the doubt.
    pub(in crate::budget) fn effective(self) -> u64 {
        (self.n as f64 / self.inflation + 1e-9).floor() as u64
    }

    /// For the better: violations rounded up, requests down.
    fn lenient(self) -> (u64, u64) {
        let n = self.effective();
        (
            (self.k as f64 / self.inflation - 1e-9).ceil().max(0.0) as u64,
            n,
        )
    }

    /// For the worse: violations rounded down, requests up.
    fn harsh(self) -> (u64, u64) {
        let k = (self.k as f64 / self.inflation + 1e-9).floor() as u64;
        (k, (self.n as f64 / self.inflation - 1e-9).ceil() as u64)
    }

    /// Whether it decides on a limit, exclusive bounds not distinguished.
    pub(in crate::budget) fn evident(self, allowed: f64) -> Evident {
        let ((up, fewer), (down, more)) = (self.lenient(), self.harsh());
        if fewer > 0 && at_most(up, fewer, allowed) <= ALPHA {
            Evident::Below
        } else if more > 0 && at_least(down, more, allowed) <= ALPHA {
            Evident::Above
        } else {
            Evident::Neither
        }
    }

    /// Exact bounds of the share, each at 95 %.
    pub(in crate::budget) fn bounds(self) -> (f64, f64) {
        let ((up, fewer), (down, more)) = (self.lenient(), self.harsh());
        (bounds(down, more).0, bounds(up, fewer).1)
    }

    /// The ranks (1-based, of all requests) between which the true `q`-quantile lies, each bound at 95 %; `None`
    /// where no request stands far enough out.
    pub(in crate::budget) fn ranks(self, q: f64) -> (Option<u64>, Option<u64>) {
        let (allowed, (_, fewer), (_, more)) = (1.0 - q, self.lenient(), self.harsh());
        let failing = first(more, |k| at_least(k, more, allowed) <= ALPHA);
        let from = (failing as f64 * self.inflation - 1e-9).ceil() as u64;
        let lower = (failing <= more && from <= self.n).then(|| self.n - from + 1);
        let passing = most_passing(fewer, allowed);
        let upper = passing.map(|k| {
            let most = (k as f64 * self.inflation + 1e-9).floor() as u64;
            self.n.saturating_sub(most)
        });
        (lower, upper.filter(|rank| *rank > 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn even_violations_inflate_nothing_and_clumps_do() {
        let even = vec![(500, 1); 60];
        assert_eq!(inflation(&even), 1.0);
        let mut clump = vec![(500, 0); 60];
        clump[31] = (500, 60);
        let found = inflation(&clump);
        assert!(found > 50.0, "{found}");
        // Empty slots before (a warm-up) and after are not part of it.
        let mut padded = vec![(0, 0); 30];
        padded.extend(&clump);
        padded.extend([(0, 0); 7]);
        assert_eq!(inflation(&padded), found);
    }

    #[test]
    fn what_cannot_scatter_is_not_inflated_and_what_is_too_short_is() {
        assert_eq!(inflation(&[(500, 0); 60]), 1.0);
        assert_eq!(inflation(&[(500, 500); 60]), 1.0);
        assert_eq!(inflation(&[(500, 1); 2]), UNKNOWN);
        assert_eq!(inflation(&[]), UNKNOWN);
        // Five batches know less about their scatter than twenty.
        let scattered = |len: usize| -> Vec<_> { (0..len).map(|i| (100, [2, 8][i % 2])).collect() };
        assert!(inflation(&scattered(6)) > 1.3 * inflation(&scattered(20)));
    }

    #[test]
    fn batches_are_twenty_to_thirty_and_lose_nothing() {
        for len in 20..4_000 {
            let batches = batches(&vec![(3, 1); len]);
            assert!(BATCHES.contains(&batches.len()), "{len}");
            assert_eq!(batches.iter().map(|b| b.0).sum::<u64>(), 3 * len as u64);
        }
    }

    #[test]
    fn thirty_thousand_that_are_worth_four_hundred() {
        let sample = Sample {
            n: 30_000,
            k: 0,
            inflation: 72.0,
        };
        assert_eq!(sample.effective(), 416);
        assert_eq!(sample.evident(0.01), Evident::Below);
        assert_eq!(Sample { k: 1, ..sample }.evident(0.01), Evident::Neither);
        assert_eq!(Sample { k: 600, ..sample }.evident(0.01), Evident::Neither);
        assert_eq!(Sample { k: 700, ..sample }.evident(0.01), Evident::Above);
    }

    proptest! {
        #![proptest_config(crate::properties::cases(256))]

        #[test]
        fn intervals_and_judgements_agree(n in 1u64..5_000, share in 0.0f64..1.0, per_mille in 1u32..200, inflation in 1.0f64..50.0) {
            let allowed = f64::from(per_mille) / 1000.0;
            let k = (share * 2.0 * allowed * n as f64).min(n as f64) as u64;
            let sample = Sample { n, k, inflation };
            let (lower, upper) = sample.ranks(1.0 - allowed);
            // The k largest are over the limit: ranks up to n − k are within it.
            let below = upper.is_some_and(|u| u <= n - k);
            let above = lower.is_some_and(|l| l > n - k);
            prop_assert_eq!(below, sample.evident(allowed) == Evident::Below);
            prop_assert_eq!(above, sample.evident(allowed) == Evident::Above);
            let (low, high) = sample.bounds();
            prop_assert!(low <= k as f64 / n as f64 + 1e-9 && high >= k as f64 / n as f64 - 1e-9);
        }
    }
}
