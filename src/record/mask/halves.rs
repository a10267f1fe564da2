//! Secrets that somebody cut before they could be recognised. In: a text and what is secret; out: the text without the
//! beginning of a secret where the text ends or says `…`. Invariant: of a secret no more than a few letters are left.

use super::MASK;

/// Shorter beginnings stand in texts by chance, and tell little.
const TELLING: usize = 6;
/// What stands where a text was cut.
const CUT: char = '…';

/// Masks the beginnings of `secrets` at the places where a text was cut.
pub(super) fn masked(text: &str, secrets: &[&str]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        let end = rest.find(CUT).unwrap_or(rest.len());
        let quoted = rest[..end].strip_suffix('"').map_or(end, str::len);
        let half = secrets
            .iter()
            .filter_map(|s| half(&rest[..quoted], s))
            .max();
        let kept = quoted - half.unwrap_or(0);
        out.push_str(&rest[..kept]);
        if half.is_some() {
            out.push_str(MASK);
        }
        let next = (end + CUT.len_utf8()).min(rest.len());
        out.push_str(&rest[quoted..next]);
        rest = &rest[next..];
        if rest.is_empty() {
            return out;
        }
    }
}

/// How many bytes at the end of a text are the beginning of a secret.
fn half(text: &str, secret: &str) -> Option<usize> {
    let most = text.len().min(secret.len().saturating_sub(1));
    (TELLING..=most)
        .rev()
        .find(|n| secret.is_char_boundary(*n) && text.ends_with(&secret[..*n]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_a_secret_is_gone_where_a_text_was_cut() {
        for (text, expected) in [
            ("is long-s3cr", "is •••"),
            (
                "string \"is long-s3cr\"… (8 KB)",
                "string \"is •••\"… (8 KB)",
            ),
            ("[\"long-s…, long-secret-of-m", "[\"•••…, •••"),
            ("long-s3cr, and more", "long-s3cr, and more"),
            ("is long", "is long"),
            ("", ""),
            ("…", "…"),
            ("\"…", "\"…"),
            ("schlüssel-ü", "•••"),
        ] {
            let secrets = ["long-s3cret", "long-secret-of-many", "schlüssel-üb"];
            assert_eq!(masked(text, &secrets), expected, "{text}");
        }
    }
}
