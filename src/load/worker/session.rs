//! What is done around the flows of a user. In: a user and its journey; out: its setup before, its teardown behind.
//! Invariant: nothing of it is measured, and none of its time is lateness of the generator.

use super::Worker;
use crate::load::stop::DRAIN;
use crate::load::user::{Journey, User};
use crate::plan::{Load, seed_of};
use crate::protocol::Protocol;
use crate::scenario::Draw;
use crate::units::nanos;
use std::rc::Rc;

impl<P: Protocol> Worker<P> {
    /// A user's only journey, setup and teardown around it.
    pub(super) async fn session(&self, user: &mut User, mut journey: Journey) {
        if self.program.outside.user_setup.is_some() {
            if !self.set_up(user, journey).await {
                return self.not_begun(journey);
            }
            journey.due = journey.due.map(|due| due.max(self.clock.now()));
        }
        self.journey(user, journey).await;
        self.tear_down(user, journey).await;
    }

    /// A user's setup, where there is one; whether its journeys may begin.
    pub(super) async fn set_up(&self, user: &mut User, journey: Journey) -> bool {
        let Some(flow) = self.program.outside.user_setup else {
            return true;
        };
        self.around(user, Journey { flow, ..journey }).await
    }

    /// A user's teardown, where there is one: also when the run is being stopped.
    pub(super) async fn tear_down(&self, user: &mut User, journey: Journey) {
        if let Some(flow) = self.program.outside.user_teardown {
            let journey = Journey {
                flow,
                due: None,
                last: true,
                ..journey
            };
            self.around(user, journey).await;
        }
    }

    /// A journey outside the load.
    pub(in crate::load) async fn around(&self, user: &mut User, journey: Journey) -> bool {
        let journey = Journey {
            measured: false,
            ..journey
        };
        self.recorder.borrow_mut().flow_started(journey.flow, false);
        self.journey(user, journey).await
    }

    /// A journey that was started and cannot go on: nothing of it is sent.
    pub(super) fn not_begun(&self, journey: Journey) {
        let requests = self.program.flows[journey.flow].requests.clone();
        let mut recorder = self.recorder.borrow_mut();
        recorder.skipped(requests, journey.measured);
        recorder.flow_ended(journey.flow, journey.measured, false, 0);
    }
}

impl<P: Protocol> Worker<P> {
    /// The setup of the run, by a user of its own: that user, if it passed.
    pub(in crate::load) async fn set_up_run(self: &Rc<Self>) -> Option<User> {
        let mut user = User::new(&self.program);
        // Its dice are not those of the load's first user.
        let seed = seed_of(self.plan.seed, u64::MAX);
        user.become_new((seed, 0, 0), &self.known);
        match self.program.outside.setup {
            Some(flow) => self.perform(user, flow, false).await,
            None => Some(user),
        }
    }

    /// The teardown of the run, by the user of its setup.
    pub(in crate::load) async fn tear_down_run(self: &Rc<Self>, user: User) {
        if let Some(flow) = self.program.outside.teardown {
            self.perform(user, flow, true).await;
        }
    }

    /// A flow of the run itself. Once the run is stopped it has as long as the drain of a load.
    async fn perform(self: &Rc<Self>, mut user: User, flow: usize, last: bool) -> Option<User> {
        let journey = Journey {
            flow,
            due: None,
            measured: false,
            thought: 0,
            think: !matches!(self.plan.load, Load::Passes(_)),
            last,
        };
        user.feed(&self.program, flow, self.plan.seed, |_| Draw::of(0, 0));
        let worker = Rc::clone(self);
        let mut task = tokio::task::spawn_local(async move {
            let passed = worker.around(&mut user, journey).await;
            passed.then_some(user)
        });
        let mut stop = self.stop.clone();
        tokio::select! {
            done = &mut task => return done.ok().flatten(),
            () = stop.requested() => {}
        }
        let deadline = self.clock.now() + nanos(DRAIN);
        let done = tokio::select! {
            done = &mut task => done.ok().flatten(),
            () = self.clock.sleep_until(deadline) => None,
        };
        task.abort();
        self.abort_flights(self.clock.now());
        done
    }
}
