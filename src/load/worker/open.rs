//! The open model: arrivals on a schedule. In: a pacer; out: users sent on their journeys. Invariant: a late
//! wake-up releases every arrival that is due, each with its own intended instant.

use super::{BATCH, FINE_RATE, Worker};
use crate::load::user::{Journey, User};
use crate::plan::choose;
use crate::plan::pacer::Pacer;
use crate::protocol::Protocol;
use crate::scenario::Draw;
use crate::units::{Nanos, nanos};
use std::rc::Rc;

impl<P: Protocol> Worker<P> {
    /// Open model: this worker's arrivals, each at its instant.
    pub(super) async fn open(self: &Rc<Self>, pacer: &Pacer) {
        let seed = self.plan.seed;
        let fine = pacer.shape.peak() / self.workers as f64 <= FINE_RATE;
        let mut uses = vec![0; self.program.feeders.len()];
        for arrival in pacer.arrivals(seed) {
            let flow = choose(seed, arrival.index, self.program.shares());
            if arrival.index % self.workers == self.id {
                let now = self.clock.now();
                if now < arrival.due {
                    let wake = if fine {
                        arrival.due
                    } else {
                        arrival.due.max(now + BATCH)
                    };
                    self.clock.sleep_until(wake).await;
                }
                self.admit(flow, arrival.index, arrival.due, &uses);
            }
            // Every worker counts every arrival, so that each knows which rows the others take.
            for feeder in &self.program.flows[flow].feeders {
                uses[*feeder] += 1;
            }
        }
        self.clock.sleep_until(nanos(pacer.shape.duration())).await;
    }

    /// Starts an arrival, or counts why it could not be.
    pub(super) fn admit(self: &Rc<Self>, flow: usize, index: u64, due: Nanos, uses: &[u64]) {
        let measured = self.measured(due);
        self.arrived(flow, measured);
        if self.flights.borrow().count() >= self.max_in_flight {
            return self.dropped(flow, (due, measured), |c| c.dropped_in_flight += 1);
        }
        let pooled = self.users.borrow_mut().pop();
        let mut user = pooled.unwrap_or_else(|| User::new(&self.program));
        user.become_new((self.plan.seed, index, 0), &self.known);
        let draw = |feeder: usize| Draw::arrival(uses[feeder]);
        if !user.feed(&self.program, flow, self.plan.seed, draw) {
            self.users.borrow_mut().push(user);
            return self.dropped(flow, (due, measured), |c| c.dropped_data += 1);
        }
        self.started(flow, measured);
        self.active.set(self.active.get() + 1);
        let worker = Rc::clone(self);
        tokio::task::spawn_local(async move {
            worker
                .session(
                    &mut user,
                    Journey {
                        flow,
                        due: Some(due),
                        measured,
                        thought: 0,
                        think: true,
                        last: false,
                    },
                )
                .await;
            user.leave();
            worker.users.borrow_mut().push(user);
            worker.left();
        });
    }
}
