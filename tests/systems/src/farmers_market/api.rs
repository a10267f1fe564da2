//! The fifteen endpoints of the products API, as openapi.json describes them. In: requests; out: JSON, or a problem (RFC
//! 9457). Invariant: only sellers change anything.

use super::market::{CATEGORIES, Market, Stall, objection};
use super::{Shared, Site, accounts};
use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// The document that describes them.
const DOCUMENT: &str = include_str!("openapi.json");

pub(super) fn router() -> Router<Arc<Site>> {
    let one = get(product).put(replace).patch(change).delete(remove);
    Router::new()
        .route("/openapi.json", get(document))
        .route("/api/products", get(list).post(create))
        .route("/api/products/search", get(search))
        .route("/api/products/featured", get(featured))
        .route("/api/products/{id}", one)
        .route("/api/products/{id}/stock", get(stock).put(set_stock))
        .route("/api/products/{id}/reviews", get(reviews).post(review))
        .route("/api/products/{id}/reviews/{review}", delete(take_back))
        .route("/api/products/{id}/images", post(image))
        .route("/api/categories", get(categories))
}

/// One call in ten, where that is broken.
pub(super) async fn slow(State(site): Shared, request: Request, next: Next) -> Response {
    if site.on("slow-api") && site.api_calls.one_in(10) {
        tokio::time::sleep(Duration::from_millis(700)).await;
    } else if site.on("slower") {
        tokio::time::sleep(Duration::from_millis(80)).await;
    }
    next.run(request).await
}

/// An answer, or a problem.
type Answer = Result<Response, Problem>;
type Queries = Query<HashMap<String, String>>;

/// What went wrong.
struct Problem(StatusCode, &'static str);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self(status, title) = self;
        let body = json!({ "title": title, "status": status.as_u16() }).to_string();
        (status, [(CONTENT_TYPE, "application/problem+json")], body).into_response()
    }
}

const MISSING: Problem = Problem(StatusCode::NOT_FOUND, "there is no such thing");

fn wrong(title: &'static str) -> Problem {
    Problem(StatusCode::UNPROCESSABLE_ENTITY, title)
}

fn only_sellers(headers: &HeaderMap) -> Result<String, Problem> {
    let nobody = Problem(StatusCode::UNAUTHORIZED, "sign in to change anything");
    accounts::seller(headers).ok_or(nobody)
}

fn sound(product: &Value) -> Result<(), Problem> {
    objection(product).map_or(Ok(()), |why| Err(wrong(why)))
}

fn stall<'a>(market: &'a mut Market, id: &str) -> Result<&'a mut Stall, Problem> {
    market.stalls.get_mut(id).ok_or(MISSING)
}

async fn document(State(site): Shared) -> Answer {
    if site.on("no-openapi") {
        return Err(MISSING);
    }
    Ok(([(CONTENT_TYPE, "application/json")], DOCUMENT).into_response())
}

async fn categories() -> Json<Value> {
    let category = |(slug, name): (&str, &str)| json!({ "slug": slug, "name": name });
    Json(CATEGORIES.map(category).to_vec().into())
}

async fn list(State(site): Shared, Query(query): Queries) -> Answer {
    let number = |key: &str, default: usize| {
        let number = query.get(key).map_or(Ok(default), |text| text.parse());
        let number = number.ok().filter(|number| (1..=100).contains(number));
        let title = "page and limit are whole numbers from 1 to 100";
        number.ok_or(Problem(StatusCode::BAD_REQUEST, title))
    };
    let (page, limit) = (number("page", 1)?, number("limit", 20)?);
    let wanted = query.get("category");
    let found = site.market().page((page - 1) * limit, limit, |product| {
        wanted.is_none_or(|category| product["category"] == **category)
    });
    Ok(Json(found).into_response())
}

async fn search(State(site): Shared, Query(query): Queries) -> Answer {
    let words = query.get("q").filter(|q| q.chars().count() >= 2);
    let short = Problem(StatusCode::BAD_REQUEST, "q has at least 2 characters");
    let words = words.ok_or(short)?.to_lowercase();
    let found = site.market().page(0, 20, |product| {
        let name = product["name"].as_str().unwrap_or_default();
        name.to_lowercase().contains(&words)
    });
    Ok(Json(found).into_response())
}

async fn featured(State(site): Shared) -> Json<Value> {
    Json(site.market().page(0, 4, |_| true)["items"].take())
}

async fn product(State(site): Shared, Path(id): Path<String>) -> Answer {
    let mut market = site.market();
    Ok(Json(&stall(&mut market, &id)?.product).into_response())
}

