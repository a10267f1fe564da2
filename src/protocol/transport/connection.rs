//! One connection. In: a stream, its peer, TLS configurations; out: a stream, plain or secure, with the certificate
//! that it showed. Invariant: dropping the connection closes it.

use super::Agreed;
use super::forward::Forward;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::{Instant, timeout};
use tokio_rustls::client::TlsStream;

/// How long a reset may be on its way behind the end of a connection.
const ROUND_TRIP: Duration = Duration::from_millis(50);

/// One connection to one origin.
#[derive(Debug)]
pub(in crate::protocol) struct Connection {
    pub(in crate::protocol) stream: Stream,
    /// The server's address; `None` on a Unix socket and behind a proxy, which alone knows it.
    pub(in crate::protocol) peer: Option<SocketAddr>,
    /// What is spoken on it.
    pub(in crate::protocol) agreed: Agreed,
    /// The server's own certificate, DER.
    pub(in crate::protocol) certificate: Option<Arc<[u8]>>,
    /// What requests say on a connection to a proxy that passes them on one by one.
    pub(in crate::protocol) forward: Option<Arc<Forward>>,
    /// When the server is about to close it, where it has said how long it waits for another request.
    pub(in crate::protocol) until: Option<Instant>,
}

#[derive(Debug)]
pub(in crate::protocol) enum Stream {
    Plain(TcpStream),
    Unix(UnixStream),
    /// TLS, on whichever of the others: on itself behind a proxy that is spoken to in TLS.
    Secure(Box<TlsStream<Stream>>),
}

impl Connection {
    pub(super) fn new(stream: Stream, peer: Option<SocketAddr>) -> Self {
        Self {
            stream,
            peer,
            agreed: Agreed::Http1,
            certificate: None,
            forward: None,
            until: None,
        }
    }
}

impl Stream {
    /// Of a connection that was found closed: whether the other side had closed it before it read what was written
    /// last. Its system answers what comes later with a reset, behind the end of what it sent: then nobody has read
    /// the request, and nobody has acted on it.
    pub(in crate::protocol) async fn closed_before(&self) -> bool {
        let Some(stream) = self.tcp() else {
            return false;
        };
        let reset = async {
            matches!(stream.take_error(), Ok(Some(_)))
                || stream.ready(Interest::ERROR).await.is_ok()
                    && matches!(stream.take_error(), Ok(Some(_)))
        };
        timeout(ROUND_TRIP, reset).await.unwrap_or(false)
    }

    fn tcp(&self) -> Option<&TcpStream> {
        match self {
            Self::Plain(stream) => Some(stream),
            Self::Unix(_) => None,
            Self::Secure(stream) => stream.get_ref().0.tcp(),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Secure(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Secure(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Unix(stream) => Pin::new(stream).poll_flush(cx),
            Self::Secure(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Secure(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
