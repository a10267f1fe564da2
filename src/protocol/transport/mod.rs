//! From a host and a port to a stream. In: an [`Endpoint`] and what the scenario says about getting there; out: a
//! [`Connection`] for requests, and how long the name, connecting and the TLS handshake took, whether they succeeded
//! or not. Invariant: nothing here knows what is spoken on the stream.

mod connect;
mod connection;
mod endpoint;
mod forward;
mod socks;
#[cfg(test)]
mod tests;
mod tls;
mod trouble;

pub(super) use connection::{Connection, Stream};
pub(super) use endpoint::Endpoint;
pub(super) use forward::{Forward, refused};
pub use tls::{TlsError, TlsSettings};
pub(super) use trouble::words as tls_trouble;

use super::Problem;
use crate::record::Failure;
use crate::scenario::{Dns, Network, Proxy, Speaks};
use rustls::ClientConfig;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

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
    /// Connecting, through a proxy where there is one.
    pub(super) connect: Option<Duration>,
    /// The TLS handshake with the server.
    pub(super) tls: Option<Duration>,
}

/// Opens connections; cheap to clone, can be sent to threads.
#[derive(Debug, Clone)]
pub(super) struct Dialer {
    tls: TlsSettings,
    /// Made once for all workers, one for each offer.
    configs: Arc<[OnceLock<Arc<ClientConfig>>; 3]>,
    network: Arc<Network>,
    /// What `unix:` and `server_name:` are about.
    target: Option<Url>,
}

impl Dialer {
    /// For a scenario's settings. Where files are named the TLS configuration is built at once, so that a bad file is
    /// found before anything is sent; otherwise with the first https connection.
    ///
    /// # Errors
    /// When a file cannot be used.
    pub(super) fn new(tls: TlsSettings) -> Result<Self, TlsError> {
        let dialer = Self {
            tls,
            configs: Arc::default(),
            network: Arc::default(),
            target: None,
        };
        if dialer.tls.ca.is_some() || dialer.tls.identity.is_some() {
            dialer.config(Offer::default())?;
        }
        Ok(dialer)
    }

    /// The same on the ways of a network.
    pub(super) fn with_network(self, network: Network, target: &Url) -> Self {
        Self {
            network: Arc::new(network),
            target: Some(target.clone()),
            ..self
        }
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
        let mut connection = self.reach(endpoint, offer, phases).await?;
        let Some(config) = config else {
            connection.agreed = offer.foregone(false).unwrap_or(Agreed::Http1);
            return Ok(connection);
        };
        let name = match &self.tls.server_name {
            Some(name) if self.is_target(endpoint) => name,
            _ => &endpoint.host,
        };
        let securing = tls::secure(name, config, connection.stream);
        let stream = timed(&mut phases.tls, securing).await?;
        let session = stream.get_ref().1;
        if session.alpn_protocol() == Some(b"h2") {
            connection.agreed = Agreed::Http2;
        } else if offer == Offer::Http2 {
            return Err(Problem::new(Failure::Tls, NO_HTTP2));
        }
        let own = session.peer_certificates().and_then(<[_]>::first);
        connection.certificate = own.map(|own| endpoint.certificate(own));
        connection.stream = Stream::Secure(Box::new(stream));
        Ok(connection)
    }

    /// A stream to the endpoint, or to whoever stands before it.
    async fn reach(
        &self,
        endpoint: &Endpoint,
        offer: Offer,
        phases: &mut Phases,
    ) -> Result<Connection, Problem> {
        if let Some(path) = &self.network.unix
            && self.is_target(endpoint)
        {
            let stream = timed(&mut phases.connect, connect::unix(path)).await?;
            return Ok(Connection::new(stream, None));
        }
        if let Some(proxy) = self.network.proxies.of(endpoint.url()) {
            return self.through(proxy, (endpoint, offer), phases).await;
        }
        let addresses = self.addresses(endpoint, phases).await?;
        let connecting = connect::connect(&addresses);
        let (stream, peer) = timed(&mut phases.connect, connecting).await?;
        Ok(Connection::new(Stream::Plain(stream), Some(peer)))
    }

    /// The same through a proxy: all that it takes counts as connecting.
    async fn through(
        &self,
        proxy: &Proxy,
        (endpoint, offer): (&Endpoint, Offer),
        phases: &mut Phases,
    ) -> Result<Connection, Problem> {
        let at = |problem| forward::at(proxy, problem);
        let hop = endpoint.proxy(proxy);
        let addresses = self.addresses(hop, phases).await.map_err(at)?;
        let target = match proxy.speaks {
            Speaks::Socks5 => self.addresses(endpoint, phases).await?.first().copied(),
            Speaks::Http | Speaks::Https | Speaks::Socks5h => None,
        };
        let config = match proxy.speaks {
            Speaks::Https => Some(self.config(Offer::Http1)),
            _ => None,
        };
        let config = config.transpose();
        let config = config.map_err(|e| at(Problem::new(Failure::Tls, e)))?;
        let passes_on = endpoint.forwards && offer.foregone(endpoint.secure) == Some(Agreed::Http1);
        let opening = async {
            let (stream, _) = connect::connect(&addresses).await.map_err(at)?;
            let mut stream = Stream::Plain(stream);
            if let Some(config) = config {
                let secured = tls::secure(&proxy.host, config, stream).await;
                stream = Stream::Secure(Box::new(secured.map_err(at)?));
            }
            match proxy.speaks {
                Speaks::Http | Speaks::Https if passes_on => Ok(stream),
                Speaks::Http | Speaks::Https => forward::tunnel(proxy, endpoint, stream).await,
                Speaks::Socks5 | Speaks::Socks5h => {
                    socks::connect(proxy, endpoint, target, stream).await
                }
            }
        };
        let stream = timed(&mut phases.connect, opening).await?;
        let mut connection = Connection::new(stream, None);
        if passes_on && matches!(proxy.speaks, Speaks::Http | Speaks::Https) {
            connection.forward = Some(Arc::new(Forward::new(proxy, endpoint)));
        }
        Ok(connection)
    }

    async fn addresses(
        &self,
        endpoint: &Endpoint,
        phases: &mut Phases,
    ) -> Result<Rc<[SocketAddr]>, Problem> {
        let all = if let Some(addresses) = endpoint.addresses(&self.network) {
            addresses
        } else {
            let kept = self.network.dns == Dns::Run;
            timed(&mut phases.dns, endpoint.resolve(kept)).await?
        };
        endpoint.of_family(all, self.network.family)
    }

    fn is_target(&self, endpoint: &Endpoint) -> bool {
        self.target.as_ref().is_some_and(|target| {
            target.host_str() == endpoint.url().host_str()
                && target.port_or_known_default() == Some(endpoint.port)
        })
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
