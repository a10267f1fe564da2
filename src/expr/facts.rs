//! What is known about one response. In: its parts, borrowed; out: what queries ask for.
//! Invariant: the body is parsed as JSON at most once, and only when a query needs the whole tree.

use super::Value;
use http::HeaderMap;
use std::cell::OnceCell;
use std::time::Duration;

/// One response and the variables of the user who got it.
#[derive(Debug)]
pub struct Facts<'a> {
    /// The status code.
    pub status: u16,
    /// The response's headers.
    pub headers: &'a HeaderMap,
    /// The decoded body; empty where nobody asked for it.
    pub body: &'a [u8],
    /// The URL that answered, behind all redirects.
    pub url: &'a str,
    /// From sending to the first byte.
    pub ttfb: Duration,
    /// From sending to the last byte.
    pub duration: Duration,
    /// Bytes of body received, also where the body was not kept.
    pub size: u64,
    /// Slot → value.
    pub variables: &'a [Value],
    json: OnceCell<Option<serde_json::Value>>,
}

impl<'a> Facts<'a> {
    /// A response without body, times and variables; the `with` methods add them.
    pub fn new(status: u16, headers: &'a HeaderMap, url: &'a str) -> Self {
        Self {
            status,
            headers,
            body: &[],
            url,
            ttfb: Duration::ZERO,
            duration: Duration::ZERO,
            size: 0,
            variables: &[],
            json: OnceCell::new(),
        }
    }

    /// The body, and `size` bytes of it received.
    #[must_use]
    pub fn with_body(mut self, body: &'a [u8], size: u64) -> Self {
        self.body = body;
        self.size = size;
        self.json = OnceCell::new();
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

    /// The body as JSON; `None` where it is none.
    pub fn json(&self) -> Option<&serde_json::Value> {
        self.json
            .get_or_init(|| serde_json::from_slice(self.body).ok())
            .as_ref()
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
