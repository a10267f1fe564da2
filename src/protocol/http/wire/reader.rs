//! One answer as it arrives. In: its bytes, cut anywhere; out: a [`Received`], or why it is none. Invariant: nothing
//! is kept but what somebody will look at, and no server can make it keep more than the limits.

use super::chunked::Chunks;
use super::head::{self, Extent, Parsed};
use super::open::OpenBody;
use super::received::{Purpose, Received};
use crate::expr::Head;
use crate::protocol::Problem;
use crate::record::Failure;
use crate::units::format_bytes;
use http::StatusCode;

/// The longest head.
const HEAD: usize = 256 << 10;
/// Heads up to this length are tried again with every byte: servers that talk something else are found out early.
const SHORT: usize = 4 << 10;
/// Memory that a body gets on its server's word alone.
const TRUSTED: u64 = 64 << 10;

/// An answer that is being read.
#[derive(Debug)]
pub(in super::super) struct Reader {
    purpose: Purpose,
    /// Any byte came.
    answered: bool,
    /// The beginning of a head.
    partial: Vec<u8>,
    /// How much of it was parsed in vain.
    tried: usize,
    rest: Rest,
    keep: bool,
    received: Option<Received>,
}

/// What is still to come.
#[derive(Debug)]
pub(super) enum Rest {
    Bytes(u64),
    Chunks(Chunks),
    End,
}

impl Reader {
    pub(in super::super) fn new(purpose: Purpose) -> Self {
        Self {
            purpose,
            answered: false,
            partial: Vec::new(),
            tried: 0,
            rest: Rest::Bytes(0),
            keep: false,
            received: None,
        }
    }

    /// Whether anything of an answer has come.
    pub(super) fn answered(&self) -> bool {
        self.answered
    }

    /// Whether the head has come.
    pub(super) fn has_head(&self) -> bool {
        self.received.is_some()
    }

