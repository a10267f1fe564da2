//! The half of an exchange that writes. In: a request; out: how far it came, and what that means once the connection
//! is lost. Invariant: "unsent" is said only when the stream took nothing.

use super::reader::Reader;
use super::request::Outgoing;
use crate::protocol::Problem;
use crate::protocol::transport::tls_trouble;
use crate::record::Failure;
use bytes::{Buf as _, Bytes};
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::AsyncWrite;

/// Why there is no answer, and whether the request may be sent again.
#[derive(Debug)]
pub(in super::super) struct Lost {
    pub(in super::super) problem: Problem,
    /// The connection took not a single byte.
    pub(in super::super) unsent: bool,
    /// The connection ended before the first byte of an answer.
    pub(in super::super) unanswered: bool,
}

impl Lost {
    /// For what came instead of an answer.
    pub(in super::super) fn answered(problem: Problem) -> Self {
        Self {
            problem,
            unsent: false,
            unanswered: false,
        }
    }
}

/// What of a request is still to be written.
pub(super) enum Sending {
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
    /// Writes what the stream takes.
    pub(super) fn poll<S: AsyncWrite + Unpin>(
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

    /// Whether nothing was tried yet.
    pub(super) fn is_fresh(&self) -> bool {
        matches!(self, Self::Everything)
    }

    /// Whether the system has all of it.
    pub(super) fn is_done(&self) -> bool {
        matches!(self, Self::Nothing)
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
    pub(super) fn given_up(&self, reader: &Reader) -> bool {
        match self {
            Self::Failed { error, .. } => !reader.answered() && !broken(error),
            _ => false,
        }
    }

    /// The connection ended, with this error or without one, before the answer did.
    pub(super) fn lost(&self, reader: &Reader, error: Option<io::Error>) -> Lost {
        let unanswered = !reader.answered() && error.as_ref().is_none_or(broken);
        // An alert of the server, which may come long after the handshake.
        let trouble = error.as_ref().and_then(tls_trouble);
        let failure = if trouble.is_some() {
            Failure::Tls
        } else if reader.answered() || matches!(self, Self::Nothing) {
            Failure::Read
        } else {
            Failure::Write
        };
        let detail = match (self, error) {
            _ if trouble.is_some() => trouble.unwrap_or_default(),
            (Self::Failed { error, .. }, _) => error.to_string(),
            // The library's own words are a link to its manual.
            (_, Some(error)) if error.kind() == ErrorKind::UnexpectedEof => {
                "the connection was closed without the end that TLS gives it (close_notify)"
                    .to_owned()
            }
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
