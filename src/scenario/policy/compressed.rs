//! `compressed`. In: headers and size of an answer; out: whether it should have come compressed. Invariant: only texts
//! are asked for, and only where the request offered a coding.

use super::{Look, Seen};
use crate::units::format_bytes;

/// What may come as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compressed {
    /// Bytes up to which an answer may come as it is.
    pub above: u64,
}

impl Default for Compressed {
    fn default() -> Self {
        Self { above: 1_000 }
    }
}

impl Compressed {
    pub(super) fn look(&self, seen: &Seen<'_>) -> Look {
        let offered =
            String::from_utf8_lossy(seen.offered.unwrap_or_default()).to_ascii_lowercase();
        let coding = |part: &str| {
            let (name, quality) = part.split_once(';').unwrap_or((part, ""));
            !["", "identity"].contains(&name.trim()) && quality.replace(' ', "") != "q=0"
        };
        let kind = seen.media_type();
        let partial = seen.status == 206 || seen.headers.get("content-range").is_some();
        if !offered.split(',').any(coding) || !is_text(&kind) || partial {
            return Look::Idle;
        }
        let encoding = seen.text("content-encoding").to_ascii_lowercase();
        if !["", "identity"].contains(&encoding.as_str()) {
            return Look::Holds;
        }
        if seen.size <= self.above {
            return Look::Idle;
        }
        let size = format_bytes(seen.size);
        Look::Fails(format!("{size} of {kind} came without a content-encoding"))
    }
}

fn is_text(kind: &str) -> bool {
    const OTHERS: [&str; 8] = [
        "application/json",
        "application/javascript",
        "application/x-javascript",
        "application/xml",
        "application/xhtml+xml",
        "application/manifest+json",
        "application/graphql",
        "image/svg+xml",
    ];
    // A stream of events is flushed message by message.
    (kind.starts_with("text/") && kind != "text/event-stream")
        || OTHERS.contains(&kind)
        || kind.ends_with("+json")
        || kind.ends_with("+xml")
}
