//! `cookies`. In: the `Set-Cookie` headers of an answer; out: the attributes that they lack. Invariant: only names are
//! told, and a cookie that is being deleted needs nothing.

use super::{Look, Seen, short};

/// What every cookie needs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a set of independent flags")]
pub struct Cookies {
    /// `Secure`, over https.
    pub secure: bool,
    /// `HttpOnly`.
    pub http_only: bool,
    /// `SameSite`.
    pub same_site: bool,
    /// Names of cookies that may be as they are.
    pub except: Vec<String>,
    /// Plain http counts as https.
    pub https: bool,
}

impl Default for Cookies {
    fn default() -> Self {
        Self {
            secure: true,
            http_only: true,
            same_site: true,
            except: Vec::new(),
            https: false,
        }
    }
}

impl Cookies {
    pub(super) fn look(&self, seen: &Seen<'_>) -> Look {
        let https = seen.https || self.https;
        let mut judged = false;
        let mut findings = Vec::new();
        for line in seen.headers.get_all("set-cookie") {
            let line = String::from_utf8_lossy(line);
            let mut parts = line.split(';').map(str::trim);
            let pair = parts.next().unwrap_or_default();
            let name = pair.split('=').next().unwrap_or_default().trim();
            let attributes: Vec<(String, &str)> = parts.map(attribute).collect();
            if self.except.iter().any(|e| e == name) || deletes(&attributes) {
                continue;
            }
            judged = true;
            let lacks = self.lacks(&attributes, https);
            if !lacks.is_empty() {
                findings.push(format!("{} has no {}", short(name), lacks.join(", no ")));
            }
        }
        if judged {
            Look::of(&findings)
        } else {
            Look::Idle
        }
    }

    fn lacks(&self, attributes: &[(String, &str)], https: bool) -> Vec<&'static str> {
        let get = |name: &str| attributes.iter().rfind(|(own, _)| own == name);
        let secure = get("secure").is_some();
        let mut lacks = Vec::new();
        if self.secure && https && !secure {
            lacks.push("Secure");
        }
        if self.http_only && get("httponly").is_none() {
            lacks.push("HttpOnly");
        }
        let site = get("samesite").map(|(_, value)| value.to_ascii_lowercase());
        match site.as_deref() {
            _ if !self.same_site => {}
            Some("lax" | "strict") => {}
            // Browsers refuse it otherwise.
            Some("none") if secure || !https => {}
            Some("none") => lacks.push("Secure beside SameSite=None"),
            _ => lacks.push("SameSite"),
        }
        lacks
    }
}

fn attribute(text: &str) -> (String, &str) {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    (name.trim().to_ascii_lowercase(), value.trim())
}

/// A cookie of the past: RFC 6265, 5.3.
fn deletes(attributes: &[(String, &str)]) -> bool {
    let get = |name: &str| {
        let found = attributes.iter().rfind(|(own, _)| own == name);
        found.map(|(_, value)| *value)
    };
    match get("max-age").and_then(|age| age.parse::<i64>().ok()) {
        Some(age) => age <= 0,
        None => get("expires").is_some_and(|date| date.contains("1970") || date.contains("1969")),
    }
}
