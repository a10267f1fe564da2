//! A connection that stays open behind its answer. In: messages to send; out: messages as they come, and how it was
//! closed. Invariant: waiting for a message may be given up at any time, and nothing of it is lost.

use super::Problem;
#[cfg(test)]
use super::scripted::Script;
use super::stream::{EventStream, Resume};
use super::websocket::WebSocket;
use crate::record::Failure;
use crate::scenario::Framing;
use bytes::Bytes;
use std::sync::Arc;
use tokio::time::Instant;

/// What a call wants beside its answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Opens {
    /// An answer that ends is all.
    #[default]
    Nothing,
    /// A WebSocket, with these sub-protocols offered. Its headers, the key included, are among those of the call.
    WebSocket(Arc<[String]>),
    /// A good answer as it comes, in these pieces.
    Stream(Framing),
}

/// A connection for messages.
#[derive(Debug)]
pub enum Channel {
    /// Frames in both directions.
    WebSocket(Box<WebSocket>),
    /// Pieces of an answer.
    Stream(Box<EventStream>),
    /// A table of messages, on virtual time.
    #[cfg(test)]
    Scripted(Script),
}

/// A message that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// When it was whole.
    pub at: Instant,
    /// Not text.
    pub binary: bool,
    /// What it says.
    pub body: Bytes,
}

/// A message to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outgoing {
    /// Text: UTF-8.
    Text(Bytes),
    /// Bytes.
    Binary(Bytes),
    /// Whether anybody is there; the answer to it is not shown.
    Ping,
}

/// How the other side closed a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// The code, where there is one (RFC 6455, 7.4).
    pub code: Option<u16>,
    /// The server's words; often none.
    pub reason: String,
}

impl Channel {
    /// The next message; `None` once the other side has closed the channel in order.
    ///
    /// # Errors
    /// When the connection breaks, or what comes breaks the protocol's rules.
    pub async fn receive(&mut self) -> Result<Option<Incoming>, Problem> {
        match self {
            Self::WebSocket(socket) => socket.receive().await,
            Self::Stream(stream) => stream.receive().await,
            #[cfg(test)]
            Self::Scripted(script) => script.receive().await,
        }
    }

    /// Sends a message.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn send(&mut self, message: Outgoing) -> Result<(), Problem> {
        match self {
            Self::WebSocket(socket) => socket.send(message).await,
            Self::Stream(_) => Err(Problem::new(Failure::Write, "a stream goes one way")),
            #[cfg(test)]
            Self::Scripted(script) => {
                script.send(message);
                Ok(())
            }
        }
    }

    /// Closes the channel with this code and waits for the other side to do the same; messages that still come are
    /// dropped.
    ///
    /// # Errors
    /// When the connection breaks before that.
    pub async fn close(&mut self, code: u16) -> Result<(), Problem> {
        match self {
            Self::WebSocket(socket) => socket.close(code).await,
            Self::Stream(_) => Ok(()),
            #[cfg(test)]
            Self::Scripted(script) => {
                script.close(code);
                Ok(())
            }
        }
    }

    /// Bytes of a stream's body so far; 0 for others.
    pub fn received(&self) -> u64 {
        match self {
            Self::Stream(stream) => stream.received(),
            Self::WebSocket(_) => 0,
            #[cfg(test)]
            Self::Scripted(_) => 0,
        }
    }

    /// What a stream that is opened again begins with.
    pub fn resume(&self) -> Resume {
        match self {
            Self::Stream(stream) => stream.resume(),
            Self::WebSocket(_) => Resume::default(),
            #[cfg(test)]
            Self::Scripted(_) => Resume::default(),
        }
    }

    /// Goes on where another stream ended.
    pub fn follow(&mut self, before: &Self) {
        if let (Self::Stream(stream), Self::Stream(before)) = (self, before) {
            stream.follow(before);
        }
    }

    /// How the other side closed it, once it has.
    pub fn closed(&self) -> Option<&Closed> {
        match self {
            Self::WebSocket(socket) => socket.closed(),
            Self::Stream(_) => None,
            #[cfg(test)]
            Self::Scripted(script) => script.closed(),
        }
    }
}
