//! What servers said of themselves, as people read it. In: series of a run; out: a row each, with the values of the
//! measured phase and the points to draw. Invariant: text of a server is clean, and what was not read is said.

use crate::record::{RunRecord, ServerPoint, ServerSeries};
use crate::report::{seconds, text};
use crate::units::{Nanos, significant};

/// Points drawn.
const DRAWN: usize = 600;

/// One value of a server.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerRow {
    /// What budgets call it.
    pub name: String,
    /// `metrics`, `health` or `prometheus`.
    pub from: &'static str,
    /// What was read there.
    pub what: String,
    /// Readings of the measured phase.
    pub read: u64,
    /// Those that failed.
    pub missed: u64,
    /// Of the measured phase; `None` where nothing was read.
    pub summary: Option<ServerSummary>,
    /// The newest reading of the whole run; `None` where it failed, or there is none.
    pub newest: Option<f64>,
    /// Why something could not be read.
    pub problem: Option<String>,
    /// The whole run: seconds since it began, and the value; `None` is a gap.
    pub points: Vec<(f64, Option<f64>)>,
}

/// The readings of the measured phase.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ServerSummary {
    /// The smallest.
    pub min: f64,
    /// Their mean.
    pub mean: f64,
    /// The largest.
    pub max: f64,
    /// When the largest was read, in seconds since the run began.
    pub max_at: f64,
    /// The last one.
    pub last: f64,
}

impl ServerRow {
    pub(in crate::report::view) fn of(series: &ServerSeries, (from, to): (Nanos, Nanos)) -> Self {
        let measured: Vec<&ServerPoint> = series.between(from, to).collect();
        Self {
            name: text::line(&series.name),
            from: series.from.name(),
            what: text::line(&series.what),
            read: measured.iter().map(|p| p.read).sum(),
            missed: measured.iter().map(|p| p.missed).sum(),
            summary: summary(&measured),
            newest: series.points.last().and_then(ServerPoint::mean),
            problem: series.problem.as_deref().map(text::line),
            points: drawn(series),
        }
    }

    /// "mean 0.31, min 0.2, max 0.93 at 12 s, last 0.3; 60 readings, 2 missed".
    pub fn finding(&self) -> String {
        let mut said = match &self.summary {
            Some(s) => format!(
                "mean {}, min {}, max {} at {}, last {}; {}",
                significant(s.mean),
                significant(s.min),
                significant(s.max),
                seconds(s.max_at),
                significant(s.last),
                text::counted(self.read, "reading")
            ),
            None => "no reading in the measured phase".to_owned(),
        };
        if self.missed > 0 {
            text::put(&mut said, format_args!(", {} missed", self.missed));
        }
        if let Some(problem) = &self.problem {
            text::put(&mut said, format_args!(": {problem}"));
        }
        said
    }
}

pub(in crate::report::view) fn rows(record: &RunRecord) -> Vec<ServerRow> {
    let measured = || record.phases.iter().filter(|phase| phase.measured);
    let from = measured().map(|phase| phase.start).min().unwrap_or(0);
    let to = measured()
        .map(|phase| phase.end)
        .max()
        .unwrap_or(Nanos::MAX);
    let series = record.server.iter();
    series.map(|one| ServerRow::of(one, (from, to))).collect()
}

fn summary(points: &[&ServerPoint]) -> Option<ServerSummary> {
    let read = || points.iter().filter(|p| p.read > 0);
    let largest = read().max_by(|a, b| a.max.total_cmp(&b.max))?;
    let count: u64 = read().map(|p| p.read).sum();
    Some(ServerSummary {
        min: read().map(|p| p.min).min_by(f64::total_cmp)?,
        mean: read().map(|p| p.sum).sum::<f64>() / count as f64,
        max: largest.max,
        max_at: largest.at as f64 / 1e9,
        last: read().next_back()?.mean()?,
    })
}

/// Few enough points to draw: of several the largest, since that is what must be seen.
fn drawn(series: &ServerSeries) -> Vec<(f64, Option<f64>)> {
    let group = series.points.len().div_ceil(DRAWN).max(1);
    let point = |points: &[ServerPoint]| {
        let read = points.iter().filter(|p| p.read > 0).map(|p| p.max);
        (points[0].at as f64 / 1e9, read.max_by(f64::total_cmp))
    };
    series.points.chunks(group).map(point).collect()
}
