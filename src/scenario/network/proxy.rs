//! `proxy:`. In: a URL, `off`, `environment` or nothing; out: which proxy stands before which host. Invariant: user
//! names and passwords leave in what is sent to the proxy and nowhere else.

use super::is_loopback;
use crate::scenario::environment::Environment;
use crate::scenario::loading::Loading;
use crate::source::{Diagnostic, Fields};
use ipnet::IpNet;
use percent_encoding::percent_decode_str;
use std::fmt;
use std::net::IpAddr;
use url::Url;

const HELP: &str =
    "write `http://host:port`, `https://…`, `socks5://…`, `socks5h://…`, `environment` or `off`";
const LOOPBACK: &str = "a Unix socket has no proxy before it";

/// What is spoken with a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    /// HTTP.
    Http,
    /// HTTP within TLS.
    Https,
    /// SOCKS 5; host names are looked up here.
    Socks5,
    /// SOCKS 5; host names are looked up by the proxy.
    Socks5h,
}

/// A proxy.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// What is spoken with it.
    pub speaks: Speaks,
    /// Its host, without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// User name and password.
    pub credentials: Option<(String, String)>,
}

/// Which proxy stands before which host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    http: Option<Proxy>,
    https: Option<Proxy>,
    except: Vec<Exception>,
    /// This machine is reached through them, too.
    loopback: bool,
}

/// An entry of `NO_PROXY`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Exception {
    Everything,
    Network(IpNet, Option<u16>),
    Domain(String, Option<u16>),
}

impl Proxy {
    /// Reads `http://user:password@host:port`, or `host:port`.
    fn parse(text: &str) -> Result<Self, String> {
        let whole = if text.contains("://") {
            text.to_owned()
        } else {
            format!("http://{text}")
        };
        let not = |why: String| format!("this is not the address of a proxy: {why}");
        let url = Url::parse(&whole).map_err(|e| not(e.to_string()))?;
        let (speaks, port) = match url.scheme() {
            "http" => (Speaks::Http, 80),
            "https" => (Speaks::Https, 443),
            "socks5" => (Speaks::Socks5, 1080),
            "socks5h" => (Speaks::Socks5h, 1080),
            other => return Err(not(format!("`{other}` is not spoken"))),
        };
        let host = url.host_str().unwrap_or_default();
        if host.is_empty() {
            return Err(not("it has no host".into()));
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(not("it is scheme, host and port only".into()));
        }
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let password = url.password().unwrap_or_default();
        let named = !url.username().is_empty() || !password.is_empty();
        let credentials = named.then(|| (decoded(url.username()), decoded(password)));
        let short = |(user, password): &(String, String)| user.len() < 256 && password.len() < 256;
        if !credentials.as_ref().is_none_or(short) {
            return Err(not("user name and password have at most 255 bytes".into()));
        }
        Ok(Self {
            speaks,
            host: host.trim_matches(['[', ']']).to_owned(),
            port: url.port().unwrap_or(port),
            credentials,
        })
    }

    /// Whether it runs on this machine.
    pub fn is_local(&self) -> bool {
        let ip = self.host.parse::<IpAddr>();
        self.host == "localhost"
            || self.host.ends_with(".localhost")
            || ip.is_ok_and(|ip| ip.is_loopback())
    }

