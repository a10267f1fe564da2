//! The head of an answer. In: its bytes, once a parser has found them sound; out: the reason and the headers.
//! Invariant: it is one copy of what came and nothing is looked up before somebody asks: most answers are only
//! asked for their status.

use memchr::memchr;
use std::fmt;

/// Reason and headers of one answer, as they came.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Head {
    bytes: Box<[u8]>,
}

impl Head {
    /// The bytes of a status line and header lines, up to the empty line or with it.
    pub fn new(bytes: &[u8]) -> Self {
        // Parsers skip empty lines before the status line.
        let start = bytes.iter().position(|b| !matches!(b, b'\r' | b'\n'));
        Self {
            bytes: bytes[start.unwrap_or(bytes.len())..].into(),
        }
    }

    /// The same, of bytes that nobody else needs.
    pub fn owned(bytes: Vec<u8>) -> Self {
        Self {
            bytes: bytes.into(),
        }
    }

    /// A head with these headers and the reason `OK`.
    pub fn of<'a>(headers: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut text = String::from("HTTP/1.1 200 OK\r\n");
        for (name, value) in headers {
            text.extend([name, ": ", value, "\r\n"]);
        }
        Self::new(text.as_bytes())
    }

    /// The words behind the status; often none.
    pub fn reason(&self) -> &str {
        let mut words = self
            .lines()
            .next()
            .unwrap_or_default()
            .splitn(3, |b| *b == b' ');
        let reason = words.nth(2).unwrap_or_default();
        std::str::from_utf8(reason).unwrap_or_default()
    }

    /// The first value of a header, whatever the case of its name.
    pub fn get<'a>(&'a self, name: &str) -> Option<&'a [u8]> {
        self.lines().skip(1).find_map(|line| value(line, name))
    }

    /// All values of a header, in their order.
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.lines()
            .skip(1)
            .filter_map(move |line| value(line, name))
    }

    /// Names, as they were written, and values, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.lines().skip(1).filter_map(|line| {
            let colon = line.iter().position(|b| *b == b':')?;
            let name = std::str::from_utf8(&line[..colon]).ok()?;
            Some((name, line[colon + 1..].trim_ascii()))
        })
    }

    fn lines(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = Some(&self.bytes[..]);
        let lines = std::iter::from_fn(move || {
            let bytes = rest.take()?;
            let Some(end) = memchr(b'\n', bytes) else {
                return Some(bytes);
            };
            rest = Some(&bytes[end + 1..]);
            Some(&bytes[..end])
        });
        lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line))
    }
}

/// The value of a line that has this name.
fn value<'a>(line: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let length = name.len();
    let named =
        line.get(length) == Some(&b':') && line[..length].eq_ignore_ascii_case(name.as_bytes());
    named.then(|| line[length + 1..].trim_ascii())
}

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Head({:?})", String::from_utf8_lossy(&self.bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_found_in_what_came() {
        let text = b"\r\nHTTP/1.1 404 Not  Found \r\nA: 1\r\nSet-Cookie:a=b: c \r\nempty:\nset-cookie:\tx=y\r\n\r\n";
        let head = Head::new(text);
        assert_eq!(head.reason(), "Not  Found ");
        assert_eq!(head.get("a"), Some(&b"1"[..]));
        assert_eq!(head.get("empty"), Some(&b""[..]));
        assert_eq!(head.get("b"), None);
        let all: Vec<_> = head.get_all("SET-COOKIE").collect();
        assert_eq!(all, [&b"a=b: c"[..], b"x=y"]);
        let names: Vec<_> = head.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["A", "Set-Cookie", "empty", "set-cookie"]);
    }

    #[test]
    fn short_heads_have_no_reason_and_pairs_come_back() {
        for text in ["HTTP/1.1 200\r\n\r\n", "HTTP/1.1 200 \r\n\r\n", "\r\n", ""] {
            assert_eq!(Head::new(text.as_bytes()).reason(), "", "{text:?}");
            assert_eq!(Head::new(text.as_bytes()).iter().count(), 0);
        }
        let head = Head::of([("a", "1"), ("b", "2")]);
        let pairs: Vec<_> = head.iter().collect();
        assert_eq!(pairs, [("a", &b"1"[..]), ("b", b"2")]);
        assert_eq!(head.reason(), "OK");
    }
}
