//! Who sells. In: an address and a password; out: a JWT for a quarter of an hour, or 429 where somebody guesses. Invariant:
//! no token is taken that was not signed here, or whose time is over.

use super::{Shared, Site, bearer};
use axum::extract::State;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use jsonwebtoken::get_current_timestamp as now;
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The password of every seller.
pub(super) const PASSWORD: &str = "carrots-and-peas";
const KEY: &[u8] = b"the stand-in's own key, of no use elsewhere";
const GOOD_FOR: u64 = 900;
/// Wrong passwords that an account takes in a minute.
const TRIES: u32 = 5;
const MINUTE: Duration = Duration::from_mins(1);

/// Wrong passwords by account, and since when they are counted.
#[derive(Debug, Default)]
pub(super) struct Accounts(Mutex<HashMap<String, (u32, Instant)>>);

impl Accounts {
    /// Counts one more; whether this account has had too many.
    fn is_guessed_at(&self, email: &str, now: Instant) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (tries, since) = all.entry(email.to_owned()).or_insert((0, now));
        if now.duration_since(*since) >= MINUTE {
            (*tries, *since) = (0, now);
        }
        *tries += 1;
        *tries > TRIES
    }
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    exp: u64,
}

#[derive(Deserialize)]
struct SignIn {
    email: String,
    password: String,
}

pub(super) fn router() -> Router<Arc<Site>> {
    Router::new().route("/api/auth/sign-in", post(sign_in))
}

async fn sign_in(State(site): Shared, Json(wanted): Json<SignIn>) -> Response {
    if wanted.password != PASSWORD || !wanted.email.ends_with("@farms.example") {
        return refuse(&site, &wanted.email);
    }
    let claims = Claims {
        sub: wanted.email,
        exp: now() + GOOD_FOR,
    };
    match encode(&Header::default(), &claims, &EncodingKey::from_secret(KEY)) {
        Ok(token) => Json(json!({ "token": token, "expires_in": GOOD_FOR })).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn refuse(site: &Site, email: &str) -> Response {
    let guessed_at = site.accounts.is_guessed_at(email, Instant::now());
    if !guessed_at || site.on("no-rate-limit") {
        let body = Json(json!({ "title": "wrong address or password", "status": 401 }));
        return (StatusCode::UNAUTHORIZED, body).into_response();
    }
    let body = Json(json!({ "title": "too many attempts", "status": 429 }));
    let mut answer = (StatusCode::TOO_MANY_REQUESTS, body).into_response();
    if !site.on("no-retry-after") {
        let after = HeaderValue::from_static("60");
        answer.headers_mut().insert(RETRY_AFTER, after);
    }
    answer
}

/// Who asks, where the token says so.
pub(super) fn seller(headers: &HeaderMap) -> Option<String> {
    let key = DecodingKey::from_secret(KEY);
    let claims = decode::<Claims>(bearer(headers)?, &key, &Validation::default());
    claims.ok().map(|token| token.claims.sub)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_closed_for_a_minute_and_no_other_with_it() {
        let accounts = Accounts::default();
        let start = Instant::now();
        for _ in 0..TRIES {
            assert!(!accounts.is_guessed_at("ann", start));
        }
        assert!(accounts.is_guessed_at("ann", start));
        assert!(!accounts.is_guessed_at("bob", start));
        assert!(!accounts.is_guessed_at("ann", start + MINUTE));
    }
}
