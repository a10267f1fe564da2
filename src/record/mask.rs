//! Secrets out, before anything is kept. In: headers and texts of an exchange; out: the same with every secret
//! replaced. Invariant: whatever enters a record has gone through here, so no report, stream or file can show one.

use super::Message;
use aho_corasick::AhoCorasick;
use regex::{Captures, Regex};
use std::borrow::Cow;
use std::sync::LazyLock;

/// What stands in the place of a secret.
pub const MASK: &str = "•••";
/// Characters of a body that are kept.
const EXCERPT: usize = 512;
/// Secrets shorter than this are not searched for: masking every `a` helps nobody.
const SHORTEST: usize = 3;

/// Headers whose values are credentials.
const HEADERS: [&str; 8] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "x-api-key",
    "api-key",
    "x-auth-token",
    "x-csrf-token",
];

#[expect(clippy::unwrap_used, reason = "constant patterns, compiled by a test")]
static SHAPES: LazyLock<[Regex; 3]> = LazyLock::new(|| {
    [
        // A JSON Web Token.
        Regex::new(r"()eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*()").unwrap(),
        // "password": "…" and its kin in JSON.
        Regex::new(r#"(?i)("(?:[a-z_]*password|passwd|[a-z_]*secret|[a-z_]*token|api_?key)"\s*:\s*")(?:[^"\\]|\\.)*(")"#).unwrap(),
        // password=… in forms and URLs.
        Regex::new(r"(?i)(\b(?:[a-z_]*password|passwd|[a-z_]*secret|[a-z_]*token|api_?key)=)[^&\s;]*()").unwrap(),
    ]
});

/// Replaces secrets.
#[derive(Debug, Clone)]
pub struct Masker {
    declared: Option<AhoCorasick>,
}

impl Masker {
    /// A masker for the values of a scenario's declared secrets. Their percent-encoded forms are masked too.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut patterns: Vec<String> = Vec::new();
        for secret in secrets.into_iter().filter(|s| s.len() >= SHORTEST) {
            patterns.push(secret.to_owned());
            let encoded =
                percent_encoding::utf8_percent_encode(secret, percent_encoding::NON_ALPHANUMERIC)
                    .to_string();
            patterns.push(encoded);
            patterns.push(form_urlencoded::byte_serialize(secret.as_bytes()).collect());
            patterns.push(
                serde_json::to_string(secret)
                    .unwrap_or_default()
                    .trim_matches('"')
                    .to_owned(),
            );
        }
        patterns.sort();
        patterns.dedup();
        let declared = (!patterns.is_empty()).then(|| {
            AhoCorasick::builder()
                .match_kind(aho_corasick::MatchKind::LeftmostLongest)
                .build(&patterns)
                .ok()
        });
        Self {
            declared: declared.flatten(),
        }
    }

    /// A text without secrets; `captured` are values that this user captured as secret.
    pub fn text(&self, text: &str, captured: &[Cow<'_, str>]) -> String {
        let mut out = match &self.declared {
            Some(declared) => declared.replace_all(text, &vec![MASK; declared.patterns_len()]),
            None => text.to_owned(),
        };
        for secret in captured.iter().filter(|s| s.len() >= SHORTEST) {
            out = out.replace(secret.as_ref(), MASK);
        }
        for shape in &*SHAPES {
            if let Cow::Owned(masked) =
                shape.replace_all(&out, |c: &Captures<'_>| format!("{}{MASK}{}", &c[1], &c[2]))
            {
                out = masked;
            }
        }
        out
    }

    /// Headers and the beginning of a body without secrets.
    pub fn message<'a>(
        &self,
        headers: impl Iterator<Item = (&'a str, &'a [u8])>,
        body: &[u8],
        captured: &[Cow<'_, str>],
    ) -> Message {
        let headers = headers
            .map(|(name, value)| {
                let value = if HEADERS.iter().any(|own| own.eq_ignore_ascii_case(name)) {
                    MASK.to_owned()
                } else {
                    self.text(&String::from_utf8_lossy(value), captured)
                };
                (name.to_owned(), value)
            })
            .collect();
        // Masked before it is cut, so that no half of a secret is left at the edge.
        let window = &body[..body.len().min(EXCERPT * 16)];
        let text = self.text(&String::from_utf8_lossy(window), captured);
        let end = text
            .char_indices()
            .nth(EXCERPT)
            .map_or(text.len(), |(at, _)| at);
        Message {
            headers,
            body: text[..end].to_owned(),
            cut: end < text.len() || window.len() < body.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_every_kind_are_gone() {
        let masker = Masker::new(["hunter2!", "p/w d"]);
        for text in [
            "password is hunter2!",
            "/login?pw=p%2Fw%20d",
            "x=p%2Fw+d",
            "token: eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
            r#"{"access_token": "abc\"def", "n": 1}"#,
            "client_secret=abcdef&x=1",
            "captured c4ptured",
        ] {
            let masked = masker.text(text, &["c4ptured".into()]);
            for secret in ["hunter2!", "p%2Fw", "eyJhbGci", "abc", "c4ptured"] {
                assert!(!masked.contains(secret), "{masked}");
            }
            assert!(masked.contains(MASK));
        }
        assert_eq!(masker.text("nothing here", &[]), "nothing here");
    }

    #[test]
    fn credentials_in_headers_and_long_bodies() {
        let masker = Masker::new([]);
        let headers = [("Authorization", &b"Basic abc"[..]), ("accept", b"*/*")];
        let message = masker.message(headers.into_iter(), "é".repeat(10_000).as_bytes(), &[]);
        assert_eq!(message.headers[0].1, MASK);
        assert_eq!(message.headers[1].1, "*/*");
        assert_eq!(message.body.chars().count(), EXCERPT);
        assert!(message.cut);
    }
}
