//! A conversation on an open channel. In: the turns of a step and what came on the channel; out: what was captured, or
//! why it failed. Invariant: no turn waits without a deadline, and what listens ends with the load.

mod follow;
mod log;
mod stamp;
mod wait;

pub(in crate::load) use log::{Line, Log};

use super::request::Shot;
use super::{Captured, Lane};
use crate::expr::{Check, Facts, Mismatch, Value};
use crate::load::exhibit::Fault;
use crate::load::program::RequestProgram;
use crate::load::worker::Worker;
use crate::protocol::{Answer, Call, Channel, Exchange, Incoming, Outgoing, Problem, Protocol};
use crate::record::{Failure, What};
use crate::scenario::{Listen, Send, Turn};
use crate::source::Spanned;
use crate::units::{Nanos, format_count, format_duration};
use std::borrow::Cow;
use std::pin::pin;
use std::time::Duration;
use tokio::time::Instant;

/// Messages that are kept to be shown: in smoke tests, and under load.
const SHOWN: [usize; 2] = [20, 3];
/// How long a server has to answer a close that nobody wrote down.
const PARTING: Duration = Duration::from_secs(1);
/// Done; and going away, as a browser does that leaves a page.
const DONE: u16 = 1000;
const AWAY: u16 = 1001;

/// What came of a conversation.
#[derive(Debug)]
pub(in crate::load) struct Heard {
    /// What was captured, from the handshake on, also where it failed.
    pub(in crate::load) captured: Vec<Captured>,
    /// Why it failed.
    pub(in crate::load) fault: Option<Fault>,
    /// When it ended.
    pub(in crate::load) ended: Nanos,
    /// What was said last.
    pub(in crate::load) log: Log,
}

impl Heard {
    /// What was captured, or why it failed.
    pub(super) fn evaluated(&self) -> Result<Vec<Captured>, Fault> {
        let captured = || Ok(self.captured.clone());
        self.fault.clone().map_or_else(captured, Err)
    }
}

/// A conversation that goes on.
struct Talk<'a, P> {
    worker: &'a Worker<P>,
    program: &'a RequestProgram,
    shot: &'a Shot,
    lane: &'a mut Lane,
    variables: Cow<'a, [Value]>,
    captured: Vec<Captured>,
    channel: Channel,
    /// The answer to the handshake, its URL, and when it was sent.
    answer: &'a Answer,
    call: &'a Call,
    url: Cow<'a, str>,
    begun: Instant,
    /// When the last message came.
    last: Option<Instant>,
    /// When a ping is to be sent.
    ping: Option<Instant>,
    log: Log,
}

/// Why a conversation does not go on.
enum Halt {
    /// It failed.
    Fault(Fault),
    /// The load is over.
    Cut,
}

/// What waiting for a message led to.
enum Got {
    Message(Incoming),
    /// The server closed the channel.
    Closed,
    /// The deadline came.
    Late,
    /// The load is over.
    Cut,
}

impl<P: Protocol> Worker<P> {
    /// Looks at the answer to a handshake, and talks.
    pub(super) async fn converse(
        &self,
        (variables, lane): (&[Value], &mut Lane),
        shot: &Shot,
        (call, exchange): (&Call, &mut Exchange),
    ) -> Heard {
        let program = &self.program.requests[shot.step];
        let evaluated = self.evaluate((variables, &mut *lane), call, exchange);
        let mut heard = Heard {
            captured: Vec::new(),
            fault: None,
            ended: self.clock.at(exchange.done),
            log: Log::default(),
        };
        let begun = exchange.sent;
        let (captured, answer) = match (evaluated, &mut exchange.result) {
            (Ok(captured), Ok(answer)) => (captured, answer),
            (evaluated, _) => {
                heard.fault = evaluated.err();
                return heard;
            }
        };
        let turns = program.turns();
        let Some(channel) = answer.channel.take() else {
            // Whoever checks that a handshake is refused has nothing to say behind it.
            heard.captured = captured;
            heard.fault = (!turns.is_empty()).then(|| unopened(answer));
            return heard;
        };
        let every = program.ping();
        let mut talk = Talk {
            worker: self,
            program,
            shot,
            lane,
            variables: Cow::Borrowed(variables),
            captured: Vec::new(),
            channel,
            answer,
            call,
            url: program.url(call, &self.program.target),
            begun,
            last: None,
            ping: every.map(|every| Instant::now() + every),
            log: Log::new(SHOWN[usize::from(!self.shows_passes())]),
        };
        talk.keep(captured);
        let end = talk.turns(turns).await;
        if !talk.parted(turns) {
            talk.part(if matches!(end, Ok(())) { DONE } else { AWAY })
                .await;
        }
        let received = talk.channel.received();
        heard.captured = talk.captured;
        heard.log = talk.log;
        heard.ended = self.clock.now();
        answer.received += received;
        if let Err(Halt::Fault(fault)) = end {
            heard.fault = Some(fault);
        }
        heard
    }
}

/// The answer opened nothing.
fn unopened(answer: &Answer) -> Fault {
    fault(
        Failure::Protocol,
        "a WebSocket".into(),
        format!("the status {}", answer.status.as_u16()),
    )
}

fn fault(failure: Failure, expected: String, actual: String) -> Fault {
    Fault::new(What::Failure(failure), Mismatch { expected, actual })
}

fn broken(problem: Problem) -> Halt {
    Halt::Fault(fault(
        problem.failure,
        "the conversation to go on".into(),
        problem.detail,
    ))
}

