//! What vivr sells. In: a category, a slug; out: products. Invariant: the same wherever it is asked for.

use axum::Json;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The aisles.
pub(super) const CATEGORIES: [&str; 4] = ["lamps", "chairs", "rugs", "vases"];
const EACH: u64 = 12;

/// Something to buy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Product {
    pub(super) slug: String,
    pub(super) name: String,
    /// In cents.
    pub(super) price: u64,
    pub(super) image: String,
}

/// The products of a category; none where there is no such category.
pub(super) fn of(category: &str) -> Vec<Product> {
    let known = CATEGORIES.iter().position(|known| *known == category);
    let Some(aisle) = known else {
        return Vec::new();
    };
    let product = |number: u64| Product {
        slug: format!("{category}-{number}"),
        name: format!("No. {number} of our {category}"),
        price: 1_900 + 700 * number + 100 * aisle as u64,
        image: format!("/media/{category}-{number}.webp"),
    };
    (1..=EACH).map(product).collect()
}

/// One product.
pub(super) fn find(slug: &str) -> Option<Product> {
    let (category, _) = slug.split_once('-')?;
    of(category).into_iter().find(|p| p.slug == slug)
}

#[derive(Deserialize)]
pub(super) struct Filter {
    category: String,
}

pub(super) async fn products(Query(filter): Query<Filter>) -> Response {
    let items = of(&filter.category);
    if items.is_empty() {
        let body = Json(json!({ "error": "no such category" }));
        return (StatusCode::NOT_FOUND, body).into_response();
    }
    let body = Json(json!({ "count": items.len(), "items": items }));
    ([(CACHE_CONTROL, "private, no-store")], body).into_response()
}