    /// Takes what has arrived; the answer, when that was its end.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<Option<Received>, Problem> {
        self.answered = true;
        if self.received.is_some() {
            return self.take(bytes);
        }
        if self.partial.is_empty() {
            return self.look(bytes);
        }
        // The end of a head may be cut in the middle.
        let seam = self.partial.len().saturating_sub(3);
        self.partial.extend_from_slice(bytes);
        let all = &self.partial;
        let due = all.len() <= SHORT || all.len() >= self.tried * 2 || ends(&all[seam..]);
        if !due {
            return Ok(None);
        }
        let all = std::mem::take(&mut self.partial);
        self.look(&all)
    }

    /// The connection has ended; the answer, if that was its end too.
    pub(super) fn end(&mut self) -> Result<Option<Received>, Problem> {
        if self.received.is_none() && self.partial.len() > self.tried {
            let all = std::mem::take(&mut self.partial);
            self.look(&all)?;
        }
        let words = match (&self.received, &self.rest) {
            (Some(_), Rest::End) => {
                let mut whole = self.received.take();
                whole.iter_mut().for_each(|r| r.reusable = false);
                return Ok(whole);
            }
            (Some(_), _) => "the connection was closed in the middle of the body",
            (None, _) => "the connection was closed in the middle of the head",
        };
        Err(self.problem(Failure::Read, words.to_owned()))
    }

    /// A failure with what had come of the body by then.
    pub(super) fn problem(&self, failure: Failure, detail: String) -> Problem {
        Problem {
            failure,
            detail,
            received: self.received.as_ref().map_or(0, |r| r.size),
        }
    }

    /// Looks for a head that is not an informational one.
    fn look(&mut self, bytes: &[u8]) -> Result<Option<Received>, Problem> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let parsed = head::parse(rest, self.purpose.to_head).map_err(|words| {
                let detail = format!("the head of the answer cannot be read: {words}");
                Problem::new(Failure::Protocol, detail)
            })?;
            let length = parsed.map_or(rest.len(), |p| p.length);
            if length > HEAD {
                let detail = format!("its head is longer than {}", format_bytes(HEAD as u64));
                return Err(Problem::new(Failure::Protocol, detail));
            }
            let Some(parsed) = parsed else { break };
            let (head, behind) = rest.split_at(length);
            rest = behind;
            let informational = parsed.status.is_informational();
            if !informational || parsed.status == StatusCode::SWITCHING_PROTOCOLS {
                self.begin(&parsed, head);
                if self.purpose.open && parsed.status == StatusCode::OK {
                    return Ok(self.hand_over(rest));
                }
                return self.take(rest);
            }
        }
        self.partial = rest.to_vec();
        self.tried = rest.len();
        Ok(None)
    }

    fn begin(&mut self, parsed: &Parsed, head: &[u8]) {
        self.keep = self.purpose.keeps(parsed.status, parsed.has);
        self.rest = match parsed.body {
            Extent::Bytes(length) => Rest::Bytes(length),
            Extent::Chunks => Rest::Chunks(Chunks::default()),
            Extent::End => Rest::End,
        };
        let body = match parsed.body {
            Extent::Bytes(length) if self.keep => Vec::with_capacity(length.min(TRUSTED) as usize),
            _ => Vec::new(),
        };
        self.received = Some(Received {
            status: parsed.status,
            version: parsed.version,
            head: Head::new(head),
            body,
            size: 0,
            reusable: parsed.keep_alive,
            has: parsed.has,
            rest: Vec::new(),
            open: None,
        });
    }

    /// The answer before its body has come, with what came of it.
    fn hand_over(&mut self, rest: &[u8]) -> Option<Received> {
        let body = std::mem::replace(&mut self.rest, Rest::Bytes(0));
        let mut received = self.received.take()?;
        received.reusable = false;
        received.rest = rest.to_vec();
        received.open = Some(Box::new(OpenBody::new(body)));
        Some(received)
    }

    /// Takes bytes of the body. More of them than the answer has make the connection unfit for another one.
    fn take(&mut self, mut bytes: &[u8]) -> Result<Option<Received>, Problem> {
        let whole = match &mut self.rest {
            Rest::Bytes(left) => {
                let length = usize::try_from(*left).map_or(bytes.len(), |l| l.min(bytes.len()));
                *left -= length as u64;
                let whole = *left == 0;
                let (data, behind) = bytes.split_at(length);
                bytes = behind;
                self.add(data)?;
                whole
            }
            Rest::Chunks(_) => self.take_chunks(&mut bytes)?,
            Rest::End => {
                self.add(bytes)?;
                return Ok(None);
            }
        };
        if !whole {
            return Ok(None);
        }
        let mut received = self.received.take();
        if let Some(received) = &mut received {
            received.reusable &= bytes.is_empty();
            if received.status == StatusCode::SWITCHING_PROTOCOLS {
                received.rest = bytes.to_vec();
            }
        }
        Ok(received)
    }

    fn take_chunks(&mut self, bytes: &mut &[u8]) -> Result<bool, Problem> {
        loop {
            let Rest::Chunks(chunks) = &mut self.rest else {
                return Ok(true);
            };
            match chunks.next(bytes) {
                Ok(Some(data)) => self.add(data)?,
                Ok(None) => return Ok(chunks.ended()),
                Err(words) => {
                    let detail = format!("the body cannot be read: {words}");
                    return Err(self.problem(Failure::Protocol, detail));
                }
            }
        }
    }

    fn add(&mut self, data: &[u8]) -> Result<(), Problem> {
        match &mut self.received {
            Some(received) => received.gather(data, &mut self.keep, self.purpose),
            None => Ok(()),
        }
    }
}

/// Whether an empty line is in there.
fn ends(bytes: &[u8]) -> bool {
    let empty = |line: &[u8]| line.is_empty() || line == b"\r";
    let mut lines = bytes.split(|b| *b == b'\n').skip(1).peekable();
    // What is behind the last line feed is no line yet.
    while let Some(line) = lines.next() {
        if lines.peek().is_some() && empty(line) {
            return true;
        }
    }
    false
}
