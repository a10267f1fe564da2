//! TLS with a CA of its own. In: how many days the certificate holds; out: a listener, and the CA as a file for clients.
//! Invariant: who trusts the CA finds nothing wrong with the certificate but its age.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tempfile::NamedTempFile;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::server::TlsStream;

/// A server's certificate and who signed it.
pub(crate) struct Certificate {
    acceptor: TlsAcceptor,
    ca: NamedTempFile,
}

impl Certificate {
    /// For 127.0.0.1 and localhost, for so many days and an hour.
    pub(crate) fn valid_for(days: u64) -> io::Result<Self> {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "stand-in CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let ca = CertifiedIssuer::self_signed(params, key).map_err(io::Error::other)?;
        let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
        let holds = Duration::from_secs(days * 86_400 + 3_600);
        params.not_after = (SystemTime::now() + holds).into();
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let leaf = params.signed_by(&key, &ca).map_err(io::Error::other)?;
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], key)
            .map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let mut file = tempfile::Builder::new().suffix(".pem").tempfile()?;
        file.write_all(ca.pem().as_bytes())?;
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            ca: file,
        })
    }

    /// The file that clients should trust; gone with the certificate.
    pub(crate) fn ca(&self) -> &Path {
        self.ca.path()
    }
}

/// Gives connections whose handshake is done; a slow one holds up no other.
pub(super) struct Listener {
    address: SocketAddr,
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
}

impl Listener {
    pub(super) fn new(listener: TcpListener, certificate: &Certificate) -> io::Result<Self> {
        let (give, ready) = mpsc::channel(64);
        let address = listener.local_addr()?;
        let acceptor = certificate.acceptor.clone();
        tokio::spawn(async move {
            while !give.is_closed() {
                let Ok((stream, peer)) = listener.accept().await else {
                    continue;
                };
                // Messages leave as they are written; a connection that is gone already needs nothing.
                let _gone = stream.set_nodelay(true);
                let (give, acceptor) = (give.clone(), acceptor.clone());
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        // Nobody takes it when the server is closed.
                        let _closed = give.send((stream, peer)).await;
                    }
                });
            }
        });
        Ok(Self { address, ready })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl axum::serve::Listener for Listener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(ready) => ready,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(self.address)
    }
}
