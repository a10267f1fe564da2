//! One connection. In: a stream, its peer, TLS configurations; out: a stream, plain or secure, with the certificate
//! that it showed. Invariant: dropping the connection closes it.

use super::forward::Forward;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::client::TlsStream;

/// One connection to one origin.
#[derive(Debug)]
pub(in crate::protocol) struct Connection {
    pub(in crate::protocol) stream: Stream,
    /// The server's address; `None` on a Unix socket and behind a proxy, which alone knows it.
    pub(in crate::protocol) peer: Option<SocketAddr>,
    /// The server's own certificate, DER.
    pub(in crate::protocol) certificate: Option<Arc<[u8]>>,
    /// What requests say on a connection to a proxy that passes them on one by one.
    pub(in crate::protocol) forward: Option<Arc<Forward>>,
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
            certificate: None,
            forward: None,
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
