//! SPEAK: one call → one exchange. In: a rendered request and the user's cookies; out: an [`Exchange`] with its
//! instants, answer or failure. Invariant: a failed request is data, never an error: nothing here ends a run.

mod channel;
mod coding;
mod cookies;
mod headers;
mod http;
mod mitigation;
#[cfg(test)]
pub(crate) mod scripted;
mod session;
mod stream;
mod transport;
mod websocket;

pub use channel::{Channel, Closed, Incoming, Opens, Outgoing};
pub use coding::pack;
pub use cookies::Jar;
pub use cookies::Place;
pub use headers::Headers;
pub use http::{Blueprint, Client, ClientStats, Reach, is_loopback};
pub use mitigation::{mitigated_quietly, mitigation};
pub use session::Session;
pub use stream::{EventStream, Resume};
pub use transport::{TlsError, TlsSettings};

use crate::expr::Head;
use crate::record::Failure;
use ::http::{Method, StatusCode, Version};
use bytes::Bytes;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

/// A request ready to be sent.
#[derive(Debug, Clone)]
pub struct Call {
    /// Index of the step, for protocols that answer from a script.
    pub step: usize,
    /// The method.
    pub method: Method,
    /// Where to: scheme, host and port come from here too.
    pub url: Location,
    /// Headers; host (where it is missing), cookies and lengths are added on the way.
    pub headers: Headers,
    /// The body, as it goes over the wire.
    pub body: Bytes,
    /// The body as it was before it was packed, where it is.
    pub plain: Option<Bytes>,
    /// From the send to the last byte, redirects included.
    pub timeout: Duration,
    /// How many redirects to follow; 0 takes the first answer.
    pub redirects: u32,
    /// What becomes of the answer's body.
    pub keep_body: Keep,
    /// What is wanted beside the answer.
    pub opens: Opens,
}

/// What becomes of an answer's body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Keep {
    /// Nobody looks at it.
    #[default]
    No,
    /// A person may look at it: it is dropped where it is long or damaged.
    Shown,
    /// Its size is wanted: it is unpacked where it comes packed, or the call fails, and nobody looks at it.
    Sized,
    /// Something works on it: it is kept (and unpacked), or the call fails.
    Whole,
}

/// Where a request goes.
#[derive(Debug, Clone)]
pub enum Location {
    /// A path and query at the scenario's target: the common case, parsed beforehand where it has no template.
    Target(::http::uri::PathAndQuery),
    /// Somewhere else.
    Elsewhere(Box<Url>),
}

impl Call {
    /// The body as people read it.
    pub fn readable(&self) -> &Bytes {
        self.plain.as_ref().unwrap_or(&self.body)
    }
}

/// How a call went.
#[derive(Debug)]
pub struct Exchange {
    /// When it was sent: the generator's part ends and the target's begins.
    pub sent: Instant,
    /// When the (last) request had its connection, where that was not at once.
    pub ready: Option<Instant>,
    /// When the system had the last byte of the (last) request; the same as `ready`, or `sent`, where it took all at once.
    pub written: Option<Instant>,
    /// When the head of the (last) answer arrived.
    pub first_byte: Option<Instant>,
    /// When the last byte arrived, or the failure was known.
    pub done: Instant,
    /// Waiting for a place on a connection that others use, where there is such a one: even if it was no time.
    pub wait: Option<Duration>,
    /// Looking up the host, where that had not been done before.
    pub dns: Option<Duration>,
    /// Opening connections, where some were opened.
    pub connect: Option<Duration>,
    /// TLS handshakes, where there were some.
    pub tls: Option<Duration>,
    /// The answer, or why there is none.
    pub result: Result<Answer, Problem>,
}

impl Exchange {
    /// One of which no more is known than when it was sent, when it ended, and how.
    pub fn of(sent: Instant, done: Instant, result: Result<Answer, Problem>) -> Self {
        Self {
            sent,
            ready: None,
            written: None,
            first_byte: None,
            done,
            wait: None,
            dns: None,
            connect: None,
            tls: None,
            result,
        }
    }

    /// Writing the (last) request, from having a connection to its last byte.
    pub fn write(&self) -> Option<Duration> {
        let ready = self.ready.unwrap_or(self.sent);
        self.written.map(|at| {
            // Mostly it was written at once.
            if at == ready {
                Duration::ZERO
            } else {
                at.saturating_duration_since(ready)
            }
        })
    }
}

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// HTTP/1.0, 1.1 or 2.
    pub version: Version,
    /// The headers.
    pub headers: Head,
    /// There is a `server-timing` among them: most answers are not searched for it.
    pub timed: bool,
    /// The body, empty where nobody looks at it.
    pub body: Bytes,
    /// Bytes of the body on the wire.
    pub received: u64,
    /// Bytes of the body once unpacked; `None` where it came packed and nobody unpacked it.
    pub decoded: Option<u64>,
    /// The redirects that were followed: the status of each, and where it led.
    pub redirects: Vec<(StatusCode, Url)>,
    /// The address of the (last) server, where there is a network.
    pub peer: Option<SocketAddr>,
    /// The server's own certificate, DER; `None` without TLS.
    pub certificate: Option<Arc<[u8]>>,
    /// What the call wanted opened, where the answer opened it.
    pub channel: Option<Channel>,
}

impl Answer {
    /// One of this status whose body nobody counted.
    #[cfg(test)]
    pub(crate) fn of(status: u16, headers: Head, body: &'static str) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap(),
            version: Version::HTTP_11,
            headers,
            timed: false,
            body: Bytes::from_static(body.as_bytes()),
            received: 0,
            decoded: Some(0),
            redirects: Vec::new(),
            peer: None,
            certificate: None,
            channel: None,
        }
    }

    /// The words behind the status; often none.
    pub fn reason(&self) -> &str {
        self.headers.reason()
    }

    /// The URL that answered, where redirects led elsewhere.
    pub fn redirected_to(&self) -> Option<&Url> {
        self.redirects.last().map(|(_, url)| url)
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The kind.
    pub failure: Failure,
    /// The system's or library's words, for a person.
    pub detail: String,
    /// Bytes of the body that did arrive.
    pub received: u64,
}

impl Problem {
    /// A failure in words, before any byte of a body.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers hand over errors that they have no other use for"
    )]
    pub fn new(failure: Failure, detail: impl ToString) -> Self {
        Self {
            failure,
            detail: detail.to_string(),
            received: 0,
        }
    }
}

/// Something that can carry calls: HTTP, or a script in tests.
pub trait Protocol: 'static {
    /// Carries one call, which is sent `now`. The session is read for the request and filled from the answer.
    fn call(
        &self,
        call: &Call,
        session: &mut Session,
        now: Instant,
    ) -> impl Future<Output = Exchange>;

    /// Makes ready for so many requests at once, before the run's clock starts. What fails here is left for the
    /// run to find.
    fn open_ahead(&self, connections: u64) -> impl Future<Output = ()> {
        let _ = connections;
        async {}
    }

    /// What it counted.
    fn stats(&self) -> ClientStats;
}
