//! The one script of our pages, and the policy that lets a browser run this one and no other. In: nothing; out: texts
//! for a page. Invariant: what a server said can never become a script, even where its text were not escaped.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// Makes tables sortable.
pub(super) const SORT: &str = include_str!("sort.js");

/// The content security policy of a page with [`SORT`] in it.
pub(super) fn policy() -> String {
    let hash = BASE64.encode(digest(&SHA256, SORT.as_bytes()));
    format!("default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{hash}'")
}
