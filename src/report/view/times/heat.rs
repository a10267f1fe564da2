//! Latency over time as a map of counts. In: the windows of a record; out: a few dozen columns of counts, from the
//! fastest bucket to the slowest. Invariant: every answered request of the drawn time is counted in exactly one cell,
//! however long the run.

use super::latency::ms;
use crate::record::{PhaseRecord, Window};

/// Columns at most.
const COLUMNS: usize = 60;
/// Rows at most.
const ROWS: f64 = 24.0;
/// Rows a decade, the finest first: each puts powers of ten on an edge.
const A_DECADE: [f64; 9] = [40.0, 24.0, 16.0, 12.0, 8.0, 6.0, 4.0, 3.0, 2.0];

/// Response times over time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Heat {
    /// Edges of the rows in milliseconds, ascending: one more than there are rows.
    pub edges: Vec<f64>,
    /// The columns in order.
    pub columns: Vec<HeatColumn>,
}

/// A stretch of the run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HeatColumn {
    /// Since the run began, in seconds.
    pub start: f64,
    /// In seconds.
    pub length: f64,
    /// Answered requests in each row.
    pub counts: Vec<u64>,
    /// Requests that timed out: above every row.
    pub timed_out: u64,
}

impl HeatColumn {
    /// Requests that have a place in it.
    pub fn n(&self) -> u64 {
        self.counts.iter().sum::<u64>() + self.timed_out
    }
}

impl Heat {
    /// Of the planned time; what drains behind it is left out.
    pub(in crate::report::view) fn of(windows: &[Window], phases: &[PhaseRecord]) -> Self {
        let end = phases.last().map_or(u64::MAX, |p| p.end);
        let within = |w: &&Window| w.start + w.length / 2 < end;
        let windows: Vec<&Window> = windows.iter().filter(within).collect();
        let least = windows.iter().filter_map(|w| w.response.min()).min();
        let most = windows.iter().filter_map(|w| w.response.max()).max();
        let Some((least, most)) = least.zip(most) else {
            return Self::default();
        };
        // Buckets are known to the microsecond.
        let (low, high) = (ms(least.max(1_000)).log10(), ms(most.max(1_000)).log10());
        let rows = |each: f64| (high * each).floor() - (low * each).floor() + 1.0;
        let each = A_DECADE.into_iter().find(|each| rows(*each) <= ROWS);
        let each = each.unwrap_or(2.0);
        let (first, rows) = ((low * each).floor(), rows(each) as usize);
        let together = windows.len().div_ceil(COLUMNS).max(1);
        let columns = windows.chunks(together).map(|chunk| {
            let mut column = HeatColumn {
                start: chunk[0].start as f64 / 1e9,
                counts: vec![0; rows],
                ..HeatColumn::default()
            };
            for window in chunk {
                column.length += window.length as f64 / 1e9;
                column.timed_out += window.timed_out;
                for (upper, n) in window.response.buckets() {
                    let row = (ms(upper).log10() * each).floor() - first;
                    column.counts[(row.max(0.0) as usize).min(rows - 1)] += n;
                }
            }
            column
        });
        Self {
            columns: columns.collect(),
            edges: (0..=rows)
                .map(|row| 10f64.powf((first + row as f64) / each))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: u64 = 1_000_000_000;

    fn windows(times: &[Vec<u64>]) -> Vec<Window> {
        let window = |(second, times): (usize, &Vec<u64>)| {
            let mut window = Window {
                start: second as u64 * SECOND,
                length: SECOND,
                ..Window::default()
            };
            times.iter().for_each(|t| window.response.record(*t));
            window
        };
        times.iter().enumerate().map(window).collect()
    }

    proptest! {
        #![proptest_config(crate::properties::cases(256))]

        #[test]
        fn every_request_has_one_cell(times in prop::collection::vec(prop::collection::vec(1_000u64..60_000_000_000, 0..9), 1..150)) {
            let heat = Heat::of(&windows(&times), &[]);
            let n: usize = times.iter().map(Vec::len).sum();
            prop_assert_eq!(heat.columns.iter().map(HeatColumn::n).sum::<u64>(), n as u64);
            prop_assert!(heat.columns.len() <= COLUMNS);
            prop_assert!(heat.edges.len() <= 26 && heat.edges.is_sorted());
        }
    }

    #[test]
    fn requests_stand_between_the_edges_of_their_row() {
        let heat = Heat::of(&windows(&[vec![2_000_000], vec![700_000_000]]), &[]);
        for (column, time) in heat.columns.iter().zip([2.0, 700.0]) {
            let row = column.counts.iter().position(|n| *n > 0).unwrap();
            assert!(heat.edges[row] <= time * 1.002 && time <= heat.edges[row + 1] * 1.002);
        }
        assert!(heat.edges.iter().any(|edge| (edge - 10.0).abs() < 1e-9));
    }

    #[test]
    fn what_drains_is_left_out() {
        let phases = [PhaseRecord {
            end: 2 * SECOND,
            ..PhaseRecord::default()
        }];
        let heat = Heat::of(&windows(&vec![vec![1_000_000]; 5]), &phases);
        assert_eq!(heat.columns.len(), 2);
        assert_eq!(Heat::of(&[], &phases), Heat::default());
    }
}
