//! One request and its answer on a stream. In: both; out: the answer, or how far it came. Invariant: reading goes on
//! while a request is written, because a server may answer before it has read all; what could not be written counts
//! only when no answer came.

use super::reader::{Purpose, Reader, Received};
use super::request::Outgoing;
use crate::protocol::Problem;
use crate::record::Failure;
use bytes::{Buf as _, Bytes};
use std::cell::RefCell;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// What is read at once. More than most answers, so that one read empties the socket and needs no second look.
const AT_ONCE: usize = 64 << 10;

/// Memory of one worker that every exchange uses while it is polled: connections have none of their own.
#[derive(Debug)]
pub(in super::super) struct Scratch {
    read: Box<[u8]>,
    out: Vec<u8>,
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            read: vec![0; AT_ONCE].into(),
            out: Vec::new(),
        }
    }
}

/// Why there is no answer, and whether the request may be sent again.
#[derive(Debug)]
pub(in super::super) struct Lost {
    pub(in super::super) problem: Problem,
    /// The connection took not a single byte.
    pub(in super::super) unsent: bool,
    /// The connection ended before the first byte of an answer.
    pub(in super::super) unanswered: bool,
}

/// Sends a request and reads its answer. `head_at` becomes the instant at which its head was there.
pub(in super::super) async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    scratch: &RefCell<Scratch>,
    request: &Outgoing<'_>,
    purpose: Purpose,
    at: &mut Arrival,
) -> Result<Received, Lost> {
    let mut sending = Sending::Everything;
    let mut reader = Reader::new(purpose);
    poll_fn(|cx| {
        // Borrowed for one poll: nobody else runs meanwhile.
        let scratch = &mut *scratch.borrow_mut();
        sending.poll(stream, cx, &mut scratch.out, request);
        if let Sending::Failed { unsent: true, .. } = sending {
            return Poll::Ready(Err(sending.lost(&reader, None)));
        }
        poll_answer(stream, cx, &mut scratch.read, (&mut reader, &sending), at)
    })
    .await
}

/// When an answer came.
#[derive(Debug, Default, Clone, Copy)]
pub(in super::super) struct Arrival {
    /// Its head.
    pub(in super::super) head: Option<Instant>,
    /// Its last byte.
    pub(in super::super) end: Option<Instant>,
}

/// Whether a connection that nothing is expected on is as it was left: open and without a word.
pub(in super::super) fn is_quiet<S: AsyncRead + Unpin>(
    stream: &mut S,
    scratch: &RefCell<Scratch>,
    cx: &mut Context<'_>,
) -> bool {
    let scratch = &mut *scratch.borrow_mut();
    let mut buffer = ReadBuf::new(&mut scratch.read);
    // No system call where the reactor has seen nothing.
    Pin::new(stream).poll_read(cx, &mut buffer).is_pending()
}

fn poll_answer<S: AsyncRead + Unpin>(
    stream: &mut S,
    cx: &mut Context<'_>,
    memory: &mut [u8],
    (reader, sending): (&mut Reader, &Sending),
    at: &mut Arrival,
) -> Poll<Result<Received, Lost>> {
    loop {
        let mut buffer = ReadBuf::new(memory);
        let read = match Pin::new(&mut *stream).poll_read(cx, &mut buffer) {
            Poll::Pending if sending.given_up(reader) => {
                return Poll::Ready(Err(sending.lost(reader, None)));
            }
            read => ready!(read),
        };
        let bytes = buffer.filled();
        let headless = !reader.has_head();
        let fed = match read {
            Ok(()) if !bytes.is_empty() => reader.feed(bytes),
            ended => {
                let error = ended.err();
                if error.is_some() || !reader.answered() {
                    return Poll::Ready(Err(sending.lost(reader, error)));
                }
                reader.end()
            }
        };
        let whole = matches!(fed, Ok(Some(_)));
        if whole || headless && reader.has_head() {
            let now = Instant::now();
            if headless {
                at.head = Some(now);
            }
            at.end = Some(now);
        }
        match fed {
            Ok(None) => {}
            Ok(Some(mut received)) => {
                received.reusable &= matches!(sending, Sending::Nothing);
                return Poll::Ready(Ok(received));
            }
            Err(problem) => return Poll::Ready(Err(Lost::answered(problem))),
        }
    }
}

impl Lost {
    fn answered(problem: Problem) -> Self {
        Self {
            problem,
            unsent: false,
            unanswered: false,
        }
    }
}

/// What of a request is still to be written.
enum Sending {
    Everything,
    /// The rest of the head, with a small body, and of a large body.
    Rest(Bytes, Bytes),
    /// It is written, but lies in the stream.
    Flush,
    Nothing,
    Failed {
        error: io::Error,
        unsent: bool,
    },
}

impl Sending {
    fn poll<S: AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
        cx: &mut Context<'_>,
        out: &mut Vec<u8>,
        request: &Outgoing<'_>,
    ) {
        if matches!(self, Self::Nothing | Self::Failed { .. }) {
            return;
        }
        if let Self::Everything = self {
            let body = request.render(out);
            *self = match Pin::new(&mut *stream).poll_write(cx, out) {
                Poll::Ready(Ok(n)) if n == out.len() && body.is_empty() => Self::Flush,
                Poll::Ready(Ok(n)) => Self::Rest(Bytes::copy_from_slice(&out[n..]), body),
                Poll::Pending => Self::Rest(Bytes::copy_from_slice(out), body),
                Poll::Ready(Err(error)) => Self::Failed {
                    error,
                    unsent: true,
                },
            };
        }
        if let Err(error) = self.go_on(stream, cx) {
            *self = Self::Failed {
                error,
                unsent: false,
            };
        }
    }

    fn go_on<S: AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
        cx: &mut Context<'_>,
    ) -> io::Result<()> {
        while let Self::Rest(head, body) = self {
            let part = if head.is_empty() { body } else { head };
            if part.is_empty() {
                *self = Self::Flush;
                break;
            }
            match Pin::new(&mut *stream).poll_write(cx, part) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Ok(0)) => return Err(ErrorKind::WriteZero.into()),
                Poll::Ready(written) => part.advance(written?),
            }
        }
        if let Self::Flush = self
            && let Poll::Ready(flushed) = Pin::new(stream).poll_flush(cx)
        {
            flushed?;
            *self = Self::Nothing;
        }
        Ok(())
    }

    /// Whether a request that was not written whole gets no answer either. Of a broken connection the reactor will
    /// tell, once it has delivered what came before.
    fn given_up(&self, reader: &Reader) -> bool {
        match self {
            Self::Failed { error, .. } => !reader.answered() && !broken(error),
            _ => false,
        }
    }

    /// The connection ended, with this error or without one, before the answer did.
    fn lost(&self, reader: &Reader, error: Option<io::Error>) -> Lost {
        let unanswered = !reader.answered() && error.as_ref().is_none_or(broken);
        let failure = if reader.answered() || matches!(self, Self::Nothing) {
            Failure::Read
        } else {
            Failure::Write
        };
        let detail = match (self, error) {
            (Self::Failed { error, .. }, _) => error.to_string(),
            (_, Some(error)) => error.to_string(),
            (Self::Nothing, None) => "the connection was closed before an answer came".to_owned(),
            (_, None) => "the connection was closed before the request was written".to_owned(),
        };
        Lost {
            problem: reader.problem(failure, detail),
            unsent: matches!(self, Self::Failed { unsent: true, .. }),
            unanswered,
        }
    }
}

/// The other side is gone.
fn broken(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof
    )
}
