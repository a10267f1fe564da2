//! A virtual user: one person's cookies, variables and dice. In: an arrival; out: the requests of one flow, each
//! a sample. Invariant: two users never share anything but connections, and a step is sent only after the one
//! before it passed.

mod answer;
mod aside;
mod control;
mod group;
mod identify;
mod insist;
mod journey;
mod request;
mod talk;

use super::auth::Keys;
use super::exhibit::Fault;
use super::program::{Program, RequestProgram, Unsendable};
use crate::expr::{Context, Facts, Template, Value};
use crate::plan::seed_of;
use crate::protocol::{Answer, Call, Exchange, Jar, Session};
use crate::scenario::Draw;
use crate::units::Nanos;
use answer::Told;
use control::Loop;
use rand::SeedableRng as _;
use rand_xoshiro::Xoshiro256PlusPlus;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::SystemTime;

pub(super) use request::Shot;
pub(super) use talk::{Heard, Line, Log};

/// One virtual user, used again for the next arrival once forgotten.
#[derive(Debug)]
pub(super) struct User {
    pub(super) variables: Vec<Value>,
    lane: Lane,
    /// What the requests of a group go out on beside `lane`.
    more: Vec<Lane>,
    loops: Vec<Loop>,
    /// Where its iterations begin, once its setup has passed and where it has more than one.
    home: Option<Home>,
}

/// What requests of a user that go out one after the other share.
#[derive(Debug)]
pub(super) struct Lane {
    session: Session,
    rng: Xoshiro256PlusPlus,
    number: u64,
    iteration: u64,
    /// What it was given to authenticate with.
    keys: Keys,
    /// Scratch for rendering.
    buffer: String,
}

/// What a user's setup left.
#[derive(Debug)]
struct Home {
    variables: Vec<Value>,
    jar: Jar,
}

/// A captured value and its slot.
pub(super) type Captured = (usize, Value);

/// What one user is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Journey {
    pub(super) flow: usize,
    /// When the schedule wanted its first request sent; `None` where there is no schedule.
    pub(super) due: Option<Nanos>,
    pub(super) measured: bool,
    /// How long it has thought so far.
    pub(super) thought: Nanos,
    /// Whether think times are kept: not in smoke tests.
    pub(super) think: bool,
    /// A teardown: it is not cut off when the run ends, only when its time is over.
    pub(super) last: bool,
}

impl Lane {
    fn new() -> Self {
        Self {
            session: Session::default(),
            rng: Xoshiro256PlusPlus::seed_from_u64(0),
            number: 0,
            iteration: 0,
            keys: Keys::default(),
            buffer: String::new(),
        }
    }

    fn context<'a>(&'a mut self, variables: &'a [Value]) -> (Context<'a>, &'a mut String) {
        let context = Context {
            variables,
            rng: &mut self.rng,
            user: self.number,
            iteration: self.iteration,
            now: SystemTime::now,
        };
        (context, &mut self.buffer)
    }

    fn render<'a>(
        &mut self,
        request: &'a RequestProgram,
        variables: &[Value],
    ) -> Result<Cow<'a, Call>, Unsendable> {
        let (mut context, buffer) = self.context(variables);
        request.call(&mut context, buffer)
    }

    /// The value of a template: that of the variable it consists of, or text.
    fn value(&mut self, template: &Template, variables: &[Value]) -> Value {
        if let Some(slot) = template.as_slot() {
            return variables[slot].clone();
        }
        if let Some(member) = template.as_member() {
            let found = member.find(variables).cloned();
            return found.map_or(Value::Missing, Value::Json);
        }
        let lacks_member = template.members().any(|m| m.find(variables).is_none());
        if lacks_member || template.slots().any(|slot| variables[slot].is_missing()) {
            return Value::Missing;
        }
        let mut text = String::new();
        template.render(&mut self.context(variables).0, &mut text);
        Value::from(text.as_str())
    }
}

impl User {
    pub(super) fn new(program: &Program) -> Self {
        Self {
            variables: vec![Value::Missing; program.names.len()],
            lane: Lane::new(),
            more: Vec::new(),
            loops: Vec::new(),
            home: None,
        }
    }

