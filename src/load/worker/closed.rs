//! The closed model: users who start over when they are done. In: their number; out: journeys until the schedule
//! ends. Invariant: a user is on one journey at a time.

use super::Worker;
use crate::load::user::{Journey, User};
use crate::plan::choose;
use crate::protocol::Protocol;
use crate::units::{Nanos, nanos};
use std::rc::Rc;

impl<P: Protocol> Worker<P> {
    /// Closed model: this worker's users, started evenly over the ramp.
    pub(super) async fn closed(self: &Rc<Self>, users: u64) {
        let ramp = self
            .plan
            .phases
            .iter()
            .find(|p| p.name == "ramp")
            .map_or(0, |p| p.end);
        let end = nanos(self.plan.duration());
        for number in (0..users).filter(|n| n % self.workers == self.id) {
            self.active.set(self.active.get() + 1);
            let worker = Rc::clone(self);
            tokio::task::spawn_local(async move {
                worker.clock.sleep_until(ramp / users * number).await;
                worker.use_until(end, number, users).await;
                worker.left();
            });
        }
        self.clock.sleep_until(end).await;
    }

    /// One user of the closed model, starting over until the end. Rows of feeders go by iteration: which flows the
    /// other users' iterations take is not known here.
    pub(super) async fn use_until(&self, end: Nanos, number: u64, users: u64) {
        let mut user = User::new(self.program.variables);
        for iteration in 0.. {
            let now = self.clock.now();
            if now >= end || self.stopping() {
                return;
            }
            let index = iteration * users + number;
            let flow = choose(
                self.plan.seed,
                index,
                self.program.flows.iter().map(|f| f.share),
            );
            let measured = self.measured(now);
            user.become_new(self.plan.seed, number, iteration);
            self.arrived(flow, measured);
            if !user.feed(&self.program, flow, self.plan.seed, |_| index) {
                return self.dropped(flow, measured, |c| c.dropped_data += 1);
            }
            self.started(flow, measured);
            self.journey(
                &mut user,
                Journey {
                    flow,
                    due: None,
                    measured,
                    think: true,
                },
            )
            .await;
            // A journey that never had to wait must not keep the others from theirs.
            tokio::task::yield_now().await;
        }
    }
}
