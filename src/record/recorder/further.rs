//! The checks behind the first that failed. In: a request that was recorded, and which of them failed, too; out: counts and
//! failures of their own. Invariant: the request itself is counted once, by its first failed check.

use super::Recorder;
use crate::record::{Outcome, Sample, What};

/// Long bodies that one run keeps.
const WHOLE: usize = 16;
/// Characters of a body that is not long.
const SHORT: usize = 512;

impl Recorder {
    /// The further checks that the answer of a request failed, of `looked` in all. Call it after [`Recorder::record`] of the
    /// same request.
    pub fn further(&mut self, sample: &Sample, failed: &[usize], looked: usize) {
        let Outcome::CheckFailed(first) = sample.outcome else {
            return;
        };
        let tally = self.tally(sample.step, sample.measured);
        let behind = tally.checks.iter_mut().enumerate();
        for (index, check) in behind.take(looked).skip(first + 1) {
            if failed.contains(&index) {
                check.failed += 1;
            } else {
                check.passed += 1;
            }
        }
        for index in failed {
            self.failure(sample, What::Check(*index));
        }
    }

    /// Whether another exhibit may hold a long body.
    pub fn wants_whole(&self) -> bool {
        let kept = self.failures.values().flat_map(|(_, kept)| kept);
        let bodies = kept.filter_map(|exhibit| exhibit.response.as_ref());
        bodies.filter(|message| message.body.len() > SHORT).count() < WHOLE
    }
}