impl<P: Protocol> Talk<'_, P> {
    async fn turns(&mut self, turns: &[Turn]) -> Result<(), Halt> {
        for (index, turn) in turns.iter().enumerate() {
            if self.worker.stopping() && index > 0 {
                return Err(Halt::Cut);
            }
            match turn {
                Turn::Send(send) => self.send(send, index).await?,
                Turn::Receive(wait) => self.wait(wait, None, index).await?,
                Turn::Listen(listen) => {
                    let may_close = matches!(turns.get(index + 1), Some(Turn::Closed(..)));
                    self.listen(listen, may_close, index).await?;
                }
                Turn::Close(code) => self.close(*code).await?,
                Turn::Closed(code, within) => self.closed(*code, *within).await?,
                Turn::Follow(stream) => self.follow(stream, index).await?,
            }
        }
        Ok(())
    }

    /// Keeps captured values for the messages behind.
    fn keep(&mut self, captured: Vec<Captured>) {
        for (slot, value) in &captured {
            self.variables.to_mut()[*slot].clone_from(value);
        }
        self.captured.extend(captured);
    }

    async fn send(&mut self, send: &Send, index: usize) -> Result<(), Halt> {
        self.sendable(send)?;
        let (mut context, buffer) = self.lane.context(&self.variables);
        let body = send.body.render(&mut context, buffer);
        let at = Instant::now();
        let now = self.worker.clock.at(at);
        self.log.sent(now, send.binary, &body);
        let message = if send.binary {
            Outgoing::Binary(body)
        } else {
            Outgoing::Text(body)
        };
        let patience = self.program.source.timeout;
        let sent = {
            let sending = pin!(self.channel.send(message));
            self.lane.session.limit(at + patience, sending).await
        };
        let Some(sent) = sent else {
            return Err(Halt::Fault(fault(
                Failure::Timeout,
                "the server to take a message".into(),
                format!("not within {}", format_duration(patience)),
            )));
        };
        sent.map_err(broken)?;
        let measured = self.worker.measures(self.shot, now);
        self.worker
            .recorder
            .borrow_mut()
            .message_sent(self.shot.step, measured);
        match &send.reply {
            Some(reply) => self.wait(reply, Some(at), index).await,
            None => Ok(()),
        }
    }

    /// Whether every value is there.
    fn sendable(&self, send: &Send) -> Result<(), Halt> {
        let mut reads = send.reads.iter();
        let mut members = send.members.iter();
        let missing = reads.find(|slot| self.variables[**slot].is_missing());
        let words = if let Some(slot) = missing {
            let name = self.worker.program.names.get(*slot);
            Some(format!(
                "`{}` has no value",
                name.map_or("", String::as_str)
            ))
        } else {
            let lacking = members.find(|m| m.find(&self.variables).is_none());
            lacking.map(|member| member.lacking(&self.variables))
        };
        match words {
            None => Ok(()),
            Some(words) => Err(Halt::Fault(fault(
                Failure::Unsendable,
                "a message that can be sent".into(),
                words,
            ))),
        }
    }

    async fn listen(&mut self, listen: &Listen, may_close: bool, turn: usize) -> Result<(), Halt> {
        let deadline = Instant::now() + listen.lasts;
        let most = listen.messages.unwrap_or(u64::MAX);
        let mut seen = 0;
        while seen < most {
            match self.next(deadline, true).await? {
                Got::Message(message) => {
                    seen += 1;
                    let stamp = listen.sent_at.as_ref();
                    self.count(&message, (stamp, turn), None)?;
                    let index = usize::from(stamp.is_some());
                    self.hold(&message, &listen.checks, (turn, index))?;
                }
                Got::Closed if may_close => return Ok(()),
                Got::Closed => return Err(self.closed_early("messages to go on")),
                Got::Late => break,
                Got::Cut => return Err(Halt::Cut),
            }
        }
        if seen < listen.at_least {
            self.missed();
            return Err(Halt::Fault(fault(
                Failure::Timeout,
                format!("at least {}", messages(listen.at_least)),
                format!("{} in {}", messages(seen), format_duration(listen.lasts)),
            )));
        }
        Ok(())
    }

    /// What must hold of every message.
    fn hold(
        &mut self,
        message: &Incoming,
        checks: &[Spanned<Check>],
        (turn, first): (usize, usize),
    ) -> Result<(), Halt> {
        for (index, check) in checks.iter().enumerate() {
            if let Err(mismatch) = self.ask(message, |facts, lane| {
                check.value.evaluate(facts, &mut lane.rng)
            }) {
                let what = What::Check(self.program.check_of_turn(turn, first + index));
                return Err(Halt::Fault(Fault::new(what, mismatch)));
            }
        }
        Ok(())
    }

    /// Asks something of a message.
    fn ask<T>(
        &mut self,
        message: &Incoming,
        question: impl FnOnce(&Facts<'_>, &mut Lane) -> T,
    ) -> T {
        let status = self.answer.status.as_u16();
        let facts = Facts::new(status, &self.answer.headers, &self.url)
            .with_body(&message.body, message.body.len() as u64)
            .with_variables(&self.variables);
        question(&facts, self.lane)
    }
}

fn messages(count: u64) -> String {
    match count {
        0 => "no message".into(),
        1 => "1 message".into(),
        many => format!("{} messages", format_count(many)),
    }
}
