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

/// Latencies, lossless to 0.1 %. Empty ones cost no memory, packed ones eight bytes a bucket that holds something.
#[derive(Debug, Clone, Default)]
pub struct Histogram {
    counts: Counts,
    /// Exact sum, for the mean.
    sum: u128,
    /// Exact extremes: buckets only know them to 0.1 %.
    min: Nanos,
    max: Nanos,
}

#[derive(Debug, Clone, Default)]
enum Counts {
    #[default]
    Nothing,
    /// Every bucket of the range: fast to add to, 20 KB up to 10 ms, 45 KB up to 1 s.
    Open(Box<Hdr<u32>>),
    /// (upper edge in microseconds, count), ascending.
    Packed(Box<[(u32, u32)]>),
}

impl Counts {
    /// For adding to; unpacked if need be.
    #[inline]
    fn open(&mut self) -> Option<&mut Hdr<u32>> {
        if !matches!(self, Self::Open(_)) {
            self.unpack();
        }
        match self {
            Self::Open(counts) => Some(counts),
            Self::Nothing | Self::Packed(_) => None,
        }
    }

    #[cold]
    fn unpack(&mut self) {
        if let Some(counts) = self.opened() {
            *self = Self::Open(Box::new(counts));
        }
    }

    /// A copy with every bucket.
    fn opened(&self) -> Option<Hdr<u32>> {
        if let Self::Open(counts) = self {
            return Some(counts.as_ref().clone());
        }
        // Bounds that auto-resize from 1 µs: short latencies need a tenth of the full range.
        let mut counts = Hdr::new_with_bounds(1, 2, 3).ok()?;
        counts.auto(true);
        for (micros, n) in self.entries() {
            counts.record_n(u64::from(micros), n).ok();
        }
        Some(counts)
    }

    /// Every bucket that holds something: (upper edge in microseconds, count), ascending.
    fn entries(&self) -> Box<dyn Iterator<Item = (u32, u32)> + '_> {
        match self {
            Self::Nothing => Box::new(std::iter::empty()),
            Self::Packed(buckets) => Box::new(buckets.iter().copied()),
            Self::Open(counts) => Box::new(counts.iter_recorded().map(|v| {
                // `HIGHEST` and the bucket that holds it are below 2^32.
                let micros = u32::try_from(v.value_iterated_to()).unwrap_or(u32::MAX);
                (micros, v.count_at_value())
            })),
        }
    }
}

impl Histogram {
    /// From here on all values are in one bucket.
    pub const MOST: Nanos = HIGHEST * MICRO;

    /// Adds one value.
    pub fn record(&mut self, nanos: Nanos) {
        if self.is_empty() {
            self.min = nanos;
        }
        if let Some(counts) = self.counts.open() {
            let micros = (nanos.saturating_add(MICRO / 2) / MICRO).clamp(1, HIGHEST);
            // Within bounds by the clamp; a count of 2^32 saturates.
            counts.record(micros).ok();
        }
        self.sum += u128::from(nanos);
        self.min = self.min.min(nanos);
        self.max = self.max.max(nanos);
    }

    /// The same and so many zeros.
    #[must_use]
    pub fn with_zeros(&self, zeros: u64) -> Self {
        let mut all = self.clone();
        if zeros > 0 {
            if let Some(counts) = all.counts.open() {
                counts
                    .record_n(1, u32::try_from(zeros).unwrap_or(u32::MAX))
                    .ok();
            }
            all.min = 0;
        }
        all
    }

    /// Adds all values of another histogram.
    pub fn merge(&mut self, other: &Self) {
        if other.is_empty() {
            return;
        }
        self.min = if self.is_empty() {
            other.min
        } else {
            self.min.min(other.min)
        };
        self.max = self.max.max(other.max);
        self.sum += other.sum;
        match (&mut self.counts, &other.counts) {
            (ours @ Counts::Nothing, theirs) => *ours = theirs.clone(),
            // Auto-resizing histograms of the same precision always add up.
            (ours, Counts::Open(theirs)) => {
                ours.open().map(|ours| ours.add(theirs.as_ref()).ok());
            }
            (ours, theirs) => {
                for (micros, n) in theirs.entries() {
                    ours.open()
                        .map(|ours| ours.record_n(u64::from(micros), n).ok());
                }
            }
        }
    }

    /// Gives back the room of empty buckets where that is the larger part; nothing is lost, and adding to it opens it
    /// again.
    pub fn pack(&mut self) {
        if let Counts::Open(_) = &self.counts {
            let packed: Box<[(u32, u32)]> = self.counts.entries().collect();
            if size_of_val(packed.as_ref()) < self.footprint() {
                self.counts = Counts::Packed(packed);
            }
        }
    }

    /// Bytes of memory that the counts take.
    pub fn footprint(&self) -> usize {
        match &self.counts {
            Counts::Nothing => 0,
            Counts::Open(counts) => counts.distinct_values() * size_of::<u32>(),
            Counts::Packed(buckets) => size_of_val(buckets.as_ref()),
        }
    }

