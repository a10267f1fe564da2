//! The closed model: users who start over when they are done. In: their number; out: journeys until the schedule
//! ends. Invariant: a user is on one journey at a time.

use super::Worker;
use crate::load::user::{Journey, User};
use crate::plan::{choose, seed_of};
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
    async fn use_until(&self, end: Nanos, number: u64, users: u64) {
        let mut user = User::new(&self.program);
        let mut journey = Journey {
            flow: self.flow_of(number),
            due: None,
            measured: self.measured(self.clock.now()),
            think: true,
            last: false,
        };
        if self.program.outside.user_setup.is_some()
            && !self.move_in(&mut user, journey, number).await
        {
            return;
        }
        for iteration in 0.. {
            let now = self.clock.now();
            if now >= end || self.stopping() {
                break;
            }
            let index = iteration * users + number;
            journey.flow = self.flow_of(index);
            journey.measured = self.measured(now);
            user.become_new((self.plan.seed, number, iteration), &self.known);
            self.arrived(journey.flow, journey.measured);
            if !user.feed(&self.program, journey.flow, self.plan.seed, |_| index) {
                self.dropped(journey.flow, journey.measured, |c| c.dropped_data += 1);
                break;
            }
            self.started(journey.flow, journey.measured);
            self.journey(&mut user, journey).await;
            // A journey that never had to wait must not keep the others from theirs.
            tokio::task::yield_now().await;
        }
        self.tear_down(&mut user, journey).await;
    }

    fn flow_of(&self, index: u64) -> usize {
        choose(self.plan.seed, index, self.program.shares())
    }

    /// The setup of a user who stays: all its iterations begin where it ends, with its rows of data.
    pub(super) async fn move_in(&self, user: &mut User, journey: Journey, number: u64) -> bool {
        // Its dice are not those of the first iteration.
        let seed = seed_of(self.plan.seed, u64::MAX - 1);
        user.become_new((seed, number, 0), &self.known);
        let fed = self
            .program
            .user_feeders
            .iter()
            .all(|feeder| user.take_row(&self.program, *feeder, (number, self.plan.seed)));
        if !fed {
            self.arrived(journey.flow, journey.measured);
            self.dropped(journey.flow, journey.measured, |c| c.dropped_data += 1);
            return false;
        }
        let passed = self.set_up(user, journey).await;
        user.settle();
        passed
    }
}
