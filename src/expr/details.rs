//! What only some checks ask of an exchange. In: what the protocol saw; out: what queries find. Invariant:
//! everything is optional, and the default is that nothing is known: then the query says why it finds nothing.

use std::net::IpAddr;
use std::ops::BitOr;
use std::time::Duration;

/// The rest of what is known about one exchange, borrowed from whoever kept it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Details<'a> {
    /// The words behind the status code; HTTP/2 has none.
    pub reason: Option<&'a str>,
    /// `HTTP/1.1` or `HTTP/2`.
    pub version: Option<&'a str>,
    /// Each answer that led on to another: its status, and the URL that it led to.
    pub redirects: &'a [(u16, String)],
    /// The address that answered.
    pub peer: Option<IpAddr>,
    /// The certificate of the server itself, as DER; `None` where the connection was not encrypted.
    pub certificate: Option<&'a [u8]>,
    /// Waiting for a place on a connection that others use; `None` where the request had one of its own.
    pub wait: Option<Duration>,
    /// Looking up the host's name; `None` where an open connection was used.
    pub dns: Option<Duration>,
    /// Opening the connection; `None` where an open one was used.
    pub connect: Option<Duration>,
    /// The TLS handshake; `None` where an open connection was used or none was encrypted.
    pub tls: Option<Duration>,
    /// Writing the request, from having a connection to its last byte.
    pub write: Option<Duration>,
}

/// What checks and captures look at, so that nothing else need be kept of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "a set of independent flags")]
pub struct Needs {
    /// The body.
    pub body: bool,
    /// The headers.
    pub headers: bool,
    /// [`Details`] other than the certificate.
    pub details: bool,
    /// The server's certificate.
    pub certificate: bool,
    /// What caches say of the answer.
    pub cache: bool,
}

impl BitOr for Needs {
    type Output = Self;

    /// What either needs.
    fn bitor(self, other: Self) -> Self {
        Self {
            body: self.body | other.body,
            headers: self.headers | other.headers,
            details: self.details | other.details,
            certificate: self.certificate | other.certificate,
            cache: self.cache | other.cache,
        }
    }
}
