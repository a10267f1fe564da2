//! More than one exchange for one step: polls and attempts. In: a request with `until` or `retry`; out: how it ended
//! at last. Invariant: polls go out on a grid that lateness does not move, and a pause ends when the run does.

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
            match self.request(variables, lane, &shot).await {
                End::Challenged { done } => {
                    shot.chances.open = false;
                    (shot.intended, shot.due) = (done, done);
                }
                End::Again { done } => {
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
            if !self.wait_until(shot.due, journey).await {
                return End::Cut;
            }
        }
    }
}
