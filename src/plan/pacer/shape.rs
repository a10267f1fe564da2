//! A rate over time. In: segments with a rate at their start and end; out: the expected number of arrivals
//! up to a time (the area under the rate) and its inverse. Invariant: ramps are inverted in closed form, so
//! 0 → 200/s in 10 s is 1,000 arrivals exactly, the i-th at √(i/10) s.

use crate::units::{Nanos, nanos};
use std::time::Duration;

/// A stretch of time over which the rate goes from one value to another in a straight line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    /// How long.
    pub duration: Duration,
    /// Arrivals a second at its start.
    pub from: f64,
    /// Arrivals a second at its end.
    pub to: f64,
}

impl Segment {
    /// A constant rate.
    pub fn flat(rate: f64, duration: Duration) -> Self {
        Self {
            duration,
            from: rate,
            to: rate,
        }
    }

    fn area(&self) -> f64 {
        f64::midpoint(self.from, self.to) * self.duration.as_secs_f64()
    }

    /// Seconds into the segment at which `area` arrivals are expected: the root of
    /// `from·t + slope·t²/2 = area`, in the form that does not cancel.
    fn invert(&self, area: f64) -> f64 {
        let slope = (self.to - self.from) / self.duration.as_secs_f64();
        let root = (self.from * self.from + 2.0 * slope * area).max(0.0).sqrt();
        if self.from + root == 0.0 {
            0.0
        } else {
            2.0 * area / (self.from + root)
        }
    }
}

/// A rate over time, piece by piece.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Shape {
    segments: Vec<Segment>,
}

impl Shape {
    /// The segments one after the other; empty ones are left out.
    pub fn new(segments: impl IntoIterator<Item = Segment>) -> Self {
        let segments = segments
            .into_iter()
            .filter(|s| !s.duration.is_zero())
            .collect();
        Self { segments }
    }

    /// How long it is.
    pub fn duration(&self) -> Duration {
        self.segments.iter().map(|s| s.duration).sum()
    }

    /// Expected arrivals in all.
    pub fn area(&self) -> f64 {
        self.segments.iter().map(Segment::area).sum()
    }

    /// The highest rate.
    pub fn peak(&self) -> f64 {
        self.segments
            .iter()
            .fold(0.0, |peak, s| peak.max(s.from).max(s.to))
    }

    /// When `expected` arrivals are expected; `None` once the shape has ended.
    pub fn time_of(&self, expected: f64) -> Option<Nanos> {
        let mut before = 0.0;
        let mut start = Duration::ZERO;
        for segment in &self.segments {
            let area = segment.area();
            if expected < before + area {
                let into = segment.invert(expected - before);
                return Some(nanos(start) + (into * 1e9).round() as Nanos);
            }
            before += area;
            start += segment.duration;
        }
        None
    }
}
