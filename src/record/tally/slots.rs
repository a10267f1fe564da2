//! One step over time, as far as budgets need it. In: the intended instant and the outcome of each request; out:
//! counts per slot of equal length. Invariant: adding workers loses nothing, and there are never more than `most`
//! slots: a run that outgrows them gets slots of twice the length.

use crate::record::{Outcome, Sample};
use crate::units::Nanos;
use serde::{Deserialize, Serialize};

/// A slot is this long until they become too many.
const SECOND: Nanos = 1_000_000_000;

/// Series of counts, slot by slot since the run began.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Slots {
    /// How long each is; 0 where none are kept.
    pub width: Nanos,
    /// The most that are kept.
    most: usize,
    /// Requests that ended.
    pub ended: Vec<u32>,
    /// Of those, the ones that did not pass.
    pub bad: Vec<u32>,
    /// Of those, the ones whose check failed.
    pub check_failed: Vec<u32>,
    /// Requests that were never sent, since their arrival was dropped: in none of the others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<u32>,
    /// Passed requests over a limit, for each limit of the tally in its order; of a limit on messages, those over it
    /// and those that never came.
    pub over: Vec<Vec<u32>>,
    /// Messages that a limit on messages speaks of, those that never came among them; in the order of `over`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Vec<u32>>,
}

impl Slots {
    /// Empty ones, for a tally with so many limits.
    pub(in crate::record) fn new(most: usize, limits: usize) -> Self {
        Self {
            width: SECOND,
            most: most.max(2),
            over: vec![Vec::new(); limits],
            ..Self::default()
        }
    }

    /// Counts a request; its slot, for the limits.
    pub(super) fn record(&mut self, sample: &Sample) -> Option<usize> {
        if self.width == 0 || sample.outcome == Outcome::Aborted {
            return None;
        }
        let slot = self.slot(sample.intended);
        add(&mut self.ended, slot, 1);
        if !matches!(sample.outcome, Outcome::Ok | Outcome::NotYet(_)) {
            add(&mut self.bad, slot, 1);
        }
        if matches!(sample.outcome, Outcome::CheckFailed(_)) {
            add(&mut self.check_failed, slot, 1);
        }
        Some(slot)
    }

    /// Counts a request that was never sent.
    pub(in crate::record) fn dropped(&mut self, due: Nanos) {
        if self.width > 0 {
            let slot = self.slot(due);
            add(&mut self.dropped, slot, 1);
        }
    }

    /// The slot of an instant; makes room for it.
    fn slot(&mut self, at: Nanos) -> usize {
        let mut slot = slot(at, self.width);
        while slot >= self.most {
            self.widen();
            slot /= 2;
        }
        slot
    }

    /// Counts a message that a limit speaks of.
    pub(super) fn message(&mut self, limit: usize, at: Nanos, over: bool) {
        if self.width == 0 {
            return;
        }
        let slot = self.slot(at);
        if self.messages.len() <= limit {
            self.messages.resize(limit + 1, Vec::new());
        }
        add(&mut self.messages[limit], slot, 1);
        if over {
            self.over(limit, slot);
        }
    }

    /// Counts a passed request over a limit.
    pub(super) fn over(&mut self, limit: usize, slot: usize) {
        if let Some(counts) = self.over.get_mut(limit) {
            add(counts, slot, 1);
        }
    }

    /// Adds the counts of others, but for limits.
    pub(super) fn merge(&mut self, other: &Self) {
        if other.width == 0 {
            return;
        }
        if self.width == 0 {
            self.width = other.width;
        }
        self.most = self.most.max(other.most);
        while self.width < other.width {
            self.widen();
        }
        let wider = factor(self.width, other.width);
        merge(&mut self.ended, &other.ended, wider);
        merge(&mut self.bad, &other.bad, wider);
        merge(&mut self.check_failed, &other.check_failed, wider);
        merge(&mut self.dropped, &other.dropped, wider);
    }

