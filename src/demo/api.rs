//! Products, carts and orders as JSON. In: the head and the body of a request; out: an answer. Invariant: what a client may not
//! see or do is 401, 404, 409 or 422 with a sentence, never data and never a 5xx.

use super::State;
use super::account::{SIGN_IN_FIRST, bearer, session};
use super::answer::{self, Answer};
use super::catalogue::{Catalogue, Listing, decimal, money};
use super::store::{Line, Order};
use crate::units;
use http::header::LOCATION;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use std::fmt::Write;
use std::time::{Duration, Instant};

/// The most products one listing holds, and how many it holds when nobody says.
const MAX_LIMIT: usize = 100;
const DEFAULT_LIMIT: usize = 20;
/// The most of one product in one cart.
const MAX_QUANTITY: u32 = 10;

/// `?limit=&category=&q=&slow=`, understood.
#[derive(Debug)]
pub(super) struct ProductQuery {
    pub(super) listing: Listing,
    /// How long to wait before answering, for those who want to see a slow shop.
    pub(super) slow: Duration,
}

impl ProductQuery {
    /// What the query asks for, or a sentence about what is wrong with it. Unknown names are passed over.
    pub(super) fn parse(query: &str) -> Result<Self, String> {
        let mut this = Self {
            listing: Listing {
                limit: DEFAULT_LIMIT,
                ..Listing::default()
            },
            slow: Duration::ZERO,
        };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "limit" => {
                    this.listing.limit = value
                        .parse()
                        .ok()
                        .filter(|limit| (1..=MAX_LIMIT).contains(limit))
                        .ok_or_else(|| format!("limit is a number from 1 to {MAX_LIMIT}"))?;
                }
                "category" => this.listing.category = Some(value.into_owned()),
                "q" => this.listing.search = Some(value.to_ascii_lowercase()),
                "slow" => {
                    this.slow = units::parse_duration(&value)
                        .ok()
                        .filter(|slow| *slow <= Duration::from_secs(10))
                        .ok_or("slow is a duration up to 10s, such as 50ms")?;
                }
                _ => {}
            }
        }
        Ok(this)
    }
}

/// GET /api/health
pub(super) fn health(state: &State) -> Answer {
    let services = ["database", "payment", "images"].map(|name| {
        let up = json!({ "status": "healthy", "response_time_ms": 1 });
        (name.to_owned(), up)
    });
    let document = json!({
        "status": "healthy",
        "version": env!("CARGO_PKG_VERSION"),
        "uptime_seconds": state.opened.elapsed().as_secs(),
        "services": services.into_iter().collect::<serde_json::Map<_, _>>(),
    });
    answer::json(StatusCode::OK, document.to_string())
}

/// GET /api/products
pub(super) fn products(state: &State, headers: &HeaderMap, listing: &Listing) -> Answer {
    answer::tagged(&listing.tag(), headers, || state.catalogue.list(listing))
}

/// GET /api/products/{id}
pub(super) fn product(state: &State, headers: &HeaderMap, id: &str) -> Answer {
    match state.catalogue.find(id) {
        Some(product) => answer::tagged(&product.tag(), headers, || product.json.clone()),
        None => answer::error(StatusCode::NOT_FOUND, "no such product"),
    }
}

/// GET /api/cart
pub(super) fn cart(state: &State, headers: &HeaderMap) -> Answer {
    match session(&mut state.store(), headers) {
        Some(session) => {
            let document = format!("{{{}}}", lines(&state.catalogue, &session.cart));
            answer::json(StatusCode::OK, document)
        }
        None => answer::error(StatusCode::UNAUTHORIZED, SIGN_IN_FIRST),
    }
}

