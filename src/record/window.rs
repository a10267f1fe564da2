//! The run over time. In: what happened in each second; out: at most [`MOST`] windows, however long the run.
//! Invariant: when they are full, neighbours are merged by adding counts; percentiles are never averaged.

use super::watch::{self, Watched};
use super::{Failure, Histogram, rank};
use crate::units::Nanos;
use serde::{Deserialize, Deserializer, Serialize};

/// Windows kept: ten minutes of seconds; twenty come out in windows of two seconds, and so on.
const MOST: usize = 600;

/// Counts of one window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WindowCounts {
    /// Flow starts that were due.
    pub arrivals: u64,
    /// Requests that those flows ask for.
    pub offered: u64,
    /// Requests sent.
    pub sent: u64,
    /// Requests answered with every check held.
    pub ok: u64,
    /// Requests that ended otherwise.
    pub not_ok: u64,
    /// Attempts that failed and were sent again.
    pub retried: u64,
    /// Arrivals that could not be started.
    pub dropped: u64,
    /// Body bytes received.
    pub received: u64,
    /// Connections opened.
    pub connections: u64,
}

/// How a request went wrong, whatever its step: few enough kinds to be counted in every window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wrong {
    /// A check failed, of an answer whose status begins with this digit; 0 where there is no status.
    Check(u16),
    /// No whole answer.
    Failure(Failure),
}

/// What happened between two instants of the run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Window {
    /// Since the run began.
    pub start: Nanos,
    /// How long it is.
    pub length: Nanos,
    /// Counts.
    pub counts: WindowCounts,
    /// The most requests in flight at its ends.
    pub in_flight: u64,
    /// The latest send in it, against its intended instant.
    pub lag: Nanos,
    /// Response times of the answered requests that ended in it.
    #[serde(deserialize_with = "packed")]
    pub response: Histogram,
    /// Requests that timed out in it: beyond the last of `response`.
    pub timed_out: u64,
    /// What went wrong, by kind; requests cut off by the end of the run are in none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub wrong: Vec<(Wrong, u64)>,
    /// What guards look at, watch by watch; of interest only while the run goes.
    #[serde(skip)]
    pub watched: Vec<Watched>,
}

impl Window {
    /// Adds what another worker saw in the same window, or what came right after it.
    pub fn merge(&mut self, other: &Self) {
        let (ours, theirs) = (&mut self.counts, &other.counts);
        ours.arrivals += theirs.arrivals;
        ours.offered += theirs.offered;
        ours.sent += theirs.sent;
        ours.ok += theirs.ok;
        ours.not_ok += theirs.not_ok;
        ours.retried += theirs.retried;
        ours.dropped += theirs.dropped;
        ours.received += theirs.received;
        ours.connections += theirs.connections;
        self.lag = self.lag.max(other.lag);
        self.response.merge(&other.response);
        self.timed_out += other.timed_out;
        other
            .wrong
            .iter()
            .for_each(|(kind, n)| self.went_wrong(*kind, *n));
        watch::add(&mut self.watched, &other.watched);
    }

    /// Counts requests that went wrong.
    pub(super) fn went_wrong(&mut self, kind: Wrong, n: u64) {
        match self.wrong.iter_mut().find(|w| w.0 == kind) {
            Some((_, count)) => *count += n,
            None => self.wrong.push((kind, n)),
        }
    }

    /// Counts a request that a watch speaks of.
    pub(super) fn watch(&mut self, watch: usize, broken: bool) {
        if self.watched.len() <= watch {
            self.watched.resize(watch + 1, Watched::default());
        }
        self.watched[watch].count(broken);
    }

    /// A percentile of the window; `None` of nothing or where it falls among timed-out requests.
    pub fn quantile(&self, q: f64) -> Option<Nanos> {
        let n = self.response.count() + self.timed_out;
        self.response.at_rank(rank(q, n))
    }

    /// A count as a rate a second.
    pub fn rate(&self, count: u64) -> f64 {
        if self.length == 0 {
            return 0.0;
        }
        count as f64 / (self.length as f64 / 1e9)
    }
}

