//! The keys of a conversation over a WebSocket. In: nothing; out: [`MESSAGE`] and [`WAIT`]. Invariant: an item of
//! `messages:` says one thing, with the keys that [`BESIDE`] lists for it.

use super::step::CAPTURE;
use super::{TEXTS, key};
use crate::source::{Key, Shape, Type};

/// What an item of `messages:` can say, each with the keys that mean something beside it.
pub(in crate::scenario) const BESIDE: [(&str, &[&str]); 7] = [
    ("send", &["reply"]),
    ("binary", &["reply"]),
    ("file", &["reply"]),
    ("receive", &[]),
    ("listen", &["messages", "at_least", "sent_at", "check"]),
    ("close", &[]),
    ("closed", &["within"]),
];

const WAITS: Type = Type::Either(&[Type::Text, Type::List(&Type::Text), Type::Object(&WAIT)]);
const WITHIN: Key = key(
    "within",
    Type::Quantity("5s"),
    "How long to wait before the step fails (the step's `timeout` when left out).",
);
const SENT_AT: Key = key(
    "sent_at",
    Type::Text,
    "Where a message says when it was sent, RFC 3339 or a number since 1970: `json $.sent_at`. What is left until its arrival is its latency.",
);

pub(in crate::scenario) static MESSAGE: Shape = Shape {
    name: "a message",
    required: &[],
    keys: &[
        key(
            "send",
            Type::Anything,
            "Send a message: a map or a list as JSON, a text as it is.",
        ),
        key("binary", Type::Text, "Send bytes, written in base64."),
        key(
            "file",
            Type::Text,
            "Send what a file holds as bytes; relative to this one.",
        ),
        key(
            "reply",
            WAITS,
            "Wait for the message that answers, by checks; the time from sending to it is its latency.",
        ),
        key(
            "receive",
            WAITS,
            "Wait for the next message for which checks hold; others are passed over.",
        ),
        key(
            "listen",
            Type::Quantity("60s"),
            "Take every message for so long, or until the end of the load.",
        ),
        key(
            "messages",
            Type::Integer,
            "Listening ends with this many messages, if that comes first.",
        ),
        key(
            "at_least",
            Type::Integer,
            "Fewer messages than this in the whole time fail the step.",
        ),
        SENT_AT,
        key("check", TEXTS, "What must hold of every message."),
        key(
            "close",
            Type::Integer,
            "Close with this code, and wait for the server to do the same.",
        ),
        key(
            "closed",
            Type::Integer,
            "Wait for the server to close with this code; 1006 is an end without a close frame.",
        ),
        WITHIN,
    ],
};

pub(in crate::scenario) static WAIT: Shape = Shape {
    name: "a message to wait for",
    required: &[],
    keys: &[
        key(
            "check",
            TEXTS,
            "What holds of the message that is meant; the next one when left out.",
        ),
        WITHIN,
        key(
            "capture",
            Type::MapOf(&Type::Either(&[Type::Text, Type::Object(&CAPTURE)])),
            "Values kept from the message, for the messages and steps behind it.",
        ),
        SENT_AT,
    ],
};
