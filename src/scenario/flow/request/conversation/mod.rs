//! What is said over a WebSocket. In: `protocols`, `messages` and `ping` of a step; out: a [`Conversation`]: turns in
//! order. Invariant: every wait in it ends, and what a message captures is known to the messages behind it.

pub(super) mod turn;

use super::{Body, Capture, Stream};
use crate::expr::{Check, Expression, Member};
use crate::scenario::loading::Loading;
use crate::source::{Fields, Spanned};
use std::sync::Arc;
use std::time::Duration;

/// What is said over a WebSocket.
#[derive(Debug, Clone)]
pub struct Conversation {
    /// The sub-protocols that are offered.
    pub protocols: Arc<[String]>,
    /// In order.
    pub turns: Vec<Turn>,
    /// How often a ping is sent.
    pub ping: Option<Duration>,
}

/// One item of a conversation.
#[derive(Debug, Clone)]
pub enum Turn {
    /// Sends a message.
    Send(Send),
    /// Waits for a message.
    Receive(Wait),
    /// Takes every message for a time.
    Listen(Listen),
    /// Closes with this code.
    Close(u16),
    /// Waits for the server to close with this code; 1006 is an end without a close frame.
    Closed(u16, Duration),
    /// Follows what comes on a stream.
    Follow(Stream),
}

/// A message to send.
#[derive(Debug, Clone)]
pub struct Send {
    /// JSON, text or a file.
    pub body: Body,
    /// Sent as bytes.
    pub binary: bool,
    /// The slots that rendering reads.
    pub reads: Vec<usize>,
    /// The parts of variables that rendering reads.
    pub members: Vec<Member>,
    /// The message that answers.
    pub reply: Option<Wait>,
}

/// A message to wait for.
#[derive(Debug, Clone)]
pub struct Wait {
    /// What holds of it; none where the next message is meant.
    pub checks: Vec<Spanned<Check>>,
    /// How long to wait.
    pub within: Duration,
    /// Values to keep from it.
    pub captures: Vec<Capture>,
    /// Where it says when it was sent.
    pub sent_at: Option<Expression>,
}

/// Messages to take as they come.
#[derive(Debug, Clone)]
pub struct Listen {
    /// For how long.
    pub lasts: Duration,
    /// Ends with this many.
    pub messages: Option<u64>,
    /// Fewer are a failure.
    pub at_least: u64,
    /// Where each says when it was sent.
    pub sent_at: Option<Expression>,
    /// What holds of each.
    pub checks: Vec<Spanned<Check>>,
}

impl Conversation {
    /// One that only listens.
    pub(super) fn follow(stream: Stream) -> Self {
        Self {
            protocols: Arc::default(),
            turns: vec![Turn::Follow(stream)],
            ping: None,
        }
    }

    /// The stream that it follows; `None` of a WebSocket.
    pub fn stream(&self) -> Option<&Stream> {
        match self.turns.as_slice() {
            [Turn::Follow(stream)] => Some(stream),
            _ => None,
        }
    }

    /// The values that it keeps from messages.
    pub fn captures(&self) -> impl Iterator<Item = &Capture> {
        let waits = self.turns.iter().filter_map(Turn::wait);
        let followed = self
            .stream()
            .into_iter()
            .flat_map(|stream| &stream.captures);
        waits.flat_map(|wait| &wait.captures).chain(followed)
    }

    /// The longest that all of it may take.
    pub fn longest(&self) -> Duration {
        let time = |turn: &Turn| match turn {
            Turn::Listen(listen) => listen.lasts,
            Turn::Follow(stream) => stream.longest(),
            Turn::Closed(_, within) => *within,
            turn => turn.wait().map_or(Duration::ZERO, |wait| wait.within),
        };
        self.turns.iter().map(time).sum()
    }

    /// The longest wait for a single message or a close.
    pub fn longest_wait(&self) -> Duration {
        let waits = self.turns.iter().filter_map(|turn| match turn {
            Turn::Closed(_, within) => Some(*within),
            turn => turn.wait().map(|wait| wait.within),
        });
        waits.max().unwrap_or_default()
    }
}

impl Turn {
    /// What it waits for, if it is one message.
    pub fn wait(&self) -> Option<&Wait> {
        match self {
            Self::Send(send) => send.reply.as_ref(),
            Self::Receive(wait) => Some(wait),
            Self::Listen(_) | Self::Close(_) | Self::Closed(..) | Self::Follow(_) => None,
        }
    }
}

/// Reads the conversation of a step; `timeout` is that of the step.
pub(super) fn read(
    loading: &mut Loading<'_>,
    fields: &Fields<'_>,
    timeout: Duration,
) -> Option<Conversation> {
    own_headers(loading, fields);
    let protocols = protocols(loading, fields);
    let ping = fields.get("ping").map(|node| turn::time(loading, node));
    let items = fields
        .get("messages")
        .map(|node| loading.reader.list(node))
        .unwrap_or_default();
    let turns = items.iter().map(|node| turn::read(loading, node, timeout));
    // All of them are read, so that all that is wrong is told.
    let turns: Vec<_> = turns.collect();
    let ends = |turn: &Option<Turn>| matches!(turn, Some(Turn::Close(_) | Turn::Closed(..)));
    if let Some(last) = turns.iter().position(ends)
        && let Some(behind) = items.get(last + 1)
    {
        let message = "nothing can be said behind a close";
        let help = "remove it, or open another WebSocket for it";
        loading.reader.error("T0460", behind.span, message, help);
    }
    Some(Conversation {
        protocols: protocols?,
        turns: turns.into_iter().collect::<Option<_>>()?,
        ping: match ping {
            Some(every) => Some(every?),
            None => None,
        },
    })
}

fn protocols(loading: &mut Loading<'_>, fields: &Fields<'_>) -> Option<Arc<[String]>> {
    let items = fields
        .get("protocols")
        .map(|node| loading.reader.list(node))
        .unwrap_or_default();
    let read = items.into_iter().map(|node| {
        let text = loading.reader.text(node)?.value;
        let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        if !text.bytes().all(token) || text.is_empty() {
            let message = format!("`{text}` cannot be the name of a sub-protocol");
            let help = "write one word, or a list of words: `[tracking.v2, tracking.v1]`";
            loading.reader.error("T0463", node.span, message, help);
            return None;
        }
        Some(text)
    });
    let read: Vec<_> = read.collect();
    read.into_iter().collect()
}

/// The headers that make the handshake are not the author's.
fn own_headers(loading: &mut Loading<'_>, fields: &Fields<'_>) {
    let Some(node) = fields.get("headers") else {
        return;
    };
    let crate::source::Kind::Map(entries) = &node.kind else {
        return;
    };
    for (name, _) in entries {
        let lower = name.value.to_ascii_lowercase();
        if matches!(lower.as_str(), "upgrade" | "connection") || lower.starts_with("sec-websocket-")
        {
            let message = format!("the handshake of a WebSocket sets `{lower}` itself");
            let help = match lower.as_str() {
                "sec-websocket-protocol" => "write the sub-protocols under `protocols:`",
                _ => "remove it",
            };
            loading.reader.error("T0464", name.span, message, help);
        }
    }
}
