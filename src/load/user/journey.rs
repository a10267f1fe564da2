//! A user's way through a flow. In: the flow's operations; out: requests, one after the other. Invariant: a step is
//! sent only after the one before it passed, and once the run is over nothing more is sent.

use super::control::NoList;
use super::request::{End, Shot};
use super::{Journey, User};
use crate::load::program::{Op, rest};
use crate::load::worker::Worker;
use crate::protocol::Protocol;
use crate::record::Failure;
use crate::units::{Nanos, nanos};
use rand::RngExt as _;

impl<P: Protocol> Worker<P> {
    /// Takes a user through a flow; whether it got to the end.
    pub(in crate::load) async fn journey(&self, user: &mut User, mut journey: Journey) -> bool {
        let flow = &self.program.flows[journey.flow];
        let begun = journey.due.unwrap_or_else(|| self.clock.now());
        let mut intended = begun;
        let mut next = 0;
        user.forget_loops();
        while let Some(op) = flow.ops.get(next) {
            let at = next;
            next += 1;
            if self.over(journey) {
                return self.cut_off(journey, at, begun);
            }
            match op {
                Op::Request(step) => {
                    self.excused(1, journey);
                    let shot = Shot::new(*step, intended, journey.measured);
                    let (variables, lane) = (&user.variables, &mut user.lane);
                    let end = if self.program.requests[*step].insists {
                        Box::pin(self.insist(variables, lane, shot, journey)).await
                    } else {
                        self.request(variables, lane, &shot).await
                    };
                    match end {
                        End::Passed { done, captured } => {
                            user.keep(captured);
                            intended = self.next(done, journey);
                        }
                        End::Cut => return self.cut_off(journey, at, begun),
                        _ => return self.cut_off(journey, next, begun),
                    }
                }
                Op::Think(think) if journey.think => {
                    let pause = nanos(user.lane.rng.random_range(think.min..=think.max));
                    (intended, journey.thought) = (intended + pause, journey.thought + pause);
                    if !self.wait_until(intended, journey).await {
                        return self.cut_off(journey, at, begun);
                    }
                }
                Op::Think(_) => {}
                Op::Group(group) => {
                    match Box::pin(self.group(user, group, (intended, journey))).await {
                        Some(done) => intended = self.next(done, journey),
                        None => return self.cut_off(journey, next, begun),
                    }
                }
                _ => match self.control(user, (op, next), journey.measured) {
                    Ok(place) => next = place,
                    Err(none) => return self.without_list(user, none, (intended, begun), journey),
                },
            }
        }
        let took = intended.saturating_sub(begun);
        self.recorder
            .borrow_mut()
            .flow_ended(journey.flow, journey.measured, true, took);
        true
    }

    /// Ends a flow at a loop over what is no list: its first request cannot be sent.
    fn without_list(
        &self,
        user: &mut User,
        NoList { request, why }: NoList,
        (intended, begun): (Nanos, Nanos),
        journey: Journey,
    ) -> bool {
        let shot = Shot::new(request, intended, journey.measured);
        let failure = (Failure::Unsendable, why);
        self.refuse((&user.variables, &mut user.lane), &shot, failure);
        self.cut_off_from(journey, request + 1, begun)
    }

    /// When the step behind one that ended at `done` is wanted. A smoke test keeps no schedule and keeps evidence of
    /// every exchange instead: the time that takes is nobody's response time.
    fn next(&self, done: Nanos, journey: Journey) -> Nanos {
        if journey.think {
            done
        } else {
            done.max(self.clock.now())
        }
    }

    /// Whether a journey must not send any more.
    pub(super) fn over(&self, journey: Journey) -> bool {
        self.stopping() && !journey.last
    }

    /// Ends a flow before its end: the requests of the operations from `at` on are not sent.
    fn cut_off(&self, journey: Journey, at: usize, begun: Nanos) -> bool {
        let flow = &self.program.flows[journey.flow];
        let first = rest(&flow.ops, at, flow.requests.end);
        self.cut_off_from(journey, first, begun)
    }

    /// The same from a request on.
    fn cut_off_from(&self, journey: Journey, first: usize, begun: Nanos) -> bool {
        let took = self.clock.now().saturating_sub(begun);
        let end = self.program.flows[journey.flow].requests.end;
        self.excused(end.saturating_sub(first), journey);
        let mut recorder = self.recorder.borrow_mut();
        recorder.skipped(first..end, journey.measured);
        recorder.flow_ended(journey.flow, journey.measured, false, took);
        false
    }
}
