//! What goes wrong in TLS, and the words that it gets: servers with certificates made on the spot.

use super::*;
use crate::scenario::{Identity, TlsVersion};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, version};
use std::path::PathBuf;
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;

/// An authority and a folder with its files.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { issuer, folder }
    }

    fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    fn issue(&self, params: &CertificateParams) -> (CertificateDer<'static>, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let own = params.signed_by(&key, &self.issuer).unwrap();
        (own.der().clone(), key)
    }

    /// A certificate of a client, and its key, as files.
    fn client(&self) -> Identity {
        let (own, key) = self.issue(&CertificateParams::new(Vec::new()).unwrap());
        let file = |name: &str| self.folder.path().join(name);
        let pem = pem(&own);
        std::fs::write(file("client.pem"), pem).unwrap();
        std::fs::write(file("client.key"), key.serialize_pem()).unwrap();
        Identity {
            cert: file("client.pem"),
            key: file("client.key"),
        }
    }
}

fn pem(own: &CertificateDer<'_>) -> String {
    use base64::Engine as _;
    let text = base64::prelude::BASE64_STANDARD.encode(own);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

fn named(names: &[&str]) -> CertificateParams {
    CertificateParams::new(names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>()).unwrap()
}

fn between(from: i32, to: i32) -> CertificateParams {
    let mut params = named(&["shop.test"]);
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(to, 1, 1);
    params
}

fn server(
    (own, key): (CertificateDer<'static>, &KeyPair),
    clients: Option<&Authority>,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_protocol_versions(versions).unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.issuer.der().clone()).unwrap();
            let roots = Arc::new(roots);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build();
            builder.with_client_cert_verifier(verifier.unwrap())
        }
    };
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = builder.with_single_cert(vec![own], key).unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// Connects, says a word and waits for an answer; the words of what went wrong.
async fn talk(tls: TlsSettings, url: &str, acceptor: &TlsAcceptor) -> Result<Connection, String> {
    let (listener, port) = listen().await;
    let (dialer, endpoint) = dial(tls, url, port);
    let client = async {
        let mut phases = Phases::default();
        let opened = dialer.open(&endpoint, Offer::Http1, &mut phases).await;
        let mut connection = opened.map_err(|problem| {
            assert_eq!(problem.failure, Failure::Tls);
            problem.detail
        })?;
        assert!(phases.tls.is_some());
        let stream = &mut connection.stream;
        stream.write_all(b"ping").await.unwrap();
        let read = stream.read_exact(&mut [0; 4]).await;
        read.map_err(|error| tls_trouble(&error).unwrap_or(error.to_string()))?;
        Ok(connection)
    };
    let server = async {
        let (stream, _) = listener.accept().await.unwrap();
        if let Ok(mut stream) = acceptor.accept(stream).await {
            let mut word = [0; 4];
            if stream.read_exact(&mut word).await.is_ok() {
                stream.write_all(&word).await.ok();
            }
        }
    };
    tokio::join!(client, server).0
}

/// `url` is led to a port of this machine.
fn dial(tls: TlsSettings, url: &str, port: u16) -> (Dialer, Endpoint) {
    let url: Url = url.parse().unwrap();
    let fixed = crate::scenario::Override {
        host: "*".into(),
        port: None,
        addresses: vec![SocketAddr::from(([127, 0, 0, 1], port))],
    };
    let network = Network {
        resolve: vec![fixed],
        ..Network::default()
    };
    let dialer = Dialer::new(tls).unwrap().with_network(network, &url);
    (dialer, Endpoint::new(&url))
}

#[tokio::test]
async fn certificates_that_are_wrong_are_told_in_words() {
    let authority = Authority::new("test authority");
    let all = rustls::ALL_VERSIONS;
    let key = KeyPair::generate().unwrap();
    let own = named(&["shop.test"]).self_signed(&key).unwrap();
    let own = (own.der().clone(), key);
    let (other, renewed) = (Authority::new("other"), Authority::new("test authority"));
    let many = ["a.test", "b.test", "c.test", "d.test", "e.test", "f.test"];
    let trusted = || TlsSettings {
        ca: Some(authority.ca()),
        ..TlsSettings::default()
    };
    for (certificate, words) in [
        (authority.issue(&named(&["shop.test"])), None),
        (
            authority.issue(&between(2019, 2020)),
            Some("expired on 2020-01-01"),
        ),
        (
            authority.issue(&between(2190, 2191)),
            Some("valid from 2190-01-01 on"),
        ),
        (
            authority.issue(&named(&["cdn.test", "127.0.0.1"])),
            Some("is not valid for shop.test; it is valid for cdn.test, 127.0.0.1; "),
        ),
        (
            authority.issue(&named(&many)),
            Some("c.test, d.test, e.test and 1 more"),
        ),
        (
            authority.issue(&named(&[])),
            Some("it is valid for no name at all"),
        ),
        (own, Some("is signed by itself")),
        (
            other.issue(&named(&["shop.test"])),
            Some("an authority that is not trusted here"),
        ),
        (
            renewed.issue(&named(&["shop.test"])),
            Some("another key signed it"),
        ),
    ] {
        let (own, key) = &certificate;
        let acceptor = server((own.clone(), key), None, all);
        let talked = talk(trusted(), "https://shop.test", &acceptor).await;
        match (talked, words) {
            (Ok(connection), None) => assert_eq!(connection.certificate.as_deref(), Some(&own[..])),
            (Err(found), Some(words)) => assert!(found.contains(words), "{words}: {found}"),
            (talked, words) => panic!("{words:?}: {talked:?}"),
        }
        let anything = TlsSettings {
            insecure: true,
            ..TlsSettings::default()
        };
        let talked = talk(anything, "https://shop.test", &acceptor).await;
        assert!(talked.is_ok(), "{words:?}: {talked:?}");
    }
}

