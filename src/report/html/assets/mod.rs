//! Style and scripts of our pages, and the policies that let a browser run these and no other. In: nothing; out: texts
//! for a page. Invariant: what a server said can never become a script, even where its text were not escaped.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// The style of all pages.
pub(super) const CSS: &str = include_str!("report.css");

/// Makes tables sortable.
pub(super) const SORT: &str = include_str!("sort.js");

/// The content security policy of a page with [`SORT`] in it.
pub(super) fn policy() -> String {
    let hash = hash(SORT);
    format!("default-src 'none'; style-src 'unsafe-inline'; script-src '{hash}'")
}

/// Keeps the page of a running run up to date.
pub(super) const LIVE: &str = include_str!("live.js");

/// The policy of a page with [`SORT`] and [`LIVE`] in it: it may ask the server that it came from.
pub(super) fn live_policy() -> String {
    let (sort, live) = (hash(SORT), hash(LIVE));
    format!(
        "default-src 'none'; style-src 'unsafe-inline'; connect-src 'self'; script-src '{sort}' '{live}'"
    )
}

fn hash(script: &str) -> String {
    let hash = BASE64.encode(digest(&SHA256, script.as_bytes()));
    format!("sha256-{hash}")
}
