//! What is known about one response. In: its parts, borrowed; out: what queries ask for.
//! Invariant: the body is parsed at most once as JSON and once as HTML, and only when a query needs the whole
//! tree.

use super::query::Page;
use super::{Details, Head, Value};
use serde_json::Value as Json;
use std::cell::OnceCell;
use std::time::{Duration, SystemTime};

/// One response and the variables of the user who got it.
#[derive(Debug)]
pub struct Facts<'a> {
    /// The status code.
    pub status: u16,
    /// The response's headers.
    pub headers: &'a Head,
    /// The decoded body; empty where nobody asked for it.
    pub body: &'a [u8],
    /// The URL that answered, behind all redirects.
    pub url: &'a str,
    /// From sending to the first byte.
    pub ttfb: Duration,
    /// From sending to the last byte.
    pub duration: Duration,
    /// Bytes of body received, as they were on the wire, also where the body was not kept.
    pub size: u64,
    /// Bytes of the body once unpacked, where that is known.
    pub decoded: Option<u64>,
    /// Slot → value.
    pub variables: &'a [Value],
    /// What is known beside all that: nothing, unless it was asked for.
    pub details: Details<'a>,
    /// The clock on the wall, read only by `days until` and `days since`.
    pub now: fn() -> SystemTime,
    json: OnceCell<Option<Json>>,
    page: OnceCell<Page>,
}

impl<'a> Facts<'a> {
    /// A response without body, times and variables; the `with` methods add them.
    pub fn new(status: u16, headers: &'a Head, url: &'a str) -> Self {
        Self {
            status,
            headers,
            body: &[],
            url,
            ttfb: Duration::ZERO,
            duration: Duration::ZERO,
            size: 0,
            decoded: None,
            variables: &[],
            details: Details::default(),
            now: SystemTime::now,
            json: OnceCell::new(),
            page: OnceCell::new(),
        }
    }

    /// The body, and `size` bytes of it received.
    #[must_use]
    pub fn with_body(mut self, body: &'a [u8], size: u64) -> Self {
        self.body = body;
        self.size = size;
        self.json = OnceCell::new();
        self.page = OnceCell::new();
        self
    }

    /// The size of the body once unpacked.
    #[must_use]
    pub fn with_decoded(mut self, decoded: Option<u64>) -> Self {
        self.decoded = decoded;
        self
    }

    /// The times to the first and to the last byte.
    #[must_use]
    pub fn with_times(mut self, ttfb: Duration, duration: Duration) -> Self {
        self.ttfb = ttfb;
        self.duration = duration;
        self
    }

    /// The user's variables.
    #[must_use]
    pub fn with_variables(mut self, variables: &'a [Value]) -> Self {
        self.variables = variables;
        self
    }

    /// The connection, the redirects and the certificate.
    #[must_use]
    pub fn with_details(mut self, details: Details<'a>) -> Self {
        self.details = details;
        self
    }

    /// The body as a page.
    pub(super) fn page(&self) -> &Page {
        self.page
            .get_or_init(|| Page::read(&String::from_utf8_lossy(self.body)))
    }

    /// The body as JSON; `None` where it is none.
    pub fn json(&self) -> Option<&Json> {
        self.json
            .get_or_init(|| serde_json::from_slice(self.json_bytes()).ok())
            .as_ref()
    }

    /// The body as JSON, if an earlier query needed the whole tree.
    pub(super) fn parsed_json(&self) -> Option<&Json> {
        self.json.get()?.as_ref()
    }

    /// The body without a byte order mark, which some servers write and JSON does not know.
    pub(super) fn json_bytes(&self) -> &'a [u8] {
        self.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(self.body)
    }
}

/// Why a check failed or a capture found nothing, for the developer whose pull request went red.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// What had to hold: `== 201`.
    pub expected: String,
    /// What was there, with its type: `number 500`. At most 200 characters of a server's text.
    pub actual: String,
}
