//! What caches say of an answer. In: its headers; out: a [`Cache`], or nothing. Invariant: an answer whose headers do
//! not name a cache's part in it is no data: neither a hit nor a miss.
//!
//! The header of the cache nearest to the user speaks first; of several caches in one header, one that had the answer
//! is enough. A cache that was passed by has no say as long as another one has.

use super::Head;

/// Whether an answer came from a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cache {
    /// From the cache, fresh.
    Hit,
    /// From the cache, although it was out of date.
    Stale,
    /// From the origin, which a cache had to ask.
    Miss,
    /// From the origin: no cache was meant to have it.
    Bypass,
}

/// The headers with one word (or several caches' words), from the edge inwards.
const PLAIN: [&str; 5] = [
    "cf-cache-status",
    "x-vercel-cache",
    "x-cache-status",
    "x-cache",
    "x-nextjs-cache",
];

impl Cache {
    /// All of them, the best first.
    pub const ALL: [Self; 4] = [Self::Hit, Self::Stale, Self::Miss, Self::Bypass];

    /// The word in checks and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Stale => "stale",
            Self::Miss => "miss",
            Self::Bypass => "bypass",
        }
    }

    /// What the headers of an answer say.
    pub fn of(head: &Head) -> Option<Self> {
        let standard = values(head, "cache-status").filter_map(by_standard).min();
        let plain = PLAIN
            .iter()
            .map(|name| values(head, name).filter_map(word).min());
        let all = [standard].into_iter().chain(plain).chain([age(head)]);
        let mut passed_by = None;
        for said in all.flatten() {
            if said != Self::Bypass {
                return Some(said);
            }
            passed_by = Some(said);
        }
        passed_by
    }
}

/// The members of a header that lists caches.
fn values<'a>(head: &'a Head, name: &'a str) -> impl Iterator<Item = &'a str> {
    let texts = head
        .get_all(name)
        .filter_map(|v| std::str::from_utf8(v).ok());
    texts.flat_map(|text| outside_quotes(text, ','))
}

/// The pieces of a text between separators that stand in no quotes.
fn outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let pieces = text.split(move |c| {
        quoted ^= c == '"';
        c == separator && !quoted
    });
    pieces.map(str::trim)
}

/// RFC 9211: `ExampleCache; hit; ttl=-30`, `ExampleCache; fwd=uri-miss`.
fn by_standard(member: &str) -> Option<Cache> {
    let mut said = None;
    let mut expired = false;
    for parameter in outside_quotes(member, ';').skip(1) {
        let (key, value) = parameter.split_once('=').unwrap_or((parameter, "?1"));
        match (key.trim(), value.trim()) {
            ("hit", "?1") => said = Some(Cache::Hit),
            ("fwd", "bypass" | "method" | "request") => said = Some(Cache::Bypass),
            ("fwd", _) => said = Some(Cache::Miss),
            ("ttl", left) => expired = left.starts_with('-'),
            _ => {}
        }
    }
    match said {
        Some(Cache::Hit) if expired => Some(Cache::Stale),
        said => said,
    }
}

/// `HIT`, `Miss from cloudfront`, `TCP_REFRESH_HIT from a-1`, `DYNAMIC`. What was revalidated made the origin answer.
fn word(text: &str) -> Option<Cache> {
    let word = text.split([' ', ';']).next()?.to_ascii_lowercase();
    let is = |part: &str| word.contains(part);
    Some(match word.as_str() {
        "stale" | "updating" => Cache::Stale,
        "dynamic" | "bypass" | "none" | "unknown" | "pass" | "config_nocache"
        | "private_nostore" => Cache::Bypass,
        "expired" | "revalidated" => Cache::Miss,
        "prerender" => Cache::Hit,
        _ if is("refresh") || is("miss") || is("expired") => Cache::Miss,
        _ if is("hit") => Cache::Hit,
        _ => return None,
    })
}

