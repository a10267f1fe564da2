//! `WebSockets` in a program. In: the conversation of a request; out: the headers of its handshake, and the texts of
//! what can fail in it. Invariant: texts and indices of checks agree.

use super::RequestProgram;
use crate::protocol::{Call, Headers, Opens};
use crate::scenario::{Conversation, Stream, Turn};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    CONNECTION, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use rand::Rng;
use std::sync::Arc;
use std::time::Duration;

/// The check that a handshake without one on the status gets.
pub(super) const IMPLICIT: &str = "status == 101";
/// The same for a stream.
pub(super) const IMPLICIT_STREAM: &str = "status == 200";

/// The headers of a handshake that are the same every time.
pub(super) fn handshake(conversation: &Conversation, headers: &mut Headers) -> Opens {
    if let Some(stream) = conversation.stream() {
        return Opens::Stream(stream.framing.clone());
    }
    headers.remove(&[CONNECTION]);
    headers.add(&CONNECTION, "Upgrade");
    headers.add(&UPGRADE, "websocket");
    headers.add(&SEC_WEBSOCKET_VERSION, "13");
    if !conversation.protocols.is_empty() {
        headers.add(&SEC_WEBSOCKET_PROTOCOL, &conversation.protocols.join(", "));
    }
    Opens::WebSocket(Arc::clone(&conversation.protocols))
}

/// Gives a handshake the key that its server must answer to.
pub(super) fn add_key(call: &mut Call, rng: &mut impl Rng) {
    let mut key = [0; 16];
    rng.fill_bytes(&mut key);
    call.headers.add(&SEC_WEBSOCKET_KEY, &STANDARD.encode(key));
}

/// What can fail in a turn, in the order in which it is looked at, and whether it is a capture.
fn texts(turn: &Turn) -> Vec<(bool, String)> {
    let (sent_at, checks, captures) = match turn {
        Turn::Listen(listen) => (&listen.sent_at, &listen.checks[..], &[][..]),
        Turn::Follow(stream) => (&stream.sent_at, &stream.checks[..], &stream.captures[..]),
        turn => match turn.wait() {
            Some(wait) => (&wait.sent_at, &[][..], &wait.captures[..]),
            None => return Vec::new(),
        },
    };
    let sent_at = sent_at
        .iter()
        .map(|e| (false, format!("sent_at: {}", e.text())));
    let checks = checks.iter().map(|c| (false, c.value.text().to_owned()));
    let captures = captures
        .iter()
        .map(|c| (true, format!("capture {}: {}", c.name, c.expression.text())));
    sent_at.chain(checks).chain(captures).collect()
}

impl RequestProgram {
    /// What is said once the answer is there.
    pub(in crate::load) fn turns(&self) -> &[Turn] {
        self.source.conversation.as_ref().map_or(&[], |c| &c.turns)
    }

    /// How often a ping is sent.
    pub(in crate::load) fn ping(&self) -> Option<Duration> {
        self.source.conversation.as_ref()?.ping
    }

    /// The stream that it follows, if its channel is one.
    pub(in crate::load) fn stream(&self) -> Option<&Stream> {
        self.source.conversation.as_ref()?.stream()
    }

    /// Whether its answer opens a channel.
    pub(in crate::load) fn talks(&self) -> bool {
        self.source.conversation.is_some()
    }

    /// What can fail in its conversation.
    pub(super) fn said(&self) -> impl Iterator<Item = String> {
        self.turns().iter().flat_map(texts).map(|(_, text)| text)
    }

    /// Of what can fail behind the checks of the answer, whether it is a capture.
    pub(in crate::load) fn captures_behind(&self) -> impl Iterator<Item = bool> {
        let own = self.source.captures.iter().map(|_| true);
        own.chain(self.turns().iter().flat_map(texts).map(|(kind, _)| kind))
    }

    /// The index of a check of a turn among all that can fail.
    pub(in crate::load) fn check_of_turn(&self, turn: usize, index: usize) -> usize {
        let before = self.turns().iter().take(turn).map(|t| texts(t).len());
        self.handshake_checks() + before.sum::<usize>() + index
    }
}
