//! TLS as browsers do it. In: a private CA, a client certificate, `insecure`; out: a client configuration. Invariant: certificates
//! and host names are verified unless the scenario says `insecure: true`, which every report repeats.

use super::Offer;
use super::connection::Stream;
use super::trouble::of_handshake;
use crate::protocol::Problem;
use crate::record::Failure;
use crate::scenario::{Identity, TlsVersion};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore,
    SignatureScheme, version,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

/// What a scenario says about TLS.
pub use crate::scenario::Tls as TlsSettings;

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The CA file cannot be used.
    #[error("{path}: no certificate could be read: {reason}", path = path.display())]
    Ca {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The client's certificate or key cannot be used.
    #[error("{path}: no client certificate or key could be read: {reason}", path = path.display())]
    Identity {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// There is nothing to verify servers by.
    #[error("servers cannot be verified: {0}")]
    Verifier(String),
    /// The library refused.
    #[error("TLS cannot be set up: {0}")]
    Library(#[from] rustls::Error),
}

/// The client configuration for a scenario.
///
/// # Errors
/// When a file cannot be read or holds nothing of use.
pub(super) fn config(settings: &TlsSettings, offer: Offer) -> Result<Arc<ClientConfig>, TlsError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let versions: &[_] = match settings.min {
        TlsVersion::V1_2 => &[&version::TLS13, &version::TLS12],
        TlsVersion::V1_3 => &[&version::TLS13],
    };
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)?;
    let verifier: Arc<dyn ServerCertVerifier> = if settings.insecure {
        Arc::new(Unverified(provider))
    } else {
        let roots = Arc::new(roots(settings.ca.as_deref())?);
        let inner = WebPkiServerVerifier::builder_with_provider(roots, provider).build();
        Arc::new(Verified(
            inner.map_err(|e| TlsError::Verifier(e.to_string()))?,
        ))
    };
    let builder = builder
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match &settings.identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let (chain, key) = client(identity)?;
            builder.with_client_auth_cert(chain, key)?
        }
    };
    let offered: &[&[u8]] = match offer {
        Offer::Http1 => &[b"http/1.1"],
        Offer::Http2 => &[b"h2"],
        Offer::Either => &[b"h2", b"http/1.1"],
    };
    config.alpn_protocols = offered.iter().map(|name| name.to_vec()).collect();
    Ok(Arc::new(config))
}

/// Shakes hands as `host`.
pub(super) async fn secure(
    host: &str,
    config: Arc<ClientConfig>,
    stream: Stream,
) -> Result<TlsStream<Stream>, Problem> {
    let name = ServerName::try_from(host.to_owned()).map_err(|e| Problem::new(Failure::Tls, e))?;
    let shaken = TlsConnector::from(config).connect(name, stream).await;
    shaken.map_err(|error| Problem::new(Failure::Tls, of_handshake(&error)))
}

/// Certificates and key of the client.
fn client(
    identity: &Identity,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
    let problem = |path: &Path, reason: &dyn ToString| TlsError::Identity {
        path: path.to_owned(),
        reason: reason.to_string(),
    };
    let Identity { cert, key } = identity;
    let chain = CertificateDer::pem_file_iter(cert).map_err(|e| problem(cert, &e))?;
    let chain: Result<Vec<_>, _> = chain.collect();
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|e| problem(key, &e))?;
    Ok((chain.map_err(|e| problem(cert, &e))?, secret))
}

/// The system's roots, Mozilla's where the system has none, and the scenario's own.
fn roots(ca: Option<&Path>) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(native.certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    if let Some(path) = ca {
        let problem = |reason: String| TlsError::Ca {
            path: path.to_owned(),
            reason,
        };
        let certificates =
            CertificateDer::pem_file_iter(path).map_err(|e| problem(e.to_string()))?;
        let mut found = 0;
        for certificate in certificates {
            let certificate = certificate.map_err(|e| problem(e.to_string()))?;
            roots.add(certificate).map_err(|e| problem(e.to_string()))?;
            found += 1;
        }
        if found == 0 {
            return Err(problem("the file holds no certificate in PEM form".into()));
        }
    }
    Ok(roots)
}

/// A certificate that vouches for itself.
#[derive(Debug, thiserror::Error)]
#[error("it is signed by itself")]
pub(super) struct SelfSigned;

/// What browsers verify; certificates signed by themselves are told from those of unknown authorities.
#[derive(Debug)]
struct Verified(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for Verified {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.0.verify_server_cert(own, others, name, ocsp, now);
        verified.map_err(|error| match error {
            rustls::Error::InvalidCertificate(
                CertificateError::UnknownIssuer | CertificateError::Other(_),
            ) if self_signed(own) => {
                CertificateError::Other(OtherError(Arc::new(SelfSigned))).into()
            }
            other => other,
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

fn self_signed(own: &CertificateDer<'_>) -> bool {
    Certificate::from_der(own).is_ok_and(|certificate| {
        let body = certificate.tbs_certificate();
        body.issuer() == body.subject()
    })
}

/// `insecure: true`.
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ca.pem");
        for text in [None, Some("not a certificate")] {
            if let Some(text) = text {
                std::fs::write(&path, text).unwrap();
            }
            let settings = TlsSettings {
                ca: Some(path.clone()),
                ..TlsSettings::default()
            };
            assert!(
                config(&settings, Offer::Http1)
                    .unwrap_err()
                    .to_string()
                    .contains("ca.pem")
            );
        }
        assert!(config(&TlsSettings::default(), Offer::Http1).is_ok());
    }
}
