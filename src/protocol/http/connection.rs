//! Opening a connection. In: an origin; out: a stream for requests, and how long the name, connecting and the TLS
//! handshake took, whether they succeeded or not. Invariant: dropping the connection closes it.

use super::origin::Origin;
use super::{Problem, Timings};
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
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// One connection to one origin.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) stream: Stream,
    pub(super) peer: SocketAddr,
    /// The server's own certificate, DER.
    pub(super) certificate: Option<Arc<[u8]>>,
}

#[derive(Debug)]
pub(in crate::protocol) enum Stream {
    Plain(TcpStream),
    Secure(Box<TlsStream<TcpStream>>),
}

/// Opens a connection; `config` asks for TLS.
pub(super) async fn open(
    origin: &Origin,
    config: Option<Arc<ClientConfig>>,
    timings: &mut Timings,
) -> Result<Connection, Problem> {
    let addresses = match origin.addresses() {
        Some(addresses) => addresses,
        None => timed(&mut timings.dns, origin.resolve()).await?,
    };
    let (stream, peer) = timed(&mut timings.connect, connect(&addresses)).await?;
    let Some(config) = config else {
        return Ok(Connection {
            stream: Stream::Plain(stream),
            peer,
            certificate: None,
        });
    };
    let stream = timed(&mut timings.tls, secure(origin, config, stream)).await?;
    let chain = stream.get_ref().1.peer_certificates();
    let certificate = chain
        .and_then(<[_]>::first)
        .map(|own| origin.certificate(own));
    Ok(Connection {
        stream: Stream::Secure(Box::new(stream)),
        peer,
        certificate,
    })
}

/// Adds the time that something took, however it ended.
async fn timed<T>(total: &mut Option<std::time::Duration>, work: impl Future<Output = T>) -> T {
    let start = Instant::now();
    let done = work.await;
    *total.get_or_insert_default() += start.elapsed();
    done
}

async fn connect(addresses: &[SocketAddr]) -> Result<(TcpStream, SocketAddr), Problem> {
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

async fn secure(
    origin: &Origin,
    config: Arc<ClientConfig>,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, Problem> {
    let name =
        ServerName::try_from(origin.host.clone()).map_err(|e| Problem::new(Failure::Tls, e))?;
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
