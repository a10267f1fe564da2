//! Server-sent events (HTML Living Standard, 9.2.6). In: bytes, cut anywhere; out: the data of events. Invariant: how
//! the bytes are cut makes no difference, and no server can make it keep more than [`LONGEST`].

use super::{LONGEST, Pieces, too_long};
use crate::protocol::Problem;
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// What is known of a stream of events.
#[derive(Debug, Default)]
pub(super) struct Events {
    /// Only events of this type come out.
    wanted: Option<Arc<str>>,
    /// The beginning of a line.
    line: Vec<u8>,
    /// A line has ended.
    begun: bool,
    /// The last byte was a carriage return: a line feed behind it ends no other line.
    returned: bool,
    data: Vec<u8>,
    kind: Vec<u8>,
    id: Vec<u8>,
    /// The id of the last event.
    last: Vec<u8>,
    retry: Option<Duration>,
}

impl Events {
    pub(super) fn new(wanted: Option<Arc<str>>) -> Self {
        Self {
            wanted,
            ..Self::default()
        }
    }

    /// The id of the last event; empty where none had one.
    pub(super) fn last(&self) -> &[u8] {
        &self.last
    }

    /// How long to wait before opening the stream again, where it has said so.
    pub(super) fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// What a stream that is opened again begins with.
    pub(super) fn again(&mut self, before: &Self) {
        self.last.clone_from(&before.last);
        self.id.clone_from(&before.last);
        self.retry = before.retry;
    }

    pub(super) fn feed(&mut self, mut bytes: &[u8], out: &mut Pieces) -> Result<(), Problem> {
        while let Some(&first) = bytes.first() {
            if std::mem::take(&mut self.returned) && first == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let Some(end) = bytes.iter().position(|b| matches!(b, b'\n' | b'\r')) else {
                self.line.extend_from_slice(bytes);
                return self.check();
            };
            self.returned = bytes[end] == b'\r';
            let (part, rest) = bytes.split_at(end);
            bytes = &rest[1..];
            if self.line.is_empty() {
                self.line(part, out);
            } else {
                self.line.extend_from_slice(part);
                let whole = std::mem::take(&mut self.line);
                self.line(&whole, out);
            }
            self.check()?;
        }
        Ok(())
    }

    fn check(&self) -> Result<(), Problem> {
        if self.line.len() + self.data.len() + self.kind.len() + self.id.len() > LONGEST {
            return Err(too_long("an event"));
        }
        Ok(())
    }