    /// Adds the counts of another's limit to one of these. Call it after [`Slots::merge`].
    pub(super) fn merge_over(&mut self, ours: usize, other: &Self, theirs: usize) {
        let wider = factor(self.width, other.width);
        for (ours_of, theirs_of) in [
            (&mut self.over, &other.over),
            (&mut self.messages, &other.messages),
        ] {
            let Some(counts) = theirs_of.get(theirs) else {
                continue;
            };
            if ours_of.len() <= ours {
                ours_of.resize(ours + 1, Vec::new());
            }
            merge(&mut ours_of[ours], counts, wider);
        }
    }

    fn widen(&mut self) {
        self.width *= 2;
        let (ended, bad) = (&mut self.ended, &mut self.bad);
        let series = [ended, bad, &mut self.check_failed, &mut self.dropped];
        let limits = self.over.iter_mut().chain(&mut self.messages);
        for counts in series.into_iter().chain(limits) {
            *counts = counts.chunks(2).map(|pair| pair.iter().sum()).collect();
        }
    }
}

fn slot(at: Nanos, width: Nanos) -> usize {
    usize::try_from(at / width).unwrap_or(usize::MAX)
}

fn factor(wide: Nanos, narrow: Nanos) -> usize {
    usize::try_from(wide / narrow.max(1)).unwrap_or(1).max(1)
}

fn add(counts: &mut Vec<u32>, slot: usize, count: u32) {
    if counts.len() <= slot {
        counts.resize(slot + 1, 0);
    }
    counts[slot] = counts[slot].saturating_add(count);
}

fn merge(ours: &mut Vec<u32>, theirs: &[u32], wider: usize) {
    for (slot, count) in theirs.iter().enumerate() {
        add(ours, slot / wider, *count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(second: u64, outcome: Outcome) -> Sample {
        let at = second * SECOND + 1;
        Sample {
            intended: at,
            sent: at,
            done: at + 5,
            ..Sample::of(0, outcome)
        }
    }

    fn counted(seconds: impl Iterator<Item = u64>, most: usize) -> Slots {
        let mut slots = Slots::new(most, 1);
        for second in seconds {
            let outcome = if second % 3 == 0 {
                Outcome::CheckFailed(0)
            } else {
                Outcome::Ok
            };
            if let Some(slot) = slots.record(&sample(second, outcome)) {
                slots.over(0, slot);
            }
        }
        slots
    }

    #[test]
    fn a_day_keeps_a_bounded_number_of_slots_and_loses_no_count() {
        let slots = counted(0..86_400, 240);
        assert!(slots.ended.len() <= 240);
        assert_eq!(slots.width, 512 * SECOND);
        assert_eq!(slots.ended.iter().sum::<u32>(), 86_400);
        assert_eq!(slots.bad.iter().sum::<u32>(), 28_800);
        assert_eq!(slots.over[0].iter().sum::<u32>(), 86_400);
    }

    #[test]
    fn workers_of_different_length_add_up_to_one() {
        let one = counted(0..1_000, 240);
        let mut merged = counted(0..7, 240);
        let rest = counted(7..1_000, 240);
        merged.merge(&rest);
        merged.merge_over(0, &rest, 0);
        assert_eq!(merged, one);
    }

    #[test]
    fn polls_are_no_failures_and_what_was_never_sent_is_counted_apart() {
        let mut slots = Slots::new(2, 0);
        for second in 0..4 {
            slots.record(&sample(second, Outcome::NotYet(0)));
            slots.dropped(second * SECOND);
        }
        let mut other = Slots::new(2, 0);
        other.dropped(3 * SECOND);
        slots.merge(&other);
        assert_eq!((&slots.ended[..], slots.bad.len()), (&[2, 2][..], 0));
        assert_eq!(slots.dropped, [2, 3]);
    }

    #[test]
    fn aborted_requests_are_in_no_slot() {
        let mut slots = Slots::new(240, 0);
        assert_eq!(slots.record(&sample(1, Outcome::Aborted)), None);
        assert!(slots.ended.is_empty());
    }
}
