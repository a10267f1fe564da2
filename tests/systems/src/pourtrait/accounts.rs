//! Who is who. In: e-mail addresses, passwords, tokens; out: tokens that end after an hour or with the sign-out, and the
//! owner behind one. Invariant: five wrong passwords close an account to further ones for a minute.

use super::{PASSWORD, Shared, Site, lock};
use axum::Json;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const KEY: &[u8] = b"a key of a stand-in, which protects nothing";
const TRIES: u32 = 5;
const CLOSED: Duration = Duration::from_mins(1);
const HOUR: u64 = 3_600;

/// What has been signed in and out.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    sessions: u64,
    signed_out: HashSet<u64>,
    wrong: HashMap<String, (u32, Instant)>,
}

impl Accounts {
    /// Counts a wrong password; whether the account is closed.
    fn tried(&mut self, email: &str) -> bool {
        let (tries, since) = self
            .wrong
            .entry(email.into())
            .or_insert((0, Instant::now()));
        if since.elapsed() > CLOSED {
            (*tries, *since) = (0, Instant::now());
        }
        *tries += 1;
        *tries > TRIES
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    sub: String,
    session: u64,
    exp: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Credentials {
    email: String,
    password: String,
}

/// Accounts are those of `@pourtrait.test`, all with the same password.
pub(super) async fn sign_in(State(site): Shared, Json(given): Json<Credentials>) -> Response {
    if !given.email.ends_with("@pourtrait.test") || given.password != PASSWORD {
        if lock(&site.accounts).tried(&given.email) && !site.broken.on("no-rate-limit") {
            return (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "60")]).into_response();
        }
        let body = json!({ "error": "e-mail or password is wrong" });
        return (StatusCode::UNAUTHORIZED, Json(body)).into_response();
    }
    let session = {
        let mut accounts = lock(&site.accounts);
        accounts.sessions += 1;
        accounts.sessions
    };
    let claims = Claims {
        sub: given.email,
        session,
        exp: now() + HOUR,
    };
    match encode(&Header::default(), &claims, &EncodingKey::from_secret(KEY)) {
        Ok(token) => Json(json!({ "token": token, "expires_in": HOUR })).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// From then on the token opens nothing.
pub(super) async fn sign_out(State(site): Shared, headers: HeaderMap) -> Response {
    let Some(claims) = claims(&site, &headers) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    lock(&site.accounts).signed_out.insert(claims.session);
    StatusCode::NO_CONTENT.into_response()
}

/// Whose token this is.
pub(super) fn owner(site: &Site, headers: &HeaderMap) -> Result<String, StatusCode> {
    let claims = claims(site, headers).ok_or(StatusCode::UNAUTHORIZED)?;
    let out = lock(&site.accounts).signed_out.contains(&claims.session);
    if out && !site.broken.on("sign-out-ineffective") {
        return Err(StatusCode::UNAUTHORIZED);
    }
    Ok(claims.sub)
}

fn claims(site: &Site, headers: &HeaderMap) -> Option<Claims> {
    let token = headers
        .get(AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Bearer ")?;
    if site.broken.on("tokens-unchecked") {
        return jsonwebtoken::dangerous::insecure_decode(token)
            .ok()
            .map(|t| t.claims);
    }
    let token = decode(
        token,
        &DecodingKey::from_secret(KEY),
        &Validation::default(),
    );
    token.ok().map(|token| token.claims)
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