    fn line(&mut self, mut line: &[u8], out: &mut Pieces) {
        if !std::mem::replace(&mut self.begun, true) {
            line = line.strip_prefix(BOM).unwrap_or(line);
        }
        if line.is_empty() {
            return self.dispatch(out);
        }
        let colon = line.iter().position(|b| *b == b':');
        let (field, value) = match colon {
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (line, &[][..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => {
                self.data.extend_from_slice(value);
                self.data.push(b'\n');
            }
            b"event" => value.clone_into(&mut self.kind),
            b"id" if !value.contains(&0) => value.clone_into(&mut self.id),
            b"retry" if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => {
                let millis = std::str::from_utf8(value).ok().and_then(|v| v.parse().ok());
                self.retry = Some(Duration::from_millis(millis.unwrap_or(u64::MAX)));
            }
            // A comment has no name; others mean nothing.
            _ => {}
        }
    }

    fn dispatch(&mut self, out: &mut Pieces) {
        self.last.clone_from(&self.id);
        let mut data = std::mem::take(&mut self.data);
        let kind = std::mem::take(&mut self.kind);
        if data.pop().is_none() {
            return;
        }
        let named = if kind.is_empty() {
            b"message"
        } else {
            kind.as_slice()
        };
        if self.wanted.as_ref().is_none_or(|w| w.as_bytes() == named) {
            out.push_back(text(data));
        }
    }
}

/// What is no text becomes some: what is not UTF-8 is replaced.
fn text(data: Vec<u8>) -> Bytes {
    match String::from_utf8_lossy(&data) {
        std::borrow::Cow::Owned(text) => text.into(),
        std::borrow::Cow::Borrowed(_) => data.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What comes out of a stream that is cut into these parts: events, last id, retry.
    fn read(parts: &[&[u8]], wanted: Option<&str>) -> (Vec<String>, String, Option<u64>) {
        let mut events = Events::new(wanted.map(Into::into));
        let mut out = Pieces::new();
        for part in parts {
            events.feed(part, &mut out).unwrap();
        }
        let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        (
            out.iter().map(|b| text(b)).collect(),
            text(events.last()),
            events.retry().map(|r| r.as_millis() as u64),
        )
    }

    #[test]
    fn streams_are_read_by_the_standard() {
        for (stream, events, last, retry) in [
            (
                "data: a\n\ndata:b\r\n\r\ndata:  c\r\r",
                &["a", "b", " c"][..],
                "",
                None,
            ),
            ("data: one\ndata: two\n\n", &["one\ntwo"], "", None),
            ("\u{feff}data: bom\n\n", &["bom"], "", None),
            (
                "data: \u{feff}\n\n\u{feff}data: no\n\n",
                &["\u{feff}"],
                "",
                None,
            ),
            (
                ": comment\n\ndata\n\ndata\ndata\n\ndata:",
                &["", "\n"],
                "",
                None,
            ),
            ("id: 1\ndata: a\n\nid\ndata: b\n\n", &["a", "b"], "", None),
            ("id: 1\n\nid: 2\ndata: b", &[], "1", None),
            ("id: 7\ndata: a\n\ndata: b\n\n", &["a", "b"], "7", None),
            (
                "id: 7\ndata: a\n\nid: \0\ndata: b\n\n",
                &["a", "b"],
                "7",
                None,
            ),
            (
                "retry: 250\nretry: 2.5\nretry: -1\nretry:\n",
                &[],
                "",
                Some(250),
            ),
            ("retry: 99999999999999999999\n", &[], "", Some(u64::MAX)),
            ("DATA: a\n data: b\nfoo: c\n\n", &[], "", None),
            (
                "event: x\n\ndata: after a type without data\n\n",
                &["after a type without data"],
                "",
                None,
            ),
            ("data: never ended\n", &[], "", None),
            ("\n\n\r\r\n\n", &[], "", None),
            (
                "data:{\"a\":1}\r\r\ndata: 2\r\n\r\n",
                &["{\"a\":1}", "2"],
                "",
                None,
            ),
        ] {
            let expected = (
                events.iter().map(|e| (*e).to_owned()).collect(),
                last.to_owned(),
                retry,
            );
            assert_eq!(read(&[stream.as_bytes()], None), expected, "{stream:?}");
        }
    }

    #[test]
    fn only_events_of_the_type_come_out() {
        let stream = b"event: price\ndata: 1\n\ndata: 2\n\nevent: price\ndata: 3\n\nevent: message\ndata: 4\n\n";
        for (wanted, events) in [
            (None, &["1", "2", "3", "4"][..]),
            (Some("price"), &["1", "3"]),
            (Some("message"), &["2", "4"]),
            (Some("pric"), &[]),
        ] {
            assert_eq!(read(&[stream], wanted).0, events, "{wanted:?}");
        }
    }

    #[test]
    fn no_event_is_kept_without_end() {
        for piece in ["x", "data: x\n", "data:", ": x"] {
            let part = piece.repeat(1 << 14).into_bytes();
            let mut events = Events::default();
            let mut out = Pieces::new();
            let refused = (0..LONGEST).find_map(|_| events.feed(&part, &mut out).err());
            let problem = refused.expect("a limit");
            assert_eq!(problem.failure, crate::record::Failure::BodyLimit);
            assert!(events.line.len() + events.data.len() <= LONGEST + part.len());
        }
    }

    #[test]
    fn what_is_no_text_is_replaced() {
        assert_eq!(read(&[b"data: a\xffb\n\n"], None).0, ["a\u{fffd}b"]);
    }

    proptest! {
        #![proptest_config(crate::properties::cases(256))]

        /// Any split gives the same events.
        #[test]
        fn cuts_make_no_difference(
            tokens in prop::collection::vec(prop::sample::select(vec![
                "data: a", "data", ":", " ", "\n", "\r", "\r\n", "\n\n", "id: 1", "id: \0", "event: x",
                "retry: 5", "retry: x", "\u{feff}", "é", "data:", "b",
            ]), 0..40),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
        ) {
            let stream = tokens.concat().into_bytes();
            let mut at: Vec<usize> = cuts.iter().map(|c| c.index(stream.len() + 1)).collect();
            at.extend([0, stream.len()]);
            at.sort_unstable();
            let parts: Vec<&[u8]> = at.windows(2).map(|w| &stream[w[0]..w[1]]).collect();
            prop_assert_eq!(read(&parts, None), read(&[&stream], None));
        }
    }
}
