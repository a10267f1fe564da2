//! `no sensitive data`. In: headers and body of an answer; out: what should not be in them, with place and kind.
//! Invariant: a secret is never repeated: at most its first four characters are told.

use super::{Look, Seen, short};
use crate::expr::Head;
use regex::bytes::{Match, Regex};
use std::sync::LazyLock;

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a set of independent flags")]
pub struct Sensitive {
    /// Stack traces.
    pub stack_traces: bool,
    /// Keys and tokens.
    pub keys: bool,
    /// Passwords of databases.
    pub connection_strings: bool,
    /// Versions of servers.
    pub versions: bool,
    /// Findings that hold one of these are none.
    pub except: Vec<String>,
}

impl Default for Sensitive {
    fn default() -> Self {
        Self {
            stack_traces: true,
            keys: true,
            connection_strings: true,
            versions: true,
            except: Vec::new(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Trace,
    Key,
    Connection,
}

/// A kind of text that should not be in an answer.
struct Kind {
    family: Family,
    name: &'static str,
    regex: LazyLock<Regex>,
}

macro_rules! kind {
    ($family:ident, $name:literal, $pattern:literal) => {
        Kind {
            family: Family::$family,
            name: $name,
            regex: LazyLock::new(|| Regex::new($pattern).unwrap()),
        }
    };
}

// The beginning of a line, in a body as it is, in JSON and in HTML.
static KINDS: [Kind; 17] = [
    kind!(
        Trace,
        "a Java stack trace",
        r"\bat [\w$.]+\.[\w$<>]+\([\w$]+\.(?:java|kt|scala|groovy):\d+\)"
    ),
    kind!(
        Trace,
        "a JavaScript stack trace",
        r"\bat (?:[\w$.<> \[\]]+ \()?(?:file://|node:|webpack-internal:|[A-Za-z]:\\|/)[^\s()<]*?:\d+:\d+\)?(?:\s|\\n|<br ?/?>|&nbsp;|&#10;)+at "
    ),
    kind!(
        Trace,
        "a Python stack trace",
        r#"Traceback \(most recent call last\):(?:\s|\\n|<br ?/?>|&nbsp;)+File ["\\&]"#
    ),
    kind!(
        Trace,
        "a .NET stack trace",
        r"\bat [\w.<>`+\[\]]+\([^()\n]*\) in [^\n]{1,300}?\.(?:cs|vb|fs):line \d+"
    ),
    kind!(
        Trace,
        "a PHP error",
        r"(?:Fatal error|Parse error|Warning|Notice|Deprecated)(?:</b>)?: [^\n]{1,500}? in (?:<b>)?[^\s<]+\.php(?:</b>)?(?: on line (?:<b>)?|:)\d+"
    ),
    kind!(
        Trace,
        "a Ruby stack trace",
        r"[\w./-]+\.rb:\d+:in (?:[`'\u{2018}]|&#39;|&#x27;)"
    ),
    kind!(
        Trace,
        "a Go stack trace",
        r"goroutine \d+ \[(?:running|runnable|chan|select|IO wait|syscall|sleep|semacquire)[^\]\n]*\]:"
    ),
    kind!(
        Trace,
        "a Rust panic",
        r"thread '[^'\n]+' (?:\(\d+\) )?panicked at "
    ),
    kind!(
        Key,
        "a private key",
        r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----(?:\s|\\[nr])+[A-Za-z0-9+/=:,\s\\-]{24,}?(?:-----END (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----|$)"
    ),
    kind!(Key, "an AWS access key", r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b"),
    kind!(
        Key,
        "a GitHub token",
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})"
    ),
    kind!(
        Key,
        "a Slack token",
        r"\bxox[abeoprs]-[A-Za-z0-9]+-[A-Za-z0-9-]{10,}"
    ),
    kind!(
        Key,
        "a Stripe secret key",
        r"\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,}"
    ),
    kind!(
        Key,
        "a JSON Web Token secret",
        r#"(?i:\bjwt_?secret(?:_?key)?)\\?["']?\s*[:=]\s*\\?["'][^\s"'\\]{8,}|\bJWT_SECRET(?:_KEY)?=[^\s"'<>&;,$\\]{8,}"#
    ),
    kind!(
        Connection,
        "a connection string with a password",
        r#"\b(?:postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|rediss?|amqps?|mssql|sqlserver)(?:\+\w+)?://[^\s:/@"'<>]*:[^\s/@"'<>${}*]{3,}@[\w.\[\]:-]+"#
    ),
    kind!(
        Connection,
        "a connection string with a password",
        r#"(?i)\b(?:server|data source|host)=[^;="'<>\n]+;[^"'<>\n]{0,200}?\b(?:password|pwd)=[^;\s"'<>${}*]{3,}"#
    ),
    kind!(
        Connection,
        "a connection string with a password",
        r#"\bjdbc:\w+:[^\s"'<>]{1,300}?[?&;]password=[^&;\s"'<>${}*]{3,}"#
    ),
];

/// Passwords of examples: they are nobody's.
const PLACEHOLDERS: [&str; 8] = [
    ":password@",
    ":pass@",
    ":pwd@",
    ":secret@",
    ":changeme@",
    "=password",
    "EXAMPLE",
    ":xxx",
];

impl Sensitive {
    pub(super) fn look(&self, seen: &Seen<'_>) -> Look {
        let mut findings = Vec::new();
        if self.versions {
            findings.extend(self.versions(seen.headers));
        }
        for (name, value) in seen.headers.iter() {
            let found = kinds(value).filter(|(kind, found)| self.counts(kind, found));
            for (kind, found) in found {
                findings.push(sentence(
                    kind,
                    &found,
                    &format!("the header {}", short(name)),
                ));
            }
        }
        if is_text(&seen.media_type()) {
            let mut found: Vec<_> = kinds(seen.body)
                .filter(|(kind, found)| self.counts(kind, found))
                .collect();
            found.sort_by_key(|(_, found)| found.start());
            for (kind, found) in found {
                let before = &seen.body[..found.start()];
                let line = before.split(|b| *b == b'\n').count();
                findings.push(sentence(kind, &found, &format!("line {line} of the body")));
            }
        }
        findings.truncate(5);
        Look::of(&findings)
    }

    fn counts(&self, kind: &Kind, found: &Match<'_>) -> bool {
        let wanted = match kind.family {
            Family::Trace => self.stack_traces,
            Family::Key => self.keys,
            Family::Connection => self.connection_strings,
        };
        let text = String::from_utf8_lossy(found.as_bytes());
        wanted && !self.except.iter().any(|e| text.contains(e.as_str()))
    }

    /// `nginx` may be told, `nginx/1.18.0` may not.
    fn versions(&self, headers: &Head) -> Vec<String> {
        let mut findings = Vec::new();
        for name in [
            "server",
            "x-powered-by",
            "x-aspnet-version",
            "x-aspnetmvc-version",
        ] {
            for value in headers.get_all(name) {
                let value = String::from_utf8_lossy(value);
                let digits = value.bytes().any(|b| b.is_ascii_digit());
                if digits && !self.except.iter().any(|e| value.contains(e.as_str())) {
                    findings.push(format!("a version in the header {name}: {}", short(&value)));
                }
            }
        }
        findings
    }
}

/// The first text of each kind that is no example.
fn kinds(text: &[u8]) -> impl Iterator<Item = (&'static Kind, Match<'_>)> {
    KINDS.iter().filter_map(move |kind| {
        let real = |found: &Match<'_>| {
            let text = String::from_utf8_lossy(found.as_bytes());
            kind.family == Family::Trace || !PLACEHOLDERS.iter().any(|p| text.contains(p))
        };
        kind.regex.find_iter(text).find(real).map(|m| (kind, m))
    })
}

fn sentence(kind: &Kind, found: &Match<'_>, place: &str) -> String {
    let text = String::from_utf8_lossy(found.as_bytes());
    match kind.family {
        // No secret by itself.
        Family::Trace => {
            let first = text.split(['\n', '\\']).next().unwrap_or_default();
            format!("{} in {place}: {}", kind.name, short(first))
        }
        Family::Key | Family::Connection => {
            let shown: String = text.chars().take(4).collect();
            format!("{} in {place}: {shown}•••", kind.name)
        }
    }
}

/// What no output may show of an answer: whatever is a secret in it, all of them.
pub(super) fn secrets(headers: &Head, body: &[u8]) -> Vec<String> {
    let texts = headers.iter().map(|(_, value)| value).chain([body]);
    let secret = |kind: &&Kind| kind.family != Family::Trace;
    let mut found = Vec::new();
    for text in texts {
        for kind in KINDS.iter().filter(secret) {
            let all = kind.regex.find_iter(text);
            found.extend(all.map(|m| String::from_utf8_lossy(m.as_bytes()).into_owned()));
        }
    }
    found
}

/// Compiles every pattern.
pub(super) fn compile() {
    for kind in &KINDS {
        LazyLock::force(&kind.regex);
    }
}

/// Pictures, fonts and films are not searched.
fn is_text(kind: &str) -> bool {
    let family = kind.split('/').next().unwrap_or_default();
    let picture = ["image", "font", "audio", "video"].contains(&family);
    let packed = [
        "application/octet-stream",
        "application/zip",
        "application/pdf",
    ];
    (!picture || kind == "image/svg+xml") && !packed.contains(&kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patterns_can_be_compiled() {
        for kind in &KINDS {
            assert!(
                !kind.regex.is_match(b"the quick brown fox"),
                "{}",
                kind.name
            );
        }
    }
}
