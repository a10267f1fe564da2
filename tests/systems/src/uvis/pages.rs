//! What browsers see: the front, the search page, the account with its form. In: queries, forms, cookies; out: HTML.
//! Invariant: what was typed comes back escaped, and a form without its token changes nothing.

use super::fleet::Fleet;
use super::tokens::{Credentials, Purpose, Refusal, refusal, verify, visitor};
use axum::Router;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;
use std::sync::Arc;

/// The front: one page, and a script that does the rest.
pub(super) fn front(fleet: Arc<Fleet>) -> Router {
    Router::new().route("/", get(landing)).with_state(fleet)
}

async fn landing(State(fleet): State<Arc<Fleet>>) -> Response {
    if fleet.broken.on("front-down") {
        return (StatusCode::BAD_GATEWAY, "502 Bad Gateway").into_response();
    }
    let cached = [(header::CACHE_CONTROL, "public, max-age=60")];
    let page = "<!doctype html><title>uvis</title><div id=root></div><script src=/app.js></script>";
    (cached, Html(page)).into_response()
}

#[derive(Deserialize)]
pub(super) struct Search {
    #[serde(default)]
    q: String,
}

/// What is found, and what was looked for.
pub(super) async fn search(
    State(fleet): State<Arc<Fleet>>,
    Query(sent): Query<Search>,
) -> Response {
    if let Err(said) = fleet.database.search(&sent.q).await {
        return refusal(StatusCode::INTERNAL_SERVER_ERROR, &said).into_response();
    }
    let reflected = fleet.broken.on("reflected-input");
    let shown = if reflected { sent.q } else { escape(&sent.q) };
    Html(format!(
        "<!doctype html><title>search</title><p>nothing found for {shown}"
    ))
    .into_response()
}

fn escape(text: &str) -> String {
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&#39;")
}

/// Email and password → a cookie.
pub(super) async fn sign_in(
    State(fleet): State<Arc<Fleet>>,
    Form(sent): Form<Credentials>,
) -> Result<Response, Refusal> {
    let user = verify(&fleet, &sent).await?;
    let session = fleet.tokens.issue(&user.email, Purpose::Session);
    let cookie = format!("session={session}; Path=/; Max-Age=900; Secure; HttpOnly; SameSite=Lax");
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/account")).into_response())
}

/// The form, with its token.
pub(super) async fn account(State(fleet): State<Arc<Fleet>>, headers: HeaderMap) -> Response {
    let Some(user) = visitor(&fleet, &headers) else {
        return refusal(StatusCode::UNAUTHORIZED, "sign in first").into_response();
    };
    let token = fleet.tokens.issue(&user.email, Purpose::Form);
    let page = format!(
        "<!doctype html><title>account</title><form method=post action=/account/phone>\
         <input type=hidden name=csrf_token value=\"{token}\"><input name=phone></form>"
    );
    ([(header::CACHE_CONTROL, "no-store")], Html(page)).into_response()
}

#[derive(Deserialize)]
pub(super) struct Phone {
    #[serde(default)]
    csrf_token: String,
    phone: String,
}

/// Takes the form.
pub(super) async fn phone(
    State(fleet): State<Arc<Fleet>>,
    headers: HeaderMap,
    Form(sent): Form<Phone>,
) -> Response {
    let Some(user) = visitor(&fleet, &headers) else {
        return refusal(StatusCode::UNAUTHORIZED, "sign in first").into_response();
    };
    let author = fleet.tokens.read(&sent.csrf_token, Purpose::Form);
    if author.as_ref() != Some(&user) && !fleet.broken.on("csrf-unchecked") {
        return refusal(StatusCode::FORBIDDEN, "CSRF token missing or incorrect").into_response();
    }
    if sent.phone.is_empty() {
        return refusal(StatusCode::UNPROCESSABLE_ENTITY, "no number").into_response();
    }
    Redirect::to("/account").into_response()
}
