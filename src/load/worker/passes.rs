//! Smoke: every flow in order. In: how often; out: journeys of one user. Invariant: one request at a time, and no
//! think time.

use super::Worker;
use crate::load::user::{Journey, User};
use crate::protocol::Protocol;
use crate::scenario::Draw;
use std::rc::Rc;

impl<P: Protocol> Worker<P> {
    /// Smoke: every flow in order, on the first worker.
    pub(super) async fn passes(self: &Rc<Self>, passes: u64) {
        if self.id == 0 {
            self.active.set(self.active.get() + 1);
            let worker = Rc::clone(self);
            tokio::task::spawn_local(async move {
                worker.pass_through(passes).await;
                worker.left();
            });
        }
        self.all_left().await;
    }

    async fn pass_through(&self, passes: u64) {
        let mut user = User::new(&self.program);
        let mut uses = vec![0; self.program.feeders.len()];
        let mut journey = Journey {
            flow: 0,
            due: None,
            measured: true,
            thought: 0,
            think: false,
            last: false,
        };
        if self.program.outside.user_setup.is_some() && !self.move_in(&mut user, journey, 0).await {
            return;
        }
        let flows = 0..self.program.load;
        for (number, flow) in (0..passes).flat_map(|_| flows.clone()).enumerate() {
            if self.stopping() {
                break;
            }
            journey.flow = flow;
            user.become_new((self.plan.seed, number as u64, 0), &self.known);
            self.arrived(flow, true);
            // A smoke test is one user.
            let draw = |feeder: usize| Draw::of(uses[feeder], 0);
            if user.feed(&self.program, flow, self.plan.seed, draw) {
                self.started(flow, true);
                if self.plan.bail && self.recorder.borrow().failed() {
                    self.not_begun(journey);
                } else {
                    self.journey(&mut user, journey).await;
                }
            } else {
                let due = (self.clock.now(), true);
                self.dropped(flow, due, |c| c.dropped_data += 1);
            }
            for feeder in &self.program.flows[flow].feeders {
                uses[*feeder] += 1;
            }
        }
        self.tear_down(&mut user, journey).await;
    }
}
