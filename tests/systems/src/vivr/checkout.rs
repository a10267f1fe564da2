//! From the cart to the order. In: a session cookie and what is wanted; out: carts, payments, orders. Invariant: a payment
//! is made once, whatever is sent again under the same idempotency key, and belongs to the session that began it.

use super::{Shared, catalogue};
use crate::kit::Calls;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;

/// What is being bought.
#[derive(Debug, Default)]
pub(super) struct Till {
    sessions: u64,
    /// Lines of (slug, quantity) by session.
    carts: HashMap<String, Vec<(String, u64)>>,
    payments: HashMap<String, Payment>,
    /// Whose they are.
    orders: HashMap<String, String>,
    paid: Calls,
}

#[derive(Debug)]
struct Payment {
    session: String,
    amount: u64,
    /// The idempotency key it was paid under, and the order.
    done: Option<(String, String)>,
}

impl Till {
    /// Whether this session has made this order.
    pub(super) fn is_ordered(&self, order: &str, session: Option<&str>) -> bool {
        let owner = self.orders.get(order).map(String::as_str);
        owner.is_some() && owner == session
    }

    fn amount(&self, session: &str) -> u64 {
        let lines = self.carts.get(session).map_or(&[][..], Vec::as_slice);
        let price = |slug: &str| catalogue::find(slug).map_or(0, |p| p.price);
        lines.iter().map(|(slug, n)| price(slug) * n).sum()
    }

    fn shown(&self, session: &str) -> Value {
        let lines = self.carts.get(session).map_or(&[][..], Vec::as_slice);
        let line = |(slug, n): &(String, u64)| json!({ "product": slug, "quantity": n });
        let items: Vec<Value> = lines.iter().map(line).collect();
        json!({ "items": items, "total": self.amount(session) })
    }
}

/// Whose request it is.
pub(super) fn session(headers: &HeaderMap) -> Option<String> {
    let cookies = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|c| c.to_str().ok());
    let mut pairs = cookies.flat_map(|c| c.split(';').map(str::trim));
    pairs.find_map(|pair| pair.strip_prefix("session=").map(str::to_owned))
}

fn refuse(status: StatusCode, why: &str) -> Response {
    (status, Json(json!({ "error": why }))).into_response()
}

#[derive(Deserialize)]
pub(super) struct Line {
    product: String,
    quantity: u64,
}

pub(super) async fn add(
    State(shop): Shared,
    headers: HeaderMap,
    Json(line): Json<Line>,
) -> Response {
    if catalogue::find(&line.product).is_none() {
        return refuse(StatusCode::NOT_FOUND, "no such product");
    }
    if !(1..=10).contains(&line.quantity) {
        return refuse(StatusCode::UNPROCESSABLE_ENTITY, "quantity is 1 to 10");
    }
    let mut till = shop.till();
    let session = session(&headers).unwrap_or_else(|| {
        till.sessions += 1;
        format!("s-{}", till.sessions)
    });
    let cart = till.carts.entry(session.clone()).or_default();
    cart.push((line.product, line.quantity));
    let body = till.shown(&session);
    if shop.on("cart-lost") {
        till.carts.remove(&session);
    }
    let cookie = format!("session={session}; Path=/; HttpOnly; SameSite=Lax");
    (StatusCode::CREATED, [(SET_COOKIE, cookie)], Json(body)).into_response()
}

pub(super) async fn cart(State(shop): Shared, headers: HeaderMap) -> Json<Value> {
    let session = session(&headers).unwrap_or_default();
    Json(shop.till().shown(&session))
}

#[derive(Deserialize)]
pub(super) struct Buyer {
    email: String,
    address: String,
}

pub(super) async fn begin(
    State(shop): Shared,
    headers: HeaderMap,
    Json(buyer): Json<Buyer>,
) -> Response {
    if !buyer.email.contains('@') || buyer.address.trim().is_empty() {
        return refuse(
            StatusCode::UNPROCESSABLE_ENTITY,
            "email and address are needed",
        );
    }
    let mut till = shop.till();
    let session = session(&headers).unwrap_or_default();
    let amount = till.amount(&session);
    if amount == 0 {
        return refuse(StatusCode::CONFLICT, "the cart is empty");
    }
    let name = format!("pay-{}", till.payments.len() + 1);
    let body = json!({ "payment": name, "amount": amount });
    let payment = Payment {
        session,
        amount,
        done: None,
    };
    till.payments.insert(name, payment);
    (StatusCode::CREATED, Json(body)).into_response()
}

#[derive(Deserialize)]
pub(super) struct Card {
    card: String,
}

pub(super) async fn pay(
    State(shop): Shared,
    Path(name): Path<String>,
    headers: HeaderMap,
    Json(card): Json<Card>,
) -> Response {
    let Some(key) = headers.get("idempotency-key").and_then(|k| k.to_str().ok()) else {
        return refuse(StatusCode::BAD_REQUEST, "an idempotency-key is needed");
    };
    let session = session(&headers).unwrap_or_default();
    let mut till = shop.till();
    let till = &mut *till;
    let number = till.orders.len() + 1;
    let payment = till.payments.get_mut(&name);
    let Some(payment) = payment.filter(|p| p.session == session) else {
        return refuse(StatusCode::NOT_FOUND, "no such payment");
    };
    if let Some((with, order)) = &payment.done {
        let again = json!({ "state": "paid", "order": order, "amount": payment.amount });
        return if with == key {
            Json(again).into_response()
        } else {
            refuse(StatusCode::CONFLICT, "it is paid already")
        };
    }
    let unlucky = shop.on("payments-fail") && till.paid.one_in(10);
    if card.card != "tok_visa" || unlucky {
        return refuse(StatusCode::PAYMENT_REQUIRED, "the card was declined");
    }
    let order = format!("V-{number:06}");
    payment.done = Some((key.to_owned(), order.clone()));
    let body = json!({ "state": "paid", "order": order, "amount": payment.amount });
    if !shop.on("order-lost") {
        till.orders.insert(order, session.clone());
    }
    till.carts.remove(&session);
    (StatusCode::CREATED, Json(body)).into_response()
}