fn packed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Histogram, D::Error> {
    let mut histogram = Histogram::deserialize(deserializer)?;
    histogram.pack();
    Ok(histogram)
}

/// The windows of a run, merged pairwise whenever they become too many.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timeline {
    windows: Vec<Window>,
}

impl Timeline {
    /// Appends the next window. `None` of the earlier ones changes but by merging.
    pub fn push(&mut self, window: Window) {
        let full = self.windows.first().map_or(0, |w| w.length);
        match self.windows.last_mut() {
            // Behind a merged past, the last window fills up to the same length first.
            Some(last) if last.length < full => extend(last, &window),
            _ => self.windows.push(window),
        }
        if let Some(last) = self.windows.last_mut() {
            last.response.pack();
        }
        if self.windows.len() > MOST {
            self.halve();
        }
    }

    fn halve(&mut self) {
        let mut merged = Vec::with_capacity(MOST);
        for pair in self.windows.chunks(2) {
            let mut first = pair[0].clone();
            if let Some(second) = pair.get(1) {
                extend(&mut first, second);
            }
            first.response.pack();
            merged.push(first);
        }
        self.windows = merged;
    }

    /// The windows in order.
    pub fn windows(&self) -> &[Window] {
        &self.windows
    }
}

fn extend(window: &mut Window, next: &Window) {
    window.merge(next);
    window.length += next.length;
    window.in_flight = window.in_flight.max(next.in_flight);
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Nanos = 1_000_000_000;

    #[test]
    fn a_day_keeps_a_bounded_number_of_windows_and_loses_no_count() {
        let mut timeline = Timeline::default();
        for second in 0..86_400 {
            let mut window = Window {
                start: second * SECOND,
                length: SECOND,
                ..Window::default()
            };
            window.counts.sent = 1;
            timeline.push(window);
        }
        let windows = timeline.windows();
        assert!(windows.len() <= MOST);
        assert_eq!(windows.iter().map(|w| w.counts.sent).sum::<u64>(), 86_400);
        assert!(
            windows
                .windows(2)
                .all(|w| w[0].start + w[0].length == w[1].start)
        );
    }

    /// Seconds of 200 answers each, another draw every second, evenly from 5 to 7 ms: 500 buckets.
    fn timeline(seconds: u64) -> Timeline {
        let mut timeline = Timeline::default();
        for second in 0..seconds {
            let mut window = Window {
                start: second * SECOND,
                length: SECOND,
                ..Window::default()
            };
            for i in 0..200 {
                let place = (second * 200 + i).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
                window.response.record(5_000_000 + place % 2_000_000);
            }
            timeline.push(window);
        }
        timeline
    }

    #[test]
    fn room_is_bounded_by_the_range_of_the_answers_and_every_answer_is_kept() {
        let room = |timeline: &Timeline| -> (usize, usize) {
            let windows = timeline.windows().iter();
            let memory = windows.map(|w| w.response.footprint()).sum();
            (memory, serde_json::to_string(timeline).unwrap().len())
        };
        let (short, long) = (timeline(600), timeline(2400));
        let ((memory, stored), (more_memory, more_stored)) = (room(&short), room(&long));
        // Four times the answers in no more windows: each has more of the 500 buckets in use, never more than all.
        assert!(more_memory < 3 * memory, "{memory} B, {more_memory} B");
        assert!(more_memory <= MOST * 501 * 8, "{more_memory} B");
        assert!(more_stored < 3 * stored, "{stored} B, {more_stored} B");
        let count = |w: &Window| w.response.count();
        assert_eq!(long.windows().iter().map(count).sum::<u64>(), 2400 * 200);
    }

    #[test]
    fn percentiles_come_from_merged_counts() {
        // 98 % at 10 ms and 2 % at 1 s: p99 is 1 s; the mean of the halves' p99s would be 505 ms.
        let mut fast = Window::default();
        (0..98).for_each(|_| fast.response.record(10_000_000));
        let mut slow = Window::default();
        (0..2).for_each(|_| slow.response.record(SECOND));
        fast.merge(&slow);
        assert_eq!(fast.quantile(0.99), Some(SECOND));
    }
}
