//! What was said last. In: messages in both directions; out: the last few, shortened. Invariant: what it keeps does
//! not grow with the conversation, and its memory is used again.

use crate::protocol::Incoming;
use crate::units::Nanos;
use std::collections::VecDeque;

/// Bytes that are kept of one message: more than an exhibit shows.
const KEPT: usize = 600;

/// The last messages of a conversation.
#[derive(Debug, Default)]
pub(in crate::load) struct Log {
    lines: VecDeque<Line>,
    most: usize,
}

/// One message.
#[derive(Debug, Default)]
pub(in crate::load) struct Line {
    /// By us.
    pub(in crate::load) sent: bool,
    /// Since the run began.
    pub(in crate::load) at: Nanos,
    pub(in crate::load) binary: bool,
    /// Its beginning.
    pub(in crate::load) start: Vec<u8>,
    /// Of all of it.
    pub(in crate::load) length: usize,
}

impl Log {
    /// A log of so many messages.
    pub(super) fn new(most: usize) -> Self {
        Self {
            lines: VecDeque::new(),
            most,
        }
    }

    pub(super) fn received(&mut self, at: Nanos, message: &Incoming) {
        self.push((false, at, message.binary), &message.body);
    }

    pub(super) fn sent(&mut self, at: Nanos, binary: bool, body: &[u8]) {
        self.push((true, at, binary), body);
    }

    fn push(&mut self, (sent, at, binary): (bool, Nanos, bool), body: &[u8]) {
        let mut line = if self.lines.len() < self.most {
            Line::default()
        } else {
            self.lines.pop_front().unwrap_or_default()
        };
        line.start.clear();
        line.start.extend_from_slice(&body[..body.len().min(KEPT)]);
        self.lines.push_back(Line {
            sent,
            at,
            binary,
            length: body.len(),
            ..line
        });
    }

    /// From the first of them to the last.
    pub(in crate::load) fn lines(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter()
    }

    /// The last one that came in.
    pub(super) fn last_received(&self) -> Option<&Line> {
        self.lines.iter().rev().find(|line| !line.sent)
    }
}

impl Line {
    /// What it said, as far as it was kept; of bytes, how many there were.
    pub(in crate::load) fn text(&self) -> String {
        if self.binary {
            return format!("binary, {} bytes", self.length);
        }
        // A character may be cut in the middle.
        let text = String::from_utf8_lossy(&self.start);
        text.trim_end_matches('\u{fffd}').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_ones_are_kept_and_only_their_beginnings() {
        let mut log = Log::new(2);
        for n in 0..100_u8 {
            log.sent(n.into(), n == 99, &vec![b'a' + n % 26; usize::from(n) * 10]);
        }
        let kept: Vec<_> = log
            .lines()
            .map(|l| (l.at, l.start.len(), l.length))
            .collect();
        assert_eq!(kept, [(98, KEPT, 980), (99, KEPT, 990)]);
        assert_eq!(log.lines().last().unwrap().text(), "binary, 990 bytes");
        assert!(log.last_received().is_none());
    }
}
