//! Bodies once unpacked. In: what came packed, and how large it was before; out: the sizes of all bodies. Invariant: where
//! no answer ever comes packed this costs nothing, and a size that nobody found out is no size.

use super::{Metric, Sample, Tally};

impl Tally {
    /// The decoded size, which costs nothing where no answer ever comes packed. Stands before the recording of the
    /// bytes on the wire.
    pub(super) fn count_decoded(&mut self, sample: &Sample) {
        let plain = sample.decoded == Some(sample.received);
        if self.packed == 0 {
            if plain {
                return;
            }
            self.decoded.clone_from(&self.bytes);
        }
        self.packed += u64::from(!plain);
        match sample.decoded {
            Some(decoded) => self.decoded.record(decoded.saturating_mul(Metric::BYTE)),
            None => self.undecoded += 1,
        }
    }

    /// Adds those of another tally, before its bytes on the wire are added.
    pub(super) fn merge_decoded(&mut self, other: &Self) {
        if self.packed + other.packed > 0 {
            let mut decoded = self.latencies(Metric::Decoded);
            decoded.merge(&other.latencies(Metric::Decoded));
            self.decoded = decoded;
        }
        self.packed += other.packed;
        self.undecoded += other.undecoded;
    }

    /// Answered requests whose value of a metric nobody found out.
    pub fn unmeasured(&self, metric: Metric) -> u64 {
        match metric {
            Metric::Decoded => self.undecoded,
            _ => 0,
        }
    }

    /// Body bytes of answered requests once unpacked; `None` where some came packed and nobody unpacked them.
    pub fn decoded_bytes(&self) -> Option<u64> {
        let sum = self.latencies(Metric::Decoded).sum() / u128::from(Metric::BYTE);
        (self.undecoded == 0).then(|| u64::try_from(sum).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Outcome;

    fn tally(sizes: &[(u64, Option<u64>)]) -> Tally {
        let mut tally = Tally::default();
        for (received, decoded) in sizes {
            tally.record(&Sample {
                done: 1_000,
                status: Some(200),
                received: *received,
                decoded: *decoded,
                ..Sample::of(0, Outcome::Ok)
            });
        }
        tally
    }

    #[test]
    fn sizes_are_those_of_all_bodies_however_they_are_added_up() {
        let plain = [(10, Some(10)), (30, Some(30))];
        let packed = [(5, Some(100)), (20, Some(20))];
        let unknown = [(5, None), (10, Some(10))];
        let all = |parts: &[&[(u64, Option<u64>)]]| tally(&parts.concat());
        for parts in [
            vec![&plain[..]],
            vec![&plain, &packed],
            vec![&packed, &plain],
            vec![&packed, &packed, &plain],
            vec![&plain, &unknown, &packed],
        ] {
            let whole = all(&parts);
            let mut merged = Tally::default();
            parts.iter().for_each(|part| merged.merge(&tally(part)));
            assert_eq!(merged, whole);
            let sizes = parts.iter().copied().flatten();
            let known: u64 = sizes.clone().filter_map(|(_, decoded)| *decoded).sum();
            let lacks = sizes.clone().any(|(_, decoded)| decoded.is_none());
            assert_eq!(whole.decoded_bytes(), (!lacks).then_some(known));
            let count = sizes.filter(|(_, decoded)| decoded.is_some()).count() as u64;
            assert_eq!(whole.latencies(Metric::Decoded).count(), count);
        }
    }
}
