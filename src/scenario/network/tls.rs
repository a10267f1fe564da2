//! `tls:`. In: files and words; out: how servers are verified and how this client shows who it is. Invariant: a file
//! that is named here holds what it should, and key and certificate belong together.

use super::without_effect;
use crate::scenario::loading::Loading;
use crate::scenario::settings::existing;
use crate::scenario::vocabulary::{TLS, TLS_VERSIONS};
use crate::source::{Diagnostic, Fields, Node};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, RootCertStore};
use std::path::{Path, PathBuf};

/// How servers are verified, and how this client shows who it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// A PEM file of authorities to trust beside the system's own; it holds at least one.
    pub ca: Option<PathBuf>,
    /// Any certificate is accepted.
    pub insecure: bool,
    /// What is shown to servers that ask who we are.
    pub identity: Option<Identity>,
    /// The least version that is spoken.
    pub min: TlsVersion,
    /// The name that is asked for (SNI) and verified at the target, in the place of its host.
    pub server_name: Option<String>,
}

/// A client certificate and its key, which belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// A PEM file: the certificate, and those between it and its authority.
    pub cert: PathBuf,
    /// A PEM file.
    pub key: PathBuf,
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TlsVersion {
    /// 1.2.
    #[default]
    V1_2,
    /// 1.3.
    V1_3,
}

impl TlsVersion {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::V1_2 => "1.2",
            Self::V1_3 => "1.3",
        }
    }
}

/// `tls:`.
pub(in crate::scenario) fn tls(loading: &mut Loading<'_>, fields: &Fields<'_>) -> Tls {
    let Some(node) = fields.get("tls") else {
        return Tls::default();
    };
    let Some(fields) = loading.reader.object(node, &TLS) else {
        return Tls::default();
    };
    let ca = fields.get("ca").and_then(|node| authorities(loading, node));
    let insecure = fields
        .get("insecure")
        .and_then(|node| loading.reader.boolean(node))
        == Some(true);
    if let (true, Some((span, _))) = (insecure, fields.entry("ca")) {
        let message = "`ca` has no effect: `insecure: true` accepts any certificate";
        let warning = Diagnostic::warning("T0710", loading.reader.source(), span, message)
            .help("remove `insecure`, and servers are verified against this file");
        loading.reader.push(warning);
    }
    let min = fields.get("min");
    let min = min.and_then(|node| loading.reader.word(node, &TLS_VERSIONS));
    let name = fields.get("server_name");
    Tls {
        ca,
        insecure,
        identity: identity(loading, &fields),
        min: match min {
            Some("1.3") => TlsVersion::V1_3,
            _ => TlsVersion::V1_2,
        },
        server_name: name.and_then(|node| server_name(loading, node)),
    }
}

fn authorities(loading: &mut Loading<'_>, node: &Node) -> Option<PathBuf> {
    let path = existing(loading, node)?;
    let certificates = certificates(loading, node, &path)?;
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        if let Err(error) = roots.add(certificate) {
            let shown = path.display();
            let message = format!("{shown} holds a certificate that cannot be read: {error}");
            unusable(loading, node, message, "write it anew, in PEM form");
            return None;
        }
    }
    Some(path)
}

/// The certificates of a file; at least one.
fn certificates(
    loading: &mut Loading<'_>,
    node: &Node,
    path: &Path,
) -> Option<Vec<CertificateDer<'static>>> {
    let bytes = read(loading, node, path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let shown = path.display();
    let why = match found {
        Ok(found) if !found.is_empty() => return Some(found),
        Ok(_) => format!("{shown} holds no certificate in PEM form"),
        Err(error) => format!("{shown} is damaged: {error}"),
    };
    let help = "a certificate in PEM form begins with `-----BEGIN CERTIFICATE-----`; \
                `openssl x509 -inform der -in FILE` turns DER into it";
    unusable(loading, node, why, help);
    None
}

/// `cert:` and `key:`.
fn identity(loading: &mut Loading<'_>, fields: &Fields<'_>) -> Option<Identity> {
    let (cert, key) = match (fields.get("cert"), fields.get("key")) {
        (None, None) => return None,
        (Some(cert), Some(key)) => (cert, key),
        (cert, key) => {
            let (has, lacks) = if cert.is_some() {
                ("cert", "key")
            } else {
                ("key", "cert")
            };
            let span = cert.or(key).map_or(fields.span, |node| node.span);
            let message = format!("`{has}` stands here without `{lacks}`");
            let help =
                "a client certificate has both: `tls: { cert: client.pem, key: client.key }`";
            loading.reader.error("T0735", span, message, help);
            return None;
        }
    };
    let identity = Identity {
        cert: existing(loading, cert)?,
        key: existing(loading, key)?,
    };
    let chain = certificates(loading, cert, &identity.cert)?;
    let secret = private_key(loading, key, &identity.key)?;
    let shown = identity.key.display();
    match CertifiedKey::from_der(chain, secret, &default_provider()) {
        // Of some keys the library cannot tell.
        Ok(_) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Some(identity),
        Err(rustls::Error::InconsistentKeys(_)) => {
            let cert = identity.cert.display();
            let message = format!("{shown} is not the key of the certificate in {cert}");
            let help = "name the key that the certificate was made with, and put the client's \
                        own certificate first in its file";
            unusable(loading, key, message, help);
            None
        }
        Err(error) => {
            let message = format!("{shown} and its certificate cannot be used: {error}");
            unusable(loading, key, message, "use an RSA, ECDSA or Ed25519 key");
            None
        }
    }
}

fn private_key(
    loading: &mut Loading<'_>,
    node: &Node,
    path: &Path,
) -> Option<PrivateKeyDer<'static>> {
    let bytes = read(loading, node, path)?;
    let shown = path.display();
    if bytes.windows(9).any(|w| w == b"ENCRYPTED") {
        let message = format!("{shown} is encrypted, and nobody is there to type its password");
        let help =
            format!("decrypt it to a file that only you can read: `openssl pkey -in {shown}`");
        loading.reader.error("T0737", node.span, message, help);
        return None;
    }
    let key = PrivateKeyDer::from_pem_slice(&bytes).ok();
    if key.is_none() {
        let message = format!("{shown} holds no private key in PEM form");
        let help = "a key in PEM form begins with `-----BEGIN PRIVATE KEY-----`";
        unusable(loading, node, message, help);
    }
    key
}

fn read(loading: &mut Loading<'_>, node: &Node, path: &Path) -> Option<Vec<u8>> {
    match std::fs::read(path) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            loading.unreadable("T0707", node, path, &error);
            None
        }
    }
}

fn unusable(loading: &mut Loading<'_>, node: &Node, message: String, help: &str) {
    loading.reader.error("T0736", node.span, message, help);
}

fn server_name(loading: &mut Loading<'_>, node: &Node) -> Option<String> {
    let text = loading.reader.text(node)?;
    if ServerName::try_from(text.value.as_str()).is_err() {
        let message = format!("`{}` is not the name of a server", text.value);
        let help = "write the name alone, without scheme and port: `shop.test`";
        loading.reader.error("T0709", node.span, message, help);
        return None;
    }
    Some(text.value)
}

/// Warns of what `tls:` says about a target without TLS.
pub(in crate::scenario) fn unused(loading: &mut Loading<'_>, fields: &Fields<'_>) {
    let Some(inner) = fields
        .get("tls")
        .and_then(|node| loading.reader.object(node, &TLS))
    else {
        return;
    };
    let why = "the target is `http:`, which has no TLS";
    without_effect(loading, &inner, "server_name", why);
}