#[tokio::test]
#[rustfmt::skip]
async fn names_and_versions_are_what_the_scenario_says() {
    let authority = Authority::new("test authority");
    let (own, key) = authority.issue(&named(&["shop.test"]));
    let (all, old, new) = (rustls::ALL_VERSIONS, &[&version::TLS12][..], &[&version::TLS13][..]);
    let (v2, v3) = (TlsVersion::V1_2, TlsVersion::V1_3);
    for (url, server_name, min, versions, words) in [
        ("https://10.0.0.7", None, v2, all, Some("not valid for 10.0.0.7")),
        ("https://10.0.0.7", Some("shop.test"), v2, all, None),
        ("https://shop.test", Some("cdn.test"), v2, all, Some("not valid for cdn.test")),
        ("https://shop.test", None, v2, old, None),
        ("https://shop.test", None, v3, old, Some("no version of TLS that is wanted")),
        ("https://shop.test", None, v3, new, None),
    ] {
        let acceptor = server((own.clone(), &key), None, versions);
        let tls = TlsSettings {
            ca: Some(authority.ca()),
            server_name: server_name.map(str::to_owned),
            min,
            ..TlsSettings::default()
        };
        let found = talk(tls, url, &acceptor).await.err();
        assert_eq!(
            found.is_some(),
            words.is_some(),
            "{url} {server_name:?}: {found:?}"
        );
        assert!(
            words.is_none_or(|w| found.as_ref().is_some_and(|f| f.contains(w))),
            "{found:?}"
        );
    }
}

#[tokio::test]
async fn clients_show_their_certificate_where_servers_ask() {
    let (authority, strangers) = (
        Authority::new("test authority"),
        Authority::new("strangers"),
    );
    let certificate = authority.issue(&named(&["shop.test"]));
    for (identity, versions, words) in [
        (Some(authority.client()), rustls::ALL_VERSIONS, None),
        (Some(authority.client()), &[&version::TLS12], None),
        (
            None,
            rustls::ALL_VERSIONS,
            Some("the server wants a client certificate"),
        ),
        // TLS 1.2 has no alert of its own for that.
        (None, &[&version::TLS12], Some("the server")),
        (
            Some(strangers.client()),
            rustls::ALL_VERSIONS,
            Some("the server refused the client certificate"),
        ),
    ] {
        let acceptor = server(
            (certificate.0.clone(), &certificate.1),
            Some(&authority),
            versions,
        );
        let tls = TlsSettings {
            ca: Some(authority.ca()),
            identity,
            ..TlsSettings::default()
        };
        let found = talk(tls, "https://shop.test", &acceptor).await.err();
        assert_eq!(found.is_some(), words.is_some(), "{found:?}");
        assert!(
            words.is_none_or(|w| found.as_ref().is_some_and(|f| f.contains(w))),
            "{found:?}"
        );
    }
}

#[tokio::test]
async fn a_port_without_tls_is_told() {
    for (said, words) in [
        (
            "HTTP/1.1 400 Bad Request\r\n\r\n",
            "does not speak TLS on this port",
        ),
        ("SSH-2.0-OpenSSH\r\n", "does not speak TLS on this port"),
        (
            "",
            "closed the connection in the TLS handshake; it may not speak TLS",
        ),
    ] {
        let (listener, port) = listen().await;
        let (dialer, endpoint) = dial(TlsSettings::default(), "https://shop.test", port);
        let mut phases = Phases::default();
        let opening = dialer.open(&endpoint, Offer::Http1, &mut phases);
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut hello = [0; 4096];
            assert!(stream.read(&mut hello).await.unwrap() > 0);
            stream.write_all(said.as_bytes()).await.unwrap();
        };
        let problem = tokio::join!(opening, server).0.unwrap_err();
        assert_eq!(problem.failure, Failure::Tls);
        assert!(problem.detail.contains(words), "{said:?}: {problem:?}");
    }
}
