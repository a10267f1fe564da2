//! Chance without a generator. In: a number that counts up; out: well mixed bits, the same in every run.
//! Invariant: nothing here reads a clock or a random source.

use std::time::Duration;

/// Mixes a counter into 64 bits that look random (`SplitMix64`).
pub(super) fn mix(count: u64) -> u64 {
    let mut z = count.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The service time of the `count`-th request: most answers come at once, some take a few milliseconds.
/// Whole milliseconds, because the timer below it knows nothing finer.
pub(super) fn service_time(count: u64) -> Option<Duration> {
    let milliseconds = match mix(count) % 100 {
        0..80 => return None,
        80..92 => 1,
        92..97 => 2,
        97..99 => 3,
        _ => 4,
    };
    Some(Duration::from_millis(milliseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_times_repeat_and_stay_below_five_milliseconds() {
        let mut waited = 0;
        for count in 0..10_000 {
            let time = service_time(count);
            assert_eq!(time, service_time(count));
            assert!(time.is_none_or(|t| t < Duration::from_millis(5)));
            waited += u32::from(time.is_some());
        }
        assert!((1_700..2_300).contains(&waited), "{waited}");
    }
}
