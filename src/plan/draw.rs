//! Choices of one arrival. In: the seed and the arrival's number; out: its flow and its own stream of
//! randomness. Invariant: they depend on nothing else, so a run replays whatever the number of workers.

/// The seed of stream `index` of a run: splitmix64, so that neighbours have nothing in common.
pub fn seed_of(seed: u64, index: u64) -> u64 {
    let mut z = seed ^ index.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The flow of arrival `index`: by the flows' shares (of 1).
pub fn choose(seed: u64, index: u64, shares: impl IntoIterator<Item = f64>) -> usize {
    // A stream apart from the one that the virtual user draws from.
    let uniform = (seed_of(!seed, index) >> 11) as f64 / (1u64 << 53) as f64;
    let mut sum = 0.0;
    let mut last = 0;
    for (flow, share) in shares.into_iter().enumerate() {
        sum += share;
        last = flow;
        if uniform < sum {
            return flow;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flows_come_by_their_shares_and_replay() {
        let mut counts = [0u32; 3];
        for index in 0..100_000 {
            let flow = choose(42, index, [0.7, 0.2, 0.1]);
            assert_eq!(flow, choose(42, index, [0.7, 0.2, 0.1]));
            counts[flow] += 1;
        }
        // ±3 standard deviations of a binomial share: 0.0043 at 0.7.
        for (count, share) in counts.iter().zip([0.7, 0.2, 0.1]) {
            assert!(
                (f64::from(*count) / 1e5 - share).abs() < 0.0045,
                "{counts:?}"
            );
        }
    }

    #[test]
    fn streams_of_neighbours_and_seeds_differ() {
        assert_ne!(seed_of(1, 0), seed_of(1, 1));
        assert_ne!(seed_of(1, 0), seed_of(2, 0));
    }
}
