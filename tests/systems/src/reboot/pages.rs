//! Pages and what draws them. In: a path; out: HTML, a script, a style. Invariant: no page has a script of its own: the
//! content security policy would not let it run.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Response};

/// What everybody sees first.
pub(super) async fn landing() -> Html<String> {
    page(
        "Reboot",
        "<p>What you built, on new ground.</p><a href=/projects>Projects</a>",
    )
}

/// The list, which a script fills.
pub(super) async fn projects() -> Html<String> {
    page("Projects", "<ul id=projects data-from=/api/projects></ul>")
}

fn page(title: &str, body: &str) -> Html<String> {
    Html(format!(
        "<!doctype html><html lang=en><head><title>{title}</title><link rel=stylesheet href=/static/site.css>\
         <script src=/static/site.js defer></script></head><body><h1>{title}</h1>{body}</body></html>"
    ))
}

/// Files that never change under their name.
pub(super) async fn asset(Path(file): Path<String>) -> Response {
    let (kind, text) = match file.as_str() {
        "site.js" => (
            "text/javascript",
            "document.documentElement.dataset.ready = 'yes'\n",
        ),
        "site.css" => ("text/css", "body { max-width: 60rem; margin: auto }\n"),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let headers = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, text).into_response()
}
