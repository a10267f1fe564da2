//! A target made of a formula, for tests on virtual time. In: when a request is sent; out: how long the answer
//! takes, exactly. Invariant: no socket, no thread, no clock but tokio's paused one.

use super::{
    Answer, Call, Channel, ClientStats, Closed, Exchange, Incoming, Outgoing, Problem, Protocol,
    Session,
};
use crate::expr::Head;
use crate::record::Failure;
use crate::units::{Nanos, nanos};
use std::cell::Cell;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// How one request goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reply {
    /// From the send to the head.
    pub(crate) head: Nanos,
    /// From the send to the last byte.
    pub(crate) done: Nanos,
    pub(crate) status: u16,
    pub(crate) failure: Option<Failure>,
}

impl Reply {
    pub(crate) fn after(nanos: Nanos) -> Self {
        Self {
            head: nanos,
            done: nanos,
            status: 200,
            failure: None,
        }
    }
}

/// What happens on a channel, so long after the answer that opened it; by the number of the call.
pub(crate) type Play = fn(u64) -> Vec<(Nanos, Event)>;

/// Answers by a formula of (call, number of the request, time since the start).
pub(crate) struct Scripted<F> {
    epoch: Instant,
    reply: F,
    count: Cell<u64>,
    opens: Option<Play>,
}

impl<F: Fn(&Call, u64, Nanos) -> Reply> Scripted<F> {
    pub(crate) fn new(epoch: Instant, reply: F) -> Self {
        Self {
            epoch,
            reply,
            count: Cell::new(0),
            opens: None,
        }
    }

    /// With a channel behind each answer, on which these things happen: so long after the answer, by its number.
    pub(crate) fn opening(self, script: Play) -> Self {
        Self {
            opens: Some(script),
            ..self
        }
    }
}

impl<F: Fn(&Call, u64, Nanos) -> Reply + 'static> Protocol for Scripted<F> {
    async fn call(&self, call: &Call, _: &mut Session, sent: Instant) -> Exchange {
        let number = self.count.replace(self.count.get() + 1);
        let reply = (self.reply)(call, number, nanos(sent - self.epoch));
        let took = Duration::from_nanos(reply.done);
        let timed_out = took > call.timeout;
        tokio::time::sleep_until(sent + took.min(call.timeout)).await;
        let failure = if timed_out {
            Some(Failure::Timeout)
        } else {
            reply.failure
        };
        let result = if let Some(failure) = failure {
            Err(Problem::new(failure, "scripted"))
        } else {
            let stream = || Head::of([("content-type", "text/event-stream")]);
            let head = self.opens.map_or_else(Head::default, |_| stream());
            let channel = self.opens.map(|script| Script::new(script(number)));
            Ok(Answer {
                channel: channel.map(Channel::Scripted),
                ..Answer::of(reply.status, head, "")
            })
        };
        Exchange {
            first_byte: (!timed_out).then(|| sent + Duration::from_nanos(reply.head)),
            ..Exchange::of(sent, Instant::now(), result)
        }
    }

    fn stats(&self) -> ClientStats {
        ClientStats::default()
    }
}

/// Something that happens on a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    Text(String),
    /// What is sent comes back, so long afterwards.
    Echo(Nanos),
    Close(u16),
    Lost,
}

/// A channel on virtual time.
#[derive(Debug)]
pub struct Script {
    coming: VecDeque<(Instant, Event)>,
    echo: Option<Duration>,
    closed: Option<Closed>,
}

impl Script {
    fn new(events: Vec<(Nanos, Event)>) -> Self {
        let now = Instant::now();
        let echo = events.iter().find_map(|(_, event)| match event {
            Event::Echo(after) => Some(Duration::from_nanos(*after)),
            _ => None,
        });
        let coming = events.into_iter();
        Self {
            coming: coming
                .filter(|(_, event)| !matches!(event, Event::Echo(_)))
                .map(|(after, event)| (now + Duration::from_nanos(after), event))
                .collect(),
            echo,
            closed: None,
        }
    }

    pub(super) fn closed(&self) -> Option<&Closed> {
        self.closed.as_ref()
    }

    pub(super) async fn receive(&mut self) -> Result<Option<Incoming>, Problem> {
        if self.closed.is_some() {
            return Ok(None);
        }
        let Some((at, _)) = self.coming.front() else {
            return std::future::pending().await;
        };
        tokio::time::sleep_until(*at).await;
        match self.coming.pop_front() {
            Some((_, Event::Close(code))) => {
                self.closed = Some(Closed {
                    code: Some(code),
                    reason: String::new(),
                });
                Ok(None)
            }
            Some((at, Event::Text(text))) => Ok(Some(Incoming {
                at,
                binary: false,
                body: text.into(),
            })),
            _ => Err(Problem::new(Failure::Read, "scripted")),
        }
    }

    pub(super) fn send(&mut self, message: Outgoing) {
        if let (Some(after), Outgoing::Text(text)) = (self.echo, message) {
            let text = String::from_utf8_lossy(&text).into_owned();
            let at = Instant::now() + after;
            let place = self.coming.partition_point(|(other, _)| *other <= at);
            self.coming.insert(place, (at, Event::Text(text)));
        }
    }

    pub(super) fn close(&mut self, code: u16) {
        self.closed.get_or_insert(Closed {
            code: Some(code),
            reason: String::new(),
        });
    }
}
