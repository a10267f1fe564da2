//! Which address means what. In: a request; out: an answer, after its service time. Invariant: every request
//! gets an answer; unknown addresses are 404 and unknown methods 405, both in JSON.

use super::answer::{self, Answer};
use super::events::Feed;
use super::{State, account, api, counter, events, live, pages};
use bytes::Bytes;
use http::header::{AGE, CACHE_CONTROL, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Either, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// The longest body that is read.
const MAX_BODY: usize = 16 * 1024;
/// A body must have arrived within this time.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// One in this many images comes from the shop and not from its cache.
const CACHE_MISSES: u64 = 16;

/// An address that the shop knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route<'a> {
    Landing,
    Category(&'a str),
    Product(&'a str),
    Image(&'a str),
    Style,
    Redirect,
    Logout,
    Health,
    Products,
    OneProduct(&'a str),
    Session,
    Me,
    Cart,
    Pay,
    Order(&'a str),
    Live,
    Events,
}

impl<'a> Route<'a> {
    fn of(path: &'a str) -> Option<Self> {
        Some(match path {
            "/" => Self::Landing,
            "/static/shop.css" => Self::Style,
            "/redirect" => Self::Redirect,
            "/logout" => Self::Logout,
            "/live" => Self::Live,
            "/api/health" => Self::Health,
            "/api/products" => Self::Products,
            "/api/session" => Self::Session,
            "/api/me" => Self::Me,
            "/api/events" => Self::Events,
            "/api/cart" => Self::Cart,
            "/api/checkout/pay" => Self::Pay,
            _ => {
                let (kind, name) = path.rsplit_once('/')?;
                match kind {
                    "/category" => Self::Category(name),
                    "/product" => Self::Product(name),
                    "/images" => Self::Image(name.strip_suffix(".svg")?),
                    "/api/products" => Self::OneProduct(name),
                    "/api/orders" => Self::Order(name),
                    _ => return None,
                }
            }
        })
    }

    /// What the header `allow` says; the first word is what a client should have used.
    fn allowed(self) -> &'static str {
        match self {
            Self::Session | Self::Pay => "POST, OPTIONS",
            Self::Cart => "GET, HEAD, POST, OPTIONS",
            _ => "GET, HEAD, OPTIONS",
        }
    }

    fn allows(self, method: &Method) -> bool {
        self.allowed()
            .split(", ")
            .any(|allowed| allowed == method.as_str())
    }
}

/// Answers one request, or opens a stream.
pub(super) async fn serve(
    state: Arc<State>,
    request: Request<Incoming>,
) -> Result<Response<Either<Full<Bytes>, Feed>>, Infallible> {
    if Route::of(request.uri().path()) == Some(Route::Events) && request.method() == Method::GET {
        state.requests.fetch_add(1, Ordering::Relaxed);
        let (head, _) = request.into_parts();
        return Ok(events::open(&head).map(Either::Right));
    }
    let answer = answer(state, request).await?;
    Ok(answer.map(Either::Left))
}

/// Answers one request. hyper leaves out the body where the method is HEAD.
async fn answer(state: Arc<State>, request: Request<Incoming>) -> Result<Answer, Infallible> {
    let count = state.requests.fetch_add(1, Ordering::Relaxed);
    if Route::of(request.uri().path()) == Some(Route::Live) && request.method() == Method::GET {
        return Ok(live::open(request));
    }
    let (head, body) = request.into_parts();
    let Some(route) = Route::of(head.uri.path()) else {
        return Ok(answer::error(StatusCode::NOT_FOUND, "no such address"));
    };
    if !route.allows(&head.method) {
        return Ok(answer::methods(
            StatusCode::METHOD_NOT_ALLOWED,
            route.allowed(),
        ));
    }
    if head.method == Method::OPTIONS {
        return Ok(answer::methods(StatusCode::NO_CONTENT, route.allowed()));
    }
    let body = match read(&head.method, body).await {
        Ok(body) => body,
        Err(refusal) => return Ok(refusal),
    };
    if let Some(time) = counter::service_time(count) {
        tokio::time::sleep(time).await;
    }
    if route == Route::Products {
        return Ok(products(&state, &head).await);
    }
    Ok(dispatch(&state, route, &head, &body, count))
}

/// The body of a request that may have one.
async fn read(method: &Method, body: Incoming) -> Result<Bytes, Answer> {
    if method != Method::POST {
        return Ok(Bytes::new());
    }
    match tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, MAX_BODY).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(answer::error(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the body is longer than 16 KiB",
        )),
        // The client broke off or broke the framing; it will hardly read this.
        Ok(Err(_)) => Err(answer::error(
            StatusCode::BAD_REQUEST,
            "the body did not arrive whole",
        )),
        Err(_) => Err(answer::error(
            StatusCode::REQUEST_TIMEOUT,
            "the body did not arrive in time",
        )),
    }
}

async fn products(state: &State, head: &Parts) -> Answer {
    match api::ProductQuery::parse(head.uri.query().unwrap_or_default()) {
        Ok(query) => {
            if !query.slow.is_zero() {
                tokio::time::sleep(query.slow.mul_f64(state.slower)).await;
            }
            api::products(state, &head.headers, &query.listing)
        }
        Err(message) => answer::error(StatusCode::UNPROCESSABLE_ENTITY, &message),
    }
}

fn dispatch(state: &State, route: Route<'_>, head: &Parts, body: &[u8], count: u64) -> Answer {
    let headers = &head.headers;
    match route {
        Route::Landing => answer::html(&state.catalogue.landing),
        Route::Category(name) => page(state.catalogue.category(name)),
        Route::Product(id) => page(state.catalogue.find(id).map(|product| &product.page)),
        Route::Image(id) => image(state, id, count),
        Route::Style => cached(
            answer::body(StatusCode::OK, "text/css", pages::STYLE),
            count,
        ),
        Route::Redirect => answer::redirect(StatusCode::FOUND, "/"),
        Route::Logout => account::sign_out(state, headers),
        Route::Health => api::health(state),
        Route::Products | Route::Live | Route::Events => {
            answer::error(StatusCode::NOT_FOUND, "no such address")
        }
        Route::OneProduct(id) => api::product(state, headers, id),
        Route::Session => account::sign_in(state, headers, body),
        Route::Me => account::me(state, headers),
        Route::Cart if head.method == Method::POST => api::add_to_cart(state, headers, body),
        Route::Cart => api::cart(state, headers),
        Route::Pay => api::pay(state, headers),
        Route::Order(id) => api::order(state, headers, id),
    }
}

fn page(page: Option<&Bytes>) -> Answer {
    page.map_or_else(
        || answer::error(StatusCode::NOT_FOUND, "no such page"),
        answer::html,
    )
}

fn image(state: &State, id: &str, count: u64) -> Answer {
    match state.catalogue.find(id) {
        Some(product) => {
            let image = product.image.clone();
            cached(answer::body(StatusCode::OK, "image/svg+xml", image), count)
        }
        None => answer::error(StatusCode::NOT_FOUND, "no such image"),
    }
}

/// Headers as a cache in front of the shop would set them.
fn cached(mut answer: Answer, count: u64) -> Answer {
    let bits = counter::mix(count);
    let hit = !bits.is_multiple_of(CACHE_MISSES);
    let age = if hit { 1 + (bits >> 8) % 3600 } else { 0 };
    answer::set(&mut answer, CACHE_CONTROL, "public, max-age=86400");
    answer::set(
        &mut answer,
        HeaderName::from_static("x-cache"),
        if hit { "HIT" } else { "MISS" },
    );
    answer.headers_mut().insert(AGE, HeaderValue::from(age));
    answer
}
