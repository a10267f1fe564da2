//! `resolve:`. In: `host[:port]: address[:port]`; out: addresses that are not looked up. Invariant: what looks like
//! this machine stays this machine, so that no load leaves it unseen.

use crate::scenario::loading::Loading;
use crate::source::{Fields, Node, Span, Spanned};
use std::net::{IpAddr, SocketAddr};
use url::Host;

/// Where connections to a host go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The host, as URLs write it, without brackets; `*` is any.
    pub host: String,
    /// Only connections to this port; any where there is none.
    pub port: Option<u16>,
    /// The addresses. Port 0 is the port that was asked for.
    pub addresses: Vec<SocketAddr>,
}

impl Override {
    /// Whether it speaks of a host and port; `host` may have brackets.
    pub fn fits(&self, host: &str, port: u16) -> bool {
        let host = host.trim_matches(['[', ']']);
        self.port.is_none_or(|own| own == port)
            && (self.host == "*" || self.host.eq_ignore_ascii_case(host))
    }

    /// As curl's `--resolve` says it, where curl can.
    pub fn words(&self) -> String {
        let to: Vec<String> = self.addresses.iter().map(shown).collect();
        match self.port {
            Some(port) => format!("{}:{port} to {}", self.host, to.join(", ")),
            None => format!("{} to {}", self.host, to.join(", ")),
        }
    }
}

fn shown(address: &SocketAddr) -> String {
    match address.port() {
        0 => address.ip().to_string(),
        _ => address.to_string(),
    }
}

/// `resolve:`; the ones with a port first, since they are the narrower ones.
pub(super) fn overrides(loading: &mut Loading<'_>, fields: &Fields<'_>) -> Vec<Override> {
    let entries = fields
        .get("resolve")
        .and_then(|node| loading.reader.map(node, "resolve"))
        .unwrap_or_default();
    let mut all: Vec<Override> = Vec::new();
    for (key, node) in entries {
        all.extend(one(loading, key, node));
    }
    all.sort_by_key(|one| (one.host == "*", one.port.is_none()));
    all
}

fn one(loading: &mut Loading<'_>, key: &Spanned<String>, node: &Node) -> Option<Override> {
    let Some((host, port)) = host(&key.value) else {
        let message = format!("`{}` is not a host, or a host and a port", key.value);
        wrong(loading, key.span, message);
        return None;
    };
    let mut addresses = Vec::new();
    for item in loading.reader.list(node) {
        let text = loading.reader.text(item)?;
        let Some(address) = address(&text.value) else {
            let message = format!("`{}` is not an IP address", text.value);
            wrong(loading, text.span, message);
            return None;
        };
        if is_loopback(&host) && !address.ip().is_loopback() {
            let message = format!("`{host}` is this machine, and {} is not", address.ip());
            let help = "give the other system a name of its own, and put that under `target:`";
            loading.reader.error("T0734", text.span, message, help);
            return None;
        }
        addresses.push(address);
    }
    if addresses.is_empty() {
        wrong(loading, node.span, format!("`{host}` gets no address"));
        return None;
    }
    Some(Override {
        host,
        port,
        addresses,
    })
}

fn wrong(loading: &mut Loading<'_>, span: Span, message: String) {
    let help = "write `host: address` or `host:port: address:port`, such as `shop.test: 127.0.0.1`";
    loading.reader.error("T0733", span, message, help);
}

fn host(text: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            (host, Some(port.parse().ok()?))
        }
        _ => (text, None),
    };
    if host == "*" {
        return Some((host.into(), port));
    }
    let bare = host.trim_matches(['[', ']']);
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Some((ip.to_string(), port));
    }
    let host = Host::parse(host).ok()?;
    Some((host.to_string(), port))
}

fn is_loopback(host: &str) -> bool {
    let ip = host.parse::<IpAddr>();
    host == "localhost" || host.ends_with(".localhost") || ip.is_ok_and(|ip| ip.is_loopback())
}

fn address(text: &str) -> Option<SocketAddr> {
    let bare = text.trim_matches(['[', ']']).parse::<IpAddr>();
    bare.map(|ip| SocketAddr::new(ip, 0))
        .ok()
        .or_else(|| text.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_addresses_come_with_or_without_a_port() {
        let own = |host: &str, port| Some((host.to_owned(), port));
        for (text, expected) in [
            ("shop.test", own("shop.test", None)),
            ("Shop.Test:443", own("shop.test", Some(443))),
            ("*:80", own("*", Some(80))),
            ("::1", own("::1", None)),
            ("[::1]:80", own("::1", Some(80))),
            ("127.0.0.1:80", own("127.0.0.1", Some(80))),
            ("a b", None),
            ("shop.test:", None),
            ("shop.test:99999", None),
            ("http://shop.test", None),
        ] {
            assert_eq!(host(text), expected, "{text}");
        }
        for (text, expected) in [
            ("10.0.0.1", Some("10.0.0.1:0")),
            ("10.0.0.1:81", Some("10.0.0.1:81")),
            ("::1", Some("[::1]:0")),
            ("[::1]", Some("[::1]:0")),
            ("[::1]:81", Some("[::1]:81")),
            ("shop.test", None),
            ("", None),
        ] {
            let expected = expected.map(|text| text.parse().unwrap());
            assert_eq!(address(text), expected, "{text}");
        }
    }

    #[test]
    fn an_override_speaks_of_its_host_and_port() {
        let one = |host: &str, port| Override {
            host: host.into(),
            port,
            addresses: Vec::new(),
        };
        for (fixed, host, port, fits) in [
            (one("shop.test", None), "SHOP.test", 80, true),
            (one("shop.test", Some(443)), "shop.test", 80, false),
            (one("*", Some(80)), "any.test", 80, true),
            (one("::1", None), "[::1]", 80, true),
            (one("shop.test", None), "www.shop.test", 80, false),
        ] {
            assert_eq!(fixed.fits(host, port), fits, "{fixed:?} {host}:{port}");
        }
    }
}
