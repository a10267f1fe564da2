//! Traces: which of a step's requests to look at where the servers tell. In: `traceparent` headers (W3C) of requests as
//! they went out; out: [`TraceId`], and the slowest requests of each step. Invariant: an id is 32 digits, never another
//! text, and a step keeps at most [`SLOWEST`].

use super::{Exhibit, StepRecord};
use crate::units::Nanos;
use serde::{Deserialize, Serialize};

/// Requests that a step keeps.
const SLOWEST: usize = 3;

/// A trace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceId {
    /// 32 hexadecimal digits.
    pub id: String,
    /// Servers were told to keep it.
    pub sampled: bool,
}

/// A request that took long, and whose trace the servers were told to keep.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SlowRequest {
    /// When it was sent, since the run began.
    pub at: Nanos,
    /// Its response time.
    pub took: Nanos,
    /// The status, where an answer came.
    pub status: Option<u16>,
    /// Its trace.
    pub trace: String,
}

impl TraceId {
    /// Reads `00-<32 digits>-<16 digits>-<flags>`; anything else is no trace.
    pub fn parse(header: &str) -> Option<Self> {
        let mut parts = header.trim().split('-');
        let (version, id, parent, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let hex = |text: &str, length: usize| {
            text.len() == length && text.bytes().all(|b| b.is_ascii_hexdigit())
        };
        let whole = hex(version, 2) && hex(id, 32) && hex(parent, 16) && hex(flags, 2);
        let sampled = u8::from_str_radix(flags, 16).ok()? & 1 == 1;
        let id = id.to_ascii_lowercase();
        (whole && parts.next().is_none()).then_some(Self { id, sampled })
    }

    /// Where it is shown, by a template with `{trace_id}`; only ever a web address.
    pub fn link(&self, template: &str) -> Option<String> {
        let web = template.starts_with("https://") || template.starts_with("http://");
        let whole = self.id.len() == 32 && self.id.bytes().all(|b| b.is_ascii_hexdigit());
        (web && whole).then(|| template.replace("{trace_id}", &self.id))
    }
}

impl Exhibit {
    /// The trace that its request belongs to.
    pub fn trace(&self) -> Option<TraceId> {
        let mut headers = self.request.headers.iter();
        let header = headers.find(|(name, _)| name.eq_ignore_ascii_case("traceparent"));
        TraceId::parse(&header?.1)
    }
}

impl StepRecord {
    /// Whether a request that took so long would be kept.
    pub fn wants_slow(&self, took: Nanos) -> bool {
        self.slowest.len() < SLOWEST || self.slowest.iter().any(|slow| slow.took < took)
    }

    /// Keeps a request if it is one of the slowest; they stand slowest first.
    pub fn slow(&mut self, request: SlowRequest) {
        self.slowest.push(request);
        self.slowest
            .sort_by_key(|slow| (std::cmp::Reverse(slow.took), slow.at));
        self.slowest.truncate(SLOWEST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn a_header_is_a_trace_or_nothing() {
        for (header, found) in [
            (format!("00-{ID}-00f067aa0ba902b7-01"), Some(true)),
            (
                format!(" 00-{}-00f067aa0ba902b7-00 ", ID.to_uppercase()),
                Some(false),
            ),
            (format!("00-{ID}-00f067aa0ba902b7-01-x"), None),
            (format!("00-{ID}-00f067aa0ba902b7"), None),
            (format!("00-{}\"-00f067aa0ba902b7-01", &ID[1..]), None),
            ("00-•••-00f067aa0ba902b7-01".to_owned(), None),
            (String::new(), None),
        ] {
            let trace = TraceId::parse(&header);
            assert_eq!(trace.as_ref().map(|t| t.sampled), found, "{header}");
            assert!(trace.is_none_or(|t| t.id == ID));
        }
    }

    #[test]
    fn only_web_addresses_are_links() {
        let trace = TraceId {
            id: ID.into(),
            sampled: true,
        };
        let link = trace.link("https://jaeger.test/trace/{trace_id}?x={trace_id}");
        assert_eq!(
            link.unwrap(),
            format!("https://jaeger.test/trace/{ID}?x={ID}")
        );
        assert_eq!(trace.link("javascript:alert({trace_id})"), None);
        let hostile = TraceId {
            id: "\"><script>".into(),
            sampled: true,
        };
        assert_eq!(hostile.link("https://jaeger.test/{trace_id}"), None);
    }

    #[test]
    fn a_step_keeps_its_slowest() {
        let mut step = StepRecord::default();
        for (at, took) in [(1, 5), (2, 9), (3, 1), (4, 7), (5, 9)] {
            if step.wants_slow(took) {
                step.slow(SlowRequest {
                    at,
                    took,
                    ..SlowRequest::default()
                });
            }
        }
        let kept: Vec<_> = step.slowest.iter().map(|s| (s.at, s.took)).collect();
        assert_eq!(kept, [(2, 9), (5, 9), (4, 7)]);
        assert!(!step.wants_slow(7));
    }
}
