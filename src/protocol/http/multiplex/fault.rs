//! What went wrong on a stream, in the words and kinds of HTTP/1.1. In: an error of the library; out: a [`Lost`].
//! Invariant: "unsent" is said only when the server itself says that it has done nothing, or nothing was sent.

use crate::protocol::Problem;
use crate::protocol::http::wire::Lost;
use crate::record::Failure;
use h2::Reason;
use std::io::ErrorKind;

/// How far a request had come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stage {
    /// It was sent before.
    pub(super) again: bool,
    /// The library has all of it.
    pub(super) written: bool,
    /// The head of an answer came.
    pub(super) answered: bool,
    /// Bytes of the body that arrived.
    pub(super) received: u64,
}

impl Stage {
    /// Nothing has been written.
    pub(super) const BEGUN: Self = Self {
        again: false,
        written: false,
        answered: false,
        received: 0,
    };

    /// Why there is no answer.
    pub(super) fn lost(self, error: &h2::Error) -> Lost {
        let (failure, detail) = self.words(error);
        let io = error.get_io().map(std::io::Error::kind);
        Lost {
            problem: Problem {
                failure,
                detail,
                received: self.received,
            },
            unsent: !self.answered && self.undone(error),
            unanswered: !self.answered && io.is_some_and(broken),
        }
    }

    fn words(self, error: &h2::Error) -> (Failure, String) {
        let reason = error.reason().unwrap_or(Reason::NO_ERROR);
        let cut = if self.answered || self.written {
            Failure::Read
        } else {
            Failure::Write
        };
        if error.is_library() {
            return (
                Failure::Protocol,
                format!(
                    "what came breaks the rules of HTTP/2: {reason:?}{}",
                    hint(reason)
                ),
            );
        }
        if error.is_reset() && reason == Reason::HTTP_1_1_REQUIRED {
            let detail =
                "the server wants HTTP/1.1 for this request (HTTP_1_1_REQUIRED); write `http: 1.1`";
            return (Failure::Protocol, detail.to_owned());
        }
        if error.is_reset() {
            return (cut, format!("the server reset the stream: {reason:?}"));
        }
        if error.is_go_away() {
            return (
                cut,
                format!("the server is going away (GOAWAY): {reason:?}"),
            );
        }
        match error.get_io() {
            // The library's own words for an end without an error.
            Some(io) if io.kind() == ErrorKind::BrokenPipe && io.raw_os_error().is_none() => {
                (cut, self.closed().to_owned())
            }
            Some(io) => (cut, io.to_string()),
            None => (Failure::Protocol, error.to_string()),
        }
    }

    /// Whether the server did nothing with the request, and says so. Refused twice it is a failure.
    fn undone(self, error: &h2::Error) -> bool {
        let refused = error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM);
        // The library says "going away" only of streams above the last one that the server has looked at.
        error.is_remote() && (refused && !self.again || error.is_go_away())
    }

    fn closed(self) -> &'static str {
        match (self.answered, self.written) {
            (true, _) => "the connection was closed in the middle of the body",
            (false, true) => "the connection was closed before an answer came",
            (false, false) => "the connection was closed before the request was written",
        }
    }
}

/// HTTP/2 could not even be begun on a connection.
pub(super) fn not_begun(error: &h2::Error) -> Problem {
    Problem::new(Failure::Write, error)
}

fn hint(reason: Reason) -> &'static str {
    match reason {
        // What HTTP/1.1 looks like as a frame.
        Reason::FRAME_SIZE_ERROR => {
            " (a server that speaks HTTP/1.1 only answers like this: `http: 1.1`)"
        }
        _ => "",
    }
}

fn broken(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof
    )
}