    /// How many values.
    pub fn count(&self) -> u64 {
        match &self.counts {
            Counts::Nothing => 0,
            Counts::Open(counts) => counts.len(),
            Counts::Packed(buckets) => buckets.iter().map(|(_, n)| u64::from(*n)).sum(),
        }
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
        let n = self.count();
        if rank == 0 || rank > n {
            return None;
        }
        if rank == n {
            return Some(self.max);
        }
        let micros = match &self.counts {
            // The quantile in the middle of the rank's share: no rounding can reach a neighbour.
            Counts::Open(counts) => counts.value_at_quantile((rank as f64 - 0.5) / n as f64),
            counts => {
                let mut below = 0;
                let (micros, _) = counts.entries().find(|(_, n)| {
                    below += u64::from(*n);
                    below >= rank
                })?;
                micros.into()
            }
        };
        Some((micros * MICRO).clamp(self.min, self.max))
    }

    /// The exact sum.
    pub fn sum(&self) -> u128 {
        self.sum
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
        let above = |(upper, _): &(Nanos, u64)| *upper > limit;
        self.buckets().into_iter().filter(above).map(|b| b.1).sum()
    }

    /// How many values are above a limit, to the resolution of a bucket (0.1 %).
    pub fn count_over(&self, limit: Nanos) -> u64 {
        let Some(counts) = self.counts.opened() else {
            return 0;
        };
        // The bucket that holds the limit counts as within it.
        let over = |upper: Nanos| counts.lowest_equivalent(upper / MICRO) * MICRO > limit;
        let buckets = self.buckets().into_iter();
        buckets.filter(|(upper, _)| over(*upper)).map(|b| b.1).sum()
    }

    /// Every bucket that holds something: (upper edge, count), ascending.
    pub fn buckets(&self) -> Vec<(Nanos, u64)> {
        self.counts
            .entries()
            .map(|(micros, n)| (u64::from(micros) * MICRO, n.into()))
            .collect()
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
    /// The sum, less what is in `sum_high`.
    sum: u64,
    /// So many times 2^64 more: captured numbers may be large.
    #[serde(default, skip_serializing_if = "is_zero")]
    sum_high: u64,
    min: u64,
    max: u64,
    /// `HdrHistogram` V2, base64; values are microseconds. Not deflated one by one: the whole file is.
    hdr: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Serialize for Histogram {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_empty() {
            return serializer.serialize_none();
        }
        let opened;
        let counts = match &self.counts {
            Counts::Open(counts) => counts.as_ref(),
            packed => {
                opened = packed.opened();
                let counts = opened.as_ref();
                counts.ok_or_else(|| S::Error::custom("histogram: no room"))?
            }
        };
        let mut bytes = Vec::new();
        V2Serializer::new()
            .serialize(counts, &mut bytes)
            .map_err(S::Error::custom)?;
        let half = |sum: u128| u64::try_from(sum).unwrap_or(u64::MAX);
        Stored {
            n: counts.len(),
            sum: half(self.sum & u128::from(u64::MAX)),
            sum_high: half(self.sum >> 64),
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
            counts: Counts::Open(Box::new(counts)),
            sum: u128::from(stored.sum_high) << 64 | u128::from(stored.sum),
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
    fn sums_beyond_64_bits_are_stored_and_the_largest_number_is_no_small_one() {
        let large = of(&[Nanos::MAX; 5]);
        assert_eq!(large.count_over(Histogram::MOST / 2), 5);
        let text = serde_json::to_value(&large).unwrap();
        let read: Histogram = serde_json::from_value(text).unwrap();
        assert_eq!(
            (read.mean(), large.mean()),
            (Some(Nanos::MAX), Some(Nanos::MAX))
        );
        let small = serde_json::to_string(&of(&[5])).unwrap();
        assert!(!small.contains("sum_high"), "{small}");
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
        #![proptest_config(crate::properties::cases(256))]

        #[test]
        fn merging_and_storing_lose_nothing(a in prop::collection::vec(1_000u64..100_000_000_000, 0..50), b in prop::collection::vec(1_000u64..100_000_000_000, 0..50)) {
            let mut merged = of(&a);
            merged.merge(&of(&b));
            prop_assert_eq!(&merged, &of(&[a, b].concat()));
            let json = serde_json::to_string(&merged).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Histogram>(&json).unwrap(), &merged);

            // Packed, nothing is different: not what is stored, not a rank, not a count, not what is added to it.
            let mut packed = merged.clone();
            packed.pack();
            prop_assert_eq!(&packed, &merged);
            let json = serde_json::to_string(&packed).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Histogram>(&json).unwrap(), &merged);
            for rank in 0..=merged.count() + 1 {
                prop_assert_eq!(packed.at_rank(rank), merged.at_rank(rank));
            }
            prop_assert_eq!(packed.count_over(1_000_000), merged.count_over(1_000_000));
            let mut twice = merged.clone();
            twice.merge(&packed);
            packed.merge(&merged);
            prop_assert_eq!(packed, twice);
        }
    }
}
