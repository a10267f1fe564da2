//! What is measured of a request or of a message. In: samples; out: one number of each. Invariant: every metric has
//! one name, which budgets and reports share.

use crate::record::Sample;
use crate::units::Nanos;
use serde::{Deserialize, Serialize};

/// A latency that budgets can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// From the intended start to the last byte.
    Response,
    /// From the actual send to the last byte.
    Service,
    /// From the actual send to the head of the answer.
    Ttfb,
    /// Waiting for a place on a connection that others use; only such connections have it.
    Wait,
    /// Looking up the host; only where that was needed.
    Dns,
    /// Opening a connection; only new ones have it.
    Connect,
    /// The TLS handshake; only new connections have it.
    Tls,
    /// From having a connection to the last byte of the request.
    Write,
    /// From the head of the answer to its last byte.
    Body,
    /// Bytes of the answer's body on the wire. A histogram holds each as a microsecond: see [`Metric::BYTE`].
    Bytes,
    /// Bytes of the answer's body once unpacked, held in the same way.
    Decoded,
    /// From the intended start to the actual send: how late the generator was.
    Lag,
    /// From a message's own time stamp, or from the send that it replies to, to its arrival.
    Message,
    /// From the send of a request to the first message of its stream.
    First,
    /// From one message of a stream to the next.
    Gap,
    /// A number that was captured. A histogram holds each as a millisecond: see [`Metric::NUMBER`].
    Captured,
}

impl Metric {
    /// All of them that a word alone names.
    pub const ALL: [Self; 15] = [
        Self::Response,
        Self::Service,
        Self::Ttfb,
        Self::Wait,
        Self::Dns,
        Self::Connect,
        Self::Tls,
        Self::Write,
        Self::Body,
        Self::Bytes,
        Self::Decoded,
        Self::Lag,
        Self::Message,
        Self::First,
        Self::Gap,
    ];

    /// The parts of the time from the send to the last byte, in their order.
    pub const PHASES: [Self; 7] = [
        Self::Wait,
        Self::Dns,
        Self::Connect,
        Self::Tls,
        Self::Write,
        Self::Ttfb,
        Self::Body,
    ];

    /// What one weighs in a histogram of captured numbers: they are kept to a thousandth.
    pub const NUMBER: Nanos = 1_000_000;

    /// Captured numbers from 0 to here are kept.
    pub const MOST_NUMBER: f64 = 1e12;

    /// What a byte weighs in a histogram, whose finest step is a microsecond.
    pub const BYTE: Nanos = 1_000;

    /// The word in budgets and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Response => "response",
            Self::Service => "service",
            Self::Ttfb => "ttfb",
            Self::Wait => "wait",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Write => "write",
            Self::Body => "body",
            Self::Bytes => "bytes",
            Self::Decoded => "decoded",
            Self::Lag => "lag",
            Self::Message => "message latency",
            Self::First => "first message",
            Self::Gap => "message gap",
            Self::Captured => "capture",
        }
    }

    /// Only part of the requests have it, so requests without it are not missing.
    pub fn of_connections(self) -> bool {
        matches!(self, Self::Wait | Self::Dns | Self::Connect | Self::Tls)
    }

    /// Bytes, not a time.
    pub fn of_bytes(self) -> bool {
        matches!(self, Self::Bytes | Self::Decoded)
    }

    /// It is of messages, or of captured numbers, and not of requests.
    pub fn of_messages(self) -> bool {
        matches!(
            self,
            Self::Message | Self::First | Self::Gap | Self::Captured
        )
    }

    /// What one of its unit weighs in a histogram: a nanosecond, a byte or a number.
    pub fn unit(self) -> Nanos {
        match self {
            Self::Captured => Self::NUMBER,
            _ if self.of_bytes() => Self::BYTE,
            _ => 1,
        }
    }

    /// What it is of one request; `None` where the request does not have it.
    pub fn value(self, sample: &Sample) -> Option<Nanos> {
        match self {
            Self::Response => Some(sample.response()),
            Self::Service => Some(sample.service()),
            Self::Ttfb => sample.first_byte.map(|t| t.saturating_sub(sample.sent)),
            Self::Wait => sample.wait,
            Self::Dns => sample.dns,
            Self::Connect => sample.connect,
            Self::Tls => sample.tls,
            Self::Write => sample.write,
            Self::Body => sample.first_byte.map(|t| sample.done.saturating_sub(t)),
            Self::Bytes => Some(sample.received.saturating_mul(Self::BYTE)),
            Self::Decoded => sample.decoded.map(|n| n.saturating_mul(Self::BYTE)),
            Self::Lag => Some(sample.lag()),
            Self::Message | Self::First | Self::Gap | Self::Captured => None,
        }
    }
}
