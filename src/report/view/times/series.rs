//! The run over time. In: the windows of a record; out: slices, few enough to draw. Invariant: windows are merged
//! by adding counts and histograms, so no percentile is ever averaged and no peak is lost.

use super::latency::{Point, ms};
use crate::record::{Failure, PhaseRecord, Window, Wrong};
use crate::units::Nanos;

/// A stretch of the run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Slice {
    /// Since the run began, in seconds.
    pub start: f64,
    /// In seconds.
    pub length: f64,
    /// The phase that holds its middle.
    pub phase: String,
    /// It is behind the last phase: what was in flight ends.
    pub drain: bool,
    /// Judged by budgets.
    pub measured: bool,
    /// Flow starts that were due.
    pub arrivals: u64,
    /// Requests that those ask for.
    pub offered: u64,
    /// Requests sent.
    pub sent: u64,
    /// Requests answered with every check held.
    pub ok: u64,
    /// Requests that ended otherwise.
    pub not_ok: u64,
    /// Arrivals that could not be started.
    pub dropped: u64,
    /// Body bytes received.
    pub received: u64,
    /// Connections opened.
    pub connections: u64,
    /// Most requests in flight.
    pub in_flight: u64,
    /// Requests that timed out.
    pub timed_out: u64,
    /// What went wrong in it, by kind; what is in no kind was cut off, or is of a run that kept none.
    pub wrong: Vec<(&'static str, u64)>,
    /// The latest send, in milliseconds after its intended instant.
    pub lag: f64,
    /// Response time of answered requests that ended in it.
    pub p50: Point,
    /// See `p50`.
    pub p95: Point,
    /// See `p50`.
    pub p99: Point,
    /// See `p50`.
    pub max: Point,
}

impl Slice {
    /// Of one window; `timeout` stands for requests that timed out in it.
    pub(in crate::report) fn of(window: &Window, phases: &[PhaseRecord], timeout: Nanos) -> Self {
        slice(window, phases, timeout)
    }

    /// A count as a rate a second.
    pub fn rate(&self, count: u64) -> f64 {
        if self.length > 0.0 {
            count as f64 / self.length
        } else {
            0.0
        }
    }

    /// Where it ends, in seconds since the run began.
    pub fn end(&self) -> f64 {
        self.start + self.length
    }

    /// Requests that ended in it.
    pub fn ended(&self) -> u64 {
        self.ok + self.not_ok
    }
}

/// At most `most` slices.
pub(in crate::report::view) fn slices(
    windows: &[Window],
    phases: &[PhaseRecord],
    timeout: Nanos,
    most: usize,
) -> Vec<Slice> {
    let together = windows.len().div_ceil(most.max(1)).max(1);
    windows
        .chunks(together)
        .map(|chunk| slice(&merged(chunk), phases, timeout))
        .collect()
}

fn merged(chunk: &[Window]) -> Window {
    let mut whole = chunk.first().cloned().unwrap_or_default();
    for next in chunk.iter().skip(1) {
        whole.merge(next);
        whole.length += next.length;
        whole.in_flight = whole.in_flight.max(next.in_flight);
    }
    whole
}

fn slice(window: &Window, phases: &[PhaseRecord], timeout: Nanos) -> Slice {
    let counts = &window.counts;
    // A slice belongs to the phase that holds its middle; what drains after the last phase has none.
    let middle = window.start + window.length / 2;
    let phase = phases.iter().find(|p| (p.start..p.end).contains(&middle));
    let at = |q: f64| match window.quantile(q) {
        None if window.timed_out > 0 => Point::at_least(timeout),
        value => Point::known(value),
    };
    Slice {
        start: window.start as f64 / 1e9,
        length: window.length as f64 / 1e9,
        phase: phase.map_or_else(|| "drain".into(), |p| crate::report::text::line(&p.name)),
        drain: phases.last().is_some_and(|p| middle >= p.end),
        measured: phase.is_some_and(|p| p.measured),
        arrivals: counts.arrivals,
        offered: counts.offered,
        sent: counts.sent,
        ok: counts.ok,
        not_ok: counts.not_ok,
        dropped: counts.dropped,
        received: counts.received,
        connections: counts.connections,
        in_flight: window.in_flight,
        timed_out: window.timed_out,
        wrong: wrong(window),
        lag: ms(window.lag),
        p50: at(0.50),
        p95: at(0.95),
        p99: at(0.99),
        max: at(1.0),
    }
}