async fn create(State(site): Shared, headers: HeaderMap, Json(new): Json<Value>) -> Answer {
    only_sellers(&headers)?;
    sound(&new)?;
    let mut market = site.market();
    let id = market.add(&new);
    let body = Json(stall(&mut market, &id)?.product.clone());
    let location = [(LOCATION, format!("/api/products/{id}"))];
    Ok((StatusCode::CREATED, location, body).into_response())
}

async fn replace(
    State(site): Shared,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(new): Json<Value>,
) -> Answer {
    only_sellers(&headers)?;
    sound(&new)?;
    merge(&site, &id, &new)
}

async fn change(
    State(site): Shared,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: String,
) -> Answer {
    only_sellers(&headers)?;
    if site.on("endpoint-broken") {
        let title = "column price does not exist";
        return Err(Problem(StatusCode::INTERNAL_SERVER_ERROR, title));
    }
    let patch = serde_json::from_str(&body);
    let patch = patch.map_err(|_| Problem(StatusCode::BAD_REQUEST, "that is no JSON"))?;
    merge(&site, &id, &patch)
}

fn merge(site: &Site, id: &str, with: &Value) -> Answer {
    let mut market = site.market();
    let stall = stall(&mut market, id)?;
    let mut product = stall.product.clone();
    for (key, value) in with.as_object().into_iter().flatten() {
        if !matches!(key.as_str(), "id" | "createdAt") {
            product[key] = value.clone();
        }
    }
    sound(&product)?;
    if !site.on("stale-reads") {
        stall.product = product.clone();
    }
    Ok(Json(product).into_response())
}

async fn remove(State(site): Shared, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    only_sellers(&headers)?;
    let gone = site.market().stalls.remove(&id);
    let gone = gone.map(|_| StatusCode::NO_CONTENT.into_response());
    gone.ok_or(MISSING)
}

async fn stock(State(site): Shared, Path(id): Path<String>) -> Answer {
    let available = stall(&mut site.market(), &id)?.available;
    Ok(Json(json!({ "available": available })).into_response())
}

async fn set_stock(
    State(site): Shared,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(stock): Json<Value>,
) -> Answer {
    only_sellers(&headers)?;
    let available = stock["available"].as_u64();
    let available = available.ok_or(wrong("available is a whole number"))?;
    stall(&mut site.market(), &id)?.available = available;
    Ok(Json(json!({ "available": available })).into_response())
}

async fn reviews(State(site): Shared, Path(id): Path<String>) -> Answer {
    let mut market = site.market();
    let reviews: Vec<&Value> = stall(&mut market, &id)?.reviews.values().collect();
    Ok(Json(reviews).into_response())
}

async fn review(
    State(site): Shared,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(new): Json<Value>,
) -> Answer {
    let author = only_sellers(&headers)?;
    let stars = new["stars"]
        .as_u64()
        .filter(|stars| (1..=5).contains(stars));
    let stars = stars.ok_or(wrong("stars are 1 to 5"))?;
    let mut market = site.market();
    let name = market.id();
    let review = json!({ "id": name, "stars": stars, "text": new["text"], "author": author });
    let reviews = &mut stall(&mut market, &id)?.reviews;
    reviews.insert(name, review.clone());
    Ok((StatusCode::CREATED, Json(review)).into_response())
}

async fn take_back(
    State(site): Shared,
    Path((id, review)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer {
    only_sellers(&headers)?;
    let gone = stall(&mut site.market(), &id)?.reviews.remove(&review);
    let gone = gone.map(|_| StatusCode::NO_CONTENT.into_response());
    gone.ok_or(MISSING)
}

async fn image(
    State(site): Shared,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    only_sellers(&headers)?;
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let form = kind.is_some_and(|kind| kind.starts_with(b"multipart/form-data"));
    if !form || !String::from_utf8_lossy(&body).contains("name=\"image\"") {
        let title = "a form with a field `image` is needed";
        return Err(Problem(StatusCode::BAD_REQUEST, title));
    }
    stall(&mut site.market(), &id)?;
    let url = format!("https://images.farmers-market.example/{id}/1.jpg");
    Ok((StatusCode::CREATED, Json(json!({ "url": url }))).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_has_fifteen_operations() {
        let document: Value = serde_json::from_str(DOCUMENT).unwrap();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.0."));
        let paths = document["paths"].as_object().unwrap().values();
        let keys = paths.flat_map(|path| path.as_object().unwrap().keys());
        assert_eq!(keys.filter(|key| *key != "parameters").count(), 15);
    }
}