/// An answer that has been somewhere for a while comes from a cache; one that has not may be new.
fn age(head: &Head) -> Option<Cache> {
    let text = std::str::from_utf8(head.get("age")?).ok()?;
    let seconds: u64 = text.trim().parse().ok()?;
    Some(if seconds > 0 { Cache::Hit } else { Cache::Miss })
}

#[cfg(test)]
mod tests {
    use super::*;
    use Cache::{Bypass, Hit, Miss, Stale};

    #[test]
    fn every_cache_in_its_own_words() {
        for (header, said) in [
            ("cache-status: ExampleCache; hit", Some(Hit)),
            ("cache-status: ExampleCache; hit; ttl=376", Some(Hit)),
            ("cache-status: ExampleCache; hit; ttl=-412", Some(Stale)),
            (
                "Cache-Status: ExampleCache; fwd=uri-miss; stored",
                Some(Miss),
            ),
            (
                "cache-status: ExampleCache; fwd=stale; fwd-status=304",
                Some(Miss),
            ),
            ("cache-status: ExampleCache; fwd=bypass", Some(Bypass)),
            ("cache-status: Origin; hit=?0; fwd=miss", Some(Miss)),
            (
                "cache-status: OriginCache; hit; ttl=1100, \"CDN; fwd=miss, x\"; fwd=uri-miss",
                Some(Hit),
            ),
            ("cache-status: ExampleCache; detail=\"hit\"", None),
            ("cf-cache-status: HIT", Some(Hit)),
            ("CF-Cache-Status: DYNAMIC", Some(Bypass)),
            ("cf-cache-status: EXPIRED", Some(Miss)),
            ("cf-cache-status: UPDATING", Some(Stale)),
            ("cf-cache-status: REVALIDATED", Some(Miss)),
            ("x-cache: Hit from cloudfront", Some(Hit)),
            ("x-cache: Miss from cloudfront", Some(Miss)),
            ("x-cache: RefreshHit from cloudfront", Some(Miss)),
            ("x-cache: Error from cloudfront", None),
            ("x-cache: MISS, HIT", Some(Hit)),
            (
                "x-cache: TCP_MEM_HIT from a23-1 (AkamaiGHost/10)",
                Some(Hit),
            ),
            ("x-cache: TCP_EXPIRED_HIT", Some(Miss)),
            ("x-cache: CONFIG_NOCACHE", Some(Bypass)),
            ("x-cache-status: BYPASS", Some(Bypass)),
            ("x-cache-status: STALE", Some(Stale)),
            ("x-vercel-cache: PRERENDER", Some(Hit)),
            ("x-vercel-cache: STALE", Some(Stale)),
            ("x-nextjs-cache: HIT", Some(Hit)),
            ("age: 12", Some(Hit)),
            ("age: 0", Some(Miss)),
            ("age: old", None),
            ("x-cache: ", None),
            ("cache-control: public, max-age=60", None),
            ("x-cache: \"", None),
        ] {
            let (name, value) = header.split_once(": ").unwrap();
            assert_eq!(Cache::of(&Head::of([(name, value)])), said, "{header}");
        }
    }

    #[test]
    fn the_edge_speaks_first_unless_it_was_passed_by() {
        for (headers, said) in [
            (
                [("x-nextjs-cache", "HIT"), ("cf-cache-status", "MISS")],
                Miss,
            ),
            (
                [("cf-cache-status", "DYNAMIC"), ("x-nextjs-cache", "STALE")],
                Stale,
            ),
            ([("age", "7"), ("x-vercel-cache", "MISS")], Miss),
            ([("x-cache", "MISS"), ("x-cache", "HIT")], Hit),
            ([("cf-cache-status", "BYPASS"), ("server", "x")], Bypass),
        ] {
            assert_eq!(Cache::of(&Head::of(headers)), Some(said), "{headers:?}");
        }
        assert_eq!(Cache::of(&Head::default()), None);
    }
}