/// POST /api/cart
pub(super) fn add_to_cart(state: &State, headers: &HeaderMap, body: &[u8]) -> Answer {
    let mut store = state.store();
    let max_lines = store.max_lines();
    let Some(session) = session(&mut store, headers) else {
        return answer::error(StatusCode::UNAUTHORIZED, SIGN_IN_FIRST);
    };
    let Some(line) = line(body) else {
        return answer::error(
            StatusCode::UNPROCESSABLE_ENTITY,
            "a cart takes JSON: {\"product\": 1, \"quantity\": 1}, the quantity from 1 to 10",
        );
    };
    let Some(product) = state.catalogue.product(line.product) else {
        return answer::error(StatusCode::UNPROCESSABLE_ENTITY, "no such product");
    };
    if line.quantity > product.stock {
        return answer::error(StatusCode::CONFLICT, "out of stock");
    }
    if let Some(there) = session.cart.iter_mut().find(|l| l.product == line.product) {
        there.quantity = (there.quantity + line.quantity).min(MAX_QUANTITY);
    } else if session.cart.len() < max_lines {
        session.cart.push(line);
    } else {
        return answer::error(StatusCode::CONFLICT, "the cart is full");
    }
    let document = format!("{{{}}}", lines(&state.catalogue, &session.cart));
    answer::json(StatusCode::CREATED, document)
}

fn line(body: &[u8]) -> Option<Line> {
    let document: Value = serde_json::from_slice(body).ok()?;
    let product = document.get("product")?.as_u64()?;
    let quantity = match document.get("quantity") {
        None => 1,
        Some(quantity) => u32::try_from(quantity.as_u64()?).ok()?,
    };
    (1..=MAX_QUANTITY)
        .contains(&quantity)
        .then_some(Line { product, quantity })
}

/// POST /api/checkout/pay
pub(super) fn pay(state: &State, headers: &HeaderMap) -> Answer {
    let mut store = state.store();
    let Some(token) = bearer(headers).filter(|token| store.by_token(token).is_some()) else {
        return answer::error(
            StatusCode::UNAUTHORIZED,
            "paying needs the token of POST /api/session",
        );
    };
    let key = headers
        .get("idempotency-key")
        .and_then(|key| key.to_str().ok());
    if key.is_some_and(|key| key.len() > 200) {
        return answer::error(
            StatusCode::UNPROCESSABLE_ENTITY,
            "the idempotency key is longer than 200 characters",
        );
    }
    let now = Instant::now();
    let Some((order, new)) = store.pay(token, key, now) else {
        return answer::error(StatusCode::CONFLICT, "the cart is empty");
    };
    let status = if new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let mut answer = answer::json(status, order_json(&state.catalogue, order, now));
    answer::put(&mut answer, &LOCATION, &format!("/api/orders/{}", order.id));
    answer
}

/// GET /api/orders/{id}
pub(super) fn order(state: &State, headers: &HeaderMap, id: &str) -> Answer {
    let mut store = state.store();
    let Some(shopper) = session(&mut store, headers).map(|session| session.shopper()) else {
        return answer::error(StatusCode::UNAUTHORIZED, SIGN_IN_FIRST);
    };
    match decimal(id).and_then(|id| store.order(id, shopper)) {
        Some(order) => answer::json(
            StatusCode::OK,
            order_json(&state.catalogue, order, Instant::now()),
        ),
        None => answer::error(StatusCode::NOT_FOUND, "no such order of yours"),
    }
}

fn order_json(catalogue: &Catalogue, order: &Order, now: Instant) -> String {
    let (id, state) = (order.id, order.state(now));
    format!(
        "{{\"order\":{id},\"state\":\"{state}\",{}}}",
        lines(catalogue, &order.lines)
    )
}

/// `"items":[…],"count":n,"total":n.nn`
fn lines(catalogue: &Catalogue, lines: &[Line]) -> String {
    let mut out = String::from("\"items\":[");
    let (mut count, mut total) = (0, 0);
    for line in lines {
        let Some(product) = catalogue.product(line.product) else {
            continue;
        };
        let comma = if count > 0 { "," } else { "" };
        // Names come from the catalogue's tables and need no escapes.
        let _ = write!(
            out,
            "{comma}{{\"product\":{},\"name\":\"{}\",\"quantity\":{},\"price\":{}}}",
            product.id,
            product.name,
            line.quantity,
            money(product.price)
        );
        count += line.quantity;
        total += product.price * u64::from(line.quantity);
    }
    let _ = write!(out, "],\"count\":{count},\"total\":{}", money(total));
    out
}
