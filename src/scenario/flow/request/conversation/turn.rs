//! One item of a conversation. In: a map; out: a [`Turn`]. Invariant: it says one thing, and a code that must not be
//! sent is none.

use super::{Listen, Send, Turn, Wait};
use crate::expr::Expression;
use crate::scenario::flow::request::body::{Body, file, json};
use crate::scenario::flow::request::response::{captures, checks, one_text};
use crate::scenario::loading::Loading;
use crate::scenario::vocabulary::{BESIDE, MESSAGE, WAIT};
use crate::source::{Fields, Kind, Node, Spanned};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::time::Duration;

/// Codes that an end may send (RFC 6455, 7.4, and the registry).
const SENDABLE: [std::ops::RangeInclusive<u64>; 3] = [1000..=1003, 1007..=1014, 3000..=4999];

/// Reads one item; `timeout` is how long waits last that do not say it.
pub(super) fn read(loading: &mut Loading<'_>, node: &Node, timeout: Duration) -> Option<Turn> {
    let fields = loading.reader.object(node, &MESSAGE)?;
    let verb = verb(loading, node, &fields)?;
    let value = fields.get(verb)?;
    match verb {
        "receive" => wait(loading, value, timeout).map(Turn::Receive),
        "listen" => listen(loading, &fields, value).map(Turn::Listen),
        "close" => code(loading, value, true).map(Turn::Close),
        "closed" => {
            let code = code(loading, value, false);
            let within = within(loading, &fields, timeout);
            Some(Turn::Closed(code?, within?))
        }
        _ => send(loading, &fields, (verb, value), timeout).map(Turn::Send),
    }
}

/// The one thing that it says; what means nothing beside it is told.
fn verb(loading: &mut Loading<'_>, node: &Node, fields: &Fields<'_>) -> Option<&'static str> {
    let said = |key: &str| BESIDE.iter().find(|(verb, _)| *verb == key);
    let mut verbs = fields.iter().filter_map(|(key, _)| said(&key.value));
    let Some((verb, beside)) = verbs.next() else {
        let help = format!("add one of: {}", BESIDE.map(|(verb, _)| verb).join(", "));
        let message = "this message does not say what to do";
        // An unknown key is told already, and it is probably the verb.
        let all = if let Kind::Map(entries) = &node.kind {
            entries.len()
        } else {
            0
        };
        if all == fields.iter().count() {
            loading.reader.error("T0460", node.span, message, help);
        }
        return None;
    };
    for (key, _) in fields.iter() {
        let text = key.value.as_str();
        if text == *verb || beside.contains(&text) {
            continue;
        }
        let message = format!("`{text}` means nothing beside `{verb}`");
        let help = match (*verb, text) {
            ("receive", "check" | "within" | "sent_at") => {
                format!("write it inside: `receive: {{ {text}: … }}`")
            }
            ("send" | "binary" | "file", "check" | "within" | "sent_at") => {
                format!("write it inside what is waited for: `reply: {{ {text}: … }}`")
            }
            (_, text) if said(text).is_some() => "make it two items, each with its own `-`".into(),
            _ => "remove it".into(),
        };
        loading.reader.error("T0460", key.span, message, help);
    }
    Some(verb)
}

fn send(
    loading: &mut Loading<'_>,
    fields: &Fields<'_>,
    (verb, value): (&str, &Node),
    timeout: Duration,
) -> Option<Send> {
    let body = match verb {
        "file" => file(loading, value).map(|(bytes, path)| Body::File(bytes, path)),
        "binary" => binary(loading, value),
        _ if value.scalar().is_some() => loading.template(value).map(Body::Text),
        _ => Some(Body::Json(json(loading, value))),
    };
    let reply = match fields.get("reply") {
        Some(node) => Some(wait(loading, node, timeout)?),
        None => None,
    };
    let body = body?;
    Some(Send {
        binary: verb != "send",
        reads: body.slots(),
        members: body.members().into_iter().cloned().collect(),
        body,
        reply,
    })
}

