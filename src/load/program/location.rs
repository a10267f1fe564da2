//! Where requests go. In: what a URL renders to; out: a [`Location`]. Invariant: what has no template is read once.

use super::Unsendable;
use crate::expr::Context;
use crate::protocol::Location;
use crate::scenario::Request;
use http::uri::PathAndQuery;
use rand::SeedableRng as _;
use rand_xoshiro::Xoshiro256PlusPlus;
use std::time::SystemTime;
use url::Url;

/// A location as a URL.
pub(super) fn in_full(location: &Location, target: &Url) -> String {
    match location {
        Location::Target(path) => format!("{}{path}", target.as_str().trim_end_matches('/')),
        Location::Elsewhere(url) => url.to_string(),
    }
}

/// The value of the `host` header for a target.
pub(in crate::load) fn host(target: &Url) -> String {
    let host = target.host_str().unwrap_or_default();
    match target.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// The location of a request without templates in it.
pub(super) fn literal_location(request: &Request) -> Option<Location> {
    let constant = request
        .query
        .iter()
        .all(|(_, value)| value.as_literal().is_some());
    if !constant || request.url.as_literal().is_none() {
        return None;
    }
    let mut context = Context {
        variables: &[],
        rng: &mut Xoshiro256PlusPlus::seed_from_u64(0),
        user: 0,
        iteration: 0,
        now: SystemTime::now,
    };
    let mut text = String::new();
    request.render_url(&mut context, &mut text);
    locate(&text).ok()
}

/// A path at the target, or a whole URL.
pub(in crate::load) fn locate(text: &str) -> Result<Location, Unsendable> {
    // A captured URL of a WebSocket goes out over HTTP, too.
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let scheme = match scheme {
        "ws" => "http",
        "wss" => "https",
        other => other,
    };
    if matches!(scheme, "http" | "https") {
        let url = format!("{scheme}://{rest}")
            .parse()
            .map_err(|e| Unsendable(format!("the URL cannot be read: {e}")))?;
        return Ok(Location::Elsewhere(Box::new(url)));
    }
    text.parse::<PathAndQuery>()
        .map(Location::Target)
        .map_err(|e| Unsendable(format!("the path cannot be sent: {e}")))
}
