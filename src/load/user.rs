//! A virtual user: one person's cookies, variables and dice. In: an arrival; out: the requests of one flow, each
//! a sample. Invariant: two users never share anything but connections, and a step is sent only after the one
//! before it passed.

use super::exhibit::{Fault, exhibit};
use super::flight::Flying;
use super::program::{Op, Program, RequestProgram, Unsendable};
use super::worker::Worker;
use crate::expr::{Context, Facts, Mismatch, Value};
use crate::plan::seed_of;
use crate::protocol::{Answer, Call, Exchange, Problem, Protocol, Session};
use crate::record::{Failure, Outcome, Sample, What};
use crate::units::{Nanos, nanos};
use rand::{RngExt as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::borrow::Cow;
use std::time::SystemTime;
use tokio::time::Instant;

/// One virtual user, used again for the next arrival once forgotten.
#[derive(Debug)]
pub(super) struct User {
    pub(super) variables: Vec<Value>,
    session: Session,
    rng: Xoshiro256PlusPlus,
    number: u64,
    iteration: u64,
    /// Scratch for rendering.
    buffer: String,
}

/// What one user is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Journey {
    pub(super) flow: usize,
    /// When the schedule wanted its first request sent; `None` where there is no schedule.
    pub(super) due: Option<Nanos>,
    pub(super) measured: bool,
    /// Whether think times are kept: not in smoke tests.
    pub(super) think: bool,
}

impl User {
    pub(super) fn new(variables: usize) -> Self {
        Self {
            variables: vec![Value::Missing; variables],
            session: Session::default(),
            rng: Xoshiro256PlusPlus::seed_from_u64(0),
            number: 0,
            iteration: 0,
            buffer: String::new(),
        }
    }

    /// Forgets everything and becomes user `number` in its `iteration`-th session.
    pub(super) fn become_new(&mut self, seed: u64, number: u64, iteration: u64) {
        self.variables.fill(Value::Missing);
        self.session.end();
        self.rng =
            Xoshiro256PlusPlus::seed_from_u64(seed_of(seed, number.wrapping_add(iteration << 40)));
        self.number = number;
        self.iteration = iteration;
    }

    /// The end of a session: what the user kept at the target is given up at once, not with the next arrival.
    pub(super) fn leave(&mut self) {
        self.session.end();
    }

    /// Takes a row of each feeder that the flow reads; `false` when one has run out.
    pub(super) fn feed(
        &mut self,
        program: &Program,
        flow: usize,
        seed: u64,
        uses: impl Fn(usize) -> u64,
    ) -> bool {
        for index in &program.flows[flow].feeders {
            let feeder = &program.feeders[*index];
            let Some(row) = feeder.row(uses(*index), seed) else {
                return false;
            };
            for ((_, slot), value) in feeder.columns.iter().zip(&feeder.rows[row]) {
                self.variables[*slot].clone_from(value);
            }
        }
        true
    }

    fn render<'a>(&mut self, request: &'a RequestProgram) -> Result<Cow<'a, Call>, Unsendable> {
        let mut context = Context {
            variables: &self.variables,
            rng: &mut self.rng,
            user: self.number,
            iteration: self.iteration,
            now: SystemTime::now,
        };
        request.call(&mut context, &mut self.buffer)
    }

    /// Runs the checks and, when they hold, the captures. `Err` is the first that did not hold.
    fn evaluate(
        &mut self,
        program: &Program,
        call: &Call,
        exchange: &Exchange,
    ) -> Result<(), Fault> {
        let request = &program.requests[call.step];
        let answer = exchange.result.as_ref().map_err(no_answer)?;
        self.look(request, program, (call, exchange, answer))
            .map_err(|(index, mismatch)| Fault {
                what: What::Check(index),
                mismatch,
            })
    }

    fn look(
        &mut self,
        request: &RequestProgram,
        program: &Program,
        (call, exchange, answer): (&Call, &Exchange, &Answer),
    ) -> Result<(), (usize, Mismatch)> {
        let status = answer.status.as_u16();
        let mut index = 0;
        if request.implicit_status {
            if status >= 400 {
                let mismatch = Mismatch {
                    expected: "< 400".into(),
                    actual: format!("number {status}"),
                };
                return Err((0, mismatch));
            }
            index = 1;
        }
        let url = match answer.redirected_to() {
            Some(url) => Cow::Borrowed(url.as_str()),
            None => request.url(call, &program.target),
        };
        let duration = exchange.done - exchange.sent;
        let ttfb = match exchange.first_byte {
            Some(at) if at != exchange.done => at - exchange.sent,
            _ => duration,
        };
        let facts = Facts::new(status, &answer.headers, &url)
            .with_body(&answer.body, answer.received)
            .with_times(ttfb, duration)
            .with_variables(&self.variables);
        for check in request.checks() {
            check
                .evaluate(&facts, &mut self.rng)
                .map_err(|mismatch| (index, mismatch))?;
            index += 1;
        }
        let mut captured = Vec::new();
        for capture in request.captures() {
            let value = capture
                .expression
                .evaluate(&facts, &mut self.rng)
                .map_err(|mismatch| (index, mismatch))?;
            captured.push((capture.slot, value));
            index += 1;
        }
        for (slot, value) in captured {
            self.variables[slot] = value;
        }
        Ok(())
    }
}

