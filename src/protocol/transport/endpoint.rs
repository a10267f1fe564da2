//! A host and a port, and what is known about them. In: a URL; out: addresses, looked up once a run. Invariant: a
//! certificate that every connection shows is kept once.

use crate::protocol::Problem;
use crate::record::Failure;
use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use url::Url;

/// Where connections go.
#[derive(Debug)]
pub(in crate::protocol) struct Endpoint {
    /// A name, or an address without brackets.
    pub(in crate::protocol) host: String,
    pub(in crate::protocol) port: u16,
    /// Whether TLS is spoken.
    pub(in crate::protocol) secure: bool,
    addresses: RefCell<Option<Rc<[SocketAddr]>>>,
    /// The last one that was shown.
    certificate: RefCell<Option<Arc<[u8]>>>,
}

impl Endpoint {
    /// The host and port of a URL.
    pub(in crate::protocol) fn new(url: &Url) -> Self {
        let host = url.host_str().unwrap_or_default();
        let host = host.trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default().unwrap_or(80);
        let address = host.parse::<IpAddr>().ok();
        Self {
            host,
            port,
            secure: url.scheme() == "https",
            addresses: RefCell::new(address.map(|ip| [SocketAddr::new(ip, port)].into())),
            certificate: RefCell::default(),
        }
    }

    /// The certificate that a server here has shown: one copy for all connections that got the same.
    pub(super) fn certificate(&self, shown: &[u8]) -> Arc<[u8]> {
        let mut last = self.certificate.borrow_mut();
        match &*last {
            Some(same) if **same == *shown => Arc::clone(same),
            _ => Arc::clone(last.insert(shown.into())),
        }
    }

    /// The addresses of the host, where they are known.
    pub(super) fn addresses(&self) -> Option<Rc<[SocketAddr]>> {
        self.addresses.borrow().clone()
    }

    /// Looks the host up and remembers its addresses.
    pub(super) async fn resolve(&self) -> Result<Rc<[SocketAddr]>, Problem> {
        let problem =
            |reason: String| Problem::new(Failure::Dns, format!("{}: {reason}", self.host));
        let found: Rc<[SocketAddr]> = tokio::net::lookup_host((self.host.as_str(), self.port))
            .await
            .map_err(|e| problem(e.to_string()))?
            .collect();
        if found.is_empty() {
            return Err(problem("no address".into()));
        }
        *self.addresses.borrow_mut() = Some(Rc::clone(&found));
        Ok(found)
    }
}
