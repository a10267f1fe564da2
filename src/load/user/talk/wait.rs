//! Waiting in a conversation, and its end. In: deadlines; out: the message that was meant, or why it did not come.
//! Invariant: each message is counted once, with the latency that it shows.

use super::stamp::nanos_since_1970;
use super::{Got, Halt, PARTING, Talk, broken, fault, messages};
use crate::expr::{Expression, Mismatch};
use crate::load::exhibit::Fault;
use crate::protocol::{Incoming, Outgoing, Protocol};
use crate::record::{Failure, MessageSample, Since, What};
use crate::scenario::{Capture, Turn, Wait};
use crate::units::{Nanos, format_duration, nanos};
use std::pin::pin;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// An end without a close frame, and one without a code in it.
const ABNORMAL: u16 = 1006;
const NO_CODE: u16 = 1005;
const DONE: u16 = 1000;

impl<P: Protocol> Talk<'_, P> {
    /// The next message. Pings that are due are sent meanwhile.
    pub(super) async fn next(&mut self, deadline: Instant, listens: bool) -> Result<Got, Halt> {
        loop {
            if listens && self.worker.is_ended() {
                return Ok(Got::Cut);
            }
            let until = self.ping.map_or(deadline, |ping| ping.min(deadline));
            let waited = {
                let receive = pin!(self.channel.receive());
                let wait = self.lane.session.limit(until, receive);
                tokio::select! {
                    biased;
                    waited = wait => waited,
                    () = self.worker.ending(), if listens => return Ok(Got::Cut),
                }
            };
            match waited {
                Some(Ok(Some(message))) => return Ok(Got::Message(message)),
                Some(Ok(None)) => return Ok(Got::Closed),
                Some(Err(problem)) => return Err(broken(problem)),
                None if until >= deadline => return Ok(Got::Late),
                None => self.ping(until).await?,
            }
        }
    }

    async fn ping(&mut self, due: Instant) -> Result<(), Halt> {
        let every = self.program.ping().unwrap_or(Duration::MAX);
        self.ping = due.checked_add(every);
        let sending = pin!(self.channel.send(Outgoing::Ping));
        let sent = self.lane.session.limit(due + every, sending).await;
        sent.unwrap_or(Ok(())).map_err(broken)
    }

    /// Waits for the message that is meant; `sent` is when that was sent which it answers.
    pub(super) async fn wait(
        &mut self,
        wait: &Wait,
        sent: Option<Instant>,
        turn: usize,
    ) -> Result<(), Halt> {
        let deadline = sent.unwrap_or_else(Instant::now) + wait.within;
        let mut others = 0;
        loop {
            let message = match self.next(deadline, false).await? {
                Got::Message(message) => message,
                Got::Closed => return Err(self.closed_early(&wanted(wait))),
                Got::Late | Got::Cut => return Err(self.late(wait, others)),
            };
            let meant = wait.checks.iter().all(|check| {
                self.ask(&message, |facts, lane| {
                    check.value.evaluate(facts, &mut lane.rng).is_ok()
                })
            });
            if !meant {
                others += 1;
                self.count(&message, (None, turn), None)?;
                continue;
            }
            self.count(&message, (wait.sent_at.as_ref(), turn), sent)?;
            let first = usize::from(wait.sent_at.is_some());
            return self.capture(&message, &wait.captures, (turn, first));
        }
    }

    pub(super) fn capture(
        &mut self,
        message: &Incoming,
        captures: &[Capture],
        (turn, first): (usize, usize),
    ) -> Result<(), Halt> {
        for (index, capture) in captures.iter().enumerate() {
            let found = self.ask(message, |facts, lane| {
                capture.expression.evaluate(facts, &mut lane.rng)
            });
            match found {
                Ok(value) => self.keep(vec![(capture.slot, value)]),
                Err(mismatch) => {
                    let what = What::Check(self.program.check_of_turn(turn, first + index));
                    return Err(Halt::Fault(Fault::new(what, mismatch)));
                }
            }
        }
        Ok(())
    }

    fn late(&mut self, wait: &Wait, others: u64) -> Halt {
        self.missed();
        let within = format_duration(wait.within);
        let last = self.log.last_received().map(super::Line::text);
        let last = last.map_or_else(String::new, |text| {
            let short: String = text.chars().take(120).collect();
            format!(", the last {short:?}")
        });
        let actual = match others {
            0 => format!("no message within {within}"),
            others => format!("{} of another kind within {within}{last}", messages(others)),
        };
        Halt::Fault(fault(Failure::Timeout, wanted(wait), actual))
    }

    /// A message did not come.
    pub(super) fn missed(&self) {
        let now = self.worker.clock.now();
        let measured = self.worker.measures(self.shot, now);
        let mut recorder = self.worker.recorder.borrow_mut();
        recorder.message_missing(self.shot.step, measured, now);
    }

    /// Counts a message: `sent` is when that was sent which it answers, `stamp` where it says when it was sent itself.
    pub(super) fn count(
        &mut self,
        message: &Incoming,
        (stamp, turn): (Option<&Expression>, usize),
        sent: Option<Instant>,
    ) -> Result<(), Halt> {
        let at = self.worker.clock.at(message.at);
        self.log.received(at, message);
        let (latency, ahead) = match (stamp, sent) {
            (Some(stamp), _) => self.stamped(message, stamp, turn)?,
            (None, Some(sent)) => (Some(nanos(message.at.saturating_duration_since(sent))), 0),
            (None, None) => (None, 0),
        };
        let before = self.last.replace(message.at);
        let since = match (sent, before) {
            (Some(_), _) => Since::Reply,
            (None, None) => Since::First(nanos(message.at.saturating_duration_since(self.begun))),
            (None, Some(before)) => Since::Gap(nanos(message.at.saturating_duration_since(before))),
        };
        self.worker.recorder.borrow_mut().message(&MessageSample {
            step: self.shot.step,
            measured: self.worker.measures(self.shot, at),
            at,
            latency,
            ahead,
            since,
        });
        Ok(())
    }

    /// How long a message was on its way by its own time stamp, and how far that lies ahead of our clock. A message
    /// without one says nothing.
    fn stamped(
        &mut self,
        message: &Incoming,
        stamp: &Expression,
        turn: usize,
    ) -> Result<(Option<Nanos>, Nanos), Halt> {
        let found = self.ask(message, |facts, lane| stamp.evaluate(facts, &mut lane.rng));
        let Ok(value) = found else {
            return Ok((None, 0));
        };
        let Some(sent) = nanos_since_1970(&value) else {
            let text: String = value.text().chars().take(80).collect();
            let mismatch = Mismatch {
                expected: "a time: RFC 3339, or a number since 1970".into(),
                actual: format!("{text:?}"),
            };
            let what = What::Check(self.program.check_of_turn(turn, 0));
            return Err(Halt::Fault(Fault::new(what, mismatch)));
        };
        // What has passed since it came is not on its way.
        let known = message.at.elapsed();
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let arrived = now.saturating_sub(known).as_nanos().cast_signed();
        let span = |nanos: i128| Nanos::try_from(nanos.max(0)).unwrap_or(Nanos::MAX);
        Ok((Some(span(arrived - sent)), span(sent - arrived)))
    }

    /// The server closed the channel while something else was wanted.
    pub(super) fn closed_early(&self, wanted: &str) -> Halt {
        Halt::Fault(fault(Failure::Closed, wanted.into(), self.closing_words()))
    }

    fn closing_words(&self) -> String {
        let Some(closed) = self.channel.closed() else {
            return "the connection ended".into();
        };
        let code = closed.code.unwrap_or(NO_CODE);
        let meaning = meaning(code).map_or_else(String::new, |m| format!(" ({m})"));
        let reason: String = closed.reason.chars().take(123).collect();
        match reason.as_str() {
            "" => format!("the server closed with {code}{meaning}"),
            reason => format!("the server closed with {code}{meaning}: {reason:?}"),
        }
    }

    /// Closes with a code; the server is to answer with the same, or with one that says that all is well.
    pub(super) async fn close(&mut self, code: u16) -> Result<(), Halt> {
        let patience = self.program.source.timeout;
        let deadline = Instant::now() + patience;
        let expected = || format!("the server to answer the close with {code}");
        let closed = {
            let closing = pin!(self.channel.close(code));
            self.lane.session.limit(deadline, closing).await
        };
        match closed {
            None => Err(Halt::Fault(fault(
                Failure::Timeout,
                expected(),
                format!("no answer within {}", format_duration(patience)),
            ))),
            Some(Err(problem)) => Err(Halt::Fault(fault(
                problem.failure,
                expected(),
                problem.detail,
            ))),
            Some(Ok(())) => match self.channel.closed().and_then(|closed| closed.code) {
                Some(other) if other != code && other != DONE => Err(Halt::Fault(fault(
                    Failure::Closed,
                    expected(),
                    self.closing_words(),
                ))),
                _ => Ok(()),
            },
        }
    }

    /// Waits for the server to close; messages are passed over.
    pub(super) async fn closed(&mut self, code: u16, within: Duration) -> Result<(), Halt> {
        let deadline = Instant::now() + within;
        let expected = format!("the server to close with {code}");
        loop {
            match self.next(deadline, false).await {
                Ok(Got::Message(message)) => self.count(&message, (None, 0), None)?,
                Ok(Got::Closed) => {
                    let closed = self.channel.closed().and_then(|closed| closed.code);
                    if closed.unwrap_or(NO_CODE) == code {
                        return Ok(());
                    }
                    return Err(self.closed_early(&expected));
                }
                Ok(Got::Late | Got::Cut) => {
                    return Err(Halt::Fault(fault(
                        Failure::Timeout,
                        expected,
                        format!("still open after {}", format_duration(within)),
                    )));
                }
                Err(Halt::Fault(fault))
                    if code == ABNORMAL && fault.what == What::Failure(Failure::Read) =>
                {
                    return Ok(());
                }
                Err(halt) => return Err(halt),
            }
        }
    }

    /// Whether the conversation has said good-bye itself.
    pub(super) fn parted(&self, turns: &[Turn]) -> bool {
        let last = matches!(turns.last(), Some(Turn::Close(_) | Turn::Closed(..)));
        last && self.channel.closed().is_some()
    }

    /// Ends a conversation that says nothing of its end, as politely as the server lets it.
    pub(super) async fn part(&mut self, code: u16) {
        let closing = pin!(self.channel.close(code));
        let deadline = Instant::now() + PARTING;
        self.lane.session.limit(deadline, closing).await;
    }
}

/// What was waited for, in words.
fn wanted(wait: &Wait) -> String {
    let checks: Vec<&str> = wait.checks.iter().map(|c| c.value.text()).collect();
    match checks.as_slice() {
        [] => "a message".into(),
        checks => format!("a message with {}", checks.join(" and ")),
    }
}

/// What a code is for (RFC 6455, 7.4.1).
fn meaning(code: u16) -> Option<&'static str> {
    Some(match code {
        1000 => "done",
        1001 => "going away",
        1002 => "protocol error",
        1003 => "unsupported data",
        1005 => "no code",
        1007 => "invalid data",
        1008 => "policy violation",
        1009 => "message too big",
        1011 => "internal error",
        1012 => "service restart",
        1013 => "try again later",
        1014 => "bad gateway",
        _ => return None,
    })
}
