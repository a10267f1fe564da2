//! What a failing page says. In: an answer; out: its title and the beginning of what people see of it. Invariant: a page
//! that is short, or cannot be read, is left as it is.

use crate::expr::seen;
use crate::protocol::Answer;
use crate::record::SeenPage;

/// Bytes of a page that is read as it is.
const SHORT: usize = 600;
/// Bytes that are looked at.
const MOST: usize = 256 << 10;
/// Characters of its title, and of its text.
const TITLE: usize = 200;
const TEXT: usize = 1000;

/// Of HTML that is not short: what it says.
pub(super) fn page(answer: &Answer, mask: impl Fn(&str) -> String) -> Option<SeenPage> {
    if answer.body.len() <= SHORT || !is_html(answer) {
        return None;
    }
    let body = &answer.body[..answer.body.len().min(MOST)];
    let (title, text) = seen(&String::from_utf8_lossy(body))?;
    // Masked before it is cut.
    let first = |text: &str, most| mask(text).chars().take(most).collect();
    Some(SeenPage {
        title: first(&title, TITLE),
        text: first(&text, TEXT),
    })
}

fn is_html(answer: &Answer) -> bool {
    let kind = answer.headers.get("content-type").unwrap_or_default();
    let kind = String::from_utf8_lossy(kind).to_ascii_lowercase();
    if !kind.is_empty() {
        return kind.contains("html");
    }
    let start = answer.body.trim_ascii_start().iter().take(14);
    let start: Vec<u8> = start.map(u8::to_ascii_lowercase).collect();
    start.starts_with(b"<!doctype html") || start.starts_with(b"<html")
}
