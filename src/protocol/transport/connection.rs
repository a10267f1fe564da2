//! One connection. In: addresses, a TLS configuration; out: a stream, plain or secure, with its peer and the
//! certificate it showed. Invariant: dropping the connection closes it.

use super::{Agreed, Endpoint};
use crate::protocol::Problem;
use crate::record::Failure;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// One connection to one origin.
#[derive(Debug)]
pub(in crate::protocol) struct Connection {
    pub(in crate::protocol) stream: Stream,
    pub(in crate::protocol) peer: SocketAddr,
    pub(in crate::protocol) agreed: Agreed,
    /// The server's own certificate, DER.
    pub(in crate::protocol) certificate: Option<Arc<[u8]>>,
}

#[derive(Debug)]
pub(in crate::protocol) enum Stream {
    Plain(TcpStream),
    Secure(Box<TlsStream<TcpStream>>),
}

impl Connection {
    pub(super) fn plain(stream: TcpStream, peer: SocketAddr, agreed: Agreed) -> Self {
        Self {
            stream: Stream::Plain(stream),
            peer,
            agreed,
            certificate: None,
        }
    }

    pub(super) fn secure(
        stream: TlsStream<TcpStream>,
        peer: SocketAddr,
        endpoint: &Endpoint,
    ) -> Self {
        let session = stream.get_ref().1;
        let agreed = match session.alpn_protocol() {
            Some(b"h2") => Agreed::Http2,
            _ => Agreed::Http1,
        };
        let chain = session.peer_certificates();
        let certificate = chain
            .and_then(<[_]>::first)
            .map(|own| endpoint.certificate(own));
        Self {
            stream: Stream::Secure(Box::new(stream)),
            peer,
            agreed,
            certificate,
        }
    }
}

/// Connects to the first address that answers.
pub(super) async fn connect(addresses: &[SocketAddr]) -> Result<(TcpStream, SocketAddr), Problem> {
    let mut last = None;
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                // Requests are whole when written: waiting to fill a segment only adds latency.
                stream.set_nodelay(true).ok();
                return Ok((stream, *address));
            }
            Err(error) => last = Some(format!("{address}: {error}")),
        }
    }
    Err(Problem::new(Failure::Connect, last.unwrap_or_default()))
}

/// Shakes hands as `host`.
pub(super) async fn secure(
    host: &str,
    config: Arc<ClientConfig>,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, Problem> {
    let name = ServerName::try_from(host.to_owned()).map_err(|e| Problem::new(Failure::Tls, e))?;
    TlsConnector::from(config)
        .connect(name, stream)
        .await
        .map_err(|error: io::Error| Problem::new(Failure::Tls, error))
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
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
            Self::Secure(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Secure(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Secure(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
