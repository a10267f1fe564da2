//! Two groups of runs: do they differ? In: logs of values; out: p values. Invariant: a group without any scatter has
//! that of rounding, never none.

use statrs::distribution::{ContinuousCDF as _, Normal, StudentsT};

/// Scatter that even a constant series has: one in a thousand, squared.
const FLOOR: f64 = 1e-6;

/// Runs, mean and sum of squares around it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    pub(super) runs: f64,
    pub(super) mean: f64,
    pub(super) squares: f64,
}

/// The runs before and after a point.
#[derive(Debug, Clone, Copy)]
pub(super) struct Groups {
    before: Group,
    after: Group,
}

impl Groups {
    /// Natural logarithm of the ratio of the levels.
    pub(super) fn effect(&self) -> f64 {
        self.after.mean - self.before.mean
    }

    /// Sum of squares between the groups.
    pub(super) fn between(&self) -> f64 {
        let (n, m) = (self.before.runs, self.after.runs);
        self.effect().powi(2) * n * m / (n + m)
    }

    fn freedom(&self) -> f64 {
        (self.before.runs + self.after.runs - 2.0).max(1.0)
    }

    fn variance(&self) -> f64 {
        (self.before.squares + self.after.squares) / self.freedom() + FLOOR
    }

    /// Standard deviation within the groups.
    pub(super) fn scatter(&self) -> f64 {
        self.variance().sqrt()
    }

    /// Student's t, without its sign.
    pub(super) fn t(&self) -> f64 {
        (self.between() / self.variance()).sqrt()
    }

    /// Two-sided p of Student's t test with one variance.
    pub(super) fn p(&self) -> f64 {
        StudentsT::new(0.0, 1.0, self.freedom()).map_or(1.0, |t| 2.0 * t.sf(self.t()))
    }

    /// Half of the 95 % interval of the effect.
    pub(super) fn half_interval(&self) -> f64 {
        let (n, m) = (self.before.runs, self.after.runs);
        quantile(0.975, self.freedom()) * (self.variance() * (n + m) / (n * m)).sqrt()
    }
}

/// The quantile of Student's t.
pub(super) fn quantile(share: f64, freedom: f64) -> f64 {
    StudentsT::new(0.0, 1.0, freedom).map_or(f64::INFINITY, |t| t.inverse_cdf(share))
}

/// Mean and scatter of any stretch of a series in constant time.
pub(super) struct Sums(Vec<(f64, f64)>);

impl Sums {
    pub(super) fn new(logs: &[f64]) -> Self {
        // Around the first value: squares of small numbers lose no digits.
        let origin = logs.first().copied().unwrap_or(0.0);
        let mut sums = vec![(0.0, 0.0)];
        let mut last = (0.0, 0.0);
        for value in logs {
            let value = value - origin;
            last = (last.0 + value, last.1 + value * value);
            sums.push(last);
        }
        Self(sums)
    }

    pub(super) fn groups(&self, start: usize, point: usize, end: usize) -> Groups {
        Groups {
            before: self.group(start, point),
            after: self.group(point, end),
        }
    }

    pub(super) fn group(&self, start: usize, end: usize) -> Group {
        let runs = (end - start) as f64;
        let mean = (self.0[end].0 - self.0[start].0) / runs;
        let squares = (self.0[end].1 - self.0[start].1 - runs * mean * mean).max(0.0);
        Group {
            runs,
            mean,
            squares,
        }
    }
}

/// The median; the mean of the middle two where they are two. Of nothing: not a number.
pub(super) fn median(values: &mut [f64]) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    let odd = values.len() % 2 == 1;
    let middle = values.len() / 2;
    let (below, &mut high, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    if odd {
        return high;
    }
    let low = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    f64::midpoint(low, high)
}

/// One-sided Mann–Whitney p that the first group is greater: normal approximation with ties and continuity.
pub(super) fn rank_p(high: &[f64], low: &[f64]) -> f64 {
    let (n, m) = (high.len() as f64, low.len() as f64);
    let pairs = high.iter().flat_map(|a| low.iter().map(move |b| (a, b)));
    let wins: f64 = pairs
        .map(|(a, b)| f64::midpoint(f64::from(u8::from(a > b)), f64::from(u8::from(a >= b))))
        .sum();
    let mut all = [high, low].concat();
    all.sort_unstable_by(f64::total_cmp);
    let ties: f64 = all
        .chunk_by(|a, b| a == b)
        .map(|tied| (tied.len() as f64).powi(3) - tied.len() as f64)
        .sum();
    let total = n + m;
    let variance = n * m / 12.0 * (total + 1.0 - ties / (total * (total - 1.0)));
    if variance <= 0.0 {
        return 1.0;
    }
    Normal::standard().sf((wins - n * m / 2.0 - 0.5) / variance.sqrt())
}
