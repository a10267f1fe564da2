//! One exchange. In: a request and when it was wanted; out: a sample, and how the flow goes on. Invariant: whatever
//! is sent is recorded once: as a sample, or as an attempt that is sent again.

use super::answer::{Policed, refusal};
use super::{Captured, Fault, Heard, Lane};
use crate::expr::{Cache, Value};
use crate::load::exhibit::{Case, Evidence, exhibit};
use crate::load::flight::Flying;
use crate::load::worker::Worker;
use crate::protocol::{Call, Exchange, Problem, Protocol};
use crate::record::{Failure, Outcome, Refusal, Sample, What};
use crate::units::{Nanos, format_nanos, nanos};
use http::HeaderValue;
use tokio::time::Instant;

/// One exchange that is wanted.
#[derive(Debug, Clone)]
pub(in crate::load) struct Shot {
    pub(in crate::load) step: usize,
    pub(in crate::load) measured: bool,
    /// Response time counts from here.
    pub(in crate::load) intended: Nanos,
    /// Lateness of the generator counts from here: later than `intended` where earlier attempts took their time.
    pub(in crate::load) due: Nanos,
    pub(super) chances: Chances,
    pub(super) poll: Option<Poll>,
    pub(super) authorization: Option<HeaderValue>,
    /// Answers before this one, where a policy sends the same request until one says something.
    pub(super) round: u64,
}

/// Everything about an exchange that an exhibit shows: variables, cookies, request, answer, conversation.
type Seen<'a> = (
    &'a [Value],
    Option<&'a str>,
    &'a Call,
    &'a Exchange,
    Option<&'a Heard>,
);

/// A request that is not on its way any more, and when its exchange ended.
type Flown = (Flying, Nanos);

/// What may yet come of an exchange beside its end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Chances {
    /// A failure is not the end: it is sent again.
    pub(super) more: bool,
    /// It has failed before.
    pub(super) again: bool,
    /// A challenge may be answered: none was yet.
    pub(super) open: bool,
}

/// Where a poll stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Poll {
    pub(super) first: Nanos,
    pub(super) every: Nanos,
    pub(super) within: Nanos,
    /// Polls that have ended.
    pub(super) ended: u64,
}

/// How an exchange ended.
#[derive(Debug)]
pub(super) enum End {
    /// It passed.
    Passed {
        done: Nanos,
        captured: Vec<Captured>,
    },
    /// A poll that passed, and the next is wanted then.
    NotYet { next: Nanos },
    /// It failed and is to be sent again; until it is, it is held among the flights.
    Again { done: Nanos, held: u64 },
    /// It was a challenge, which is to be answered.
    Challenged { done: Nanos },
    /// It failed.
    Failed { done: Nanos },
    /// The run was over before it could be sent.
    Cut,
}

impl Shot {
    pub(in crate::load) fn new(step: usize, intended: Nanos, measured: bool) -> Self {
        Self {
            step,
            measured,
            intended,
            due: intended,
            chances: Chances::default(),
            poll: None,
            authorization: None,
            round: 0,
        }
    }
}

impl Poll {
    /// When the next poll goes out, if this one ended at `done`: at the first whole multiple of `every` that is not
    /// before it. `None` behind the deadline.
    fn next(&self, done: Nanos) -> Option<Nanos> {
        let waited = done.saturating_sub(self.first);
        let steps = waited.div_ceil(self.every.max(1)).max(self.ended + 1);
        let after = steps.saturating_mul(self.every);
        (after <= self.within).then(|| self.first + after)
    }
}

impl<P: Protocol> Worker<P> {
    /// Sends one request and folds away what came of it.
    pub(super) async fn request(&self, variables: &[Value], lane: &mut Lane, shot: &Shot) -> End {
        let step = shot.step;
        let call = match lane.render(&self.program.requests[step], variables) {
            Ok(mut call) => {
                if self.program.requests[step].insists {
                    self.sign(variables, lane, shot, &mut call);
                }
                self.mark(&mut call);
                call
            }
            Err(unsendable) => {
                let why = (Failure::Unsendable, unsendable.0);
                return self.refuse((variables, lane), shot, why);
            }
        };
        let instant = Instant::now();
        let flying = self.flying(shot, self.clock.at(instant));
        let place = self.flights.borrow_mut().depart(flying);
        let mut exchange = self.protocol.call(&call, &mut lane.session, instant).await;
        let heard = if self.program.requests[step].talks() {
            // Most requests have no use for the room that it takes.
            let talk = self.converse((variables, &mut *lane), shot, (&call, &mut exchange));
            Some(Box::pin(talk).await)
        } else {
            None
        };
        self.flights.borrow_mut().arrive(place);
        self.conclude(
            (variables, lane),
            (shot, flying),
            (&call, &exchange),
            heard.as_ref(),
        )
    }

