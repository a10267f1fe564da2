//! Certificates made on the spot. In: what should be wrong with them; out: a rustls configuration for the
//! server and the PEM of the CA that a client should trust. Invariant: the CA is always a proper one; only
//! the server's own certificate is at fault.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivatePkcs8KeyDer;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// What the server shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Certificate {
    /// For 127.0.0.1 and localhost, signed by the CA.
    Valid,
    /// The same, over since 2020.
    Expired,
    /// Valid for so many days, and an hour.
    EndsIn(u64),
    /// Signed by the CA for `elsewhere.example`.
    WrongHost,
    /// Signed by itself and unknown to the CA.
    SelfSigned,
}

/// The server's configuration and the PEM of its CA.
pub(super) fn make(kind: Certificate) -> (Arc<ServerConfig>, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params
        .distinguished_name
        .push(DnType::CommonName, "tollgate test CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();

    let names = match kind {
        Certificate::WrongHost => vec!["elsewhere.example".to_owned()],
        _ => vec!["127.0.0.1".to_owned(), "localhost".to_owned()],
    };
    let mut params = CertificateParams::new(names).unwrap();
    if kind == Certificate::Expired {
        params.not_before = date_time_ymd(2019, 1, 1);
        params.not_after = date_time_ymd(2020, 1, 1);
    }
    if let Certificate::EndsIn(days) = kind {
        params.not_after = (SystemTime::now() + Duration::from_secs(days * 86_400 + 3_600)).into();
    }
    let key = KeyPair::generate().unwrap();
    let leaf = match kind {
        Certificate::SelfSigned => params.self_signed(&key),
        _ => params.signed_by(&key, &ca),
    }
    .unwrap();

    let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    (Arc::new(config), ca.pem())
}
