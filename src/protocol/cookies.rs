//! One user's cookies, as a browser would keep them (RFC 6265, without the public suffix list: a load test
//! talks to hosts that its author chose). In: `Set-Cookie` lines; out: the `Cookie` line for a URL. Invariant:
//! a cookie is never sent to a host, path or scheme that it was not set for.

use cookie::Cookie;
use std::time::{Duration, SystemTime};

/// Cookies that a server may leave with one user; the oldest go first, as in browsers.
const MOST: usize = 180;
/// Longer lines are ignored, as in browsers.
const LONGEST: usize = 4096;

/// The cookies of one virtual user.
#[derive(Debug, Default, Clone)]
pub struct Jar {
    cookies: Vec<Kept>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Kept {
    name: String,
    value: String,
    host: String,
    /// Subdomains get it too.
    subdomains: bool,
    path: String,
    secure: bool,
    expires: Option<SystemTime>,
}

/// The part of a URL that decides about cookies.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The host, lower case.
    pub host: &'a str,
    /// The path.
    pub path: &'a str,
    /// https.
    pub secure: bool,
}

impl Jar {
    /// Whether there is none: most requests of most flows.
    pub fn is_empty(&self) -> bool {
        self.cookies.is_empty()
    }

    /// Forgets everything: a new session.
    pub fn clear(&mut self) {
        self.cookies.clear();
    }

    /// Takes one `Set-Cookie` line from an answer of `place`. What breaks the rules is ignored.
    pub fn set(&mut self, line: &str, place: Place<'_>, now: SystemTime) {
        if line.len() > LONGEST {
            return;
        }
        let Ok(cookie) = Cookie::parse(line) else {
            return;
        };
        let Some((host, subdomains)) = domain(&cookie, place.host) else {
            return;
        };
        if cookie.secure() == Some(true) && !place.secure {
            return;
        }
        let path = match cookie.path() {
            Some(path) if path.starts_with('/') => path.to_owned(),
            _ => default_path(place.path).to_owned(),
        };
        self.cookies
            .retain(|c| !(c.name == cookie.name() && c.host == host && c.path == path));
        let expires = expiry(&cookie, now);
        if expires.is_some_and(|at| at <= now) {
            return;
        }
        if self.cookies.len() >= MOST {
            self.cookies.remove(0);
        }
        self.cookies.push(Kept {
            name: cookie.name().to_owned(),
            value: cookie.value().to_owned(),
            host,
            subdomains,
            path,
            secure: cookie.secure() == Some(true),
            expires,
        });
    }

    /// Takes over what a copy of this jar has learnt: cookies that it set, replaced or lost since `before`.
    pub fn absorb(&mut self, before: &Self, after: Self) {
        let same = |a: &Kept, b: &Kept| a.name == b.name && a.host == b.host && a.path == b.path;
        let lost = |c: &&Kept| !after.cookies.iter().any(|a| same(a, c));
        for gone in before.cookies.iter().filter(lost) {
            self.cookies.retain(|c| !same(c, gone));
        }
        for cookie in after.cookies {
            if before.cookies.contains(&cookie) {
                continue;
            }
            self.cookies.retain(|c| !same(c, &cookie));
            if self.cookies.len() >= MOST {
                self.cookies.remove(0);
            }
            self.cookies.push(cookie);
        }
    }

    /// The value of the `Cookie` header for a request to `place`; `None` when there is nothing to send.
    pub fn header(&self, place: Place<'_>, now: impl Fn() -> SystemTime) -> Option<String> {
        let mut fitting: Vec<&Kept> = self
            .cookies
            .iter()
            .filter(|c| c.fits(place, &now))
            .collect();
        if fitting.is_empty() {
            return None;
        }
        // Longer paths first (RFC 6265, 5.4); equal ones stay in the order they were set.
        fitting.sort_by_key(|c| std::cmp::Reverse(c.path.len()));
        let mut line = String::new();
        for cookie in fitting {
            if !line.is_empty() {
                line.push_str("; ");
            }
            line.push_str(&cookie.name);
            line.push('=');
            line.push_str(&cookie.value);
        }
        Some(line)
    }
}

impl Kept {
    fn fits(&self, place: Place<'_>, now: impl Fn() -> SystemTime) -> bool {
        let host = place.host == self.host
            || self.subdomains
                && place
                    .host
                    .strip_suffix(&self.host)
                    .is_some_and(|rest| rest.ends_with('.'));
        host && path_fits(place.path, &self.path)
            && (place.secure || !self.secure)
            && self.expires.is_none_or(|at| at > now())
    }
}