impl<P: Protocol> Worker<P> {
    /// Takes a user through a flow.
    pub(super) async fn journey(&self, user: &mut User, journey: Journey) {
        let flow = &self.program.flows[journey.flow];
        let begun = journey.due.unwrap_or_else(|| self.clock.now());
        let mut intended = begun;
        let mut rest = flow.requests.start;
        for op in &flow.steps {
            match op {
                Op::Think(think) if journey.think => {
                    intended += nanos(user.rng.random_range(think.min..=think.max));
                    if !self.think_until(intended).await {
                        return self.cut_off(journey, rest, begun);
                    }
                }
                Op::Think(_) => {}
                Op::Request(step) => {
                    if self.stopping() {
                        return self.cut_off(journey, rest, begun);
                    }
                    let Some(done) = self.request(user, *step, intended, journey.measured).await
                    else {
                        return self.cut_off(journey, step + 1, begun);
                    };
                    intended = done;
                    rest = step + 1;
                }
            }
        }
        let took = intended.saturating_sub(begun);
        self.recorder
            .borrow_mut()
            .flow_ended(journey.flow, journey.measured, true, took);
    }

    /// Ends a flow before its end: the requests from `rest` on are not sent.
    fn cut_off(&self, journey: Journey, rest: usize, begun: Nanos) {
        let took = self.clock.now().saturating_sub(begun);
        let mut recorder = self.recorder.borrow_mut();
        recorder.skipped(
            rest..self.program.flows[journey.flow].requests.end,
            journey.measured,
        );
        recorder.flow_ended(journey.flow, journey.measured, false, took);
    }

    /// Sends one request and folds away what came of it. The instant of its end, if it passed.
    async fn request(
        &self,
        user: &mut User,
        step: usize,
        intended: Nanos,
        measured: bool,
    ) -> Option<Nanos> {
        let request = &self.program.requests[step];
        let rendered = user.render(request);
        let instant = Instant::now();
        let now = self.clock.at(instant);
        self.recorder
            .borrow_mut()
            .sent(now.saturating_sub(intended), measured);
        let flying = Flying {
            step,
            measured,
            intended,
            sent: now,
        };
        let (call, exchange) = match rendered {
            Ok(call) => {
                let place = self.flights.borrow_mut().depart(flying);
                let exchange = self.protocol.call(&call, &mut user.session, instant).await;
                self.flights.borrow_mut().arrive(place);
                (call, exchange)
            }
            Err(unsendable) => (request.unrendered(), unsent(unsendable)),
        };
        let evaluated = user.evaluate(&self.program, &call, &exchange);
        let outcome = match &evaluated {
            Ok(()) => Outcome::Ok,
            Err(Fault {
                what: What::Check(index),
                ..
            }) => Outcome::CheckFailed(*index),
            Err(Fault {
                what: What::Failure(failure),
                ..
            }) => Outcome::Failed(*failure),
        };
        let sample = self.sample(flying, &exchange, outcome);
        self.record(&sample);
        let Err(fault) = evaluated else {
            return Some(sample.done);
        };
        let mut recorder = self.recorder.borrow_mut();
        if recorder.wants_exhibit(step, fault.what) {
            recorder.exhibit(exhibit(
                &self.program,
                &self.masker,
                user,
                &sample,
                (&call, &exchange, &fault),
            ));
        }
        None
    }

    fn sample(&self, flying: Flying, exchange: &Exchange, outcome: Outcome) -> Sample {
        let answer = exchange.result.as_ref();
        let done = self.clock.at(exchange.done);
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
            connect: exchange.connect.map(nanos),
            tls: exchange.tls.map(nanos),
            outcome,
            status: answer.ok().map(|a| a.status.as_u16()),
            received: answer.map_or_else(|problem| problem.received, |a| a.received),
        }
    }
}

fn no_answer(problem: &Problem) -> Fault {
    let mismatch = Mismatch {
        expected: "a whole answer".into(),
        actual: problem.detail.clone(),
    };
    Fault {
        what: What::Failure(problem.failure),
        mismatch,
    }
}

/// A request that could not be built counts as one that failed at once.
fn unsent(unsendable: Unsendable) -> Exchange {
    let now = Instant::now();
    Exchange {
        sent: now,
        first_byte: None,
        done: now,
        dns: None,
        connect: None,
        tls: None,
        result: Err(Problem::new(Failure::Unsendable, unsendable.0)),
    }
}
