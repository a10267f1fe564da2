//! The closed model: users who start over when they are done. In: their number; out: journeys until the schedule
//! ends. Invariant: a user is on one journey at a time.

use super::Worker;
use crate::load::user::{Journey, User};
use crate::plan::pacer::Shape;
use crate::plan::{choose, seed_of};
use crate::protocol::Protocol;
use crate::scenario::Draw;
use crate::units::{Nanos, nanos};
use std::rc::Rc;

impl<P: Protocol> Worker<P> {
    /// Closed model: this worker's users, each at work for as long as there are more users than its number says.
    pub(super) async fn closed(self: &Rc<Self>, shape: &Shape) {
        let users = self.plan.users().unwrap_or_default();
        for number in (0..users).filter(|n| n % self.workers == self.id) {
            self.active.set(self.active.get() + 1);
            let worker = Rc::clone(self);
            let shifts = shape.above(number as f64);
            tokio::task::spawn_local(async move {
                worker.work_shifts(&shifts, number, users).await;
                worker.left();
            });
        }
        self.clock.sleep_until(nanos(shape.duration())).await;
    }

    /// One user of the closed model: moves in with its first shift, starts over until the end of each.
    async fn work_shifts(&self, shifts: &[(Nanos, Nanos)], number: u64, users: u64) {
        let Some((first, _)) = shifts.first() else {
            return;
        };
        self.clock.sleep_until(*first).await;
        if self.stopping() {
            return;
        }
        let mut user = User::new(&self.program);
        let mut journey = Journey {
            flow: self.flow_of(number),
            due: None,
            measured: self.measured(self.clock.now()),
            thought: 0,
            think: true,
            last: false,
        };
        if self.program.outside.user_setup.is_some()
            && !self.move_in(&mut user, journey, number).await
        {
            return;
        }
        let mut iteration = 0;
        for (start, end) in shifts {
            self.clock.sleep_until(*start).await;
            while !self.stopping() && self.clock.now() < *end {
                let place = (number, users, iteration);
                if !self.iterate(&mut user, &mut journey, place).await {
                    return self.tear_down(&mut user, journey).await;
                }
                iteration += 1;
                // A journey that never had to wait must not keep the others from theirs.
                tokio::task::yield_now().await;
            }
        }
        self.tear_down(&mut user, journey).await;
    }

    /// One journey of a user; `false` when there is no data left for it. Rows of feeders go by iteration: which flows
    /// the other users' iterations take is not known here.
    async fn iterate(
        &self,
        user: &mut User,
        journey: &mut Journey,
        (number, users, iteration): (u64, u64, u64),
    ) -> bool {
        let index = iteration * users + number;
        journey.flow = self.flow_of(index);
        journey.measured = self.measured(self.clock.now());
        user.become_new((self.plan.seed, number, iteration), &self.known);
        self.arrived(journey.flow, journey.measured);
        let draw = Draw::of(index, number);
        if !user.feed(&self.program, journey.flow, self.plan.seed, |_| draw) {
            let due = (self.clock.now(), journey.measured);
            self.dropped(journey.flow, due, |c| c.dropped_data += 1);
            return false;
        }
        self.started(journey.flow, journey.measured);
        self.journey(user, *journey).await;
        true
    }

    fn flow_of(&self, index: u64) -> usize {
        choose(self.plan.seed, index, self.program.shares())
    }

    /// The setup of a user who stays: all its iterations begin where it ends, with its rows of data.
    pub(super) async fn move_in(&self, user: &mut User, journey: Journey, number: u64) -> bool {
        // Its dice are not those of the first iteration.
        let seed = seed_of(self.plan.seed, u64::MAX - 1);
        user.become_new((seed, number, 0), &self.known);
        let draw = Draw::of(number, number);
        let fed = self
            .program
            .user_feeders
            .iter()
            .all(|feeder| user.take_row(&self.program, *feeder, (draw, self.plan.seed)));
        if !fed {
            self.arrived(journey.flow, journey.measured);
            let due = (self.clock.now(), journey.measured);
            self.dropped(journey.flow, due, |c| c.dropped_data += 1);
            return false;
        }
        let passed = self.set_up(user, journey).await;
        user.settle();
        passed
    }
}
