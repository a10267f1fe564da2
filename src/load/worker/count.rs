//! Counting. In: arrivals and samples; out: the recorder and the counts of the measured phase. Invariant: every
//! arrival is started or dropped, and counted once.

use super::{SECOND, Worker};
use crate::load::user::{Journey, Shot};
use crate::plan::Load;
use crate::protocol::Protocol;
use crate::record::{Counts, Outcome, Sample};
use crate::units::Nanos;

impl<P: Protocol> Worker<P> {
    pub(in crate::load) fn record(&self, sample: &Sample) {
        self.recorder.borrow_mut().record(sample);
        self.until(sample.done);
        let answered = matches!(
            sample.outcome,
            Outcome::Ok | Outcome::NotYet(_) | Outcome::CheckFailed(_)
        );
        if answered {
            let (within, in_time) = (
                self.measured(sample.done) && !self.outside(sample.step),
                sample.measured && self.in_time(sample.done),
            );
            self.count(|c| {
                c.ended_within += u64::from(within);
                c.in_time += u64::from(in_time);
            });
        }
    }

    /// The run has lasted until then.
    pub(in crate::load) fn until(&self, at: Nanos) {
        self.last_done.set(self.last_done.get().max(at));
    }

    /// Whether an instant is in the measured phase.
    pub(super) fn measured(&self, at: Nanos) -> bool {
        matches!(self.plan.load, Load::Passes(_)) || self.plan.measured.contains(&at)
    }

    /// Whether something that happens at an instant within an exchange counts for the budgets: what began in the
    /// warm-up may go on behind it.
    pub(in crate::load) fn measures(&self, shot: &Shot, at: Nanos) -> bool {
        !self.outside(shot.step) && self.measured(at)
    }

    /// Whether an exchange that ended at an instant counts for the budgets: so does what began before the measured
    /// phase and reached into it.
    pub(in crate::load) fn reaches(&self, shot: &Shot, end: Nanos) -> bool {
        let phase = &self.plan.measured;
        let within = !phase.is_empty() && shot.intended < phase.end && end > phase.start;
        shot.measured || within && !self.outside(shot.step)
    }

    /// Whether a step belongs to setup or teardown.
    fn outside(&self, step: usize) -> bool {
        let layout = self.program.layout();
        layout.flows[layout.steps[step].flow].outside
    }

    /// Whether an answer came by the end of the measured phase, or so little behind it (a second, or 5 % of the
    /// phase where that is less) that it was just on its way.
    pub(super) fn in_time(&self, at: Nanos) -> bool {
        let phase = &self.plan.measured;
        let slack = SECOND.min((phase.end - phase.start) / 20);
        phase.is_empty() || at <= phase.end + slack
    }

    pub(super) fn arrived(&self, flow: usize, measured: bool) {
        let requests = self.program.flows[flow].expected.max(0).cast_unsigned();
        self.recorder.borrow_mut().arrival(requests);
        if measured {
            self.count(|c| {
                c.arrivals += 1;
                c.offered += requests;
                c.planned += requests;
            });
        }
    }

    /// A journey wants more requests than its arrival was counted with, or fewer.
    pub(in crate::load) fn wanted(&self, more: i64, measured: bool) {
        if measured {
            self.count(|c| c.offered = c.offered.saturating_add_signed(more));
        }
    }

    /// So many requests of a journey are to come. Where its think times alone put them behind the measured phase, no
    /// target could answer them in it.
    pub(in crate::load) fn excused(&self, requests: usize, journey: Journey) {
        let phase = &self.plan.measured;
        let Some(due) = journey
            .due
            .filter(|_| journey.measured && journey.thought > 0)
        else {
            return;
        };
        if !phase.is_empty() && due + journey.thought >= phase.end {
            self.count(|c| c.beyond += requests as u64);
        }
    }

    /// Counted before its journey is spawned: a stop may come before that is polled.
    pub(super) fn started(&self, flow: usize, measured: bool) {
        self.recorder.borrow_mut().flow_started(flow, measured);
        if measured {
            self.count(|c| c.started += 1);
        }
    }

    /// An arrival that was due then is not started.
    pub(super) fn dropped(
        &self,
        flow: usize,
        (due, measured): (Nanos, bool),
        why: impl FnOnce(&mut Counts),
    ) {
        let mut recorder = self.recorder.borrow_mut();
        recorder.flow_dropped(flow, due, measured);
        drop(recorder);
        if measured {
            self.count(why);
        }
    }

    pub(super) fn count(&self, change: impl FnOnce(&mut Counts)) {
        let mut counts = self.counts.get();
        change(&mut counts);
        self.counts.set(counts);
    }
}
