//! Queries of the server's certificate. In: its DER, as the server sent it; out: names, dates and the serial
//! number. Invariant: what cannot be read is a mismatch, never a panic: the bytes are a server's.

use super::{Gives, hex};
use crate::expr::found::{Found, Obstacle};
use jiff::Timestamp;
use serde_json::Value as Json;
use std::net::{Ipv4Addr, Ipv6Addr};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::time::Time;

/// A part of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::expr) enum Field {
    Subject,
    Issuer,
    San,
    Start,
    Expiry,
    Serial,
}

/// As they are written.
pub(super) const FIELDS: [(&str, Field); 6] = [
    ("subject", Field::Subject),
    ("issuer", Field::Issuer),
    ("san", Field::San),
    ("start", Field::Start),
    ("expiry", Field::Expiry),
    ("serial", Field::Serial),
];

impl Field {
    /// The type of its value.
    pub(super) fn gives(self) -> Gives {
        match self {
            Self::Subject | Self::Issuer | Self::Serial => Gives::Text,
            Self::San => Gives::List,
            Self::Start | Self::Expiry => Gives::Date,
        }
    }

    /// Its value.
    pub(super) fn find<'a>(self, der: Option<&[u8]>) -> Result<Found<'a>, Obstacle> {
        let der = der.ok_or_else(|| {
            Obstacle::Absent("no certificate: the connection was not encrypted".to_owned())
        })?;
        let certificate = Certificate::from_der(der).map_err(|problem| unreadable(&problem))?;
        let body = certificate.tbs_certificate();
        Ok(match self {
            Self::Subject => Found::Text(body.subject().to_string().into()),
            Self::Issuer => Found::Text(body.issuer().to_string().into()),
            Self::Serial => Found::Text(hex(body.serial_number().as_bytes()).into()),
            Self::Start => date(body.validity().not_before)?,
            Self::Expiry => date(body.validity().not_after)?,
            Self::San => {
                let extension = body
                    .get_extension::<SubjectAltName>()
                    .map_err(|problem| unreadable(&problem))?;
                let names = extension.map(|(_, SubjectAltName(names))| names);
                let names = names.unwrap_or_default();
                Found::json(names.iter().filter_map(name).collect::<Vec<Json>>())
            }
        })
    }
}

fn date<'a>(time: Time) -> Result<Found<'a>, Obstacle> {
    let seconds = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    let date = Timestamp::from_second(seconds).map_err(|problem| unreadable(&problem))?;
    Ok(Found::Date(date))
}

fn name(name: &GeneralName) -> Option<Json> {
    Some(match name {
        GeneralName::DnsName(name)
        | GeneralName::Rfc822Name(name)
        | GeneralName::UniformResourceIdentifier(name) => name.as_str().into(),
        GeneralName::IpAddress(ip) => {
            let ip = ip.as_bytes();
            let four = <[u8; 4]>::try_from(ip).map(|ip| Ipv4Addr::from(ip).to_string());
            let six = <[u8; 16]>::try_from(ip).map(|ip| Ipv6Addr::from(ip).to_string());
            four.or(six).ok()?.into()
        }
        _ => return None,
    })
}

fn unreadable(problem: &dyn std::fmt::Display) -> Obstacle {
    Obstacle::Unfit {
        expected: "a certificate that can be read".to_owned(),
        actual: format!("a certificate that cannot: {problem}"),
    }
}
