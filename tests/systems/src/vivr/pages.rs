//! vivr's pages and what they need. In: paths; out: HTML, styles, scripts and images with their cache headers. Invariant:
//! what everybody sees is public, what belongs to one session is not.

use super::checkout::session;
use super::{Shared, Shop, catalogue};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use std::sync::Arc;

/// Rendered anew every minute.
const PAGE: &str = "public, s-maxage=60, stale-while-revalidate=600";
/// Its name changes with what is in it.
const ASSET: &str = "public, max-age=31536000, s-maxage=31536000, immutable";
const PRIVATE: &str = "private, no-store";

pub(super) fn router() -> Router<Arc<Shop>> {
    Router::new()
        .route("/", get(landing))
        .route("/category/{name}", get(category))
        .route("/product/{slug}", get(product))
        .route("/order/{number}", get(order))
        .route(
            "/_next/static/css/app.css",
            get(async || asset("text/css", 9)),
        )
        .route(
            "/_next/static/chunks/main.js",
            get(async || asset("text/javascript", 30)),
        )
        .route("/media/{name}", get(image))
}

fn page(cache: &'static str, title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><title>{title} | vivr</title>\
         <link rel=\"stylesheet\" href=\"/_next/static/css/app.css\">\
         <script defer src=\"/_next/static/chunks/main.js\"></script></head>\
         <body><h1>{title}</h1>{body}</body></html>"
    );
    ([(CACHE_CONTROL, cache)], Html(html)).into_response()
}

fn asset(kind: &'static str, kilobytes: usize) -> Response {
    let body = "/* vivr */ ".repeat(kilobytes * 100);
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, ASSET)], body).into_response()
}

fn missing() -> Response {
    let page = page(PRIVATE, "Not found", "<p>There is no such page.</p>");
    (StatusCode::NOT_FOUND, page).into_response()
}

async fn landing() -> Response {
    let link = |name: &&str| format!("<a class=\"category\" href=\"/category/{name}\">{name}</a>");
    let links: String = catalogue::CATEGORIES.iter().map(link).collect();
    let hero = "<img src=\"/media/hero.webp\" alt=\"\">";
    page(
        PAGE,
        "Things to live with",
        &format!("{hero}<nav>{links}</nav>"),
    )
}

async fn category(Path(name): Path<String>) -> Response {
    let products = catalogue::of(&name);
    if products.is_empty() {
        return missing();
    }
    let tile = |p: &catalogue::Product| {
        format!(
            "<a class=\"product\" href=\"/product/{}\"><img src=\"{}\" alt=\"\" loading=\"lazy\">{}</a>",
            p.slug, p.image, p.name
        )
    };
    let tiles: String = products.iter().map(tile).collect();
    page(PAGE, &name, &tiles)
}

async fn product(State(shop): Shared, Path(slug): Path<String>) -> Response {
    if shop.on("page-hangs") {
        std::future::pending::<()>().await;
    }
    let Some(product) = catalogue::find(&slug) else {
        return missing();
    };
    let body = format!(
        "<img src=\"{}\" alt=\"\"><p class=\"price\">{}.{:02} EUR</p><button>Add to cart</button>",
        product.image,
        product.price / 100,
        product.price % 100
    );
    page(PAGE, &product.name, &body)
}

async fn order(State(shop): Shared, Path(number): Path<String>, headers: HeaderMap) -> Response {
    let session = session(&headers);
    if !shop.till().is_ordered(&number, session.as_deref()) {
        return missing();
    }
    let body = format!("<p class=\"order\">Your order {number} is on its way.</p>");
    page(PRIVATE, "Thank you", &body)
}

async fn image(Path(name): Path<String>) -> Response {
    let slug = name.strip_suffix(".webp").unwrap_or_default();
    if slug != "hero" && catalogue::find(slug).is_none() {
        return missing();
    }
    let mut bytes = b"RIFF\0\0\0\0WEBP".to_vec();
    bytes.resize(6_000, 0x5a);
    (
        [(CONTENT_TYPE, "image/webp"), (CACHE_CONTROL, ASSET)],
        bytes,
    )
        .into_response()
}
