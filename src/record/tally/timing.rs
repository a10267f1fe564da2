//! What servers say where their time went (`Server-Timing`). In: durations by name; out: histograms of a step. Invariant:
//! a step has at most [`MOST`] names, however many a server sends.

use super::Histogram;
use crate::record::StepRecord;
use crate::units::Nanos;
use serde::{Deserialize, Serialize};

/// Names that a step keeps.
const MOST: usize = 16;
/// Bytes of a name.
const NAME: usize = 64;

/// One metric of `Server-Timing`, of the measured phase.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServerTiming {
    /// Its name.
    pub name: String,
    /// How long the server says that it took.
    pub time: Histogram,
    /// The time to the first byte without it: network, connecting, and what the server does not count.
    pub rest: Histogram,
}

impl StepRecord {
    /// What a server said of one request.
    pub fn timing(&mut self, name: &str, time: Nanos, rest: Option<Nanos>) {
        let Some(kept) = self.timing_of(name) else {
            return;
        };
        kept.time.record(time);
        if let Some(rest) = rest {
            kept.rest.record(rest);
        }
    }

    /// Adds another worker's.
    pub fn merge_timings(&mut self, others: &[ServerTiming]) {
        for other in others {
            if let Some(kept) = self.timing_of(&other.name) {
                kept.time.merge(&other.time);
                kept.rest.merge(&other.rest);
            }
        }
    }

    fn timing_of(&mut self, name: &str) -> Option<&mut ServerTiming> {
        let at = self.timings.iter().position(|kept| kept.name == name);
        if at.is_none() && self.timings.len() < MOST && !name.is_empty() && name.len() <= NAME {
            self.timings.push(ServerTiming {
                name: name.to_owned(),
                ..ServerTiming::default()
            });
            return self.timings.last_mut();
        }
        self.timings.get_mut(at?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded() {
        let mut step = StepRecord::default();
        for name in 0..100 {
            step.timing(&format!("n{name}"), 5, Some(1));
            step.timing("n0", 7, None);
        }
        step.timing(&"x".repeat(65), 5, None);
        assert_eq!(step.timings.len(), MOST);
        assert_eq!(
            (step.timings[0].time.count(), step.timings[0].rest.count()),
            (101, 1)
        );
        let other = step.clone();
        step.merge_timings(&other.timings);
        assert_eq!(step.timings[0].time.count(), 202);
    }
}
