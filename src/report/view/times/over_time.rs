//! One step over time. In: the slots of a tally; out: counts, slot by slot. Invariant: what the recorder counted, merged
//! no further.

use crate::record::Slots;

/// Requests of one step over time, by the instant they were due.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OverTime {
    /// Judged by budgets.
    pub measured: bool,
    /// Length of a slot in seconds; the first begins with the run.
    pub length: f64,
    /// Requests that ended, not passed, and with a failed check, slot by slot.
    pub slots: Vec<[u32; 3]>,
}

impl OverTime {
    pub(in crate::report::view) fn of(measured: bool, slots: &Slots) -> Option<Self> {
        let at = |counts: &[u32], i: usize| counts.get(i).copied().unwrap_or_default();
        let each = (0..slots.ended.len())
            .map(|i| [&slots.ended, &slots.bad, &slots.check_failed].map(|counts| at(counts, i)));
        (slots.width > 0 && !slots.ended.is_empty()).then(|| Self {
            measured,
            length: slots.width as f64 / 1e9,
            slots: each.collect(),
        })
    }
}
