//! Who is asking. In: credentials, a session cookie or a bearer token; out: a session, or 401. Invariant: a
//! token that is presented and wrong is not made up for by a cookie that is right.

use super::State;
use super::answer::{self, Answer};
use super::store::{Session, Store};
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, SET_COOKIE};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

/// What those hear who are nobody yet.
pub(super) const SIGN_IN_FIRST: &str = "sign in first: POST /api/session";

/// POST /api/session
pub(super) fn sign_in(state: &State, headers: &HeaderMap, body: &[u8]) -> Answer {
    let Some((email, password)) = credentials(headers, body) else {
        return answer::error(
            StatusCode::UNPROCESSABLE_ENTITY,
            "a sign-in needs email and password, as JSON or as a form",
        );
    };
    let mut store = state.store();
    let Some((cookie, token)) = store
        .sign_in(&email, &password)
        .map(|session| (session.cookie(), session.token.clone()))
    else {
        return answer::error(StatusCode::UNAUTHORIZED, "wrong email or password");
    };
    let mut answer = answer::json(
        StatusCode::OK,
        json!({ "token": token, "email": email }).to_string(),
    );
    answer::put(
        &mut answer,
        &SET_COOKIE,
        &format!("session={cookie}; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax"),
    );
    answer
}

fn credentials(headers: &HeaderMap, body: &[u8]) -> Option<(String, String)> {
    if is(headers, "application/x-www-form-urlencoded") {
        let find = |wanted: &str| {
            form_urlencoded::parse(body)
                .find(|(name, _)| name == wanted)
                .map(|(_, value)| value.into_owned())
        };
        Some((find("email")?, find("password")?))
    } else {
        let document: Value = serde_json::from_slice(body).ok()?;
        let text = |name: &str| document.get(name)?.as_str().map(str::to_owned);
        Some((text("email")?, text("password")?))
    }
}

/// GET /api/me
pub(super) fn me(state: &State, headers: &HeaderMap) -> Answer {
    let mut store = state.store();
    let Some(session) = bearer(headers).and_then(|token| store.by_token(token)) else {
        return answer::error(StatusCode::UNAUTHORIZED, SIGN_IN_FIRST);
    };
    let shopper = session.shopper();
    let shopper = store.shopper(shopper);
    let document = json!({ "email": shopper.email, "name": shopper.name });
    answer::json(StatusCode::OK, document.to_string())
}

/// GET /logout
pub(super) fn sign_out(state: &State, headers: &HeaderMap) -> Answer {
    if let Some(value) = session_cookie(headers) {
        state.store().sign_out(value);
    }
    let mut answer = answer::redirect(StatusCode::SEE_OTHER, "/");
    answer::put(
        &mut answer,
        &SET_COOKIE,
        "session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax",
    );
    answer
}

/// The session of a request, by cookie or by token.
pub(super) fn session<'a>(store: &'a mut Store, headers: &HeaderMap) -> Option<&'a mut Session> {
    match bearer(headers) {
        Some(token) => store.by_token(token),
        None => store.by_cookie(session_cookie(headers)?),
    }
}

/// The token of `Authorization: Bearer`.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix("session="))
}

fn is(headers: &HeaderMap, kind: &str) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|value| value.trim().eq_ignore_ascii_case(kind))
}
