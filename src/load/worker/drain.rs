//! The end of a run. In: users on their journeys; out: nobody left. Invariant: whatever was sent is recorded, be it
//! as aborted.

use super::{GRACE, Worker};
use crate::load::stop::DRAIN;
use crate::load::user::Journey;
use crate::protocol::Protocol;
use crate::record::{Outcome, Sample};
use crate::units::{Nanos, nanos};
use std::time::Duration;

impl<P: Protocol> Worker<P> {
    /// Lets what was started end. An undisturbed run waits for its flows, then, once the grace is over, for the
    /// requests in flight, each of which ends by its own timeout, and for polls, which go on until they hold or their
    /// own time is over: nothing that was sent is left out of a verdict. A stopped run waits for the requests in
    /// flight as long as [`DRAIN`] says.
    pub(super) async fn drain(&self) {
        self.ended.set(true);
        self.ending.notify_waiters();
        let mut stop = self.stop.clone();
        let grace = self.clock.now() + nanos(GRACE);
        tokio::select! {
            () = self.all_left() => return,
            () = self.clock.sleep_until(grace) => {}
            () = stop.requested() => {}
        }
        self.closing.set(true);
        self.cut.notify_waiters();
        let mut patience = self.program.longest_step() + Duration::from_secs(1);
        loop {
            let stopped = stop.reason().is_some();
            if stopped {
                patience = DRAIN;
                self.cut.notify_waiters();
            }
            let deadline = self.clock.now() + nanos(patience);
            tokio::select! {
                () = self.all_left() => return,
                () = self.clock.sleep_until(deadline) => return,
                () = stop.requested(), if !stopped => {}
            }
        }
    }

    /// Waits for a pause to pass; `false` when the run ends first, unless the journey goes on all the same.
    pub(in crate::load) async fn wait_until(&self, deadline: Nanos, journey: Journey) -> bool {
        if journey.last {
            self.clock.sleep_until(deadline).await;
            return true;
        }
        if self.stopping() {
            return false;
        }
        tokio::select! {
            () = self.clock.sleep_until(deadline) => !self.stopping(),
            () = self.cut.notified() => false,
        }
    }

    /// The same for a poll, which only a stop ends: whether what is awaited comes is not known before its time is over.
    pub(in crate::load) async fn wait_to_poll(&self, deadline: Nanos, journey: Journey) -> bool {
        if journey.last {
            return self.wait_until(deadline, journey).await;
        }
        let sleep = self.clock.sleep_until(deadline);
        tokio::pin!(sleep);
        while !self.stopped() {
            tokio::select! {
                () = &mut sleep => return !self.stopped(),
                () = self.cut.notified() => {}
            }
        }
        false
    }

    /// Whether those who listen are to go.
    pub(in crate::load) fn is_ended(&self) -> bool {
        self.ended.get()
    }

    /// Waits for that.
    pub(in crate::load) async fn ending(&self) {
        self.ending.notified().await;
    }

    /// What is still in flight when the worker ends was cut off; what waits to be sent again has failed.
    pub(in crate::load) fn abort_flights(&self, now: Nanos) {
        let failed = self.flights.borrow_mut().drain_failed();
        failed.iter().for_each(|sample| self.record(sample));
        for flying in self.flights.borrow_mut().drain() {
            self.record(&Sample {
                measured: flying.measured,
                intended: flying.intended,
                sent: flying.sent,
                done: now,
                ..Sample::of(flying.step, Outcome::Aborted)
            });
        }
    }
}
