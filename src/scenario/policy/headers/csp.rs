//! `content-security-policy`. In: the headers of an answer; out: what its policies allow. Invariant: what one of several
//! policies forbids is forbidden, as in browsers (CSP level 3).

use crate::expr::Head;

/// The policies of one answer: directives in lower case with their sources.
#[derive(Debug)]
pub(super) struct Csp(Vec<Vec<(String, Vec<String>)>>);

impl Csp {
    pub(super) fn of(headers: &Head) -> Self {
        let values = headers.get_all("content-security-policy");
        let mut policies = Vec::new();
        for value in values {
            let text = String::from_utf8_lossy(value).to_ascii_lowercase();
            policies.extend(text.split(',').map(directives).filter(|d| !d.is_empty()));
        }
        Self(policies)
    }

    /// What is wrong with how scripts are restricted.
    pub(super) fn scripts(&self) -> Option<String> {
        if self.0.is_empty() {
            return Some("no content-security-policy".to_owned());
        }
        let of = |policy, kind| sources(policy, &[kind, "script-src", "default-src"]);
        let restrict = |kind| self.0.iter().filter_map(move |p| of(p, kind));
        for kind in ["script-src-elem", "script-src-attr"] {
            if restrict(kind).next().is_none() {
                return Some(
                    "the content-security-policy has no script-src and no default-src".to_owned(),
                );
            }
            if restrict(kind).all(|(_, sources)| inline(sources)) {
                let name = restrict(kind).next().map_or(kind, |(name, _)| name);
                return Some(format!("{name} has 'unsafe-inline'"));
            }
        }
        None
    }

    pub(super) fn requires_trusted_types(&self) -> bool {
        let mut all = self.0.iter();
        all.any(|policy| {
            sources(policy, &["require-trusted-types-for"])
                .is_some_and(|(_, sources)| sources.iter().any(|s| s == "'script'"))
        })
    }

    /// Whether anybody may frame the page; `None` where no policy says.
    pub(super) fn frames_anybody(&self) -> Option<bool> {
        let mut told = self
            .0
            .iter()
            .filter_map(|policy| sources(policy, &["frame-ancestors"]))
            .peekable();
        told.peek()?;
        let anybody = |s: &String| ["*", "http:", "https:"].contains(&s.as_str());
        Some(told.all(|(_, sources)| sources.iter().any(anybody)))
    }
}

fn directives(policy: &str) -> Vec<(String, Vec<String>)> {
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    for directive in policy.split(';') {
        let mut words = directive.split_ascii_whitespace().map(str::to_owned);
        if let Some(name) = words.next()
            // Of two, browsers take the first.
            && !all.iter().any(|(known, _)| *known == name)
        {
            all.push((name, words.collect()));
        }
    }
    all
}

/// The first of these directives that the policy has.
fn sources<'a>(
    policy: &'a [(String, Vec<String>)],
    names: &[&'static str],
) -> Option<(&'static str, &'a [String])> {
    names.iter().find_map(|name| {
        let found = policy.iter().find(|(known, _)| known == name);
        found.map(|(_, sources)| (*name, sources.as_slice()))
    })
}

/// Whether inline scripts run: a nonce, a hash or `strict-dynamic` makes browsers ignore `unsafe-inline`.
fn inline(sources: &[String]) -> bool {
    let has = |begin: &str| sources.iter().any(|s| s.starts_with(begin));
    has("'unsafe-inline'")
        && ![
            "'nonce-",
            "'sha256-",
            "'sha384-",
            "'sha512-",
            "'strict-dynamic'",
        ]
        .iter()
        .any(|begin| has(begin))
}