    /// `host:port`, with brackets where they belong.
    pub fn address(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for Proxy {
    /// Without credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.speaks {
            Speaks::Http => "http",
            Speaks::Https => "https",
            Speaks::Socks5 => "socks5",
            Speaks::Socks5h => "socks5h",
        };
        write!(f, "{scheme}://{}", self.address())
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

impl Proxies {
    /// One proxy before every host.
    pub fn all(proxy: Proxy) -> Self {
        Self {
            http: Some(proxy.clone()),
            https: Some(proxy),
            except: Vec::new(),
            loopback: true,
        }
    }

    /// The proxy before the host of a URL.
    pub fn of(&self, url: &Url) -> Option<&Proxy> {
        let secure = matches!(url.scheme(), "https" | "wss");
        let proxy = if secure { &self.https } else { &self.http };
        let proxy = proxy.as_ref()?;
        let direct = !self.loopback && is_loopback(url) || self.excepts(url);
        (!direct).then_some(proxy)
    }

    fn excepts(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        let (host, port) = (host.trim_matches(['[', ']']), url.port_or_known_default());
        self.except.iter().any(|one| one.fits(host, port))
    }

    /// The conventions of curl: `http_proxy` in lower case only, since a web server hands its clients' `Proxy:`
    /// header to CGI programs as `HTTP_PROXY`. `Err` names the variable that is wrong.
    fn of_environment(environment: &Environment) -> Result<Self, (String, String)> {
        let get = |names: &[&str]| {
            names.iter().find_map(|name| {
                let value = environment.of_the_process(name)?.trim();
                (!value.is_empty()).then(|| ((*name).to_owned(), value.to_owned()))
            })
        };
        let proxy = |names: &[&str]| {
            let found = get(names).or_else(|| get(&["all_proxy", "ALL_PROXY"]));
            let Some((name, value)) = found else {
                return Ok(None);
            };
            Proxy::parse(&value).map(Some).map_err(|why| (name, why))
        };
        let except = get(&["no_proxy", "NO_PROXY"]);
        Ok(Self {
            http: proxy(&["http_proxy"])?,
            https: proxy(&["https_proxy", "HTTPS_PROXY"])?,
            except: except.map_or_else(Vec::new, |(_, list)| exceptions(&list)),
            loopback: false,
        })
    }
}

fn exceptions(list: &str) -> Vec<Exception> {
    let entries = list.split([',', ' ', '\t']).filter(|e| !e.is_empty());
    entries.map(Exception::parse).collect()
}

impl Exception {
    fn parse(text: &str) -> Self {
        if text == "*" {
            return Self::Everything;
        }
        let network = |text: &str| {
            let bare = text.trim_matches(['[', ']']);
            let one = bare.parse::<IpAddr>().map(IpNet::from);
            one.ok().or_else(|| bare.parse::<IpNet>().ok())
        };
        if let Some(network) = network(text) {
            return Self::Network(network, None);
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if port.parse::<u16>().is_ok() => (host, port.parse().ok()),
            _ => (text, None),
        };
        if let Some(network) = network(host) {
            return Self::Network(network, port);
        }
        let host = host.trim_start_matches('*').trim_start_matches('.');
        Self::Domain(host.to_ascii_lowercase(), port)
    }

    fn fits(&self, host: &str, port: Option<u16>) -> bool {
        let here = |own: &Option<u16>| own.is_none() || *own == port;
        match self {
            Self::Everything => true,
            Self::Network(network, own) => {
                here(own) && host.parse().is_ok_and(|ip: IpAddr| network.contains(&ip))
            }
            Self::Domain(domain, own) => {
                let before = host.to_ascii_lowercase();
                let before = before.strip_suffix(domain.as_str());
                here(own) && before.is_some_and(|b| b.is_empty() || b.ends_with('.'))
            }
        }
    }
}

/// The value of `proxy:` as it can be shown.
pub(in crate::scenario) fn shown(text: &str) -> String {
    let start = text.find("://").map_or(0, |at| at + 3);
    match text.rfind('@') {
        Some(at) if at >= start => format!("{}***{}", &text[..start], &text[at..]),
        _ => text.to_owned(),
    }
}

/// `proxy:`. Read behind everything else: its password is a secret from here on, and what stands in other places by
/// chance is not.
pub(in crate::scenario) fn proxies(
    loading: &mut Loading<'_>,
    fields: &Fields<'_>,
    environment: &Environment,
    target: Option<&Url>,
) -> Proxies {
    let Some(node) = fields.get("proxy") else {
        return of_environment(loading, fields, environment, target);
    };
    let Some(text) = loading.reader.text(node) else {
        return Proxies::default();
    };
    let proxies = match text.value.as_str() {
        "off" => return Proxies::default(),
        "environment" => {
            let found = of_environment(loading, fields, environment, None);
            return Proxies {
                loopback: true,
                ..found
            };
        }
        url => hidden(loading, url),
    };
    if fields.entry("unix").is_some() {
        super::without_effect(loading, fields, "proxy", LOOPBACK);
    }
    match proxies {
        Ok(proxy) => Proxies::all(proxy),
        Err(why) => {
            loading.reader.error("T0731", node.span, why, HELP);
            Proxies::default()
        }
    }
}

/// Parses a proxy, and notes what no output may show.
fn hidden(loading: &mut Loading<'_>, text: &str) -> Result<Proxy, String> {
    let written = text.rfind('@').map(|at| &text[..at]);
    if let Some(written) = written {
        let start = written.find("://").map_or(0, |at| at + 3);
        let password = written[start..]
            .split_once(':')
            .map(|(_, password)| password);
        loading.secrets.hide("proxy", password.unwrap_or_default());
    }
    let proxy = Proxy::parse(text)?;
    if let Some((_, password)) = &proxy.credentials {
        loading.secrets.hide("proxy", password);
    }
    Ok(proxy)
}

fn of_environment(
    loading: &mut Loading<'_>,
    fields: &Fields<'_>,
    environment: &Environment,
    target: Option<&Url>,
) -> Proxies {
    match Proxies::of_environment(environment) {
        Ok(proxies) => {
            for proxy in [&proxies.http, &proxies.https].into_iter().flatten() {
                if let Some((_, password)) = &proxy.credentials {
                    loading.secrets.hide("proxy", password);
                }
            }
            proxies
        }
        // Where nobody asked for it, and it would not be used, it is nobody's business.
        Err(_) if target.is_some_and(is_loopback) => Proxies::default(),
        Err((name, why)) => {
            let entry = fields.entry("proxy").or_else(|| fields.entry("target"));
            let span = entry.map_or(fields.span, |(span, _)| span);
            let message = format!("the environment variable `{name}`: {why}");
            let help = "correct the variable, or write `proxy: off`";
            let problem = Diagnostic::error("T0731", loading.reader.source(), span, message);
            loading.reader.push(problem.help(help));
            Proxies::default()
        }
    }
}

#[cfg(test)]
mod tests;