    /// Forgets everything and becomes user `number` in its `iteration`-th session, with what it knows beforehand.
    pub(super) fn become_new(
        &mut self,
        (seed, number, iteration): (u64, u64, u64),
        known: &[Captured],
    ) {
        self.leave();
        if let Some(home) = &self.home {
            self.variables.clone_from(&home.variables);
            self.lane.session.jar.clone_from(&home.jar);
        } else {
            self.variables.fill(Value::Missing);
            for (slot, value) in known {
                self.variables[*slot].clone_from(value);
            }
        }
        if self.lane.number != number {
            self.lane.keys.clear();
            self.more.iter_mut().for_each(|lane| lane.keys.clear());
        }
        self.lane.rng =
            Xoshiro256PlusPlus::seed_from_u64(seed_of(seed, number.wrapping_add(iteration << 40)));
        self.lane.number = number;
        self.lane.iteration = iteration;
    }

    /// The end of a session: what the user kept at the target is given up at once, not with the next arrival.
    pub(super) fn leave(&mut self) {
        self.lane.session.end();
        for lane in &mut self.more {
            lane.session.end();
        }
    }

    /// Later iterations begin here.
    pub(super) fn settle(&mut self) {
        self.home = Some(Home {
            variables: self.variables.clone(),
            jar: self.lane.session.jar.clone(),
        });
    }

    /// Takes a row of each feeder that the flow reads; `false` when one has run out. A user who has settled keeps
    /// the rows of its setup.
    pub(super) fn feed(
        &mut self,
        program: &Program,
        flow: usize,
        seed: u64,
        draw: impl Fn(usize) -> Draw,
    ) -> bool {
        for index in &program.flows[flow].feeders {
            if self.home.is_some() && program.user_feeders.contains(index) {
                continue;
            }
            if !self.take_row(program, *index, (draw(*index), seed)) {
                return false;
            }
        }
        true
    }

    /// Takes a feeder's row for a draw; `false` when it has run out.
    pub(super) fn take_row(
        &mut self,
        program: &Program,
        feeder: usize,
        (draw, seed): (Draw, u64),
    ) -> bool {
        let feeder = &program.feeders[feeder];
        let Some(row) = feeder.row(draw, seed) else {
            return false;
        };
        for ((_, slot), value) in feeder.columns.iter().zip(&feeder.rows[row]) {
            self.variables[*slot].clone_from(value);
        }
        true
    }

    /// What it has found out, for others to begin with: everything but rows of data.
    pub(super) fn known(&self, program: &Program) -> Arc<[Captured]> {
        let columns = || program.feeders.iter().flat_map(|feeder| &feeder.columns);
        let all = self.variables.iter().enumerate();
        all.filter(|(slot, value)| {
            !value.is_missing() && !columns().any(|(_, column)| column == slot)
        })
        .map(|(slot, value)| (slot, value.clone()))
        .collect()
    }

    #[inline]
    fn keep(&mut self, captured: Vec<Captured>) {
        for (slot, value) in captured {
            self.variables[slot] = value;
        }
    }
}

/// What queries see of an answer.
#[inline]
pub(super) fn with_facts<T>(
    program: &Program,
    variables: &[Value],
    (call, exchange, answer): (&Call, &Exchange, &Answer),
    look: impl FnOnce(&Facts<'_>) -> T,
) -> T {
    let request = &program.requests[call.step];
    let url = match answer.redirected_to() {
        Some(url) => Cow::Borrowed(url.as_str()),
        None => request.url(call, &program.target),
    };
    let duration = exchange.done - exchange.sent;
    let ttfb = match exchange.first_byte {
        Some(at) if at != exchange.done => at - exchange.sent,
        _ => duration,
    };
    let told = request.details.then(|| Told::new(exchange, answer));
    let mut facts = Facts::new(answer.status.as_u16(), &answer.headers, &url)
        .with_body(&answer.body, answer.received)
        .with_decoded(answer.decoded)
        .with_times(ttfb, duration)
        .with_variables(variables);
    if let Some(told) = &told {
        facts = facts.with_details(told.details());
    }
    look(&facts)
}
