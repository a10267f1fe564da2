//! What is done with a piece of text once it is cut. In: a piece; out: the text it stands for, or a problem with
//! its place and the fix. Invariant: every problem says how to fix it.

use super::{DEEPEST, Piece};
use crate::expr::ParseError;
use crate::source::closest;
use std::ops::Range;

/// The text that a quoted piece stands for: `\n \t \r \" \' \\ \/ \u{e9}` are read.
pub(in crate::expr) fn unescape(piece: &Piece<'_>) -> Result<String, ParseError> {
    let mut out = String::with_capacity(piece.text.len());
    let mut rest = piece.text;
    while let Some(slash) = rest.find('\\') {
        out.push_str(&rest[..slash]);
        let behind = &rest[slash + 1..];
        let at = piece.range.start + piece.text.len() - rest.len() + slash;
        let Some(c) = behind.chars().next() else {
            break;
        };
        let mut length = c.len_utf8();
        out.push(match c {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            '"' | '\'' | '\\' | '/' => c,
            'u' => {
                let digits = behind
                    .strip_prefix("u{")
                    .and_then(|r| r.split_once('}'))
                    .map_or("", |(digits, _)| digits);
                length = digits.len() + 3;
                u32::from_str_radix(digits, 16)
                    .ok()
                    .and_then(char::from_u32)
                    .ok_or_else(|| {
                        error(
                            at..at + 2,
                            "`\\u` needs the number of a character in braces",
                            "write it as `\\u{e9}`",
                        )
                    })?
            }
            _ => {
                return Err(error(
                    at..at + 1 + length,
                    format!("`\\{c}` is not an escape"),
                    format!(
                        "write `\\\\{c}` for a backslash; a pattern stands behind `matches` or `regex`"
                    ),
                ));
            }
        });
        rest = &behind[length..];
    }
    out.push_str(rest);
    Ok(out)
}

/// Refuses a path or selector with more brackets inside each other than anybody writes: those who read them
/// call themselves for each.
pub(in crate::expr) fn flat(piece: &Piece<'_>) -> Result<(), ParseError> {
    let mut depth = 0_usize;
    let deepest = piece.text.bytes().map(|byte| {
        match byte {
            b'(' | b'[' | b'!' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth
    });
    if deepest.max().unwrap_or_default() <= 2 * DEEPEST {
        return Ok(());
    }
    let message = format!("more than {} brackets inside each other", 2 * DEEPEST);
    Err(error(piece.range.clone(), message, "write it flatter"))
}

/// An error with its fix.
pub(in crate::expr) fn error(
    range: Range<usize>,
    message: impl Into<String>,
    help: impl Into<String>,
) -> ParseError {
    ParseError {
        range,
        message: message.into(),
        help: Some(help.into()),
    }
}

/// "did you mean": the nearest candidate, else all of them (the first dozen), else `otherwise`.
pub(in crate::expr) fn suggest(word: &str, candidates: &[&str], otherwise: &str) -> String {
    if let Some(near) = closest(word, candidates.iter().copied()) {
        return format!("did you mean `{near}`?");
    }
    // Of a word of several parts only the first was read: `dyas until`.
    let first = |candidate: &&str| candidate.split(' ').next().unwrap_or_default().to_owned();
    let firsts: Vec<String> = candidates.iter().map(first).collect();
    if let Some(near) = closest(word, firsts.iter().map(String::as_str)) {
        let meant = candidates
            .iter()
            .zip(&firsts)
            .filter(|(_, first)| *first == near);
        let meant: Vec<String> = meant.map(|(whole, _)| format!("`{whole}`")).collect();
        return format!("did you mean {}?", meant.join(" or "));
    }
    if candidates.is_empty() {
        return otherwise.to_owned();
    }
    let more = if candidates.len() > 14 { ", …" } else { "" };
    let shown: Vec<&str> = candidates.iter().take(14).copied().collect();
    format!("one of: {}{more}", shown.join(", "))
}
