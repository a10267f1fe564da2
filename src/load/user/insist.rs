//! More than one exchange for one step: polls and attempts. In: a request with `until` or `retry`; out: how it ended
//! at last. Invariant: polls go out on a grid that lateness does not move; a pause ends when the run is stopped, and an
//! attempt that is not sent again has failed.

use super::request::{End, Poll, Shot};
use super::{Journey, Lane};
use crate::expr::Value;
use crate::load::worker::Worker;
use crate::protocol::Protocol;
use crate::record::Failure;
use crate::scenario::Auth;
use crate::units::nanos;

impl<P: Protocol> Worker<P> {
    /// Sends a request until it has passed, or is not sent again.
    pub(super) async fn insist(
        &self,
        variables: &[Value],
        lane: &mut Lane,
        mut shot: Shot,
        journey: Journey,
    ) -> End {
        let request = &self.program.requests[shot.step].source;
        let retry = request.retry;
        let mut left = retry.times;
        shot.poll = request.until.as_ref().map(|until| Poll {
            first: shot.intended,
            every: nanos(until.every),
            within: nanos(until.within),
            ended: 0,
        });
        let digest = matches!(request.auth, Some(Auth::Digest { .. }));
        shot.chances.open = digest;
        loop {
            if let Err(why) = self.identify(variables, lane, &mut shot).await {
                return self.refuse((variables, lane), &shot, (Failure::Auth, why));
            }
            if let Some(poll) = shot.poll.as_mut().filter(|poll| poll.ended == 0) {
                // The wait for a token is not the poll's.
                poll.first = shot.intended;
            }
            shot.chances.more = left > 0;
            let mut failed = None;
            match self.request(variables, lane, &shot).await {
                End::Challenged { done } => {
                    shot.chances.open = false;
                    (shot.intended, shot.due) = (done, done);
                }
                End::Again { done, held } => {
                    failed = Some((done, held));
                    left -= 1;
                    shot.chances.again = true;
                    shot.chances.open = digest;
                    shot.due = done + nanos(retry.pause);
                }
                End::NotYet { next } => {
                    left = retry.times;
                    shot.chances.open = digest;
                    if let Some(poll) = &mut shot.poll {
                        poll.ended += 1;
                    }
                    shot.round += 1;
                    (shot.intended, shot.due) = (next, next);
                    self.wanted(1, journey.measured);
                }
                end => return end,
            }
            let goes_on = self.pause(&shot, journey).await;
            match failed {
                Some((done, held)) if !goes_on => {
                    self.fail(held);
                    return End::Failed { done };
                }
                Some((_, held)) => self.try_again(&shot, held),
                None if !goes_on => return End::Cut,
                None => {}
            }
        }
    }

    /// Waits until a request is due again; `false` when the run ends first.
    async fn pause(&self, shot: &Shot, journey: Journey) -> bool {
        if shot.poll.is_some() {
            self.wait_to_poll(shot.due, journey).await
        } else {
            self.wait_until(shot.due, journey).await
        }
    }

    /// Whether a request that failed is not sent again, because the run is over.
    pub(super) fn gives_up(&self, shot: &Shot) -> bool {
        if shot.poll.is_some() {
            self.stopped()
        } else {
            self.stopping()
        }
    }

    /// An attempt that failed is sent again.
    fn try_again(&self, shot: &Shot, held: u64) {
        if self.flights.borrow_mut().release(held).is_some() {
            let mut recorder = self.recorder.borrow_mut();
            recorder.retried(shot.step, shot.measured);
        }
    }

    /// An attempt that failed is not sent again after all.
    fn fail(&self, held: u64) {
        let failed = self.flights.borrow_mut().release(held);
        failed.iter().for_each(|sample| self.record(sample));
    }
}
