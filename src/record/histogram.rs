//! Latencies at three digits. In: nanoseconds; out: counts, quantiles, and the compressed HdrHistogram V2 form
//! on disk. Invariant: a quantile of nothing is `None`, merging loses nothing, and the maximum is exact.

use crate::units::Nanos;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use hdrhistogram::Histogram as Hdr;
use hdrhistogram::serialization::{Deserializer as HdrReader, Serializer as _, V2Serializer};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::Error as _};

/// Counts are kept in microseconds: 1 µs … 1 h at three digits.
const HIGHEST: u64 = 3_600_000_000;
const MICRO: u64 = 1_000;

/// Latencies, lossless to 0.1 %. Empty ones cost no memory.
#[derive(Debug, Clone, Default)]
pub struct Histogram {
    counts: Option<Box<Hdr<u32>>>,
    /// Exact sum, for the mean.
    sum: u128,
    /// Exact extremes: buckets only know them to 0.1 %.
    min: Nanos,
    max: Nanos,
}

impl Histogram {
    /// Adds one value.
    pub fn record(&mut self, nanos: Nanos) {
        if self.counts.is_none() {
            // Bounds that auto-resize from 1 µs: short latencies need a tenth of the full range.
            self.counts = Hdr::new_with_bounds(1, 2, 3).ok().map(|mut h| {
                h.auto(true);
                Box::new(h)
            });
            self.min = nanos;
        }
        if let Some(counts) = &mut self.counts {
            let micros = ((nanos + MICRO / 2) / MICRO).clamp(1, HIGHEST);
            // Within bounds by the clamp; a count of 2^32 saturates.
            counts.record(micros).ok();
        }
        self.sum += u128::from(nanos);
        self.min = self.min.min(nanos);
        self.max = self.max.max(nanos);
    }

    /// Adds all values of another histogram.
    pub fn merge(&mut self, other: &Self) {
        let Some(theirs) = &other.counts else { return };
        if let Some(ours) = &mut self.counts {
            // Auto-resizing histograms of the same precision always add up.
            ours.add(theirs.as_ref()).ok();
            self.min = self.min.min(other.min);
        } else {
            self.counts = Some(theirs.clone());
            self.min = other.min;
        }
        self.sum += other.sum;
        self.max = self.max.max(other.max);
    }

