//! Requests on their way. In: a request when it is sent; out: a place to hand back when it ends. Invariant:
//! whatever is still here when a run is cut off is recorded, as aborted or, between two attempts, as the failure that the
//! last one was: so the counts always add up.

use crate::record::Sample;
use crate::units::Nanos;
use std::collections::BTreeMap;

/// A request on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flying {
    pub(super) step: usize,
    pub(super) measured: bool,
    pub(super) intended: Nanos,
    pub(super) sent: Nanos,
}

/// All requests of one worker that are on their way. Places are used again: no allocation per request.
#[derive(Debug, Default)]
pub(super) struct Flights {
    places: Vec<Option<Flying>>,
    free: Vec<usize>,
    peak: u64,
    window_peak: u64,
    /// Attempts that have failed and are to be sent again.
    failed: BTreeMap<u64, Sample>,
    next_failed: u64,
}

impl Flights {
    pub(super) fn depart(&mut self, flying: Flying) -> usize {
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        });
        self.places[place] = Some(flying);
        let now = self.count();
        self.peak = self.peak.max(now);
        self.window_peak = self.window_peak.max(now);
        place
    }

    pub(super) fn arrive(&mut self, place: usize) {
        self.places[place] = None;
        self.free.push(place);
    }

    pub(super) fn count(&self) -> u64 {
        (self.places.len() - self.free.len()) as u64
    }

    pub(super) fn peak(&self) -> u64 {
        self.peak
    }

    /// The most since the last call.
    pub(super) fn take_window_peak(&mut self) -> u64 {
        let peak = self.window_peak;
        self.window_peak = self.count();
        peak
    }

    /// An attempt has failed and is to be sent again.
    pub(super) fn hold(&mut self, failed: Sample) -> u64 {
        self.next_failed += 1;
        self.failed.insert(self.next_failed, failed);
        self.next_failed
    }

    /// It is sent again, or will not be.
    pub(super) fn release(&mut self, failed: u64) -> Option<Sample> {
        self.failed.remove(&failed)
    }

    /// Every attempt that was to be sent again.
    pub(super) fn drain_failed(&mut self) -> Vec<Sample> {
        std::mem::take(&mut self.failed).into_values().collect()
    }

    /// Everything that is still on its way.
    pub(super) fn drain(&mut self) -> Vec<Flying> {
        self.free.clear();
        std::mem::take(&mut self.places)
            .into_iter()
            .flatten()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_used_again_and_the_rest_can_be_drained() {
        let mut flights = Flights::default();
        let flying = |step| Flying {
            step,
            measured: true,
            intended: 0,
            sent: 0,
        };
        let first = flights.depart(flying(1));
        flights.depart(flying(2));
        flights.arrive(first);
        assert_eq!(flights.depart(flying(3)), first);
        assert_eq!(
            (flights.count(), flights.peak(), flights.take_window_peak()),
            (2, 2, 2)
        );
        let mut steps: Vec<_> = flights.drain().iter().map(|f| f.step).collect();
        steps.sort_unstable();
        assert_eq!(steps, [2, 3]);
    }
}
