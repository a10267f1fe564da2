//! A target made of a formula, for tests on virtual time. In: when a request is sent; out: how long the answer
//! takes, exactly. Invariant: no socket, no thread, no clock but tokio's paused one.

use super::{Answer, Call, ClientStats, Exchange, Problem, Protocol, Session};
use crate::expr::Head;
use crate::record::Failure;
use crate::units::{Nanos, nanos};
use http::{StatusCode, Version};
use std::cell::Cell;
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

/// Answers by a formula of (call, number of the request, time since the start).
pub(crate) struct Scripted<F> {
    epoch: Instant,
    reply: F,
    count: Cell<u64>,
}

impl<F: Fn(&Call, u64, Nanos) -> Reply> Scripted<F> {
    pub(crate) fn new(epoch: Instant, reply: F) -> Self {
        Self {
            epoch,
            reply,
            count: Cell::new(0),
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
        let result = match failure {
            Some(failure) => Err(Problem::new(failure, "scripted")),
            None => Ok(Answer {
                status: StatusCode::from_u16(reply.status).unwrap(),
                version: Version::HTTP_11,
                headers: Head::default(),
                body: bytes::Bytes::new(),
                received: 0,
                redirects: Vec::new(),
                peer: None,
                certificate: None,
            }),
        };
        Exchange {
            sent,
            first_byte: (!timed_out).then(|| sent + Duration::from_nanos(reply.head)),
            done: Instant::now(),
            wait: None,
            dns: None,
            connect: None,
            tls: None,
            result,
        }
    }

    fn stats(&self) -> ClientStats {
        ClientStats::default()
    }
}
