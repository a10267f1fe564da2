//! One request and its answer on a stream. In: both; out: the answer, or how far it came. Invariant: reading goes on
//! while a request is written, because a server may answer before it has read all; what could not be written counts
//! only when no answer came.

use super::reader::Reader;
use super::received::{Purpose, Received};
use super::request::Outgoing;
use super::sending::{Lost, Sending};
use std::cell::RefCell;
use std::future::poll_fn;
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
        let (first, unwritten) = (sending.is_fresh(), !sending.is_done());
        sending.poll(stream, cx, &mut scratch.out, request);
        if unwritten && sending.is_done() {
            // What the system takes at once takes no time worth a look at the clock.
            at.at_once = first;
            at.written = (!first).then(Instant::now);
        }
        if let Sending::Failed { unsent: true, .. } = sending {
            return Poll::Ready(Err(sending.lost(&reader, None)));
        }
        poll_answer(stream, cx, &mut scratch.read, (&mut reader, &sending), at)
    })
    .await
}

/// When a request had gone and its answer came.
#[derive(Debug, Default, Clone, Copy)]
pub(in super::super) struct Arrival {
    /// The request was written in one go.
    pub(in super::super) at_once: bool,
    /// The request had been written, where it was not in one go.
    pub(in super::super) written: Option<Instant>,
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
