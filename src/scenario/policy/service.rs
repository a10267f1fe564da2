//! `uptime` and `rate limited`. In: answers to requests that a policy sent; out: whether the service keeps what
//! monitors and clients rely on. Invariant: one answer is looked at at a time; what came before is told.

use super::{Look, Seen, short};
use crate::expr::Head;
use jiff::fmt::rfc2822;

/// What is remembered of an answer that a later one is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    status: u16,
    content_type: Option<Vec<u8>>,
    content_length: Option<Vec<u8>>,
}

impl Earlier {
    /// Of a status and headers.
    pub fn new(status: u16, headers: &Head) -> Self {
        let get = |name: &str| headers.get(name).map(<[u8]>::to_vec);
        Self {
            status,
            content_type: get("content-type"),
            content_length: get("content-length"),
        }
    }
}

/// RFC 9110, 9.3.2: HEAD is GET without the body.
pub(super) fn agrees(seen: &Seen<'_>) -> Look {
    let Some(get) = seen.earlier else {
        return Look::Idle;
    };
    if get.status != seen.status {
        return Look::Fails(format!(
            "HEAD has status {}, GET had {}",
            seen.status, get.status
        ));
    }
    let differs = |name: &str, get: Option<&Vec<u8>>| {
        let (head, get) = (seen.headers.get(name)?, get?);
        let text = |value: &[u8]| short(&String::from_utf8_lossy(value));
        (!head.eq_ignore_ascii_case(get))
            .then(|| format!("HEAD has {name} {}, GET had {}", text(head), text(get)))
    };
    let empty = seen.headers.get("content-length") == Some(b"0");
    let found = [
        differs("content-type", get.content_type.as_ref()),
        // Health pages tell the time: their length is another from answer to answer.
        differs(
            "content-length",
            get.content_length.as_ref().filter(|_| empty),
        ),
    ];
    let found: Vec<String> = found.into_iter().flatten().collect();
    Look::of(&found)
}

/// How soon a 429 must come, and what with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLimited {
    /// The request is sent at most this often.
    pub within: u64,
    /// The 429 needs a `retry-after`.
    pub retry_after: bool,
}

impl Default for RateLimited {
    fn default() -> Self {
        Self {
            within: 100,
            retry_after: true,
        }
    }
}

impl RateLimited {
    pub(super) fn look(&self, seen: &Seen<'_>) -> Look {
        match seen.status {
            429 if self.retry_after => retry_after(seen).map_or(Look::Holds, Look::Fails),
            429 => Look::Holds,
            500.. => Look::Fails(format!(
                "status {} at request {}, not 429",
                seen.status,
                seen.round + 1
            )),
            _ if seen.round + 1 < self.within => Look::Later,
            status => Look::Fails(format!(
                "no 429 within {} requests, the last got status {status}",
                self.within
            )),
        }
    }
}

/// RFC 9110, 10.2.3: seconds, or a date.
fn retry_after(seen: &Seen<'_>) -> Option<String> {
    let value = seen.text("retry-after");
    if value.is_empty() {
        return Some("429 without retry-after".to_owned());
    }
    let seconds = value.bytes().all(|b| b.is_ascii_digit());
    let date = || {
        rfc2822::DateTimeParser::new()
            .parse_timestamp(&value)
            .is_ok()
    };
    (!seconds && !date()).then(|| {
        format!(
            "retry-after is {}, neither seconds nor a date",
            short(&value)
        )
    })
}
