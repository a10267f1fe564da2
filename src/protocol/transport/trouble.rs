//! What went wrong in TLS, in words. In: an error of the stream; out: a sentence for somebody who has to mend it.
//! Invariant: what a server sent is named within bounds.

use super::tls::SelfSigned;
use jiff::Timestamp;
use rustls::pki_types::UnixTime;
use rustls::{AlertDescription as Alert, CertificateError as Bad, Error, PeerIncompatible};
use std::io;

/// Names of a certificate that are told.
const NAMED: usize = 5;
const NO_TLS: &str =
    "the server does not speak TLS on this port; write `http://` where that is meant";
const NO_CERTIFICATE: &str =
    "the server wants a client certificate; add `tls: { cert: client.pem, key: client.key }`";

/// What an error of a stream says about TLS; `None` where it is none of TLS.
pub(in crate::protocol) fn words(error: &io::Error) -> Option<String> {
    let error = error.get_ref()?.downcast_ref::<Error>()?;
    Some(match error {
        Error::InvalidCertificate(bad) => certificate(bad),
        Error::NoCertificatesPresented => "the server showed no certificate".into(),
        Error::InvalidMessage(_) => NO_TLS.into(),
        Error::AlertReceived(alert) => alerted(*alert),
        Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            | PeerIncompatible::Tls12NotOfferedOrEnabled,
        ) => version().into(),
        other => other.to_string(),
    })
}

/// The same of a handshake, in which a closed connection says something, too.
pub(super) fn of_handshake(error: &io::Error) -> String {
    if let Some(words) = words(error) {
        return words;
    }
    match error.kind() {
        io::ErrorKind::UnexpectedEof => {
            "the server closed the connection in the TLS handshake; it may not speak TLS on this port".into()
        }
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
            format!("the server cut the connection in the TLS handshake: {error}")
        }
        _ => error.to_string(),
    }
}

fn version() -> &'static str {
    "the server speaks no version of TLS that is wanted here: 1.2 or 1.3, or what `tls: { min: … }` says"
}

fn alerted(alert: Alert) -> String {
    match alert {
        Alert::ProtocolVersion => version().into(),
        Alert::CertificateRequired => NO_CERTIFICATE.into(),
        Alert::HandshakeFailure => {
            "the server refused the handshake (HandshakeFailure): it speaks none of our cipher \
             suites or versions, or wants a client certificate (`tls: { cert: …, key: … }`)"
                .into()
        }
        Alert::UnknownCA | Alert::BadCertificate | Alert::CertificateUnknown
        | Alert::CertificateExpired | Alert::CertificateRevoked
        | Alert::UnsupportedCertificate | Alert::AccessDenied
        | Alert::DecryptError => {
            format!("the server refused the client certificate of `tls: {{ cert: … }}` ({alert:?})")
        }
        Alert::UnrecognisedName => {
            "the server has no certificate for this name; `tls: { server_name: … }` asks for another".into()
        }
        Alert::NoApplicationProtocol => "the server speaks none of the protocols offered (ALPN)".into(),
        other => format!("the server ended the connection with the TLS alert {other:?}"),
    }
}

fn certificate(bad: &Bad) -> String {
    match bad {
        Bad::ExpiredContext { not_after, .. } => {
            format!("the server's certificate expired on {}", date(*not_after))
        }
        Bad::Expired => "the server's certificate has expired".into(),
        Bad::NotValidYetContext { not_before, .. } => format!(
            "the server's certificate is valid from {} on; is the clock of this machine right?",
            date(*not_before)
        ),
        Bad::UnknownIssuer => {
            "the server's certificate comes from an authority that is not trusted here; \
             add that authority: `tls: { ca: ca.pem }`"
                .into()
        }
        Bad::NotValidForNameContext {
            expected,
            presented,
        } => format!(
            "the server's certificate is not valid for {}; it is valid for {}; \
             `tls: {{ server_name: … }}` asks for another name",
            expected.to_str(),
            names(presented)
        ),
        Bad::BadSignature => {
            "the server's certificate names an authority that is trusted here, and another key \
             signed it; is the file of `tls: { ca: … }` an older one?"
                .into()
        }
        Bad::Revoked => "the server's certificate was revoked".into(),
        Bad::Other(other) if other.0.is::<SelfSigned>() => {
            "the server's certificate is signed by itself, and no authority vouches for it; \
             trust an authority with `tls: { ca: ca.pem }`, or accept anything with \
             `tls: { insecure: true }` on a throwaway system"
                .into()
        }
        other => format!("the server's certificate cannot be accepted: {other}"),
    }
}

/// `DnsName("shop.test")` and its kin as people write them.
fn names(presented: &[String]) -> String {
    let bare = |name: &String| {
        let inside = name
            .split_once('(')
            .map_or(name.as_str(), |(_, inside)| inside);
        inside.trim_matches([')', '"']).to_owned()
    };
    let named: Vec<String> = presented.iter().take(NAMED).map(bare).collect();
    match presented.len() {
        0 => "no name at all".into(),
        n if n > NAMED => format!("{} and {} more", named.join(", "), n - NAMED),
        _ => named.join(", "),
    }
}

fn date(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    let at = Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
    at.strftime("%Y-%m-%d").to_string()
}
