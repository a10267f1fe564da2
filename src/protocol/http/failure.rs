//! hyper's errors → our closed set of failures. In: an error; out: a [`Problem`]. Invariant: the kind depends on
//! types and flags, never on the words of an error; the words are kept for people.

use super::Problem;
use crate::record::Failure;
use std::error::Error;
use std::io;

/// The failure that an error means.
pub(super) fn of(error: &hyper::Error) -> Problem {
    // A body that breaks the rules of chunks comes as bad data.
    let malformed = matches!(
        io_kind(error),
        Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)
    );
    let failure = if error.is_parse() || malformed {
        Failure::Protocol
    } else if error.is_body_write_aborted() || io_kind(error) == Some(io::ErrorKind::BrokenPipe) {
        Failure::Write
    } else if error.is_user() {
        Failure::Protocol
    } else {
        Failure::Read
    };
    Problem::new(failure, words(error))
}

/// The connection was reset rather than closed.
pub(super) fn is_reset(error: &hyper::Error) -> bool {
    matches!(
        io_kind(error),
        Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)
    )
}

fn io_kind(error: &(dyn Error + 'static)) -> Option<io::ErrorKind> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            return Some(io.kind());
        }
        cause = error.source();
    }
    None
}

/// The error and its causes in one line.
fn words(error: &(dyn Error + 'static)) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !words.contains(&more) {
            words = format!("{words}: {more}");
        }
        cause = error.source();
    }
    words
}
