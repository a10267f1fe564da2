//! One request and its answer on a stream. In: both; out: the answer, or how far it came. Invariant: reading goes on
//! while a body is sent, because a server may answer before it has all of it; a stream that is given up is reset, and
//! its connection stays usable.

use super::fault::Stage;
use super::head::{self, Target};
use super::link::{Link, Waiting};
use crate::protocol::Problem;
use crate::protocol::http::wire::{Arrival, Lost, Outgoing, Purpose, Received};
use crate::record::Failure;
use bytes::Bytes;
use h2::client::ResponseFuture;
use h2::{RecvStream, SendStream};
use http::Version;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::time::Instant;

/// Sends a request and reads its answer. A server may refuse it unseen once (`again` is the second time).
pub(in super::super) async fn exchange(
    link: &Link,
    request: &Outgoing<'_>,
    target: Target<'_>,
    (purpose, again): (Purpose, bool),
    at: &mut Arrival,
) -> Result<Received, Lost> {
    let mut waiting = Waiting::new(link);
    let mut talk = Talk::Begin;
    poll_fn(|cx| {
        let hold = matches!(talk, Talk::Begin);
        waiting.poll(cx, hold, |cx| {
            if let Talk::Begin = talk {
                talk = match Open::new(link, request, target, (purpose, again)) {
                    Ok(open) => Talk::Open(open),
                    Err(lost) => return Poll::Ready(Err(lost)),
                };
            }
            let Talk::Open(open) = &mut talk else {
                return Poll::Pending;
            };
            let result = ready!(open.poll(cx, at));
            // The library's handles go while it is known that nothing needs to be sent for them.
            talk = Talk::Ended;
            Poll::Ready(result)
        })
    })
    .await
}

enum Talk {
    Begin,
    Open(Open),
    Ended,
}

/// A stream with a request on it.
struct Open {
    purpose: Purpose,
    /// It was sent before.
    again: bool,
    keep: bool,
    sending: Option<(SendStream<Bytes>, Bytes)>,
    answer: Answering,
}

enum Answering {
    Head(ResponseFuture),
    Body(RecvStream, Received),
    Whole,
}

impl Open {
    fn new(
        link: &Link,
        request: &Outgoing<'_>,
        target: Target<'_>,
        (purpose, again): (Purpose, bool),
    ) -> Result<Self, Lost> {
        let head = head::request(request, target).map_err(|words| Lost {
            problem: Problem::new(Failure::Unsendable, words),
            unsent: false,
            unanswered: false,
        })?;
        let sent = link.send(head, request.body.is_empty());
        let (response, stream) = sent.map_err(|error| Lost {
            unsent: true,
            ..Stage::BEGUN.lost(&error)
        })?;
        let mut open = Self {
            purpose,
            again,
            keep: false,
            sending: None,
            answer: Answering::Head(response),
        };
        if !request.body.is_empty() {
            open.sending = Some((stream, request.body.clone()));
        }
        Ok(open)
    }

    fn stage(&self) -> Stage {
        Stage {
            again: self.again,
            written: self.sending.is_none(),
            answered: !matches!(self.answer, Answering::Head(_)),
            received: match &self.answer {
                Answering::Body(_, received) => received.size,
                _ => 0,
            },
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>, at: &mut Arrival) -> Poll<Result<Received, Lost>> {
        self.send(cx);
        match self.read(cx, at) {
            Poll::Ready(Ok(received)) => Poll::Ready(Ok(received)),
            Poll::Ready(Err(Fault::Stream(error))) => Poll::Ready(Err(self.stage().lost(&error))),
            Poll::Ready(Err(Fault::Answer(problem))) => Poll::Ready(Err(Lost::answered(problem))),
            Poll::Pending => Poll::Pending,
        }
    }

    /// Hands over what the server grants room for. That it wants no more is no failure: its answer may say why.
    fn send(&mut self, cx: &mut Context<'_>) {
        let Some((stream, rest)) = &mut self.sending else {
            return;
        };
        while !rest.is_empty() {
            stream.reserve_capacity(rest.len());
            match stream.poll_capacity(cx) {
                Poll::Ready(Some(Ok(room))) => {
                    let part = rest.split_to(room.min(rest.len()));
                    if stream.send_data(part, rest.is_empty()).is_err() {
                        return;
                    }
                }
                Poll::Pending | Poll::Ready(_) => return,
            }
        }
        self.sending = None;
    }

    fn read(&mut self, cx: &mut Context<'_>, at: &mut Arrival) -> Poll<Result<Received, Fault>> {
        let mut now = None;
        if let Answering::Head(response) = &mut self.answer {
            let response = ready!(Pin::new(response).poll(cx)).map_err(Fault::Stream)?;
            at.head = Some(*now.insert(Instant::now()));
            let (parts, body) = response.into_parts();
            let (head, has) = head::answer(parts.status, &parts.headers).map_err(|words| {
                let detail = format!("the head of the answer cannot be read: {words}");
                Fault::Answer(Problem::new(Failure::Protocol, detail))
            })?;
            let received = Received {
                status: parts.status,
                version: Version::HTTP_2,
                head,
                body: Vec::new(),
                size: 0,
                reusable: false,
                has,
                rest: Vec::new(),
                open: None,
            };
            self.keep = self.purpose.keeps(received.status, received.has);
            self.answer = Answering::Body(body, received);
        }
        let Answering::Body(body, received) = &mut self.answer else {
            return Poll::Pending;
        };
        while !body.is_end_stream() {
            let Some(data) = ready!(body.poll_data(cx)) else {
                break;
            };
            now = None;
            let data = data.map_err(Fault::Stream)?;
            let gathered = received.gather(&data, &mut self.keep, self.purpose);
            gathered.map_err(Fault::Answer)?;
            body.flow_control().release_capacity(data.len()).ok();
        }
        at.end = Some(now.unwrap_or_else(Instant::now));
        match std::mem::replace(&mut self.answer, Answering::Whole) {
            Answering::Body(_, received) => Poll::Ready(Ok(received)),
            _ => Poll::Pending,
        }
    }
}

enum Fault {
    Stream(h2::Error),
    Answer(Problem),
}