    /// A request that cannot be sent, for a reason known beforehand: it fails at once.
    pub(super) fn refuse(
        &self,
        (variables, lane): (&[Value], &mut Lane),
        shot: &Shot,
        (failure, why): (Failure, String),
    ) -> End {
        let call = self.program.requests[shot.step].unrendered();
        let exchange = unsent(failure, why);
        let flying = self.flying(shot, self.clock.at(exchange.sent));
        self.conclude((variables, lane), (shot, flying), (&call, &exchange), None)
    }

    fn flying(&self, shot: &Shot, now: Nanos) -> Flying {
        let lag = now.saturating_sub(shot.due);
        self.recorder.borrow_mut().sent(lag, shot.measured);
        Flying {
            step: shot.step,
            measured: shot.measured,
            intended: shot.intended,
            sent: now,
        }
    }

    /// Looks at what came, and records it.
    #[inline]
    fn conclude(
        &self,
        (variables, lane): (&[Value], &mut Lane),
        (shot, mut flying): (&Shot, Flying),
        (call, exchange): (&Call, &Exchange),
        heard: Option<&Heard>,
    ) -> End {
        let step = shot.step;
        let ended = self.clock.at(exchange.done);
        if shot.chances.open && self.challenged((variables, &mut *lane), shot, exchange) {
            self.recorder.borrow_mut().retried(step, shot.measured);
            return End::Challenged { done: ended };
        }
        let done = heard.map_or(ended, |heard| heard.ended);
        let evaluated = match heard {
            None => self.evaluate((variables, &mut *lane), call, exchange),
            Some(heard) => self.talked(shot, &mut flying, heard),
        };
        let mut policed = match &evaluated {
            Ok(captured) => self.police(variables, shot, (call, exchange), captured),
            Err(_) => Policed::default(),
        };
        let flown = (flying, ended);
        let cookies = lane.session.cookies();
        let seen = (variables, cookies, call, exchange, heard);
        let (mut fault, usable) = match (evaluated, policed.fault.take()) {
            (Ok(captured), None) => {
                return self.passed(shot, (flown, done), seen, (captured, policed));
            }
            (Ok(captured), Some(fault)) => (*fault, Some(captured)),
            (Err(fault), _) => (fault, None),
        };
        let refused = exchange.result.as_ref().ok().and_then(|answer| {
            let request = &self.program.requests[step];
            refusal(request, (variables, &mut lane.rng), answer, &mut fault)
        });
        let outcome = match fault.what {
            What::Check(index) => Outcome::CheckFailed(index),
            What::Failure(failure) => Outcome::Failed(failure),
        };
        match (fault.what, &shot.poll) {
            (What::Check(index), Some(poll)) if self.program.requests[step].awaits(index) => {
                if let Some(next) = poll.next(done) {
                    self.record(&self.sample(flown, exchange, Outcome::NotYet(index)));
                    self.count_cache(shot, exchange);
                    return End::NotYet { next };
                }
                fault.mismatch.actual.push_str(&poll.waited(done));
            }
            _ if shot.chances.more && !self.gives_up(shot) => {
                let sample = self.sample(flown, exchange, outcome);
                if self.recorder.borrow().wants_attempt(step, fault.what) {
                    self.show(seen, &sample, Case::Again(&fault));
                }
                let held = self.flights.borrow_mut().hold(sample);
                return End::Again { done, held };
            }
            _ => {}
        }
        self.found(shot, policed);
        let sample = self.sample(flown, exchange, outcome);
        self.failed(shot, &sample, seen, &fault);
        self.count_refusal(shot, refused);
        match usable {
            // The answer itself can be used: what is behind it is tested, too.
            Some(captured) if self.goes_on() => End::Passed { done, captured },
            _ => End::Failed { done },
        }
    }

    /// Records a request that failed.
    fn failed(&self, shot: &Shot, sample: &Sample, seen: Seen<'_>, fault: &Fault) {
        self.record(sample);
        if let (What::Check(index), true) = (fault.what, self.shows_passes()) {
            let also: Vec<usize> = fault.also.iter().map(|(index, _)| *index).collect();
            let looked = self.program.requests[shot.step].looked(index, true);
            self.recorder.borrow_mut().further(sample, &also, looked);
        }
        self.aside(sample, seen.2, seen.3);
        self.count_cache(shot, seen.3);
        if self.recorder.borrow().wants_exhibit(shot.step, fault.what) {
            self.show(seen, sample, Case::Failed(fault));
        }
    }

