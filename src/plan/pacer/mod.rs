//! When arrivals are due. In: a [`Shape`] of rates over time, a process and a seed; out: an iterator of due
//! offsets. Invariant: no clock and no feedback. The i-th arrival is computed from i (constant) or from the sum
//! of the first i seeded gaps (Poisson), never from when the one before was sent.

mod poisson;
mod shape;

pub use shape::{Cursor, Segment, Shape};

use crate::scenario::Process;
use crate::units::Nanos;
use poisson::UnitArrivals;

/// A rate over time and the way arrivals are spread around it.
#[derive(Debug, Clone, PartialEq)]
pub struct Pacer {
    /// Arrivals a second over time.
    pub shape: Shape,
    /// How they are spread.
    pub process: Process,
}

/// One arrival of the schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Its number, from 0.
    pub index: u64,
    /// When it is due, since the start.
    pub due: Nanos,
}

impl Pacer {
    /// The arrivals in order. The same seed draws the same ones.
    pub fn arrivals(&self, seed: u64) -> Arrivals<'_> {
        let unit = match self.process {
            Process::Poisson => UnitArrivals::poisson(seed),
            Process::Constant => UnitArrivals::constant(),
        };
        Arrivals {
            shape: self.shape.cursor(),
            unit,
            index: 0,
        }
    }
}

/// Iterator over the arrivals of a [`Pacer`].
#[derive(Debug)]
pub struct Arrivals<'a> {
    shape: Cursor<'a>,
    unit: UnitArrivals,
    index: u64,
}

impl Iterator for Arrivals<'_> {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        let due = self.shape.time_of(self.unit.next())?;
        let arrival = Arrival {
            index: self.index,
            due,
        };
        self.index += 1;
        Some(arrival)
    }
}

#[cfg(test)]
mod tests;
