//! Secrets out, before anything is kept. In: headers and texts of an exchange; out: the same with every secret
//! replaced. Invariant: whatever enters a record has gone through here, so no report, stream or file can show one.

mod halves;
mod proofs;

use super::Message;
use aho_corasick::AhoCorasick;
use regex::{Captures, Regex};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

pub use proofs::proofs;

/// What stands in the place of a secret.
pub const MASK: &str = "•••";
/// How a mask that says its secret's name begins.
const OPEN: &str = "•••{";
/// Characters of a body that are kept.
const EXCERPT: usize = 512;
/// Secrets shorter than this are not searched for: masking every `a` helps nobody.
const SHORTEST: usize = 3;

/// How the names of headers whose values are credentials end: `x-csrf-token`, `vendure-auth-token`, `set-cookie`.
const HEADERS: [&str; 7] = [
    "authorization",
    "cookie",
    "api-key",
    "apikey",
    "token",
    "secret",
    "password",
];

/// What a secret looks like, and a quick look that says when there can be none: compiling a pattern costs more than
/// a whole smoke test's request.
struct Shape {
    possible: fn(&[u8]) -> bool,
    regex: LazyLock<Regex>,
}

#[expect(clippy::unwrap_used, reason = "constant patterns, compiled by a test")]
static SHAPES: [Shape; 5] = [
    // A JSON Web Token.
    Shape {
        possible: |text| text.windows(3).any(|w| w == b"eyJ"),
        regex: LazyLock::new(|| {
            Regex::new(r"()eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*()").unwrap()
        }),
    },
    // "password": "…" and its kin in JSON.
    Shape {
        possible: |text| text.contains(&b':') && behind_a_name(text, b'"'),
        regex: LazyLock::new(|| {
            Regex::new(r#"(?i)("(?:[a-z_]*(?:password|passwd|secret|token)\d*|api_?key)"\s*:\s*")(?:[^"\\]|\\.)*("|$)"#).unwrap()
        }),
    },
    // The same in a text that was quoted once more, or more often.
    Shape {
        possible: |text| text.contains(&b':') && text.windows(2).any(|w| w == b"\\\""),
        regex: LazyLock::new(|| {
            Regex::new(r#"(?i)(\\+"(?:[a-z_]*(?:password|passwd|secret|token)\d*|api_?key)\\+"\s*:\s*\\+")(?:[^"\\]|\\+[^"\\])*(\\+"|"|$)"#).unwrap()
        }),
    },
    // The same in a URL.
    Shape {
        possible: |text| text.windows(3).any(|w| w == b"%22"),
        regex: LazyLock::new(|| {
            Regex::new(r"(?i)(%22(?:[a-z_]*(?:password|passwd|secret|token)\d*|api_?key)%22(?:%20|\+)*(?::|%3A)(?:%20|\+)*%22)(?:[^%&\s]|%[013-9a-f][0-9a-f]|%2[013-9a-f])*(%22|)").unwrap()
        }),
    },
    // password=… in forms and URLs.
    Shape {
        possible: |text| behind_a_name(text, b'='),
        regex: LazyLock::new(|| {
            Regex::new(r"(?i)((?:[a-z_]*(?:password|passwd|secret|token)\d*|api_?key)=)[^&\s;]*()")
                .unwrap()
        }),
    },
];

/// Every name that is masked ends in a letter or a digit.
fn behind_a_name(text: &[u8], mark: u8) -> bool {
    text.windows(2)
        .any(|w| w[0].is_ascii_alphanumeric() && w[1] == mark)
}

/// Whether a header of this name holds credentials.
pub fn is_credential(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    HEADERS.iter().any(|end| name.ends_with(end))
}

/// Replaces secrets.
#[derive(Debug, Clone)]
pub struct Masker {
    declared: Option<AhoCorasick>,
    /// What is searched for.
    patterns: Vec<String>,
    /// What stands in the place of each pattern.
    marks: Vec<String>,
}

impl Masker {
    /// A masker for the values of a scenario's declared secrets. Their percent-encoded forms are masked too.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        Self::named(secrets.into_iter().map(|value| ("", value)))
    }

    /// The same for (name, value): where a value stands as it is, its mask says its name, `•••{SHOP_PASSWORD}`.
    pub fn named<'a>(secrets: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut patterns: BTreeMap<String, String> = BTreeMap::new();
        for (name, secret) in secrets {
            if secret.len() < SHORTEST {
                continue;
            }
            let encoded =
                percent_encoding::utf8_percent_encode(secret, percent_encoding::NON_ALPHANUMERIC)
                    .to_string();
            let json = serde_json::to_string(secret).unwrap_or_default();
            let html = html(secret);
            for form in [
                encoded,
                form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
                json.trim_matches('"').to_owned(),
                html.replace('\'', "&#39;"),
                html.replace('\'', "&#x27;"),
                html,
            ] {
                patterns.entry(form).or_insert_with(|| MASK.into());
            }
            patterns.insert(secret.to_owned(), mark(name));
        }
        let declared = (!patterns.is_empty()).then(|| {
            AhoCorasick::builder()
                .match_kind(aho_corasick::MatchKind::LeftmostLongest)
                .build(patterns.keys())
                .ok()
        });
        Self {
            declared: declared.flatten(),
            marks: patterns.values().cloned().collect(),
            patterns: patterns.into_keys().collect(),
        }
    }

    /// Whether a text holds a secret, as far as that is known before the run.
    pub fn hides(&self, text: &str) -> bool {
        self.text(text, &[]) != text
    }

    /// A text without secrets; `captured` are values that this user captured as secret.
    pub fn text(&self, text: &str, captured: &[Cow<'_, str>]) -> String {
        // Nobody else may write what reads as a name.
        let text = text.replace(OPEN, "••• {");
        let mut out = match &self.declared {
            Some(declared) => declared.replace_all(&text, &self.marks),
            None => text,
        };
        for secret in captured.iter().filter(|s| s.len() >= SHORTEST) {
            out = out.replace(secret.as_ref(), MASK);
        }
        let declared = self.patterns.iter().map(String::as_str);
        let secrets: Vec<&str> = declared.chain(captured.iter().map(AsRef::as_ref)).collect();
        out = halves::masked(&out, &secrets);
        for shape in &SHAPES {
            if !(shape.possible)(out.as_bytes()) {
                continue;
            }
            let masked = |c: &Captures<'_>| {
                let value = &c[0][c[1].len()..c[0].len() - c[2].len()];
                let shown = if name_of(value).is_some() {
                    value
                } else {
                    MASK
                };
                format!("{}{shown}{}", &c[1], &c[2])
            };
            if let Cow::Owned(masked) = shape.regex.replace_all(&out, masked) {
                out = masked;
            }
        }
        out
    }

    /// A header that holds credentials: all of it is masked, unless it is a declared secret behind its scheme.
    fn credentials(&self, value: &str) -> String {
        let masked = self.text(value, &[]);
        let secret = masked
            .split_once(' ')
            .map_or(masked.as_str(), |(_, secret)| secret);
        if name_of(secret).is_some() {
            masked
        } else {
            MASK.into()
        }
    }

    /// Headers and the beginning of a body without secrets.
    pub fn message<'a>(
        &self,
        headers: impl Iterator<Item = (&'a str, &'a [u8])>,
        body: &[u8],
        captured: &[Cow<'_, str>],
    ) -> Message {
        self.excerpt(headers, body, (captured, EXCERPT))
    }

    /// The same with another length: at most so many characters of the body.
    pub fn excerpt<'a>(
        &self,
        headers: impl Iterator<Item = (&'a str, &'a [u8])>,
        body: &[u8],
        (captured, most): (&[Cow<'_, str>], usize),
    ) -> Message {
        let headers = headers
            .map(|(name, value)| {
                let value = if is_credential(name) {
                    self.credentials(&String::from_utf8_lossy(value))
                } else {
                    self.text(&String::from_utf8_lossy(value), captured)
                };
                (name.to_owned(), value)
            })
            .collect();
        // Masked before it is cut; a character may be cut in the middle.
        let window = &body[..body.len().min(most * 16)];
        let text = String::from_utf8_lossy(window);
        let whole = window.len() == body.len();
        let text = if whole {
            &text
        } else {
            text.trim_end_matches('\u{fffd}')
        };
        let text = self.text(text, captured);
        let end = text
            .char_indices()
            .nth(most)
            .map_or(text.len(), |(at, _)| at);
        Message {
            headers,
            body: text[..end].to_owned(),
            cut: end < text.len() || !whole,
            origin: None,
            packed: false,
        }
    }
}

/// A secret as pages write it, but for `'`.
fn html(secret: &str) -> String {
    let marks = [
        ("&", "&amp;"),
        ("<", "&lt;"),
        (">", "&gt;"),
        ("\"", "&quot;"),
    ];
    marks.iter().fold(secret.to_owned(), |text, (mark, name)| {
        text.replace(mark, name)
    })
}

/// What stands in the place of a secret of this name: an environment variable, or nothing.
fn mark(name: &str) -> String {
    let mark = format!("{OPEN}{name}}}");
    if name_of(&mark).is_some() {
        mark
    } else {
        MASK.into()
    }
}

/// The name that a mask says: the secret is in the environment variable of that name.
pub fn name_of(mask: &str) -> Option<&str> {
    let name = mask.strip_prefix(OPEN)?.strip_suffix('}')?;
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    (begins && name.chars().all(word)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_every_kind_are_gone() {
        let masker = Masker::new(["hunter2!", "p/w d", "o'ne<two"]);
        for text in [
            "password is hunter2!",
            "/login?pw=p%2Fw%20d",
            "x=p%2Fw+d",
            "<p>o&#39;ne&lt;two",
            "token: eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
            r#"{"access_token": "abc\"def", "n": 1}"#,
            "client_secret=abcdef&x=1",
            "registration-password1=abcdef&registration-password2=abcdef",
            r#"{"password2": "abcdef"}"#,
            "captured c4ptured",
            r#"string "{\"access_token\":\"abcdef\"}""#,
            r#"{"said": "{\\\"token\\\": \\\"abc\\n def"#,
            r#"{"token": "abcdef"#,
            "/graphql?variables=%7B%22password%22:%20%22abc%2Bdef%22%7D",
            "/x?said=a%20client_secret=abcdef",
        ] {
            let masked = masker.text(text, &["c4ptured".into()]);
            for secret in ["hunter2!", "p%2Fw", "eyJhbGci", "abc", "c4ptured", "ne&lt;"] {
                assert!(!masked.contains(secret), "{masked}");
            }
            assert!(masked.contains(MASK));
        }
        assert_eq!(masker.text("nothing here", &[]), "nothing here");
    }

    #[test]
    fn credentials_in_headers_and_long_bodies() {
        let masker = Masker::new([]);
        let headers = [
            ("Authorization", &b"Basic abc"[..]),
            ("accept", b"*/*"),
            ("X-CSRFToken", b"abc"),
            ("shop-auth-token", b"abc"),
        ];
        let message = masker.message(headers.into_iter(), "é".repeat(10_000).as_bytes(), &[]);
        assert_eq!(message.headers[0].1, MASK);
        assert_eq!(message.headers[1].1, "*/*");
        assert_eq!(message.headers[2].1, MASK);
        assert_eq!(message.headers[3].1, MASK);
        assert_eq!(message.body.chars().count(), EXCERPT);
        assert!(message.cut);
    }

    #[test]
    fn declared_secrets_keep_their_names_and_nobody_else_can_write_one() {
        let masker = Masker::named([("PW", "hunter2!"), ("odd name", "other-secret")]);
        for (text, masked) in [
            ("pw is hunter2!", "pw is •••{PW}"),
            (
                "{\"password\": \"hunter2!\"}",
                "{\"password\": \"•••{PW}\"}",
            ),
            ("{\"password\": \"a hunter2!\"}", "{\"password\": \"•••\"}"),
            ("password=hunter2%21", "password=•••"),
            ("other-secret", "•••"),
            ("•••{PW} •••{", "••• {PW} ••• {"),
        ] {
            assert_eq!(masker.text(text, &[]), masked);
        }
        for (value, masked) in [
            ("Bearer hunter2!", "Bearer •••{PW}"),
            ("hunter2!", "•••{PW}"),
            ("Bearer •••{PW}", "•••"),
            ("a=hunter2!; b=x", "•••"),
        ] {
            assert_eq!(masker.credentials(value), masked, "{value}");
        }
    }
}
