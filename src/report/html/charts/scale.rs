//! Scales of charts. In: a range of values and of pixels; out: positions, and ticks at round numbers. Invariant: a
//! value inside the range lands inside the pixels, and ticks lie within the range.

use crate::report::text::figure;

/// From values to pixels, linear or logarithmic.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
    log: bool,
}

impl Scale {
    /// From zero to a round number at or above `most`.
    pub(super) fn from_zero(most: f64, from: f64, to: f64) -> Self {
        let most = if most > 0.0 { most } else { 1.0 };
        let step = round_step(most / 4.0);
        let high = (most / step - 1e-9).ceil() * step;
        Self::linear(0.0, high, from, to)
    }

    /// Exactly from `low` to `high`.
    pub(super) fn linear(low: f64, high: f64, from: f64, to: f64) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        Self {
            low,
            high,
            from,
            to,
            log: false,
        }
    }

    /// Latencies: logarithmic when the largest would flatten all others, else from zero.
    pub(super) fn latency(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let (mut least, mut most) = (f64::MAX, 0f64);
        for value in values.filter(|v| *v > 0.0) {
            least = least.min(value);
            most = most.max(value);
        }
        if most <= 0.0 || most / least < 30.0 {
            return Self::from_zero(most, from, to);
        }
        Self {
            low: below(least),
            high: above(most),
            from,
            to,
            log: true,
        }
    }

    /// Logarithmic, exactly from `low` to `high`.
    pub(super) fn log(low: f64, high: f64, from: f64, to: f64) -> Self {
        Self {
            log: true,
            ..Self::linear(low, high, from, to)
        }
    }

    /// Whether it is logarithmic.
    pub(super) fn is_log(&self) -> bool {
        self.log
    }

    /// The pixel of a value; values outside stand on the edge.
    pub(super) fn at(&self, value: f64) -> f64 {
        let value = value.clamp(self.low, self.high);
        let share = if self.log {
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        self.from + share * (self.to - self.from)
    }

    /// Round values within the range: about five, or one to three a decade.
    pub(super) fn ticks(&self) -> Vec<f64> {
        if !self.log {
            let step = round_step((self.high - self.low) / 4.0);
            let first = (self.low / step - 1e-9).ceil();
            let count = ((self.high - first * step) / step + 1e-9).floor() as usize;
            return (0..=count).map(|i| (first + i as f64) * step).collect();
        }
        let decades = (self.high / self.low).log10();
        let marks: &[f64] = if decades > 3.0 {
            &[1.0]
        } else {
            &[1.0, 2.0, 5.0]
        };
        let first = self.low.log10().floor() as i32;
        let last = self.high.log10().ceil() as i32;
        (first..=last)
            .flat_map(|e| marks.iter().map(move |m| m * 10f64.powi(e)))
            .filter(|v| (self.low * 0.999..=self.high * 1.001).contains(v))
            .collect()
    }

    /// Ticks with their numbers.
    pub(super) fn labels(&self) -> Vec<(f64, String)> {
        self.ticks().into_iter().map(|v| (v, figure(v))).collect()
    }

    /// Ticks of a linear scale with their numbers, about eight.
    pub(super) fn finer(&self) -> Vec<(f64, String)> {
        let step = round_step((self.high - self.low) / 7.0);
        let first = (self.low / step - 1e-9).ceil();
        let count = ((self.high - first * step) / step + 1e-9).floor() as usize;
        let values = (0..=count).map(|i| (first + i as f64) * step);
        values.map(|v| (v, figure(v))).collect()
    }

    /// Moments in seconds, at steps that clocks have.
    pub(super) fn moments(&self) -> Vec<(f64, String)> {
        const STEPS: [f64; 17] = [
            0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0,
            3600.0, 7200.0, 21600.0,
        ];
        let wide = (self.high - self.low) / 6.0;
        let step = STEPS.into_iter().find(|s| *s >= wide).unwrap_or(86400.0);
        let count = ((self.high - self.low) / step + 1e-9).floor() as usize;
        (0..=count)
            .map(|i| self.low + i as f64 * step)
            .map(|v| (v, moment(v, self.high)))
            .collect()
    }
}

/// `12 s` in a short run, `3:20` in one of minutes, `1:05 h` in one of hours.
fn moment(seconds: f64, longest: f64) -> String {
    if longest <= 120.0 {
        return format!("{} s", figure(seconds));
    }
    let whole = seconds.round() as u64;
    if longest <= 7200.0 {
        format!("{}:{:02}", whole / 60, whole % 60)
    } else {
        format!("{}:{:02} h", whole / 3600, whole % 3600 / 60)
    }
}

/// 1, 2 or 5 times a power of ten, at or above.
fn round_step(rough: f64) -> f64 {
    let power = 10f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0];
    let found = factor.into_iter().find(|f| f * power >= rough * 0.999);
    found.unwrap_or(10.0) * power
}

/// The largest of 1, 2, 5 … at or below.
fn below(value: f64) -> f64 {
    let power = 10f64.powf(value.log10().floor());
    let found = [5.0, 2.0, 1.0]
        .into_iter()
        .find(|f| f * power <= value * 1.001);
    found.unwrap_or(1.0) * power
}

/// The least of 1, 2, 5 … at or above.
fn above(value: f64) -> f64 {
    round_step(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ticks_are_round() {
        for (most, ticks) in [
            (530.0, vec![0.0, 200.0, 400.0, 600.0]),
            (10.0, vec![0.0, 5.0, 10.0]),
            (0.0, vec![0.0, 0.5, 1.0]),
        ] {
            assert_eq!(Scale::from_zero(most, 0.0, 1.0).ticks(), ticks, "{most}");
        }
        let log = Scale::latency([1.2, 480.0].into_iter(), 0.0, 1.0);
        assert!(log.is_log());
        let texts: Vec<_> = log.labels().into_iter().map(|(_, t)| t).collect();
        assert_eq!(
            texts,
            ["1", "2", "5", "10", "20", "50", "100", "200", "500"]
        );
        assert!(!Scale::latency([5.0, 20.0].into_iter(), 0.0, 1.0).is_log());
    }

    #[test]
    fn moments_follow_the_length_of_the_run() {
        let texts = |high| {
            let scale = Scale::linear(0.0, high, 0.0, 1.0);
            let labels = scale.moments().into_iter().map(|(_, t)| t);
            labels.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(texts(12.0), "0 s 2 s 4 s 6 s 8 s 10 s 12 s");
        assert_eq!(texts(330.0), "0:00 1:00 2:00 3:00 4:00 5:00");
        assert_eq!(
            texts(10_800.0),
            "0:00 h 0:30 h 1:00 h 1:30 h 2:00 h 2:30 h 3:00 h"
        );
    }

    proptest! {
        #![proptest_config(crate::properties::cases(256))]

        #[test]
        fn values_land_inside(a in 1e-3f64..1e6, b in 1e-3f64..1e6, value in 0f64..2e6) {
            for scale in [Scale::latency([a, b].into_iter(), 200.0, 10.0), Scale::from_zero(a, 200.0, 10.0)] {
                prop_assert!((10.0..=200.0).contains(&scale.at(value)));
                prop_assert!(scale.ticks().len() <= 14, "{:?}", scale.ticks());
                prop_assert!(scale.ticks().iter().all(|t| (10.0 - 1e-6..=200.0 + 1e-6).contains(&scale.at(*t))));
            }
        }
    }
}
