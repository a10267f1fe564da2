//! What may be a secret. In: names and values of a document; out: whether a value must not be copied. Invariant: in
//! doubt it is one: a placeholder costs its reader a moment, a leaked token more.

use regex::Regex;
use std::sync::LazyLock;

/// What stands in the place of a secret until somebody sets it.
const UNSET: &str = "not-set";

/// `${NAME:-not-set}`: the file is valid before anybody has set the secret, and a run then says 401.
pub(super) fn placeholder(name: &str) -> String {
    format!("${{{name}:-{UNSET}}}")
}

/// Whether values under this name are secrets.
pub(super) fn is_name(name: &str) -> bool {
    let words = super::name::words(name);
    let joined = words.concat();
    let whole = [
        "password",
        "passwd",
        "passphrase",
        "secret",
        "token",
        "authorization",
        "apikey",
        "credential",
        "cookie",
        "otp",
        "pin",
        "cvv",
        "cvc",
    ];
    let ends = [
        "password",
        "passwd",
        "passphrase",
        "secret",
        "token",
        "apikey",
        "accesskey",
        "privatekey",
        "credentials",
        "authorization",
        "cookie",
    ];
    whole.contains(&joined.as_str())
        || ends.iter().any(|end| joined.ends_with(end))
        || words
            .iter()
            .any(|word| ["password", "secret", "credential"].contains(&word.as_str()))
}

/// Whether a value looks like a secret, whatever it is called.
pub(super) fn is_value(text: &str) -> bool {
    #[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by a test")]
    static SHAPES: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(concat!(
            r"eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]+",
            r"|-----BEGIN [A-Z ]*PRIVATE KEY",
            r"|\b(?:AKIA|ASIA)[A-Z2-7]{16}\b",
            r"|\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|npm_|[srp]k_(?:live|test)_|sk-)[A-Za-z0-9_-]{10,}",
            r"|\bAIza[A-Za-z0-9_-]{30,}",
            r"|(?i)\b(?:bearer|basic|digest)(?:\s|\+|%20)+[A-Za-z0-9._~+/=-]{8,}",
            r"|://[^\s/@:]*:[^\s/@]+@",
        ))
        .unwrap()
    });
    SHAPES.is_match(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_shapes_of_secrets() {
        for name in [
            "password",
            "X-Api-Key",
            "csrfToken",
            "client_secret",
            "Authorization",
            "newPassword",
            "user-password-confirmation",
        ] {
            assert!(is_name(name), "{name}");
        }
        for name in ["name", "tokens_used", "key", "passenger", "pinned"] {
            assert!(!is_name(name), "{name}");
        }
        for value in [
            "eyJhbGciOi.eyJzdWIi.x",
            "Bearer abcdefgh",
            "a=Bearer+abcdefgh",
            "sk_live_abcdefghijkl",
            "postgres://u:p@h/db",
        ] {
            assert!(is_value(value), "{value}");
        }
        for value in ["carrots", "https://shop.test/a?b=c", "basic", "2026-11-21"] {
            assert!(!is_value(value), "{value}");
        }
    }
}
