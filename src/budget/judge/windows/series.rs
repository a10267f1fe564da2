//! Requests and violations over time. In: tallies of steps, and what violates; out: counts slot by slot. Invariant:
//! a step without such counts makes the whole unknown: a part would say too little.

use super::super::share::Rule;
use crate::budget::Statistic;
use crate::record::Tally;
use crate::units::Nanos;

/// Counts over time.
#[derive(Debug, Clone, Default)]
pub(in crate::budget::judge) struct Series {
    /// How long a slot is; 0 where there was no request.
    pub(in crate::budget::judge) width: Nanos,
    /// Requests and violations of each slot, since the run began.
    pub(in crate::budget::judge) slots: Vec<(u64, u64)>,
}

impl Series {
    /// What a rule counts in some tallies over time; `None` where it was not kept.
    pub(in crate::budget::judge) fn of<'a>(
        rule: Rule,
        tallies: impl Iterator<Item = &'a Tally>,
    ) -> Option<Self> {
        if !rule.statistic.timed() {
            return None;
        }
        let mut all = Self::default();
        let messages = rule.of_messages();
        let any = |t: &&Tally| {
            if messages {
                !t.messages.is_empty()
            } else {
                t.ended() + t.dropped > 0
            }
        };
        for tally in tallies.filter(any) {
            all.add(&Self::one(rule, tally)?);
        }
        (all.width > 0).then_some(all)
    }

    fn one(rule: Rule, tally: &Tally) -> Option<Self> {
        let slots = &tally.slots;
        if slots.width == 0 || tally.dropped > 0 && slots.dropped.is_empty() {
            return None;
        }
        let at = |counts: &[u32], i: usize| u64::from(counts.get(i).copied().unwrap_or(0));
        let none = Vec::new();
        let mut ended = &slots.ended;
        let over = match (rule.statistic, rule.bound.time()) {
            (Statistic::Percentile { metric, .. }, Some(limit)) => {
                let found = |o: &crate::record::OverCount| (o.metric, o.limit) == (metric, limit);
                let index = tally.over.iter().position(found)?;
                if metric.of_messages() {
                    ended = slots.messages.get(index).unwrap_or(&none);
                }
                slots.over.get(index)?
            }
            _ => &none,
        };
        // What was never sent violates, too: no answer of it, and no message.
        let count = |i: usize| {
            let (ended, dropped) = (at(ended, i), at(&slots.dropped, i));
            if rule.of_messages() {
                return (ended + dropped, at(over, i) + dropped);
            }
            let (bad, checks) = (at(&slots.bad, i), at(&slots.check_failed, i));
            match rule.statistic {
                Statistic::CheckRate => ((ended + checks).saturating_sub(bad), checks),
                _ => (ended + dropped, bad + at(over, i) + dropped),
            }
        };
        let last = ended.len().max(slots.dropped.len());
        Some(Self {
            width: slots.width,
            slots: (0..last).map(count).collect(),
        })
    }

    fn add(&mut self, other: &Self) {
        if self.width == 0 {
            self.width = other.width;
        }
        while self.width < other.width {
            self.width *= 2;
            let pairs = self.slots.chunks(2);
            self.slots = pairs.map(sum).collect();
        }
        let wider = usize::try_from(self.width / other.width.max(1)).unwrap_or(1);
        for (at, slot) in other.slots.chunks(wider.max(1)).map(sum).enumerate() {
            if self.slots.len() <= at {
                self.slots.resize(at + 1, (0, 0));
            }
            self.slots[at].0 += slot.0;
            self.slots[at].1 += slot.1;
        }
    }

    /// The slots that lie between two instants, or touch them.
    pub(in crate::budget::judge) fn between(&self, from: Nanos, to: Nanos) -> &[(u64, u64)] {
        let width = self.width.max(1);
        let index = |at: Nanos| {
            usize::try_from(at)
                .unwrap_or(usize::MAX)
                .min(self.slots.len())
        };
        let (begin, end) = (index(from / width), index(to.div_ceil(width)));
        &self.slots[begin.min(end)..end]
    }
}

/// Requests and violations together.
pub(in crate::budget::judge) fn sum(slots: &[(u64, u64)]) -> (u64, u64) {
    let add = |(n, k), slot: &(u64, u64)| (n + slot.0, k + slot.1);
    slots.iter().fold((0, 0), add)
}
