//! Requests at the same time, as a browser fetches a page's assets. In: a group; out: its samples, and what its
//! answers left: captures behind the group, cookies as they come. Invariant: at most so many at once, each on a
//! lane of its own; a member that fails keeps no other from being sent.

use super::request::{End, Shot};
use super::{Journey, Lane, User};
use crate::load::program::{Group, Member};
use crate::load::worker::Worker;
use crate::protocol::{Jar, Protocol};
use crate::units::Nanos;
use rand::{Rng as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

/// What the lanes of a group share.
struct Shared<'a> {
    members: Vec<(&'a Member, u64)>,
    next: Cell<usize>,
    jar: RefCell<Jar>,
    ends: RefCell<Vec<Option<End>>>,
    begun: Nanos,
    journey: Journey,
}

impl<P: Protocol> Worker<P> {
    /// Sends a group; the instant of its end, if every member passed.
    pub(super) async fn group(
        &self,
        user: &mut User,
        group: &Group,
        (begun, journey): (Nanos, Journey),
    ) -> Option<Nanos> {
        let members = self.taken(user, group, journey.measured);
        if members.is_empty() {
            return Some(begun);
        }
        self.excused(members.len(), journey);
        let lanes = members.len().min(group.parallel);
        let begun = self.tokens(user, &members, begun).await;
        let dice = user.lane.rng.clone();
        let shared = Shared {
            next: Cell::new(0),
            jar: RefCell::new(std::mem::take(&mut user.lane.session.jar)),
            ends: RefCell::new(members.iter().map(|_| None).collect()),
            members,
            begun,
            journey,
        };
        while user.more.len() + 1 < lanes {
            user.more.push(Lane::new());
        }
        let (variables, lane, more) = (&user.variables, &mut user.lane, &mut user.more);
        for other in more.iter_mut() {
            (other.number, other.iteration) = (lane.number, lane.iteration);
            other.keys.share(&lane.keys);
            lane.session.share(&mut other.session);
        }
        let all = std::iter::once(lane).chain(more.iter_mut()).take(lanes);
        together(
            all.map(|lane| self.lane(variables, lane, &shared))
                .map(|work| Box::pin(work) as Pin<Box<dyn Future<Output = ()> + '_>>)
                .collect(),
        )
        .await;
        user.lane.rng = dice;
        user.lane.session.jar = shared.jar.take();
        let ends = shared.ends.take();
        let took = self.gather(user, (&shared.members, ends), (begun, journey.measured));
        let mut recorder = self.recorder.borrow_mut();
        let duration = took.map(|done| done.saturating_sub(begun));
        recorder.group_ended(group.index, journey.measured, duration);
        took
    }

    /// Asks for the tokens that the members need before any of them is sent: once, not once a lane. From when on the
    /// group is late. A member without a token says so itself.
    async fn tokens(&self, user: &mut User, members: &[(&Member, u64)], begun: Nanos) -> Nanos {
        let mut ready = begun;
        for (member, _) in members {
            let mut shot = Shot::new(member.request, ready, false);
            let (variables, lane) = (&user.variables, &mut user.lane);
            if self.identify(variables, lane, &mut shot).await.is_ok() {
                ready = shot.intended;
            }
        }
        ready
    }

    /// The members whose conditions hold, each with a seed; the others are not taken.
    fn taken<'a>(
        &self,
        user: &mut User,
        group: &'a Group,
        measured: bool,
    ) -> Vec<(&'a Member, u64)> {
        let mut taken = Vec::with_capacity(group.members.len());
        for member in &group.members {
            if user.finds(&member.when) {
                taken.push((member, user.lane.rng.next_u64()));
            } else {
                let request = member.request..member.request + 1;
                self.recorder.borrow_mut().not_taken(request, measured);
                self.wanted(-1, measured);
            }
        }
        taken
    }

    /// Sends members one after the other until none is left.
    async fn lane(&self, variables: &[crate::expr::Value], lane: &mut Lane, shared: &Shared<'_>) {
        let mut free = shared.begun;
        loop {
            let index = shared.next.get();
            let Some((member, seed)) = shared.members.get(index) else {
                return;
            };
            if self.over(shared.journey) {
                return;
            }
            shared.next.set(index + 1);
            let before = shared.jar.borrow().clone();
            lane.session.jar.clone_from(&before);
            lane.rng = Xoshiro256PlusPlus::seed_from_u64(*seed);
            let shot = Shot::new(member.request, free, shared.journey.measured);
            let end = if self.program.requests[member.request].insists {
                self.insist(variables, lane, shot, shared.journey).await
            } else {
                self.request(variables, lane, &shot).await
            };
            let after = std::mem::take(&mut lane.session.jar);
            shared.jar.borrow_mut().absorb(&before, after);
            if let End::Passed { done, .. } | End::Failed { done } = &end {
                free = *done;
            }
            if let Some(place) = shared.ends.borrow_mut().get_mut(index) {
                *place = Some(end);
            }
        }
    }

    /// Keeps what the members captured; the instant of the last end, if all of them passed.
    fn gather(
        &self,
        user: &mut User,
        (members, ends): (&[(&Member, u64)], Vec<Option<End>>),
        (begun, measured): (Nanos, bool),
    ) -> Option<Nanos> {
        let mut last = Some(begun);
        for ((member, _), end) in members.iter().zip(ends) {
            match end {
                Some(End::Passed { done, captured }) => {
                    user.keep(captured);
                    last = last.map(|last| last.max(done));
                }
                Some(End::Cut) | None => {
                    let request = member.request..member.request + 1;
                    self.recorder.borrow_mut().skipped(request, measured);
                    last = None;
                }
                Some(_) => last = None,
            }
        }
        last
    }
}

/// Waits for all of them.
async fn together(mut work: Vec<Pin<Box<dyn Future<Output = ()> + '_>>>) {
    poll_fn(|context| {
        work.retain_mut(|work| work.as_mut().poll(context).is_pending());
        if work.is_empty() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}
