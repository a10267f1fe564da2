//! What servers said of themselves while the load went. In: readings, second by second; out: [`ServerSeries`].
//! Invariant: at most [`MOST`] points, however long the run; what could not be read is counted and is never a value.

use crate::units::Nanos;
use serde::{Deserialize, Serialize};

/// Points kept: two hours of seconds; four hours come out in points of two, and so on.
const MOST: usize = 7_200;

/// Where a value was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerSource {
    /// A page in the text format of Prometheus, read while the load went.
    #[default]
    Metrics,
    /// A JSON page, read while the load went.
    Health,
    /// A Prometheus server, asked after the run.
    Prometheus,
}

impl ServerSource {
    /// In the word of scenarios and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Metrics => "metrics",
            Self::Health => "health",
            Self::Prometheus => "prometheus",
        }
    }
}

/// One value over time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServerSeries {
    /// What scenario and budgets call it.
    pub name: String,
    /// Where it was read.
    pub from: ServerSource,
    /// What was read there, as written: a metric, a path, an expression.
    pub what: String,
    /// How long it is from one reading to the next.
    pub every: Nanos,
    /// The readings, in their order.
    pub points: Vec<ServerPoint>,
    /// Why something could not be read, in words; the last reason.
    pub problem: Option<String>,
}

/// Readings of one instant, or of some next to each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServerPoint {
    /// When the first was read, since the run began.
    pub at: Nanos,
    /// How many values there are.
    pub read: u64,
    /// How many could not be read.
    pub missed: u64,
    /// The sum of the values.
    pub sum: f64,
    /// The smallest value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
}

impl ServerPoint {
    fn of(at: Nanos, value: Option<f64>) -> Self {
        let value = value.filter(|v| v.is_finite());
        let (read, shown) = (u64::from(value.is_some()), value.unwrap_or(0.0));
        Self {
            at,
            read,
            missed: 1 - read,
            sum: shown,
            min: shown,
            max: shown,
        }
    }

    /// The mean of its values.
    pub fn mean(&self) -> Option<f64> {
        (self.read > 0).then(|| self.sum / self.read as f64)
    }

    fn with(self, next: Self) -> Self {
        let (min, max) = match (self.read, next.read) {
            (_, 0) => (self.min, self.max),
            (0, _) => (next.min, next.max),
            _ => (self.min.min(next.min), self.max.max(next.max)),
        };
        Self {
            at: self.at,
            read: self.read + next.read,
            missed: self.missed + next.missed,
            sum: self.sum + next.sum,
            min,
            max,
        }
    }
}

impl ServerSeries {
    /// Adds a reading; what is no finite number was not read.
    pub fn push(&mut self, at: Nanos, value: Option<f64>) {
        if self.points.len() >= MOST {
            let pair =
                |pair: &[ServerPoint]| pair.iter().skip(1).fold(pair[0], |all, one| all.with(*one));
            self.points = self.points.chunks(2).map(pair).collect();
        }
        self.points.push(ServerPoint::of(at, value));
    }

    /// Sets the clock: what was read before `start` is forgotten, the rest counts from there.
    pub fn begin(&mut self, start: Nanos) {
        self.points.retain(|point| point.at >= start);
        for point in &mut self.points {
            point.at -= start;
        }
    }

    /// The readings between two instants of the run.
    pub fn between(&self, from: Nanos, to: Nanos) -> impl Iterator<Item = &ServerPoint> {
        let points = self.points.iter();
        points.filter(move |point| (from..=to).contains(&point.at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_and_nothing_is_lost_but_instants() {
        let mut series = ServerSeries::default();
        for second in 0..30_000_u64 {
            let value = (second % 10 != 3).then_some(second as f64);
            series.push(second, value);
        }
        assert!(series.points.len() <= MOST);
        let count = |of: fn(&ServerPoint) -> u64| series.points.iter().map(of).sum::<u64>();
        assert_eq!((count(|p| p.read), count(|p| p.missed)), (27_000, 3_000));
        let max = series.points.iter().map(|p| p.max).fold(0.0, f64::max);
        assert_eq!(max, 29_999.0);
        assert!(series.points.windows(2).all(|p| p[0].at < p[1].at));
    }

    #[test]
    fn what_is_no_number_was_not_read_and_the_clock_starts_with_the_run() {
        let mut series = ServerSeries::default();
        for (at, value) in [(1, 5.0), (2, f64::NAN), (3, f64::INFINITY), (4, -1.0)] {
            series.push(at, Some(value));
        }
        series.begin(2);
        let read: Vec<_> = series.points.iter().map(|p| (p.at, p.mean())).collect();
        assert_eq!(read, [(0, None), (1, None), (2, Some(-1.0))]);
        assert_eq!(series.between(1, 2).count(), 2);
        let merged = series.points[0].with(series.points[2]);
        assert_eq!((merged.min, merged.max, merged.missed), (-1.0, -1.0, 1));
    }
}
