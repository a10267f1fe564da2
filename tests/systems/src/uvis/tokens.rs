//! Who is asking. In: tokens and cookies; out: users. Invariant: a token is good for what it was made for, until it
//! expires, and nobody else can make one.

use super::fleet::{Fleet, User, now, user};
use crate::kit::Switches;
use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jsonwebtoken::dangerous::insecure_decode;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::VecDeque;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a token is good, in seconds.
const LIFE: u64 = 900;
/// Wrong passwords that an account may have in a minute.
const GUESSES: usize = 10;
const MINUTE: Duration = Duration::from_mins(1);
/// `{"alg":"none`, and an honest header to read such a token with.
const NONE: &str = "eyJhbGciOiJub25l";
const HS256: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Purpose {
    Api,
    Session,
    Form,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    exp: u64,
    purpose: Purpose,
}

/// Makes tokens and reads them.
pub(super) struct Tokens {
    broken: Switches,
    key: [u8; 32],
}

impl Tokens {
    /// With a key of this run.
    pub(super) fn new(broken: Switches) -> Self {
        let mut key = [0; 32];
        for part in key.chunks_mut(8) {
            part.copy_from_slice(&RandomState::new().build_hasher().finish().to_ne_bytes());
        }
        Self { broken, key }
    }

    /// A token for a user.
    pub(super) fn issue(&self, email: &str, purpose: Purpose) -> String {
        self.sign(email, purpose, now().as_secs() + LIFE)
    }

    /// One that was good until an hour ago.
    pub(super) fn expired(&self, email: &str) -> String {
        self.sign(email, Purpose::Api, now().as_secs() - 3_600)
    }

    fn sign(&self, email: &str, purpose: Purpose, exp: u64) -> String {
        let claims = Claims {
            sub: email.to_owned(),
            exp,
            purpose,
        };
        let key = EncodingKey::from_secret(&self.key);
        encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap_or_default()
    }

    /// Whose token this is, if it is good.
    pub(super) fn read(&self, token: &str, purpose: Purpose) -> Option<User> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        validation.validate_exp = !self.broken.on("token-expired");
        let key = DecodingKey::from_secret(&self.key);
        let read = decode::<Claims>(token, &key, &validation).ok();
        let claims = read.or_else(|| self.forged(token))?.claims;
        user(&claims.sub).filter(|_| claims.purpose == purpose)
    }

    /// What a careless library reads.
    fn forged(&self, token: &str) -> Option<jsonwebtoken::TokenData<Claims>> {
        let careless = self.broken.on("token-forged") && token.starts_with(NONE);
        let (_, rest) = token.split_once('.').filter(|_| careless)?;
        insecure_decode(format!("{HS256}.{rest}")).ok()
    }
}

impl FromRequestParts<Arc<Fleet>> for User {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, fleet: &Arc<Fleet>) -> Result<Self, Refusal> {
        let sent = parts.headers.get(header::AUTHORIZATION);
        let token = sent.and_then(|value| value.to_str().ok());
        let token = token.and_then(|value| value.strip_prefix("Bearer "));
        let careless = match token {
            None => fleet.broken.on("token-missing"),
            Some(_) => fleet.broken.on("token-malformed"),
        };
        let found = token.and_then(|token| fleet.tokens.read(token, Purpose::Api));
        let found = found.or_else(|| careless.then(|| user("north-01@uvis.test")).flatten());
        found.ok_or_else(|| refusal(StatusCode::UNAUTHORIZED, "not authenticated"))
    }
}

/// Who a browser is signed in as.
pub(super) fn visitor(fleet: &Fleet, headers: &HeaderMap) -> Option<User> {
    let cookies = headers.get(header::COOKIE)?.to_str().ok()?;
    let session = cookies
        .split("; ")
        .find_map(|pair| pair.strip_prefix("session="))?;
    fleet.tokens.read(session, Purpose::Session)
}

/// A request that is refused, in the words of the API.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    detail: String,
    /// When to come back, in seconds.
    wait: Option<u64>,
}

pub(super) fn refusal(status: StatusCode, detail: &str) -> Refusal {
    let detail = detail.to_owned();
    Refusal {
        status,
        detail,
        wait: None,
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = Json(json!({ "detail": self.detail }));
        let mut answer = (self.status, body).into_response();
        if let Some(wait) = self.wait {
            answer
                .headers_mut()
                .insert(header::RETRY_AFTER, wait.into());
        }
        answer
    }
}

/// What somebody who signs in sends.
#[derive(Deserialize)]
pub(super) struct Credentials {
    pub(super) email: String,
    pub(super) password: String,
}

/// Email and password → a token.
pub(super) async fn log_in(
    State(fleet): State<Arc<Fleet>>,
    Json(sent): Json<Credentials>,
) -> Result<Response, Refusal> {
    let user = verify(&fleet, &sent).await?;
    let token = fleet.tokens.issue(&user.email, Purpose::Api);
    let body = json!({ "access_token": token, "token_type": "bearer", "expires_in": LIFE });
    Ok(Json(body).into_response())
}

/// Looks a password up; an account whose password is guessed too often is closed for the rest of the minute.
pub(super) async fn verify(fleet: &Fleet, sent: &Credentials) -> Result<User, Refusal> {
    fleet.database.query(Duration::from_millis(1)).await;
    if let Some(user) = super::fleet::sign_in(&sent.email, &sent.password) {
        return Ok(user);
    }
    let mut guesses = fleet.guesses.lock().await;
    let times: &mut VecDeque<Instant> = guesses.entry(sent.email.clone()).or_default();
    times.retain(|time| time.elapsed() < MINUTE);
    if times.len() < GUESSES || fleet.broken.on("rate-unlimited") {
        times.push_back(Instant::now());
        return Err(refusal(
            StatusCode::UNAUTHORIZED,
            "incorrect email or password",
        ));
    }
    let wait = times
        .front()
        .map_or(MINUTE, |first| MINUTE.saturating_sub(first.elapsed()));
    let told = !fleet.broken.on("retry-after-missing");
    Err(Refusal {
        wait: told.then(|| wait.as_secs() + 1),
        ..refusal(StatusCode::TOO_MANY_REQUESTS, "too many attempts")
    })
}
