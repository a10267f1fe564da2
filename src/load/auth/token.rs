//! RFC 6749. In: how a token is asked for; out: the request for it, and the token in the answer. Invariant: what a
//! message says of a failed request is the server's error code and description, never a secret.

use super::{missing, rendered};
use crate::expr::{Context, Template};
use crate::load::program::{Unsendable, locate};
use crate::protocol::{Answer, Call, Exchange, Headers, Keep, Location, Opens};
use crate::scenario::{OAuth2, bearer};
use crate::units::{Nanos, nanos};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderValue, Method};
use std::time::Duration;

/// A token is asked for anew this long before it runs out, or when a tenth of its time is left where that is less.
const LEEWAY: Duration = Duration::from_secs(10);
/// Characters of a server's message that are shown.
const SHOWN: usize = 200;

/// A request for a token: equal ones get the same token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::load) struct Grant {
    url: String,
    body: String,
    basic: Option<HeaderValue>,
}

/// A token and what it was given for.
#[derive(Debug, Clone)]
pub(in crate::load) struct Token {
    grant: Grant,
    /// The header's value.
    pub(super) value: HeaderValue,
    /// Not used from this instant on.
    until: Option<Nanos>,
}

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a token from {url}: {why}")]
pub(in crate::load) struct TokenError {
    url: String,
    why: String,
}

impl Grant {
    /// Renders what asks for a token.
    pub(in crate::load) fn new(oauth: &OAuth2, cx: &mut Context<'_>) -> Result<Self, Unsendable> {
        let mut templates: Vec<&Template> = vec![&oauth.token_url, &oauth.client_id];
        templates.extend(&oauth.client_secret);
        templates.extend(&oauth.scope);
        templates.extend(
            oauth
                .user
                .iter()
                .flat_map(|(user, password)| [user, password]),
        );
        if missing(&templates, cx.variables) {
            let why = "a variable that the token needs has no value";
            return Err(Unsendable(why.into()));
        }
        let id = rendered(&oauth.client_id, cx);
        let mut form = form_urlencoded::Serializer::new(String::new());
        match &oauth.user {
            None => {
                form.append_pair("grant_type", "client_credentials");
            }
            Some((user, password)) => {
                form.append_pair("grant_type", "password");
                form.append_pair("username", &rendered(user, cx));
                form.append_pair("password", &rendered(password, cx));
            }
        }
        if let Some(scope) = &oauth.scope {
            form.append_pair("scope", &rendered(scope, cx));
        }
        let mut basic = None;
        match &oauth.client_secret {
            None => {
                form.append_pair("client_id", &id);
            }
            Some(secret) => {
                // Encoded as forms are before they are joined: RFC 6749, 2.3.1.
                let encode = |text: &str| -> String {
                    form_urlencoded::byte_serialize(text.as_bytes()).collect()
                };
                let pair = format!("{}:{}", encode(&id), encode(&rendered(secret, cx)));
                let value = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair)));
                basic = value.ok();
            }
        }
        basic.iter_mut().for_each(|value| value.set_sensitive(true));
        Ok(Self {
            url: rendered(&oauth.token_url, cx),
            body: form.finish(),
            basic,
        })
    }

    /// The request.
    pub(in crate::load) fn call(
        &self,
        step: usize,
        (timeout, host): (Duration, String),
    ) -> Result<Call, Unsendable> {
        let url = locate(&self.url)?;
        let mut headers = Headers::default();
        if let Location::Target(_) = &url {
            headers.add(&HOST, &host);
        }
        headers.add(&ACCEPT, "application/json");
        headers.add(&CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(basic) = self.basic.as_ref().and_then(|basic| basic.to_str().ok()) {
            headers.add(&AUTHORIZATION, basic);
        }
        Ok(Call {
            step,
            method: Method::POST,
            url,
            headers,
            body: Bytes::from(self.body.clone()),
            plain: None,
            timeout,
            redirects: 0,
            keep_body: Keep::Whole,
            opens: Opens::Nothing,
        })
    }
}

impl Token {
    pub(super) fn fits(&self, grant: &Grant, now: Nanos) -> bool {
        self.grant == *grant && self.is_good(now)
    }

    pub(super) fn is_good(&self, now: Nanos) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    pub(super) fn same(&self, other: &Self) -> bool {
        self.grant == other.grant
    }
}

