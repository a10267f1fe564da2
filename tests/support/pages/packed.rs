//! Bodies that come and go packed. In: a request; out: a body in the codings that the path or `accept-encoding` names,
//! or what a packed request held. Invariant: what it packs with is what tollgate packs with; that others understand it
//! is shown by bytes that they made (`protocol/coding`).

use crate::support::script::Answer;
use crate::support::wire::Seen;
use flate2::read::GzDecoder;
use serde_json::json;
use std::io::Read as _;
use tollgate::protocol::pack;
use tollgate::scenario::Coding;

/// `/packed/br,gzip?bytes=70000&cut=1&more=1`: layers in their order, bytes missing at the end, bytes behind it.
pub(in crate::support) fn packed(seen: &Seen, codings: &str) -> Answer {
    let number = |name: &str, none: &str| seen.query(name, none).parse::<usize>().unwrap();
    let text = "tea ".repeat(number("bytes", "100").div_ceil(4));
    let mut body = json!({ "text": text }).to_string().into_bytes();
    for coding in codings.split(',').filter_map(Coding::named) {
        body = pack(coding, &body);
    }
    body.truncate(body.len() - number("cut", "0"));
    body.extend(vec![b'x'; number("more", "0")]);
    Answer::new(200, "application/json", body).with("content-encoding", codings)
}

/// A page in the last coding that the request takes.
pub(in crate::support) fn negotiated(seen: &Seen) -> Answer {
    let page = "<li>tea</li>".repeat(2_000).into_bytes();
    let wanted = seen.header("accept-encoding").unwrap_or_default();
    match wanted
        .split(',')
        .filter_map(|name| Coding::named(name.trim()))
        .next_back()
    {
        Some(coding) => Answer::new(200, "text/html", pack(coding, &page))
            .with("content-encoding", coding.name()),
        None => Answer::new(200, "text/html", page),
    }
}

/// What came in gzip: its text, and what was said about it.
pub(in crate::support) fn imported(seen: &Seen) -> Answer {
    let mut text = String::new();
    let packed = GzDecoder::new(&seen.body[..])
        .read_to_string(&mut text)
        .is_ok();
    let told = json!({
        "packed": packed,
        "text": text,
        "coding": seen.header("content-encoding"),
        "length": seen.body.len(),
    });
    Answer::new(200, "application/json", told.to_string())
}
