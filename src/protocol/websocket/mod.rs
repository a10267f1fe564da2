//! WebSocket (RFC 6455). In: a stream whose handshake was answered; out: messages. Invariant: memory is bounded,
//! whatever the server sends: messages have a limit, and so have pings that cannot be answered.

mod ahead;
mod handshake;

pub(super) use ahead::Ahead;
pub(super) use handshake::agreed;

use super::Problem;
use super::channel::{Closed, Incoming, Outgoing};
use crate::record::Failure;
use crate::units::format_bytes;
use bytes::Bytes;
use futures_core::Stream as _;
use futures_sink::Sink as _;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::time::Instant;
use tokio_websockets::proto::ProtocolError;
use tokio_websockets::{ClientBuilder, CloseCode, Error, Limits, Message, WebSocketStream};

/// The longest message, in one piece or in fragments.
const LONGEST: usize = 16 << 20;
/// Pings that may wait for a server to read their answers.
const PINGS: u32 = 1024;

/// One open WebSocket.
#[derive(Debug)]
pub struct WebSocket {
    stream: WebSocketStream<Ahead>,
    /// Pings since the last time when everything was written.
    unanswered: u32,
    /// Our own ping has no answer yet.
    pinged: bool,
    closed: Option<Closed>,
}

impl WebSocket {
    /// Takes over a stream behind its handshake.
    pub(super) fn new(stream: Ahead) -> Self {
        let limits = Limits::default().max_payload_len(Some(LONGEST));
        Self {
            stream: ClientBuilder::new().limits(limits).take_over(stream),
            unanswered: 0,
            pinged: false,
            closed: None,
        }
    }

    pub(super) fn closed(&self) -> Option<&Closed> {
        self.closed.as_ref()
    }

    pub(super) async fn receive(&mut self) -> Result<Option<Incoming>, Problem> {
        poll_fn(|cx| self.poll_receive(cx)).await
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Incoming>, Problem>> {
        loop {
            let message = match ready!(Pin::new(&mut self.stream).poll_next(cx)) {
                Some(Ok(message)) => message,
                Some(Err(error)) => return Poll::Ready(Err(problem(&error))),
                None if self.closed.is_some() => return Poll::Ready(Ok(None)),
                None => return Poll::Ready(Err(lost())),
            };
            if message.is_ping() {
                self.count_ping(cx)?;
            } else if let Some((code, reason)) = message.as_close() {
                let code = (code != CloseCode::NO_STATUS_RECEIVED).then(|| code.into());
                self.closed = Some(Closed {
                    code,
                    reason: reason.to_owned(),
                });
                // Writes our own close; a server that does not read it gets none.
                let _ = Pin::new(&mut self.stream).poll_next(cx);
                return Poll::Ready(Ok(None));
            } else if message.is_pong() {
                self.pinged = false;
            } else {
                return Poll::Ready(Ok(Some(Incoming {
                    at: Instant::now(),
                    binary: message.is_binary(),
                    body: message.into_payload().into(),
                })));
            }
        }
    }

    /// The answers to pings are queued where they cannot be written.
    fn count_ping(&mut self, cx: &mut Context<'_>) -> Result<(), Problem> {
        self.unanswered = match Pin::new(&mut self.stream).poll_flush(cx) {
            Poll::Ready(Ok(())) => 0,
            Poll::Ready(Err(error)) => return Err(problem(&error)),
            Poll::Pending => self.unanswered + 1,
        };
        if self.unanswered < PINGS {
            return Ok(());
        }
        let words = format!("sent {PINGS} pings and read the answer to none of them");
        Err(Problem::new(Failure::Protocol, words))
    }

    pub(super) async fn send(&mut self, message: Outgoing) -> Result<(), Problem> {
        if message == Outgoing::Ping && std::mem::replace(&mut self.pinged, true) {
            let words = "the server did not answer a ping by the time of the next";
            return Err(Problem::new(Failure::Timeout, words));
        }
        self.write(match message {
            Outgoing::Text(text) => Message::text(text),
            Outgoing::Binary(bytes) => Message::binary(bytes),
            Outgoing::Ping => Message::ping(Bytes::new()),
        })
        .await
    }

    pub(super) async fn close(&mut self, code: u16) -> Result<(), Problem> {
        let code = CloseCode::try_from(code).map_or(CloseCode::NORMAL_CLOSURE, |code| code);
        if self.closed.is_none() {
            self.write(Message::close(Some(code), "")).await?;
        }
        while self.receive().await?.is_some() {}
        Ok(())
    }

    async fn write(&mut self, message: Message) -> Result<(), Problem> {
        poll_fn(|cx| Pin::new(&mut self.stream).poll_ready(cx))
            .await
            .map_err(|error| problem(&error))?;
        Pin::new(&mut self.stream)
            .start_send(message)
            .map_err(|error| problem(&error))?;
        poll_fn(|cx| Pin::new(&mut self.stream).poll_flush(cx))
            .await
            .map_err(|error| problem(&error))
    }
}

fn lost() -> Problem {
    let words = "the connection ended without a close frame (1006)";
    Problem::new(Failure::Read, words)
}

/// What an error of a stream is called.
fn problem(error: &Error) -> Problem {
    match error {
        Error::Io(error) if error.kind() == ErrorKind::UnexpectedEof => lost(),
        Error::Io(error) => {
            let words = format!("the connection broke without a close frame (1006): {error}");
            Problem::new(Failure::Read, words)
        }
        Error::AlreadyClosed => Problem::new(Failure::Write, "the WebSocket is closed already"),
        Error::PayloadTooLong { .. } => {
            let words = format!("a message is longer than {}", format_bytes(LONGEST as u64));
            Problem::new(Failure::BodyLimit, words)
        }
        Error::Protocol(error) => Problem::new(Failure::Protocol, broken(error)),
        error => Problem::new(Failure::Protocol, error),
    }
}

/// What is wrong with a frame.
fn broken(error: &ProtocolError) -> &'static str {
    match error {
        ProtocolError::FragmentedControlFrame => "the server sent a ping or a close in fragments",
        ProtocolError::InvalidCloseCode => "the server closed with a code that must not be sent",
        ProtocolError::InvalidOpcode => {
            "the server sent a frame of an unknown kind, or one that does not go on where the last one stopped"
        }
        ProtocolError::InvalidPayloadLength => {
            "the server sent a frame whose length is not written as it must be"
        }
        ProtocolError::InvalidRsv => {
            "the server set reserved bits of a frame: it uses an extension (compression?) that was not agreed"
        }
        ProtocolError::InvalidUtf8 => "the server sent a text that is not UTF-8",
        ProtocolError::UnexpectedMaskedFrame => {
            "the server sent a masked frame, as only clients may"
        }
        _ => "the server sent a frame that breaks the rules",
    }
}