/// The token that an answer, come at `now`, holds.
pub(in crate::load) fn read_token(
    grant: Grant,
    exchange: &Exchange,
    now: Nanos,
) -> Result<Token, TokenError> {
    let failed = |why: String| TokenError {
        url: grant.url.clone(),
        why,
    };
    let answer = exchange
        .result
        .as_ref()
        .map_err(|problem| failed(format!("{}: {}", problem.failure, problem.detail)))?;
    let json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let value = json["access_token"].as_str().and_then(bearer);
    let Some(value) = value.filter(|_| answer.status.is_success()) else {
        return Err(failed(refusal(answer, &json)));
    };
    let lasts = json["expires_in"]
        .as_f64()
        .filter(|s| s.is_finite() && *s >= 0.0);
    let until = lasts.map(|seconds| {
        let lasts = Duration::from_secs_f64(seconds.min(1e9));
        now + nanos(lasts.saturating_sub(LEEWAY.min(lasts / 10)))
    });
    Ok(Token {
        grant,
        value,
        until,
    })
}

/// What a server says when it gives no token.
fn refusal(answer: &Answer, json: &serde_json::Value) -> String {
    let said = ["error", "error_description"]
        .into_iter()
        .filter_map(|key| json[key].as_str())
        .map(|text| text.chars().take(SHOWN).collect::<String>());
    let said: Vec<String> = said.collect();
    let mut text = format!("status {}", answer.status.as_u16());
    if said.is_empty() {
        text.push_str(" without `access_token`");
    } else {
        text.push_str(", ");
        text.push_str(&said.join(": "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::Head;
    use crate::load::auth::Keys;
    use tokio::time::Instant;

    fn exchange(status: u16, body: &'static str) -> Exchange {
        let now = Instant::now();
        Exchange::of(now, now, Ok(Answer::of(status, Head::default(), body)))
    }

    fn grant() -> Grant {
        Grant {
            url: "/token".into(),
            body: "grant_type=client_credentials".into(),
            basic: None,
        }
    }

    const SECOND: Nanos = 1_000_000_000;

    #[test]
    fn a_user_who_is_somebody_else_each_time_keeps_the_last_tokens_that_are_good() {
        let of = |user: u64| Grant {
            body: format!("username={user}"),
            ..grant()
        };
        for (lasts, kept) in [("3600", 8), ("2", 2)] {
            let body = format!(r#"{{"access_token": "t", "expires_in": {lasts}}}"#);
            let body: &'static str = body.leak();
            let mut keys = Keys::default();
            for user in 0..1000 {
                let now = user * SECOND;
                let token = read_token(of(user), &exchange(200, body), now).unwrap();
                keys.keep(token, now);
                assert!(keys.token(&of(user), now).is_some());
                assert!(keys.tokens.len() <= kept, "{lasts}: {}", keys.tokens.len());
            }
            // Asked for again, it takes the place of the one before it.
            let known = keys.tokens.len();
            let token = read_token(of(999), &exchange(200, body), 999 * SECOND).unwrap();
            keys.keep(token, 999 * SECOND);
            assert_eq!(keys.tokens.len(), known);
        }
    }

    #[test]
    fn tokens_are_good_until_shortly_before_their_end() {
        for (body, good_for) in [
            (r#"{"access_token": "t", "expires_in": 300}"#, Some(290)),
            (r#"{"access_token": "t", "expires_in": 10}"#, Some(9)),
            (r#"{"access_token": "t"}"#, None),
        ] {
            let token = read_token(grant(), &exchange(200, body), 5 * SECOND).unwrap();
            assert_eq!(token.value, "Bearer t");
            assert!(token.value.is_sensitive());
            assert_eq!(token.until, good_for.map(|s: u64| (5 + s) * SECOND));
            assert!(token.fits(&grant(), 5 * SECOND));
        }
    }

    #[test]
    fn a_refusal_says_what_the_server_said() {
        for (status, body, why) in [
            (
                401,
                r#"{"error": "invalid_client", "error_description": "no such client"}"#,
                "status 401, invalid_client: no such client",
            ),
            (200, "<html>", "status 200 without `access_token`"),
            (
                500,
                r#"{"access_token": "t"}"#,
                "status 500 without `access_token`",
            ),
        ] {
            let error = read_token(grant(), &exchange(status, body), 0).unwrap_err();
            assert_eq!(error.to_string(), format!("a token from /token: {why}"));
        }
    }
}
