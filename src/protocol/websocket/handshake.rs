//! The handshake (RFC 6455, 4). In: the headers of a request and of the answer to it; out: whether both sides agreed
//! on a WebSocket. Invariant: nothing is spoken that was not offered.

use crate::expr::Head;
use crate::protocol::{Headers, Problem};
use crate::record::Failure;
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What servers put behind the key before they hash it.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Looks at an answer with the status 101.
pub(in crate::protocol) fn agreed(
    sent: &Headers,
    offered: &[String],
    head: &Head,
) -> Result<(), Problem> {
    disagreement(sent, offered, head)
        .map_or(Ok(()), |words| Err(Problem::new(Failure::Protocol, words)))
}

fn disagreement(sent: &Headers, offered: &[String], head: &Head) -> Option<String> {
    let said = |name: &str| head.get(name).map(String::from_utf8_lossy);
    let has = |name: &str, word: &str| {
        let value = said(name).unwrap_or_default();
        value
            .split(',')
            .any(|own| own.trim().eq_ignore_ascii_case(word))
    };
    for (name, word) in [("upgrade", "websocket"), ("connection", "upgrade")] {
        if !has(name, word) {
            return Some(format!("answered 101 without `{name}: {word}`"));
        }
    }
    let key = sent.iter().find(|(name, _)| *name == "sec-websocket-key");
    let wanted = accept(key.map_or(&[], |(_, key)| key));
    match said("sec-websocket-accept") {
        None => return Some("answered 101 without `sec-websocket-accept`".into()),
        Some(other) if other != wanted => {
            return Some(format!(
                "its `sec-websocket-accept` is {other:?}, and the key asks for {wanted:?}"
            ));
        }
        Some(_) => {}
    }
    if let Some(extensions) = said("sec-websocket-extensions") {
        return Some(format!(
            "uses the extension {extensions:?}, which was not offered"
        ));
    }
    match said("sec-websocket-protocol") {
        None if offered.is_empty() => None,
        None => Some(format!(
            "chose none of the sub-protocols {}",
            offered.join(", ")
        )),
        Some(one) if offered.iter().any(|o| *o == one) => None,
        Some(one) => Some(format!(
            "chose the sub-protocol {one:?}, which was not offered"
        )),
    }
}

/// What a server must answer to a key.
fn accept(key: &[u8]) -> String {
    let text = [key, GUID.as_bytes()].concat();
    STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderName;

    #[test]
    fn only_what_was_offered_is_agreed() {
        let mut sent = Headers::default();
        let key = HeaderName::from_static("sec-websocket-key");
        sent.add(&key, "dGhlIHNhbXBsZSBub25jZQ==");
        let good = [
            ("upgrade", "WebSocket"),
            ("connection", "keep-alive, Upgrade"),
            ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        ];
        let offered = ["a".to_owned(), "b".to_owned()];
        let ask = |offered: &[String], changes: &[(&'static str, &'static str)]| {
            let kept = good
                .iter()
                .filter(|(name, _)| !changes.iter().any(|(n, _)| n == name));
            let all = kept.chain(changes).filter(|(_, value)| !value.is_empty());
            disagreement(&sent, offered, &Head::of(all.copied()))
        };
        assert_eq!(ask(&[], &[]), None);
        assert_eq!(ask(&offered, &[("sec-websocket-protocol", "b")]), None);
        for (offered, change, words) in [
            (&[][..], ("upgrade", "h2c"), "without `upgrade: websocket`"),
            (&[], ("connection", "close"), "without `connection"),
            (&[], ("sec-websocket-accept", ""), "without `sec-websocket"),
            (&[], ("sec-websocket-accept", "x"), "is \"x\", and the key"),
            (
                &[],
                ("sec-websocket-extensions", "permessage-deflate"),
                "permessage-deflate",
            ),
            (&[], ("sec-websocket-protocol", "a"), "not offered"),
            (&offered, ("sec-websocket-protocol", "c"), "not offered"),
            (&offered, ("sec-websocket-protocol", ""), "none of"),
        ] {
            let found = ask(offered, &[change]).unwrap();
            assert!(found.contains(words), "{found}");
        }
    }
}
