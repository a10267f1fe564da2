//! An answer that is read as it comes. In: a connection behind the head of an answer; out: its pieces. Invariant:
//! memory is bounded, whatever the server sends, and waiting for a piece may be given up without losing any of it.

mod events;
mod unpack;

use super::Problem;
use super::channel::Incoming;
use super::http::OpenBody;
use super::transport::Stream as Connection;
use crate::record::Failure;
use crate::scenario::Framing;
use crate::units::format_bytes;
use bytes::Bytes;
use events::Events;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead as _, ReadBuf};
use tokio::time::Instant;
use unpack::Unpack;

/// The longest event or line.
const LONGEST: usize = 4 << 20;
/// What is read at once, on the stack: a stream that waits has no buffer.
const AT_ONCE: usize = 8 << 10;
/// How long to wait before opening a stream again that has not said it.
const RETRY: Duration = Duration::from_secs(3);

type Pieces = VecDeque<Bytes>;

/// An open stream.
#[derive(Debug)]
pub struct EventStream {
    connection: Connection,
    body: OpenBody,
    /// What came together with the head.
    ahead: Vec<u8>,
    unpack: Unpack,
    cutter: Cutter,
    /// Pieces that are there, and when the last of them came.
    pieces: Pieces,
    at: Instant,
    ended: bool,
    received: u64,
}

/// How pieces are told apart.
#[derive(Debug)]
enum Cutter {
    Events(Box<Events>),
    Lines(Vec<u8>),
    Bytes,
}

/// What a stream that is opened again begins with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resume {
    /// The id of the last event; empty where there was none.
    pub last_id: Vec<u8>,
    /// How long to wait before.
    pub after: Duration,
}

impl EventStream {
    /// Takes over a connection behind the head of an answer; `ahead` came together with it, packed as `coding` says.
    ///
    /// # Errors
    /// When the body is packed in a way that cannot be undone as it comes.
    pub(super) fn new(
        connection: Connection,
        (body, ahead): (OpenBody, Vec<u8>),
        coding: &[u8],
        framing: &Framing,
    ) -> Result<Self, Problem> {
        Ok(Self {
            connection,
            body,
            ahead,
            unpack: Unpack::new(coding)?,
            cutter: match framing {
                Framing::Events(wanted) => Cutter::Events(Box::new(Events::new(wanted.clone()))),
                Framing::Lines => Cutter::Lines(Vec::new()),
                Framing::Bytes => Cutter::Bytes,
            },
            pieces: Pieces::new(),
            at: Instant::now(),
            ended: false,
            received: 0,
        })
    }

    /// Bytes of the body so far, on the wire.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// What a stream that follows this one begins with.
    pub(super) fn resume(&self) -> Resume {
        let (last_id, retry) = match &self.cutter {
            Cutter::Events(events) => (events.last().to_vec(), events.retry()),
            Cutter::Lines(_) | Cutter::Bytes => (Vec::new(), None),
        };
        Resume {
            last_id,
            after: retry.unwrap_or(RETRY),
        }
    }

    /// Goes on where another stream ended.
    pub(super) fn follow(&mut self, before: &Self) {
        if let (Cutter::Events(events), Cutter::Events(before)) = (&mut self.cutter, &before.cutter)
        {
            events.again(before);
        }
        self.received += before.received;
    }

    pub(super) async fn receive(&mut self) -> Result<Option<Incoming>, Problem> {
        poll_fn(|cx| self.poll_receive(cx)).await
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Incoming>, Problem>> {
        loop {
            if let Some(body) = self.pieces.pop_front() {
                return Poll::Ready(Ok(Some(Incoming {
                    at: self.at,
                    binary: matches!(self.cutter, Cutter::Bytes),
                    body,
                })));
            }
            if self.ended {
                return Poll::Ready(Ok(None));
            }
            if !self.ahead.is_empty() {
                self.at = Instant::now();
                let ahead = std::mem::take(&mut self.ahead);
                self.take(&ahead)?;
                continue;
            }
            let mut memory = [const { MaybeUninit::uninit() }; AT_ONCE];
            let mut buffer = ReadBuf::uninit(&mut memory);
            ready!(Pin::new(&mut self.connection).poll_read(cx, &mut buffer)).map_err(|error| {
                self.problem(Failure::Read, format!("the connection broke: {error}"))
            })?;
            self.at = Instant::now();
            if buffer.filled().is_empty() {
                self.end()?;
            } else {
                self.take(buffer.filled())?;
            }
        }
    }

    /// Takes what has arrived.
    fn take(&mut self, mut bytes: &[u8]) -> Result<(), Problem> {
        loop {
            let data = match self.body.next(&mut bytes) {
                Ok(Some(data)) => data,
                Ok(None) => break,
                Err(words) => {
                    let words = format!("the body cannot be read: {words}");
                    return Err(self.problem(Failure::Protocol, words));
                }
            };
            self.received += data.len() as u64;
            let unpacked = self.unpack.feed(data)?;
            self.cutter.feed(&unpacked, &mut self.pieces)?;
        }
        if self.body.ended() {
            self.finish();
        }
        Ok(())
    }

    /// The connection has ended.
    fn end(&mut self) -> Result<(), Problem> {
        if !self.body.may_end() {
            let words = "the connection was closed in the middle of the stream".to_owned();
            return Err(self.problem(Failure::Read, words));
        }
        self.finish();
        Ok(())
    }

    fn finish(&mut self) {
        self.ended = true;
        // An event without its empty line is none; a line needs no line feed.
        if let Cutter::Lines(line) = &mut self.cutter {
            push_line(std::mem::take(line), &mut self.pieces);
        }
    }

    fn problem(&self, failure: Failure, detail: String) -> Problem {
        Problem {
            failure,
            detail,
            received: self.received,
        }
    }
}

impl Cutter {
    fn feed(&mut self, bytes: &[u8], out: &mut Pieces) -> Result<(), Problem> {
        match self {
            Self::Events(events) => events.feed(bytes, out),
            Self::Bytes if bytes.is_empty() => Ok(()),
            Self::Bytes => {
                out.push_back(Bytes::copy_from_slice(bytes));
                Ok(())
            }
            Self::Lines(line) => {
                let mut parts = bytes.split(|b| *b == b'\n').peekable();
                while let Some(part) = parts.next() {
                    line.extend_from_slice(part);
                    if line.len() > LONGEST {
                        return Err(too_long("a line"));
                    }
                    if parts.peek().is_some() {
                        push_line(std::mem::take(line), out);
                    }
                }
                Ok(())
            }
        }
    }
}

fn push_line(mut line: Vec<u8>, out: &mut Pieces) {
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    if !line.is_empty() {
        out.push_back(line.into());
    }
}

fn too_long(what: &str) -> Problem {
    let words = format!("{what} is longer than {}", format_bytes(LONGEST as u64));
    Problem::new(Failure::BodyLimit, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_wherever_the_bytes_are() {
        for step in [1, 2, 3, 100] {
            let mut cutter = Cutter::Lines(Vec::new());
            let mut out = Pieces::new();
            for part in b"{\"a\":1}\r\n\n\n{\"b\":2}\nend".chunks(step) {
                cutter.feed(part, &mut out).unwrap();
            }
            assert_eq!(out, ["{\"a\":1}", "{\"b\":2}"], "{step}");
        }
        let mut cutter = Cutter::Lines(Vec::new());
        let long = vec![b'x'; LONGEST + 1];
        let problem = cutter.feed(&long, &mut Pieces::new()).unwrap_err();
        assert_eq!(problem.failure, Failure::BodyLimit);
    }
}
