//! From a host and a port to a stream. In: an [`Endpoint`] and what the scenario says about getting there; out: a
//! [`Connection`] for requests, and how long the name, connecting and the TLS handshake took, whether they succeeded
//! or not. Invariant: nothing here knows what is spoken on the stream.

mod connection;
mod endpoint;
mod tls;

pub(super) use connection::{Connection, Stream};
pub(super) use endpoint::Endpoint;
pub use tls::{TlsError, TlsSettings};

use super::Problem;
use crate::record::Failure;
use rustls::ClientConfig;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::time::Instant;

const NO_HTTP2: &str =
    "the server does not speak HTTP/2 (ALPN); leave `http: 2` out to take what it speaks";

/// What a server is offered: by ALPN (RFC 7301) where TLS is spoken, beforehand where it is not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Offer {
    /// HTTP/1.1 only.
    #[default]
    Http1,
    /// HTTP/2 only: without TLS by prior knowledge.
    Http2,
    /// HTTP/2 or 1.1, as the server likes; 1.1 without TLS.
    Either,
}

impl Offer {
    /// What will be spoken; `None` where the server has to be asked.
    pub(super) fn foregone(self, secure: bool) -> Option<Agreed> {
        match self {
            Self::Http1 => Some(Agreed::Http1),
            Self::Http2 => Some(Agreed::Http2),
            Self::Either => (!secure).then_some(Agreed::Http1),
        }
    }
}

/// What is spoken on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Agreed {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2.
    Http2,
}

/// How long the steps to a connection took, as far as there were any.
#[derive(Debug, Default)]
pub(super) struct Phases {
    /// Looking up the host.
    pub(super) dns: Option<Duration>,
    /// Connecting.
    pub(super) connect: Option<Duration>,
    /// The TLS handshake.
    pub(super) tls: Option<Duration>,
}

/// Opens connections; cheap to clone, can be sent to threads.
#[derive(Debug, Clone)]
pub(super) struct Dialer {
    tls: TlsSettings,
    /// Made once for all workers, one for each offer.
    configs: Arc<[OnceLock<Arc<ClientConfig>>; 3]>,
}

impl Dialer {
    /// For a scenario's settings. With a private CA the TLS configuration is built at once, so that a bad file is
    /// found before anything is sent; otherwise with the first https connection.
    ///
    /// # Errors
    /// When the CA file cannot be used.
    pub(super) fn new(tls: TlsSettings) -> Result<Self, TlsError> {
        let dialer = Self {
            tls,
            configs: Arc::default(),
        };
        if dialer.tls.ca.is_some() {
            dialer.config(Offer::default())?;
        }
        Ok(dialer)
    }

    /// Opens a connection, with TLS where the endpoint asks for it. What was known of the phases is kept when this
    /// is cut off.
    pub(super) async fn open(
        &self,
        endpoint: &Endpoint,
        offer: Offer,
        phases: &mut Phases,
    ) -> Result<Connection, Problem> {
        let config = endpoint
            .secure
            .then(|| self.config(offer))
            .transpose()
            .map_err(|e| Problem::new(Failure::Tls, e))?;
        let addresses = match endpoint.addresses() {
            Some(addresses) => addresses,
            None => timed(&mut phases.dns, endpoint.resolve()).await?,
        };
        let connecting = connection::connect(&addresses);
        let (stream, peer) = timed(&mut phases.connect, connecting).await?;
        let Some(config) = config else {
            let agreed = offer.foregone(false).unwrap_or(Agreed::Http1);
            return Ok(Connection::plain(stream, peer, agreed));
        };
        let securing = connection::secure(&endpoint.host, config, stream);
        let stream = timed(&mut phases.tls, securing).await?;
        let connection = Connection::secure(stream, peer, endpoint);
        if offer == Offer::Http2 && connection.agreed != Agreed::Http2 {
            return Err(Problem::new(Failure::Tls, NO_HTTP2));
        }
        Ok(connection)
    }

    fn config(&self, offer: Offer) -> Result<Arc<ClientConfig>, TlsError> {
        let made = &self.configs[offer as usize];
        if let Some(config) = made.get() {
            return Ok(Arc::clone(config));
        }
        let config = tls::config(&self.tls, offer)?;
        Ok(Arc::clone(made.get_or_init(|| config)))
    }
}

/// Adds the time that something took, however it ended.
async fn timed<T>(total: &mut Option<Duration>, work: impl Future<Output = T>) -> T {
    let start = Instant::now();
    let done = work.await;
    *total.get_or_insert_default() += start.elapsed();
    done
}
