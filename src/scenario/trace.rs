//! Who follows a request through the servers. In: `trace:`; out: the share of requests whose traces are kept, and where
//! they are shown. Invariant: what is shown is a web address of the scenario's own.

use super::loading::Loading;
use super::vocabulary::TRACE;
use crate::source::{Fields, Kind, Node};
use crate::units::parse_share;
use url::Url;

/// Of a load, unless something else is said.
const SAMPLED: f64 = 0.01;
/// What stands in an address for a trace.
const ID: &str = "{trace_id}";

/// Traces of requests.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// The share of a load's requests whose traces servers are told to keep, as a fraction of one.
    pub sampled: f64,
    /// Where a trace is shown: an address with `{trace_id}`.
    pub url: Option<String>,
}

/// Reads `trace:`: a share, or a map.
pub(super) fn read(loading: &mut Loading<'_>, fields: &Fields<'_>) -> Option<Trace> {
    let node = fields.get("trace")?;
    if !matches!(node.kind, Kind::Map(_)) {
        let sampled = share(loading, node)?;
        return Some(Trace { sampled, url: None });
    }
    let fields = loading.reader.object(node, &TRACE)?;
    let sampled = fields.get("sampled").map(|node| share(loading, node));
    // Without its variable there are no links, which changes nothing that was measured.
    let url = fields
        .get("url")
        .filter(|node| loading.unset_in(node).is_none());
    let url = url.and_then(|node| address(loading, node));
    Some(Trace {
        sampled: sampled.flatten().unwrap_or(SAMPLED),
        url,
    })
}

fn share(loading: &mut Loading<'_>, node: &Node) -> Option<f64> {
    loading
        .reader
        .quantity(node, "a share of the requests such as `1%`", parse_share)
}

fn address(loading: &mut Loading<'_>, node: &Node) -> Option<String> {
    let text = loading.reader.text(node)?;
    let url = Url::parse(&text.value.replace(ID, "0"));
    let web = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    let place = text.value.find(ID);
    // In the host it would lead elsewhere for every trace.
    let inside = url.as_ref().is_ok_and(web)
        && place.is_some_and(|at| text.value[..at].matches('/').count() >= 3);
    let secret = loading.secret_in(node).is_some();
    if inside && !secret {
        return Some(text.value);
    }
    let message = if secret {
        "the address of traces holds a secret, and every report shows it"
    } else {
        "this is no address of a trace"
    };
    let help = "write an `http://` or `https://` address with `{trace_id}` in its path: `https://jaeger.shop.test/trace/{trace_id}`";
    loading.reader.error("T0766", text.span, message, help);
    None
}
