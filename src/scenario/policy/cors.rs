//! `cors`. In: an answer to a request from another origin; out: whether that origin may read it, as it should or should
//! not. Invariant: an origin is allowed as browsers decide it (the Fetch standard): by its name, or by `*` where no
//! credentials go along.

use super::{Look, Seen, short};
use http::Method;

/// Origins and methods.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cors {
    /// Origins that may read the answer.
    pub allowed: Vec<String>,
    /// Origins that may not.
    pub refused: Vec<String>,
    /// Methods that preflights ask for; none is that of the step.
    pub methods: Vec<Method>,
    /// Cookies go along.
    pub credentials: bool,
}

/// What one request from another origin may get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crossing {
    /// The origin.
    pub origin: String,
    /// Whether it may read the answer.
    pub allowed: bool,
    /// The method that it asks for beforehand; `None` for the request itself.
    pub preflight: Option<Method>,
    /// Cookies go along.
    pub credentials: bool,
}

impl Crossing {
    pub(super) fn look(&self, seen: &Seen<'_>) -> Look {
        match (self.allowed, self.refusal(seen)) {
            (true, None) | (false, Some(_)) => Look::Holds,
            (true, Some(why)) => Look::Fails(format!("{} is refused: {why}", self.origin)),
            (false, None) => {
                let by = short(&seen.text("access-control-allow-origin"));
                let what = match &self.preflight {
                    Some(method) => format!("send {method}"),
                    None => "read the answer".to_owned(),
                };
                Look::Fails(format!(
                    "{} may {what}: access-control-allow-origin is {by}",
                    self.origin
                ))
            }
        }
    }

    /// Why a browser would refuse; `None` where it would not.
    fn refusal(&self, seen: &Seen<'_>) -> Option<String> {
        let values: Vec<&[u8]> = seen
            .headers
            .get_all("access-control-allow-origin")
            .collect();
        let credentials = seen.text("access-control-allow-credentials") == "true";
        let value = match values.as_slice() {
            [] => return Some("no access-control-allow-origin".to_owned()),
            [value] => String::from_utf8_lossy(value).trim().to_owned(),
            _ => return Some("more than one access-control-allow-origin".to_owned()),
        };
        if value == "*" && (self.credentials || (self.allowed && credentials)) {
            return Some("access-control-allow-origin is *, which credentials rule out".to_owned());
        }
        if value != "*" && value != self.origin {
            return Some(format!("access-control-allow-origin is {}", short(&value)));
        }
        if self.credentials && !credentials {
            return Some("no access-control-allow-credentials: true".to_owned());
        }
        let method = self.preflight.as_ref()?;
        if !(200..300).contains(&seen.status) {
            return Some(format!("the preflight got status {}", seen.status));
        }
        // These need no permission of their own.
        if [Method::GET, Method::HEAD, Method::POST].contains(method) {
            return None;
        }
        let methods = seen.text("access-control-allow-methods");
        let named = |m: &str| m == method.as_str() || (m == "*" && !self.credentials);
        let allows = methods.split(',').map(str::trim).any(named);
        (!allows).then(|| format!("access-control-allow-methods has no {method}"))
    }
}
