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

    /// The area of its first part.
    fn area_until(&self, into: Duration) -> f64 {
        if into == self.duration {
            return self.area();
        }
        let seconds = into.as_secs_f64();
        let slope = (self.to - self.from) / self.duration.as_secs_f64();
        (self.from + slope * seconds / 2.0) * seconds
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

    /// Expected arrivals before `until`.
    pub fn expected(&self, until: Nanos) -> f64 {
        let mut left = Duration::from_nanos(until);
        let mut sum = 0.0;
        for segment in &self.segments {
            let into = left.min(segment.duration);
            left -= into;
            sum += segment.area_until(into);
        }
        sum
    }

    /// When the rate is above `level`: `[from, to)`, in order.
    pub fn above(&self, level: f64) -> Vec<(Nanos, Nanos)> {
        let mut stretches: Vec<(Nanos, Nanos)> = Vec::new();
        let mut start = Duration::ZERO;
        for segment in &self.segments {
            let end = start + segment.duration;
            let crossing = || {
                let share = (level - segment.from) / (segment.to - segment.from);
                start + segment.duration.mul_f64(share)
            };
            let (from, to) = match (segment.from > level, segment.to > level) {
                (true, true) => (start, end),
                (true, false) => (start, crossing()),
                (false, true) => (crossing(), end),
                (false, false) => (end, end),
            };
            let (from, to) = (nanos(from), nanos(to));
            match stretches.last_mut() {
                Some(last) if last.1 == from => last.1 = to,
                _ if from < to => stretches.push((from, to)),
                _ => {}
            }
            start = end;
        }
        stretches
    }

    /// Looks up times in ascending order of expected arrivals.
    pub fn cursor(&self) -> Cursor<'_> {
        Cursor {
            segments: &self.segments,
            before: 0.0,
            start: Duration::ZERO,
        }
    }
}

/// A place in a [`Shape`] that only moves on: looking up the next arrival costs the same in the last of a thousand
/// segments as in the first.
#[derive(Debug)]
pub struct Cursor<'a> {
    /// What is not behind it yet.
    segments: &'a [Segment],
    /// Arrivals before the first of those.
    before: f64,
    /// Its start.
    start: Duration,
}

impl Cursor<'_> {
    /// When `expected` arrivals are expected, no fewer than last time; `None` once the shape has ended.
    pub fn time_of(&mut self, expected: f64) -> Option<Nanos> {
        loop {
            let (segment, rest) = self.segments.split_first()?;
            let area = segment.area();
            if expected < self.before + area {
                let into = (segment.invert(expected - self.before) * 1e9).round() as Nanos;
                return Some(nanos(self.start) + into.min(nanos(segment.duration)));
            }
            self.before += area;
            self.start += segment.duration;
            self.segments = rest;
        }
    }
}