    /// How many values.
    pub fn count(&self) -> u64 {
        self.counts.as_ref().map_or(0, |c| c.len())
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// The value at rank ⌈q·n⌉, at most 0.1 % above the true one; `None` of nothing.
    pub fn quantile(&self, q: f64) -> Option<Nanos> {
        self.at_rank(rank(q, self.count()))
    }

    /// The `rank`-th smallest value (1-based); `None` beyond the last.
    pub fn at_rank(&self, rank: u64) -> Option<Nanos> {
        let counts = self.counts.as_ref()?;
        let n = counts.len();
        if rank == 0 || rank > n {
            return None;
        }
        if rank == n {
            return Some(self.max);
        }
        // The quantile in the middle of the rank's share: no rounding can reach a neighbour.
        let q = (rank as f64 - 0.5) / n as f64;
        Some((counts.value_at_quantile(q) * MICRO).clamp(self.min, self.max))
    }

    /// The exact mean; `None` of nothing.
    pub fn mean(&self) -> Option<Nanos> {
        let n = u128::from(self.count());
        (n > 0).then(|| u64::try_from(self.sum / n).unwrap_or(u64::MAX))
    }

    /// The exact maximum; `None` of nothing.
    pub fn max(&self) -> Option<Nanos> {
        (!self.is_empty()).then_some(self.max)
    }

    /// The exact minimum; `None` of nothing.
    pub fn min(&self) -> Option<Nanos> {
        (!self.is_empty()).then_some(self.min)
    }

    /// How many values may be above a limit: the bucket that holds it (0.1 % wide) counts wholly, so that what is
    /// judged by it is never judged too well.
    pub fn count_not_below(&self, limit: Nanos) -> u64 {
        let Some(counts) = &self.counts else { return 0 };
        counts
            .iter_recorded()
            .filter(|v| v.value_iterated_to() * MICRO > limit)
            .map(|v| u64::from(v.count_at_value()))
            .sum()
    }

    /// How many values are above a limit, to the resolution of a bucket (0.1 %).
    pub fn count_over(&self, limit: Nanos) -> u64 {
        let Some(counts) = &self.counts else { return 0 };
        // The bucket that holds the limit counts as within it.
        let over = |micros: u64| counts.lowest_equivalent(micros) * MICRO > limit;
        counts
            .iter_recorded()
            .filter(|v| over(v.value_iterated_to()))
            .map(|v| u64::from(v.count_at_value()))
            .sum()
    }

    /// Every bucket that holds something: (upper edge, count), ascending.
    pub fn buckets(&self) -> Vec<(Nanos, u64)> {
        self.counts.as_ref().map_or_else(Vec::new, |counts| {
            counts
                .iter_recorded()
                .map(|v| (v.value_iterated_to() * MICRO, v.count_at_value().into()))
                .collect()
        })
    }
}

/// The rank of a quantile among `n` values: ⌈q·n⌉, at least 1. A hair is taken off first, so that
/// 0.07 · 100 (7.000000000000001) is the seventh value.
pub fn rank(q: f64, n: u64) -> u64 {
    (q.clamp(0.0, 1.0) * n as f64 - 1e-9).ceil().max(1.0) as u64
}

impl PartialEq for Histogram {
    fn eq(&self, other: &Self) -> bool {
        (self.sum, self.min, self.max) == (other.sum, other.min, other.max)
            && self.buckets() == other.buckets()
    }
}

/// On disk: what `Serialize` writes.
#[derive(Serialize, Deserialize)]
struct Stored {
    n: u64,
    sum: u64,
    min: u64,
    max: u64,
    /// `HdrHistogram` V2, base64; values are microseconds. Not deflated one by one: the whole file is.
    hdr: String,
}

impl Serialize for Histogram {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(counts) = &self.counts else {
            return serializer.serialize_none();
        };
        let mut bytes = Vec::new();
        V2Serializer::new()
            .serialize(counts, &mut bytes)
            .map_err(S::Error::custom)?;
        let sum = u64::try_from(self.sum).unwrap_or(u64::MAX);
        Stored {
            n: counts.len(),
            sum,
            min: self.min,
            max: self.max,
            hdr: BASE64.encode(bytes),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Histogram {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Some(stored) = Option::<Stored>::deserialize(deserializer)? else {
            return Ok(Self::default());
        };
        let bytes = BASE64.decode(stored.hdr).map_err(D::Error::custom)?;
        let mut counts: Hdr<u32> = HdrReader::new()
            .deserialize(&mut bytes.as_slice())
            .map_err(|e| D::Error::custom(format!("histogram: {e:?}")))?;
        counts.auto(true);
        Ok(Self {
            counts: Some(Box::new(counts)),
            sum: stored.sum.into(),
            min: stored.min,
            max: stored.max,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[Nanos]) -> Histogram {
        let mut histogram = Histogram::default();
        values.iter().for_each(|v| histogram.record(*v));
        histogram
    }

    #[test]
    fn nothing_has_no_quantile() {
        let empty = Histogram::default();
        assert_eq!(
            (empty.quantile(0.99), empty.mean(), empty.max()),
            (None, None, None)
        );
        assert_eq!(empty.count_over(0), 0);
    }

    #[test]
    fn ranks_are_exact_and_extremes_too() {
        let h = of(&(1..=1000).map(|ms| ms * 1_000_000).collect::<Vec<_>>());
        assert_eq!(h.max(), Some(1_000_000_000));
        assert_eq!(h.mean(), Some(500_500_000));
        let p99 = h.quantile(0.99).unwrap() as f64 / 990e6;
        assert!((1.0..1.001).contains(&p99), "{p99}");
        assert_eq!(h.at_rank(1001), None);
        assert_eq!(h.count_over(900_000_000), 100);
        assert_eq!(h.count_not_below(900_000_000), 101);
    }

    proptest! {
        #[test]
        fn merging_and_storing_lose_nothing(a in prop::collection::vec(1_000u64..100_000_000_000, 0..50), b in prop::collection::vec(1_000u64..100_000_000_000, 0..50)) {
            let mut merged = of(&a);
            merged.merge(&of(&b));
            prop_assert_eq!(&merged, &of(&[a, b].concat()));
            let json = serde_json::to_string(&merged).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Histogram>(&json).unwrap(), &merged);
        }
    }
}