/// The kinds that a window knows; timed-out requests and the rest where it knows none.
fn wrong(window: &Window) -> Vec<(&'static str, u64)> {
    let mut kinds: Vec<(&'static str, u64)> = Vec::new();
    for (kind, n) in &window.wrong {
        kinds.push((named(*kind), *n));
    }
    if kinds.is_empty() {
        let rest = window.counts.not_ok.saturating_sub(window.timed_out);
        kinds.push((Failure::Timeout.name(), window.timed_out));
        kinds.push(("not passed", rest));
    }
    kinds.push(("dropped, never sent", window.counts.dropped));
    kinds.retain(|kind| kind.1 > 0);
    kinds
}

fn named(kind: Wrong) -> &'static str {
    match kind {
        Wrong::Failure(failure) => failure.name(),
        Wrong::Check(1) => "check failed, status 1xx",
        Wrong::Check(2) => "check failed, status 2xx",
        Wrong::Check(3) => "check failed, status 3xx",
        Wrong::Check(4) => "check failed, status 4xx",
        Wrong::Check(5) => "check failed, status 5xx",
        Wrong::Check(_) => "check failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Nanos = 1_000_000_000;

    fn windows(n: u64) -> Vec<Window> {
        (0..n)
            .map(|i| {
                let mut window = Window {
                    start: i * SECOND,
                    length: SECOND,
                    in_flight: i,
                    lag: if i == 7 { 5_000_000 } else { 1_000 },
                    ..Window::default()
                };
                window.counts.ok = 1;
                window.response.record((i + 1) * 1_000_000);
                window
            })
            .collect()
    }

    #[test]
    fn few_slices_keep_every_count_and_every_peak() {
        let slices = slices(&windows(3600), &[], 0, 600);
        assert_eq!(slices.len(), 600);
        assert_eq!(slices.iter().map(|s| s.ok).sum::<u64>(), 3600);
        assert_eq!(slices[1].lag, 5.0);
        assert_eq!((slices[1].start, slices[1].length), (6.0, 6.0));
        assert_eq!(slices[1].max.ms, Some(12.0));
        assert_eq!(slices[599].in_flight, 3599);
        assert_eq!(slices[0].rate(slices[0].ok), 1.0);
    }

    #[test]
    fn a_slice_adds_up_what_went_wrong() {
        let mut windows = windows(2);
        for window in &mut windows {
            window.counts.not_ok = 5;
            window.counts.dropped = 1;
            window.timed_out = 2;
        }
        let wrong = |windows: &[Window]| slices(windows, &[], 0, 1)[0].wrong.clone();
        let expected = [
            ("timed out", 4),
            ("not passed", 6),
            ("dropped, never sent", 2),
        ];
        assert_eq!(wrong(&windows), expected);
        for window in &mut windows {
            window.wrong = vec![(Wrong::Check(5), 3), (Wrong::Failure(Failure::Timeout), 2)];
        }
        let expected = [
            ("check failed, status 5xx", 6),
            ("timed out", 4),
            ("dropped, never sent", 2),
        ];
        assert_eq!(wrong(&windows), expected);
    }

    #[test]
    fn a_slice_knows_its_phase() {
        let phases = [PhaseRecord {
            name: "launch".into(),
            start: 0,
            end: 2 * SECOND,
            measured: true,
        }];
        let slices = slices(&windows(3), &phases, 0, 600);
        let found: Vec<_> = slices
            .iter()
            .map(|s| (s.phase.as_str(), s.measured))
            .collect();
        assert_eq!(
            found,
            [("launch", true), ("launch", true), ("drain", false)]
        );
    }
}
