//! `security headers`. In: the headers of an answer; out: what is missing or too weak in them. Invariant: what only
//! matters on a page is not asked of anything else, unless the scenario says so.

mod csp;

use super::{Look, Seen, days, short};
use csp::Csp;
use std::time::Duration;

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a set of independent flags")]
pub struct SecurityHeaders {
    /// The least `max-age` of `strict-transport-security`.
    pub hsts: Option<Duration>,
    /// A content security policy without inline scripts.
    pub csp: bool,
    /// Trusted types are required for scripts.
    pub trusted_types: bool,
    /// Framing is restricted.
    pub framing: bool,
    /// Types are not guessed.
    pub nosniff: bool,
    /// What other origins learn.
    pub referrer: bool,
    /// On all answers, not only on pages.
    pub all: bool,
    /// Plain http counts as https.
    pub https: bool,
}

impl Default for SecurityHeaders {
    fn default() -> Self {
        Self {
            hsts: Some(Duration::from_hours(180 * 24)),
            csp: true,
            trusted_types: false,
            framing: true,
            nosniff: true,
            referrer: true,
            all: false,
            https: false,
        }
    }
}

impl SecurityHeaders {
    pub(super) fn look(&self, seen: &Seen<'_>) -> Look {
        let mut findings = Vec::new();
        let mut judged = false;
        if let Some(least) = self.hsts.filter(|_| seen.https || self.https) {
            judged = true;
            findings.extend(hsts(seen, least));
        }
        if self.nosniff && seen.headers.get("content-type").is_some() {
            judged = true;
            findings.extend(nosniff(seen));
        }
        // What leads elsewhere is not shown.
        let shown = !(300..400).contains(&seen.status) && seen.status != 204;
        if shown && (self.all || seen.is_page()) {
            judged = true;
            self.page(seen, &mut findings);
        }
        if judged {
            Look::of(&findings)
        } else {
            Look::Idle
        }
    }

    fn page(&self, seen: &Seen<'_>, findings: &mut Vec<String>) {
        let csp = Csp::of(seen.headers);
        if self.csp {
            findings.extend(csp.scripts());
        }
        if self.trusted_types && !csp.requires_trusted_types() {
            findings.push("no require-trusted-types-for 'script' in the policy".to_owned());
        }
        if self.framing {
            findings.extend(framing(seen, &csp));
        }
        if self.referrer {
            findings.extend(referrer(seen));
        }
    }
}

/// RFC 6797: the first header counts, names are in any case, values may be quoted.
fn hsts(seen: &Seen<'_>, least: Duration) -> Option<String> {
    if seen.headers.get("strict-transport-security").is_none() {
        return Some("no strict-transport-security".to_owned());
    }
    let value = seen.text("strict-transport-security");
    let age = value.split(';').find_map(|directive| {
        let (name, value) = directive.split_once('=')?;
        let value = value.trim().trim_matches('"');
        name.trim()
            .eq_ignore_ascii_case("max-age")
            .then(|| value.parse::<u64>().ok())?
    });
    match age {
        None => Some("strict-transport-security has no max-age that can be read".to_owned()),
        Some(age) if age < least.as_secs() => Some(format!(
            "strict-transport-security lasts {}, less than {}",
            days(Duration::from_secs(age)),
            days(least)
        )),
        Some(_) => None,
    }
}

/// The Fetch standard: the first value counts.
fn nosniff(seen: &Seen<'_>) -> Option<String> {
    let value = seen.text("x-content-type-options");
    if value.is_empty() {
        return Some("no x-content-type-options".to_owned());
    }
    let first = value.split(',').next().unwrap_or_default().trim();
    (!first.eq_ignore_ascii_case("nosniff"))
        .then(|| format!("x-content-type-options is {}, not nosniff", short(&value)))
}

fn framing(seen: &Seen<'_>, csp: &Csp) -> Option<String> {
    match csp.frames_anybody() {
        Some(false) => return None,
        // Browsers that know `frame-ancestors` do not look at the older header.
        Some(true) => return Some("frame-ancestors lets anybody frame the page".to_owned()),
        None => {}
    }
    let value = seen.text("x-frame-options");
    if value.is_empty() {
        return Some("no x-frame-options and no frame-ancestors".to_owned());
    }
    let known = ["deny", "sameorigin"].contains(&value.to_ascii_lowercase().as_str());
    (!known).then(|| {
        format!(
            "x-frame-options is {}, not DENY or SAMEORIGIN",
            short(&value)
        )
    })
}

/// Browsers take the last value that they know.
fn referrer(seen: &Seen<'_>) -> Option<String> {
    const GOOD: [&str; 6] = [
        "no-referrer",
        "same-origin",
        "origin",
        "strict-origin",
        "origin-when-cross-origin",
        "strict-origin-when-cross-origin",
    ];
    const BAD: [&str; 2] = ["unsafe-url", "no-referrer-when-downgrade"];
    let all: Vec<&[u8]> = seen.headers.get_all("referrer-policy").collect();
    let all = String::from_utf8_lossy(&all.join(&b',')).to_ascii_lowercase();
    let known = |word: &&str| GOOD.contains(word) || BAD.contains(word);
    match all.split(',').map(str::trim).rfind(known) {
        None if all.is_empty() => Some("no referrer-policy".to_owned()),
        None => Some(format!(
            "referrer-policy has no value that browsers know: {}",
            short(&all)
        )),
        Some(word) if BAD.contains(&word) => Some(format!(
            "referrer-policy {word} tells whole URLs to other origins"
        )),
        Some(_) => None,
    }
}
