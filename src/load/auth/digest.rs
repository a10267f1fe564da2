//! RFC 7616. In: a challenge and a request; out: the answer. Invariant: a nonce is used with a count that only grows,
//! so a server that remembers counts takes every answer.

use crate::protocol::{Call, Location};
use digest_auth::{AuthContext, HttpMethod, WwwAuthenticateHeader};
use http::HeaderValue;

/// What a server wants answered, and by whom.
#[derive(Debug)]
pub(in crate::load) struct Challenge {
    pub(super) user: String,
    prompt: WwwAuthenticateHeader,
}

impl Challenge {
    /// Reads a header `www-authenticate`; `None` where it offers another scheme.
    pub(super) fn read(user: &str, header: &str) -> Option<Self> {
        let scheme = header.get(..7)?;
        if !scheme.eq_ignore_ascii_case("digest ") {
            return None;
        }
        let prompt = digest_auth::parse(header).ok()?;
        Some(Self {
            user: user.to_owned(),
            prompt,
        })
    }

    /// The header `authorization` for one request.
    pub(super) fn answer(&mut self, password: &str, call: &Call, dice: u64) -> Option<HeaderValue> {
        let uri = match &call.url {
            Location::Target(path) => path.as_str().to_owned(),
            Location::Elsewhere(url) => url[url::Position::BeforePath..].to_owned(),
        };
        let method = HttpMethod::from(call.method.as_str());
        let body = Some(&call.body[..]);
        let mut context =
            AuthContext::new_with_method(self.user.as_str(), password, uri, body, method);
        // From the run's seed, as everything else.
        context.set_custom_cnonce(format!("{dice:016x}"));
        let answer = self.prompt.respond(&context).ok()?;
        let mut value = HeaderValue::from_str(&answer.to_header_string()).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_who_is_somebody_else_each_time_keeps_the_last_challenges() {
        let digest = "Digest realm=\"r\", qop=\"auth\", nonce=\"n\", algorithm=SHA-256";
        let mut keys = crate::load::auth::Keys::default();
        for user in 0..100 {
            keys.take(Challenge::read(&user.to_string(), digest).unwrap());
        }
        let users: Vec<_> = keys.challenges.iter().map(|c| c.user.as_str()).collect();
        assert_eq!(users, ["92", "93", "94", "95", "96", "97", "98", "99"]);
    }

    #[test]
    fn only_digest_challenges_are_taken() {
        let digest = "Digest realm=\"r\", qop=\"auth\", nonce=\"n\", algorithm=SHA-256";
        assert!(Challenge::read("u", digest).is_some());
        for other in ["Basic realm=\"r\"", "Digest", "", "Digest nonsense"] {
            assert!(Challenge::read("u", other).is_none(), "{other}");
        }
    }
}
