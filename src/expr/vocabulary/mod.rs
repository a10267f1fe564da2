//! Every word of the language, in one table. In: nothing; out: names, syntax, a sentence and an example of each,
//! for "did you mean", for the reference and for editors. Invariant: a test runs every example against
//! [`EXAMPLE`], so that what is written here is what happens.

mod filters;
mod functions;
mod predicates;
mod queries;

use std::sync::LazyLock;

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What a check or capture starts with.
    Query,
    /// What stands behind a `|`.
    Filter,
    /// What a check ends with.
    Predicate,
    /// What is called between `{{` and `}}`.
    Function,
}

/// One word of the language.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// As it is looked up: `days until`.
    pub name: &'static str,
    /// As it is written, with its arguments: `nth INDEX`.
    pub syntax: &'static str,
    /// One sentence for people, without a full stop.
    pub doc: &'static str,
    /// A whole check, capture or template.
    pub example: &'static str,
    /// What the example gives for [`EXAMPLE`]; of a predicate, that the check holds.
    pub result: &'static str,
    /// What other tools call it.
    pub also: &'static [&'static str],
}

impl Entry {
    const fn new(
        kind: Kind,
        [name, syntax, doc, example, result]: [&'static str; 5],
        also: &'static [&'static str],
    ) -> Self {
        Self {
            kind,
            name,
            syntax,
            doc,
            example,
            result,
            also,
        }
    }
}

/// The exchange that all examples are about. It took 120 ms to the first byte and 150 ms in all; 2 ms of that to
/// look up the name, 5 ms to connect and 9 ms for TLS; the address was 192.0.2.7, `/orders` redirected to this
/// URL with status 302, the variable `user` holds `Ann`, and it is 21 November 2026, 10:00 UTC.
pub const EXAMPLE: &str = r#"GET https://shop.example/orders/17?code=a%20b
HTTP/1.1 200 OK
content-type: text/html; charset=utf-8
expires: Sat, 28 Nov 2026 10:00:00 GMT
server-timing: cache;desc=hit, db;dur=53.2
x-cache: Hit from cloudfront
set-cookie: session=abc; Path=/; Max-Age=3600; Expires=Sat, 21 Nov 2026 11:00:00 GMT; Domain=shop.example; Secure; HttpOnly; SameSite=Lax
set-cookie: theme=dark

{"id": "6fa459ea-ee8a-4ca4-894e-db77e160355e", "state": "paid", "total": 12.5, "count": "3",
 "items": [{"id": 17}, {"id": 18}], "none": null, "note": "  red, blue  ", "when": "2026-11-21T10:00:00Z",
 "ip": "192.0.2.7", "inner": "{\"a\": [1, 2]}", "coded": "YcOpPw==", "url": "/a%20b", "html": "a &amp; b",
 "day": "21.11.2026", "token": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4iLCJyb2xlcyI6WyJhZG1pbiJdfQ.x",
 "page": "<h1>Your <b>cart</b></h1><a href=/pay>pay</a><a href=/go>go on</a>"}"#;

static ALL: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    [
        queries::QUERIES.as_slice(),
        filters::FILTERS.as_slice(),
        predicates::PREDICATES.as_slice(),
        functions::FUNCTIONS.as_slice(),
    ]
    .concat()
});

/// All words: queries, filters, predicates and functions, each kind in the order of the reference.
pub fn vocabulary() -> &'static [Entry] {
    &ALL
}

/// The names of one kind.
pub(super) fn words(kind: Kind) -> impl Iterator<Item = &'static str> {
    let entries = vocabulary().iter().filter(move |entry| entry.kind == kind);
    entries.map(|entry| entry.name)
}

/// One word.
pub(super) fn entry(kind: Kind, name: &str) -> Option<&'static Entry> {
    let mut entries = vocabulary().iter();
    entries.find(|entry| entry.kind == kind && entry.name == name)
}

/// Help for a word of another tool.
pub(super) fn elsewhere(kind: Kind, word: &str) -> Option<String> {
    let mut entries = vocabulary().iter().filter(|entry| entry.kind == kind);
    let entry = entries.find(|entry| {
        let mut also = entry.also.iter();
        also.any(|other| other.eq_ignore_ascii_case(word))
    })?;
    Some(if entry.syntax == entry.name {
        format!("did you mean `{}`?", entry.name)
    } else {
        format!(
            "did you mean `{}`? it is written `{}`",
            entry.name, entry.syntax
        )
    })
}
