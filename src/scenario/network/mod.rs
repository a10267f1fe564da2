//! How the target is reached. In: `proxy:`, `unix:`, `resolve:`, `dns:`, `ip:` and `tls:`; out: a [`Network`] whose
//! files exist and hold what they should. Invariant: no credentials of a proxy are shown by anything here.

mod proxy;
mod resolve;
mod socket;
mod tls;

pub use proxy::{Proxies, Proxy, Speaks};
pub use resolve::Override;
pub use tls::{Identity, Tls, TlsVersion};

pub(super) use proxy::{proxies, shown};
pub(super) use tls::{tls, unused};

use super::loading::Loading;
use super::vocabulary::{DNS, FAMILIES};
use crate::source::{Diagnostic, Fields};
use std::path::PathBuf;
use url::{Host, Url};

/// What stands between a user and the target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Network {
    /// The proxies in force.
    pub proxies: Proxies,
    /// The Unix socket on which the target listens.
    pub unix: Option<PathBuf>,
    /// Addresses that are not looked up.
    pub resolve: Vec<Override>,
    /// How often host names are looked up.
    pub dns: Dns,
    /// Which addresses of a host are used.
    pub family: Family,
}

/// How often host names are looked up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dns {
    /// Once in a run.
    #[default]
    Run,
    /// For each new connection.
    Request,
}

/// Which addresses of a host are used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Family {
    /// Whatever answers first.
    #[default]
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

impl Network {
    /// Whether connections for a URL stay on this machine: its host is this machine, or is sent there, and nobody
    /// else stands between. `target` says that the URL is the scenario's target.
    pub fn is_local(&self, url: &Url, target: bool) -> bool {
        if target && self.unix.is_some() {
            return true;
        }
        let addresses = self.addresses(url);
        let local = match addresses {
            Some(fixed) => fixed.addresses.iter().all(|a| a.ip().is_loopback()),
            None => is_loopback(url),
        };
        local && self.proxies.of(url).is_none_or(Proxy::is_local)
    }

    /// The proxy that a URL goes through and that is not on this machine.
    pub fn foreign_proxy(&self, url: &Url, target: bool) -> Option<&Proxy> {
        let direct = target && self.unix.is_some();
        let proxy = self.proxies.of(url).filter(|_| !direct)?;
        (!proxy.is_local()).then_some(proxy)
    }

    /// The addresses that `resolve:` gives a URL's host and port.
    pub fn addresses(&self, url: &Url) -> Option<&Override> {
        let port = url.port_or_known_default()?;
        let host = url.host_str()?;
        self.resolve.iter().find(|fixed| fixed.fits(host, port))
    }
}

/// Whether a URL's host is this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// Everything but the proxies, which are read last: see [`proxies`].
pub(super) fn network(loading: &mut Loading<'_>, fields: &Fields<'_>) -> Network {
    let dns = fields.get("dns").and_then(|n| loading.reader.word(n, &DNS));
    let family = fields.get("ip");
    let family = family.and_then(|n| loading.reader.word(n, &FAMILIES));
    let unix = fields.get("unix");
    Network {
        proxies: Proxies::default(),
        unix: unix.and_then(|node| socket::path(loading, node)),
        resolve: resolve::overrides(loading, fields),
        dns: match dns {
            Some("request") => Dns::Request,
            _ => Dns::Run,
        },
        family: match family {
            Some("4") => Family::V4,
            Some("6") => Family::V6,
            _ => Family::Any,
        },
    }
}

/// Warns of a key that changes nothing.
fn without_effect(loading: &mut Loading<'_>, fields: &Fields<'_>, key: &str, why: &str) {
    if let Some((span, _)) = fields.entry(key) {
        let message = format!("`{key}` has no effect: {why}");
        let warning = Diagnostic::warning("T0738", loading.reader.source(), span, message)
            .help(format!("remove `{key}`"));
        loading.reader.push(warning);
    }
}
