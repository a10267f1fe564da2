//! A host and a port, and what is known about them. In: a URL; out: addresses, looked up once a run or once a
//! connection. Invariant: a certificate that every connection shows is kept once.

use super::connect::lookup_failed;
use crate::protocol::Problem;
use crate::record::Failure;
use crate::scenario::{Family, Network, Proxy};
use std::cell::{OnceCell, RefCell};
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
    /// A proxy may pass requests on one by one, where that is how HTTP proxies work.
    pub(super) forwards: bool,
    url: Url,
    addresses: RefCell<Option<Rc<[SocketAddr]>>>,
    /// The last one that was shown.
    certificate: RefCell<Option<Arc<[u8]>>>,
    /// The proxy before it, with addresses of its own.
    proxy: OnceCell<Box<Endpoint>>,
}

impl Endpoint {
    /// The host and port of a URL.
    pub(in crate::protocol) fn new(url: &Url) -> Self {
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().unwrap_or(80);
        Self {
            url: url.clone(),
            ..Self::of(host.trim_matches(['[', ']']), port, url)
        }
    }

    fn of(host: &str, port: u16, url: &Url) -> Self {
        let address = host.parse::<IpAddr>().ok();
        Self {
            host: host.to_owned(),
            port,
            secure: url.scheme() == "https",
            forwards: false,
            url: url.clone(),
            addresses: RefCell::new(address.map(|ip| [SocketAddr::new(ip, port)].into())),
            certificate: RefCell::default(),
            proxy: OnceCell::new(),
        }
    }

    /// The same, for a client that can leave it to an HTTP proxy to pass on single requests. Others get a tunnel.
    pub(in crate::protocol) fn forwarding(self) -> Self {
        Self {
            forwards: !self.secure,
            ..self
        }
    }

    /// Where it was made from.
    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// `host:port`, with brackets where they belong.
    pub(super) fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// The proxy before it: the same one for the whole run.
    pub(super) fn proxy(&self, proxy: &Proxy) -> &Self {
        let new = || Box::new(Self::of(&proxy.host, proxy.port, &self.url));
        self.proxy.get_or_init(new)
    }

    /// The certificate that a server here has shown: one copy for all connections that got the same.
    pub(super) fn certificate(&self, shown: &[u8]) -> Arc<[u8]> {
        let mut last = self.certificate.borrow_mut();
        match &*last {
            Some(same) if **same == *shown => Arc::clone(same),
            _ => Arc::clone(last.insert(shown.into())),
        }
    }

    /// The addresses of the host, where nothing need be looked up.
    pub(super) fn addresses(&self, network: &Network) -> Option<Rc<[SocketAddr]>> {
        let fixed = network.resolve.iter();
        let mut fixed = fixed.filter(|fixed| fixed.fits(&self.host, self.port));
        let Some(fixed) = fixed.next() else {
            return self.addresses.borrow().clone();
        };
        let port = |port| if port == 0 { self.port } else { port };
        let addresses = fixed.addresses.iter();
        Some(
            addresses
                .map(|a| SocketAddr::new(a.ip(), port(a.port())))
                .collect(),
        )
    }

    /// Looks the host up, and remembers its addresses where they are to be `kept`.
    pub(super) async fn resolve(&self, kept: bool) -> Result<Rc<[SocketAddr]>, Problem> {
        let found: Rc<[SocketAddr]> = tokio::net::lookup_host((self.host.as_str(), self.port))
            .await
            .map_err(|e| lookup_failed(&e, &self.host))?
            .collect();
        if found.is_empty() {
            let detail = format!("{}: no address", self.host);
            return Err(Problem::new(Failure::Dns, detail));
        }
        if kept {
            *self.addresses.borrow_mut() = Some(Rc::clone(&found));
        }
        Ok(found)
    }

    /// Those of the family that the scenario asks for.
    pub(super) fn of_family(
        &self,
        all: Rc<[SocketAddr]>,
        family: Family,
    ) -> Result<Rc<[SocketAddr]>, Problem> {
        let (fits, digit): (fn(&SocketAddr) -> bool, _) = match family {
            Family::Any => return Ok(all),
            Family::V4 => (SocketAddr::is_ipv4, 4),
            Family::V6 => (SocketAddr::is_ipv6, 6),
        };
        let own: Rc<[SocketAddr]> = all.iter().copied().filter(fits).collect();
        if own.is_empty() {
            let detail = format!(
                "{} has no IPv{digit} address, and `ip: {digit}` wants one",
                self.host
            );
            return Err(Problem::new(Failure::Dns, detail));
        }
        Ok(own)
    }
}
