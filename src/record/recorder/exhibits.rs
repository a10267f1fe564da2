//! Exchanges that are kept as evidence. In: exhibits; out: a few of each kind. Invariant: no more than somebody reads,
//! so that building them costs a run nothing.

use super::Recorder;
use crate::record::{Exhibit, What};

/// Exhibits kept of each kind of failure, of failed attempts and of passes of a step.
pub(super) const EXHIBITS: usize = 3;
/// Exhibits kept of passes, of all steps together.
const PASSES: usize = 200;

impl Recorder {
    /// The run begins: what was recorded until now, by its setup, has no time on its clock.
    pub fn begin(&mut self) {
        for (count, exhibits) in self.failures.values_mut() {
            (count.first, count.last) = (0, 0);
            exhibits.iter_mut().for_each(|exhibit| exhibit.at = 0);
        }
        let attempts = self.attempts.values_mut().flatten();
        attempts
            .chain(&mut self.passes)
            .for_each(|exhibit| exhibit.at = 0);
    }

    /// Whether an exhibit of this kind is still wanted: building one costs something.
    pub fn wants_exhibit(&self, step: usize, what: What) -> bool {
        self.failures
            .get(&(step, what))
            .is_none_or(|(_, kept)| kept.len() < EXHIBITS)
    }

    /// The same for an attempt that failed and is sent again.
    pub fn wants_attempt(&self, step: usize, what: What) -> bool {
        self.attempts
            .get(&(step, what))
            .is_none_or(|kept| kept.len() < EXHIBITS)
    }

    /// The same for an exchange that passed.
    pub fn wants_pass(&self, step: usize) -> bool {
        let of_step = self.passes.iter().filter(|e| e.step == step);
        self.passes.len() < PASSES && of_step.count() < EXHIBITS
    }

    /// Keeps an exchange that was wanted. Call it after [`Recorder::record`] of the same request.
    pub fn exhibit(&mut self, exhibit: Exhibit) {
        match exhibit.what {
            None => self.passes.push(exhibit),
            Some(what) if exhibit.retried => {
                let kept = self.attempts.entry((exhibit.step, what)).or_default();
                kept.push(exhibit);
            }
            Some(what) => {
                if let Some((_, kept)) = self.failures.get_mut(&(exhibit.step, what)) {
                    kept.push(exhibit);
                }
            }
        }
    }
}
