//! Its pages and what they need. In: paths; out: HTML, styles and scripts. Invariant: what a page shows is what the market
//! has at that moment.

use super::market::Stall;
use super::{Shared, Site};
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use std::sync::Arc;
use std::time::Duration;

pub(super) fn router(site: &Arc<Site>) -> Router<Arc<Site>> {
    Router::new()
        .route("/", get(landing))
        .route("/products/{id}", get(product))
        .layer(from_fn_with_state(site.clone(), slow))
        .route("/_next/static/app.css", get(async || asset("text/css", 8)))
        .route(
            "/_next/static/app.js",
            get(async || asset("text/javascript", 25)),
        )
}

/// One page in ten, where that is broken.
async fn slow(State(site): Shared, request: Request, next: Next) -> Response {
    let wait = match (site.on("slow-first-byte"), site.on("slow-pages")) {
        (true, _) => Duration::from_millis(400),
        (_, true) => Duration::from_millis(2_500),
        _ => Duration::ZERO,
    };
    if !wait.is_zero() && site.page_calls.one_in(10) {
        tokio::time::sleep(wait).await;
    }
    next.run(request).await
}

fn asset(kind: &'static str, kilobytes: usize) -> Response {
    let body = "/* to market */ ".repeat(kilobytes * 64);
    let cache = "public, max-age=31536000, immutable";
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, cache)], body).into_response()
}

fn page(title: &str, body: &str) -> Html<String> {
    Html(format!(
        "<!doctype html><html lang=\"en\"><head><title>{title}</title>\
         <link rel=\"stylesheet\" href=\"/_next/static/app.css\">\
         <script defer src=\"/_next/static/app.js\"></script></head>\
         <body><h1>{title}</h1>{body}</body></html>"
    ))
}

fn name(stall: &Stall) -> &str {
    stall.product["name"].as_str().unwrap_or_default()
}

async fn landing(State(site): Shared) -> Html<String> {
    let market = site.market();
    let link = |(id, stall): (&String, &Stall)| {
        let name = name(stall);
        format!("<a class=\"product\" href=\"/products/{id}\">{name}</a>")
    };
    let links: String = market.stalls.iter().take(12).map(link).collect();
    page("This week on the market", &links)
}

async fn product(State(site): Shared, Path(id): Path<String>) -> Response {
    let market = site.market();
    let Some(stall) = market.stalls.get(&id) else {
        let page = page("Sold out", "<p>There is no such product.</p>");
        return (StatusCode::NOT_FOUND, page).into_response();
    };
    let price = &stall.product["price"];
    let body = format!("<p class=\"price\">{price} EUR</p><button>Reserve</button>");
    page(name(stall), &body).into_response()
}