fn binary(loading: &mut Loading<'_>, node: &Node) -> Option<Body> {
    let text = loading.reader.text(node)?.value;
    let tight: String = text.split_ascii_whitespace().collect();
    match STANDARD.decode(tight) {
        Ok(bytes) => Some(Body::File(bytes.into(), std::path::PathBuf::new())),
        Err(error) => {
            let why = error.to_string();
            let message = format!("this is not base64: {}", why.trim_end_matches('.'));
            let help = "write bytes in base64, or name a file: `file: message.bin`";
            loading.reader.error("T0462", node.span, message, help);
            None
        }
    }
}

/// Checks as a text or a list, or a map with more.
fn wait(loading: &mut Loading<'_>, node: &Node, timeout: Duration) -> Option<Wait> {
    if !matches!(node.kind, Kind::Map(_)) {
        let errors = loading.reader.errors();
        let items = loading.reader.list(node);
        let checks: Vec<_> = items
            .into_iter()
            .filter_map(|item| {
                let text = one_text(loading, item, "T0422", "a check")?;
                let check = loading.compile(text, "T0312", crate::expr::Check::parse)?;
                Some(Spanned::new(check, item.span))
            })
            .collect();
        return (loading.reader.errors() == errors).then_some(Wait {
            checks,
            within: timeout,
            captures: Vec::new(),
            sent_at: None,
        });
    }
    let fields = loading.reader.object(node, &WAIT)?;
    let checks = checks(loading, &fields);
    let within = within(loading, &fields, timeout);
    let sent_at = sent_at(loading, &fields);
    Some(Wait {
        checks,
        within: within?,
        sent_at,
        captures: captures(loading, &fields),
    })
}

fn listen(loading: &mut Loading<'_>, fields: &Fields<'_>, value: &Node) -> Option<Listen> {
    let lasts = time(loading, value);
    let count = |loading: &mut Loading<'_>, key| match fields.get(key) {
        Some(node) => loading.count(node).map(Some),
        None => Some(None),
    };
    let (messages, at_least) = (count(loading, "messages"), count(loading, "at_least"));
    let checks = checks(loading, fields);
    let sent_at = sent_at(loading, fields);
    let (messages, at_least) = (messages?, at_least?);
    if let (Some(most), Some(least)) = (messages, at_least)
        && most < least
        && let Some((span, _)) = fields.entry("at_least")
    {
        let message = format!("listening ends after {most} messages, which is fewer than {least}");
        let help = "make `messages` at least as many as `at_least`";
        loading.reader.error("T0465", span, message, help);
    }
    Some(Listen {
        lasts: lasts?,
        messages,
        at_least: at_least.unwrap_or_default(),
        sent_at,
        checks,
    })
}

/// `None` where there is none, or it is wrong and told.
fn sent_at(loading: &mut Loading<'_>, fields: &Fields<'_>) -> Option<Expression> {
    let node = fields.get("sent_at")?;
    let text = one_text(loading, node, "T0422", "`sent_at`")?;
    loading.compile(text, "T0311", Expression::parse)
}

fn within(loading: &mut Loading<'_>, fields: &Fields<'_>, timeout: Duration) -> Option<Duration> {
    match fields.get("within") {
        Some(node) => time(loading, node),
        None => Some(timeout),
    }
}

/// A time above zero.
pub(in crate::scenario::flow::request) fn time(
    loading: &mut Loading<'_>,
    node: &Node,
) -> Option<Duration> {
    let time = loading.reader.duration(node)?;
    if time.is_zero() {
        let help = "write a time such as `5s`";
        loading
            .reader
            .error("T0465", node.span, "nothing arrives within no time", help);
        return None;
    }
    Some(time)
}

/// A code to close with, or to be closed with.
fn code(loading: &mut Loading<'_>, node: &Node, sends: bool) -> Option<u16> {
    if !loading.plain_digits(node) {
        return None;
    }
    let code = loading.reader.integer(node)?;
    let fits =
        SENDABLE.iter().any(|codes| codes.contains(&code)) || !sends && matches!(code, 1005 | 1006);
    if !fits {
        let message = format!("{code} is no code that a WebSocket can be closed with");
        let help = if sends {
            "write 1000 (done), 1001 (going away), or one of your own from 4000 to 4999"
        } else {
            "write the code that the server sends, 1005 for none, or 1006 for no close at all"
        };
        loading.reader.error("T0461", node.span, message, help);
        return None;
    }
    u16::try_from(code).ok()
}
