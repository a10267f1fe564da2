//! Scheme, host and port, with the connections kept to it. In: URLs; out: one [`Origin`] each. Invariant: a
//! host that the scenario does not allow is never contacted, and the number of origins is bounded.

use super::Problem;
use super::multiplex::{Links, Opening};
use crate::protocol::transport::{Agreed, Connection, Endpoint, Offer};
use crate::record::Failure;
use crate::scenario::is_loopback;
use http::uri::{Authority, PathAndQuery, Scheme};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use url::Url;

/// Origins kept beside the target; redirects to ever new hosts must not fill the memory.
const MOST: usize = 256;

/// Which hosts may be contacted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Any: few requests, as from one person.
    Any,
    /// Loopback and these hosts only: load must not reach somebody who did not ask for it.
    Only(Vec<String>),
}

impl Reach {
    /// Whether a host may be contacted.
    pub fn permits(&self, url: &Url) -> bool {
        match self {
            Self::Any => true,
            Self::Only(hosts) => {
                is_loopback(url)
                    || url
                        .host_str()
                        .is_some_and(|host| hosts.iter().any(|h| h.eq_ignore_ascii_case(host)))
            }
        }
    }

    pub(super) fn permit(&self, url: &Url) -> Result<(), Problem> {
        if self.permits(url) {
            return Ok(());
        }
        let host = url.host_str().unwrap_or_default();
        Err(Problem::new(
            Failure::Redirect,
            format!("leads to another host, {host}; list it under `allow:` to send load there"),
        ))
    }
}

/// The target and the other origins that a worker has met.
#[derive(Debug)]
pub(super) struct Origins {
    offer: Offer,
    target: Rc<Origin>,
    others: RefCell<Vec<Rc<Origin>>>,
}

impl Origins {
    pub(super) fn new(target: &Url, offer: Offer) -> Self {
        Self {
            offer,
            target: Rc::new(Origin::new(target, offer)),
            others: RefCell::new(Vec::new()),
        }
    }

    pub(super) fn target(&self) -> Rc<Origin> {
        Rc::clone(&self.target)
    }

    pub(super) fn of(&self, url: &Url) -> Result<Rc<Origin>, Problem> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Problem::new(
                Failure::Redirect,
                format!("leads to a `{}:` address", url.scheme()),
            ));
        }
        if self.target.is(url) {
            return Ok(self.target());
        }
        let mut others = self.others.borrow_mut();
        if let Some(found) = others.iter().find(|o| o.is(url)) {
            return Ok(Rc::clone(found));
        }
        if others.len() >= MOST {
            others.remove(0);
        }
        let origin = Rc::new(Origin::new(url, self.offer));
        others.push(Rc::clone(&origin));
        Ok(origin)
    }
}

/// One origin: where it is, and the connections that wait for a request.
#[derive(Debug)]
pub(super) struct Origin {
    /// `http://host:port`, to build URLs from.
    base: Url,
    pub(super) endpoint: Endpoint,
    pub(super) host_header: String,
    /// The same for HTTP/2.
    pub(super) authority: Authority,
    pub(super) scheme: Scheme,
    idle: RefCell<Vec<Connection>>,
    /// HTTP/2 connections that everybody shares.
    pub(super) links: Rc<Links>,
    /// What is spoken here, once that is known.
    agreed: Cell<Option<Agreed>>,
}

impl Origin {
    fn new(url: &Url, offer: Offer) -> Self {
        let mut base = url.clone();
        base.set_path("/");
        base.set_query(None);
        base.set_fragment(None);
        let host = url.host_str().unwrap_or_default();
        let host_header = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let endpoint = Endpoint::new(&base).forwarding();
        Self {
            // What the URL parser takes for a host is one.
            authority: host_header
                .parse()
                .unwrap_or(Authority::from_static("localhost")),
            scheme: if endpoint.secure {
                Scheme::HTTPS
            } else {
                Scheme::HTTP
            },
            agreed: Cell::new(offer.foregone(endpoint.secure)),
            endpoint,
            base,
            host_header,
            idle: RefCell::default(),
            links: Rc::default(),
        }
    }

    fn is(&self, url: &Url) -> bool {
        self.base.scheme() == url.scheme()
            && self.base.host() == url.host()
            && self.base.port_or_known_default() == url.port_or_known_default()
    }

    pub(super) fn secure(&self) -> bool {
        self.endpoint.secure
    }

    /// Whether HTTP/2 is spoken here, or may be.
    pub(super) fn multiplexes(&self) -> bool {
        self.agreed.get() != Some(Agreed::Http1)
    }

    /// What a new connection speaks, others will.
    pub(super) fn learn(&self, agreed: Agreed) {
        self.agreed.set(Some(agreed));
    }

    /// Keeps a new connection.
    pub(super) async fn admit(&self, connection: Connection) -> Result<(), Problem> {
        self.learn(connection.agreed);
        match connection.agreed {
            Agreed::Http1 => self.put_back(connection),
            Agreed::Http2 => drop(Opening::new(&self.links).begin(connection).await?),
        }
        Ok(())
    }

    /// The URL of a path here.
    pub(super) fn url(&self, path: &PathAndQuery) -> Url {
        let mut url = self.base.clone();
        url.set_path(path.path());
        url.set_query(path.query());
        url
    }

    /// A kept connection, the most recently used first.
    pub(super) fn take(&self) -> Option<Connection> {
        self.idle.borrow_mut().pop()
    }

    /// Keeps a connection whose answer was read whole.
    pub(super) fn put_back(&self, connection: Connection) {
        self.idle.borrow_mut().push(connection);
    }
}

/// The path and query of a URL.
pub(super) fn path_of(url: &Url) -> PathAndQuery {
    let text = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    // A parsed URL's path and query are valid in a request line.
    text.parse().unwrap_or(PathAndQuery::from_static("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn load_reaches_only_loopback_and_listed_hosts() {
        let reach = Reach::Only(vec!["shop.example.com".into()]);
        for (target, permitted) in [
            ("http://127.0.0.1:8080/", true),
            ("http://[::1]/", true),
            ("http://localhost/", true),
            ("https://SHOP.example.com/x", true),
            ("https://evil.example.com/", false),
            ("https://shop.example.com.evil.com/", false),
        ] {
            assert_eq!(reach.permits(&url(target)), permitted, "{target}");
        }
        assert!(Reach::Any.permits(&url("https://evil.example.com/")));
    }

    #[test]
    fn default_ports_stay_out_of_the_host_header() {
        assert_eq!(
            Origin::new(&url("https://a.b/"), Offer::Http1).host_header,
            "a.b"
        );
        assert_eq!(
            Origin::new(&url("http://a.b:8080/"), Offer::Http1).host_header,
            "a.b:8080"
        );
        assert_eq!(
            Origin::new(&url("http://[::1]:8080/"), Offer::Http1)
                .endpoint
                .host,
            "::1"
        );
    }

    #[test]
    fn origins_are_found_again_and_bounded() {
        let origins = Origins::new(&url("http://a.b/"), Offer::Http1);
        assert!(Rc::ptr_eq(
            &origins.of(&url("http://a.b:80/x?y")).unwrap(),
            &origins.target()
        ));
        for port in 1000..3000 {
            origins.of(&url(&format!("http://a.b:{port}/"))).unwrap();
        }
        assert_eq!(origins.others.borrow().len(), MOST);
        assert!(origins.of(&url("ftp://a.b/")).is_err());
    }
}