/// The host that a cookie is for, and whether its subdomains are too; `None` when it is somebody else's.
fn domain(cookie: &Cookie<'_>, host: &str) -> Option<(String, bool)> {
    let Some(domain) = cookie
        .domain()
        .map(|d| d.trim_start_matches('.').to_lowercase())
    else {
        return Some((host.to_owned(), false));
    };
    if domain == host {
        return Some((domain, true));
    }
    let is_ip = host.parse::<std::net::IpAddr>().is_ok();
    let parent = host
        .strip_suffix(&domain)
        .is_some_and(|rest| rest.ends_with('.'));
    (parent && !is_ip && domain.contains('.')).then_some((domain, true))
}

fn expiry(cookie: &Cookie<'_>, now: SystemTime) -> Option<SystemTime> {
    if let Some(age) = cookie.max_age() {
        let seconds = u64::try_from(age.whole_seconds()).unwrap_or(0);
        return now.checked_add(Duration::from_secs(seconds));
    }
    cookie.expires_datetime().map(SystemTime::from)
}

fn path_fits(path: &str, cookie: &str) -> bool {
    path.strip_prefix(cookie)
        .is_some_and(|rest| rest.is_empty() || cookie.ends_with('/') || rest.starts_with('/'))
}

/// The folder of the path (RFC 6265, 5.1.4).
fn default_path(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) | None => "/",
        Some(at) => &path[..at],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place<'static> = Place {
        host: "shop.example.com",
        path: "/api/cart",
        secure: false,
    };

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_hours(500_000)
    }

    fn sent(lines: &[&str], place: Place<'_>) -> Option<String> {
        let mut jar = Jar::default();
        lines.iter().for_each(|line| jar.set(line, PLACE, now()));
        jar.header(place, now)
    }

    #[test]
    fn cookies_go_back_only_where_they_came_from() {
        let other = Place {
            host: "evil.com",
            ..PLACE
        };
        let deeper = Place {
            host: "a.shop.example.com",
            ..PLACE
        };
        for (line, place, expected) in [
            ("a=1", PLACE, Some("a=1")),
            ("a=1", other, None),
            ("a=1", deeper, None),
            ("a=1; Domain=example.com", deeper, Some("a=1")),
            ("a=1; Domain=evil.com", PLACE, None),
            ("a=1; Domain=com", PLACE, None),
            ("a=1; Path=/admin", PLACE, None),
            ("a=1; Path=/api", PLACE, Some("a=1")),
            ("a=1; Path=/ap", PLACE, None),
            ("a=1", Place { path: "/", ..PLACE }, None),
            ("a=1; Secure", PLACE, None),
            ("a=1; Max-Age=0", PLACE, None),
            ("a=1; Max-Age=60", PLACE, Some("a=1")),
            ("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", PLACE, None),
            ("=nameless", PLACE, None),
        ] {
            assert_eq!(
                sent(&[line], place).as_deref(),
                expected,
                "{line} → {place:?}"
            );
        }
    }

    #[test]
    fn a_new_value_replaces_and_an_expired_one_removes() {
        assert_eq!(
            sent(&["a=1; Path=/", "a=2; Path=/", "b=3"], PLACE).unwrap(),
            "b=3; a=2"
        );
        assert_eq!(sent(&["a=1; Path=/", "a=; Path=/; Max-Age=0"], PLACE), None);
    }

    #[test]
    fn copies_bring_back_what_they_learnt() {
        let set = |jar: &mut Jar, lines: &[&str]| {
            lines.iter().for_each(|line| jar.set(line, PLACE, now()));
        };
        let mut jar = Jar::default();
        set(&mut jar, &["kept=1", "replaced=1", "lost=1"]);
        let before = jar.clone();
        let (mut one, mut two) = (jar.clone(), jar.clone());
        set(&mut one, &["replaced=2", "new=1"]);
        set(&mut two, &["lost=; Max-Age=0", "other=1"]);
        jar.absorb(&before, one);
        jar.absorb(&before, two);
        let line = jar.header(PLACE, now).unwrap();
        let mut pairs: Vec<&str> = line.split("; ").collect();
        pairs.sort_unstable();
        assert_eq!(pairs, ["kept=1", "new=1", "other=1", "replaced=2"]);
    }

    #[test]
    fn a_server_cannot_fill_the_memory() {
        let mut jar = Jar::default();
        for i in 0..10_000 {
            jar.set(&format!("c{i}=x"), PLACE, now());
        }
        jar.set(&format!("big={}", "x".repeat(LONGEST)), PLACE, now());
        assert_eq!(jar.cookies.len(), MOST);
    }
}