    /// What came of a conversation; one that reaches into the measured phase is judged there.
    fn talked(
        &self,
        shot: &Shot,
        flying: &mut Flying,
        heard: &Heard,
    ) -> Result<Vec<Captured>, Fault> {
        self.until(heard.ended);
        flying.measured = self.reaches(shot, heard.ended);
        heard.evaluated()
    }

    #[inline]
    fn count_refusal(&self, shot: &Shot, refused: Option<Refusal>) {
        if let Some(refusal) = refused {
            let mut recorder = self.recorder.borrow_mut();
            recorder.refused(shot.step, shot.measured, refusal);
        }
    }

    /// Counts what caches say of an answer, where somebody asks.
    #[inline]
    fn count_cache(&self, shot: &Shot, exchange: &Exchange) {
        if !self.program.requests[shot.step].counts_cache {
            return;
        }
        let answer = exchange.result.as_ref().ok();
        if let Some(cache) = answer.and_then(|answer| Cache::of(&answer.headers)) {
            let mut recorder = self.recorder.borrow_mut();
            recorder.cache(shot.step, shot.measured, cache);
        }
    }

    /// Keeps captured numbers, where a budget asks.
    #[inline]
    fn count_numbers(&self, sample: &Sample, captured: &[Captured]) {
        for (wanted, part) in &self.program.requests[sample.step].numbers {
            let value = captured.iter().find(|(slot, _)| slot == wanted);
            if let Some((_, value)) = value {
                let mut recorder = self.recorder.borrow_mut();
                recorder.number(*part, sample.measured, sample.intended, value.number());
            }
        }
    }

    /// An answer whose checks and policies hold.
    #[inline]
    fn passed(
        &self,
        shot: &Shot,
        (flown, done): (Flown, Nanos),
        seen: Seen<'_>,
        (captured, policed): (Vec<Captured>, Policed),
    ) -> End {
        let (step, exchange) = (shot.step, seen.3);
        let later = policed.later;
        self.found(shot, policed);
        if later {
            let what = self.program.requests[step].checked();
            self.record(&self.sample(flown, exchange, Outcome::NotYet(what)));
            return End::NotYet { next: done };
        }
        let sample = self.sample(flown, exchange, Outcome::Ok);
        self.record(&sample);
        self.aside(&sample, seen.2, exchange);
        self.count_cache(shot, exchange);
        self.count_numbers(&sample, &captured);
        if self.shows_passes() && self.recorder.borrow().wants_pass(step) {
            self.show(seen, &sample, Case::Passed(&captured));
        }
        if shot.chances.again {
            self.recorder.borrow_mut().flaky(step, shot.measured);
        }
        End::Passed { done, captured }
    }

    /// Keeps an exchange.
    #[cold]
    fn show(
        &self,
        (variables, cookies, call, exchange, heard): Seen<'_>,
        sample: &Sample,
        case: Case<'_>,
    ) {
        let smoke = self.shows_passes();
        let evidence = Evidence {
            variables,
            call,
            cookies: cookies.filter(|_| !case.unsent()),
            exchange,
            heard,
            sample,
            smoke,
            whole: smoke && matches!(case, Case::Failed(_)) && self.recorder.borrow().wants_whole(),
        };
        let exhibit = exhibit(&self.program, &self.masker, evidence, case);
        self.recorder.borrow_mut().exhibit(exhibit);
    }

    #[inline]
    fn sample(&self, (flying, done): Flown, exchange: &Exchange, outcome: Outcome) -> Sample {
        let answer = exchange.result.as_ref();
        Sample {
            step: flying.step,
            measured: flying.measured,
            intended: flying.intended,
            sent: flying.sent,
            // Most answers come in one piece, whose instant is converted once.
            first_byte: exchange.first_byte.map(|at| {
                if at == exchange.done {
                    done
                } else {
                    self.clock.at(at)
                }
            }),
            done,
            wait: exchange.wait.map(nanos),
            dns: exchange.dns.map(nanos),
            connect: exchange.connect.map(nanos),
            tls: exchange.tls.map(nanos),
            write: exchange.write().map(nanos),
            outcome,
            status: answer.ok().map(|a| a.status.as_u16()),
            received: answer.map_or_else(|problem| problem.received, |a| a.received),
            decoded: answer.ok().and_then(|a| a.decoded),
        }
    }
}

impl Poll {
    /// For the last poll: how many there were, and how long they took.
    fn waited(&self, done: Nanos) -> String {
        let polls = match self.ended + 1 {
            1 => "1 poll".to_owned(),
            many => format!("{many} polls"),
        };
        let time = format_nanos(done.saturating_sub(self.first));
        format!(" after {polls} in {time}")
    }
}

/// A request that could not be built counts as one that failed at once.
fn unsent(failure: Failure, why: String) -> Exchange {
    let now = Instant::now();
    Exchange::of(now, now, Err(Problem::new(failure, why)))
}
