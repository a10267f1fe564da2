//! A run in a browser while it goes. In: all that it has brought so far; out: a record of that for the live report.
//! Invariant: it is made by the code that makes the record of a run that has ended.

use super::execution::keep;
use super::observing::Seen;
use crate::cli::inputs::Inputs;
use crate::cli::output::ui::Ui;
use crate::load::RunParts;
use crate::plan::Plan;
use crate::record::{GuardRecord, Masker, RunRecord};
use std::sync::Arc;
use tokio::time::Instant;

/// Where it is shown, and what is known of it from the beginning.
pub(super) struct Showing {
    ui: Arc<Ui>,
    record: RunRecord,
    plan: Arc<Plan>,
    masker: Arc<Masker>,
    seen: Seen,
}

impl Showing {
    pub(super) fn new(
        ui: &Arc<Ui>,
        inputs: &Inputs,
        (record, plan): (&RunRecord, &Arc<Plan>),
        masker: &Arc<Masker>,
        seen: Seen,
    ) -> Self {
        ui.begin(record.clone(), inputs.budgets.clone(), plan.duration());
        Self {
            ui: Arc::clone(ui),
            record: record.clone(),
            plan: Arc::clone(plan),
            masker: Arc::clone(masker),
            seen,
        }
    }

    /// With the guards as they stand, of a run that began then.
    pub(super) fn so_far(&self, parts: RunParts, guards: Vec<GuardRecord>, began: Instant) {
        let mut record = self.record.clone();
        keep(&mut record, parts, &self.plan, &self.masker);
        let windows = record.timeline.windows();
        let now = windows.last().map_or(0, |w| w.start + w.length);
        let measured = &self.plan.measured;
        record.counts.duration = now.min(measured.end).saturating_sub(measured.start);
        record.elapsed = now;
        record.guards = guards;
        record.server = self.seen.so_far(began, &self.masker);
        // What is in flight has been sent and has not ended: that adds up only at the end.
        record.health.conserved = true;
        self.ui.show(record);
    }
}
