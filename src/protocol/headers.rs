//! The headers of a request as they go out. In: names and values; out: lines that are copied into requests as they
//! are. Invariant: no value can end its line, so nothing that was captured can become a header of its own, and what is
//! secret is not told to another origin.

use crate::record::is_credential;
use http::{HeaderName, header};

/// Header lines, rendered once and sent many times.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers {
    lines: Vec<u8>,
    host: bool,
    cookie: bool,
    /// Headers that hold secrets, though their names do not say so.
    secret: Vec<HeaderName>,
}

impl Headers {
    /// Adds a header; `false` where its value has characters that headers cannot carry.
    pub fn add(&mut self, name: &HeaderName, value: &str) -> bool {
        let fits = |b: u8| b == b'\t' || (b >= b' ' && b != 0x7f);
        if !value.bytes().all(fits) {
            return false;
        }
        self.host |= *name == header::HOST;
        self.cookie |= *name == header::COOKIE;
        for part in [name.as_str(), ": ", value, "\r\n"] {
            self.lines.extend_from_slice(part.as_bytes());
        }
        true
    }

    /// Names, in lower case, and values, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.lines
            .split_inclusive(|b| *b == b'\n')
            .filter_map(|line| {
                let colon = line.iter().position(|b| *b == b':')?;
                let name = std::str::from_utf8(&line[..colon]).ok()?;
                Some((name, &line[colon + 2..line.len() - 2]))
            })
    }

    /// A header of this name, which may yet be added, holds a secret.
    pub fn confide(&mut self, name: &HeaderName) {
        self.secret.push(name.clone());
    }

    /// Takes out what another origin must not be told: credentials, secrets, and who was asked.
    pub fn leave(&mut self) {
        let known = self.iter().map(|(name, _)| name);
        let private = known.filter(|name| is_credential(name));
        let mut names: Vec<_> = private
            .filter_map(|name| HeaderName::from_bytes(name.as_bytes()).ok())
            .collect();
        names.append(&mut self.secret);
        names.push(header::HOST);
        self.remove(&names);
    }

    /// Takes headers out.
    pub fn remove(&mut self, names: &[HeaderName]) {
        let secret = std::mem::take(&mut self.secret);
        let lines = std::mem::take(self);
        self.secret = secret;
        for (name, value) in lines.iter() {
            // What went in comes out: names and values are text.
            if let (Ok(name), Ok(value)) = (
                HeaderName::from_bytes(name.as_bytes()),
                std::str::from_utf8(value),
            ) && !names.contains(&name)
            {
                self.add(&name, value);
            }
        }
    }

    /// The lines as they go out.
    pub(super) fn lines(&self) -> &[u8] {
        &self.lines
    }

    /// Whether the scenario names the host itself.
    pub(super) fn has_host(&self) -> bool {
        self.host
    }

    /// Whether the scenario has cookies of its own.
    pub(super) fn has_cookie(&self) -> bool {
        self.cookie
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_come_back_and_go_away() {
        let mut headers = Headers::default();
        assert!(headers.add(&header::HOST, "a.b"));
        assert!(headers.add(&header::ACCEPT, "é: \t"));
        assert!(headers.add(&header::COOKIE, ""));
        for bad in ["a\r\nb: c", "\0", "\n", "\u{7f}"] {
            assert!(!headers.add(&header::TE, bad), "{bad:?}");
        }
        let lines = "host: a.b\r\naccept: é: \t\r\ncookie: \r\n";
        assert_eq!(headers.lines(), lines.as_bytes());
        let pairs: Vec<_> = headers.iter().collect();
        assert_eq!(
            pairs,
            [
                ("host", &b"a.b"[..]),
                ("accept", "é: \t".as_bytes()),
                ("cookie", b"")
            ]
        );
        assert!(headers.has_host() && headers.has_cookie());
        headers.remove(&[header::HOST, header::COOKIE, header::TE]);
        assert_eq!(headers.lines(), "accept: é: \t\r\n".as_bytes());
        assert!(!headers.has_host() && !headers.has_cookie());
    }
}
