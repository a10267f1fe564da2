//! What only some checks ask of an exchange. In: an exchange and its answer; out: the [`Details`] of queries.
//! Invariant: made only for steps that ask.

use crate::expr::Details;
use crate::protocol::{Answer, Exchange};
use http::Version;

/// Details in the form that queries read.
#[derive(Debug)]
pub(in crate::load::user) struct Told<'a> {
    exchange: &'a Exchange,
    answer: &'a Answer,
    redirects: Vec<(u16, String)>,
}

impl<'a> Told<'a> {
    pub(in crate::load::user) fn new(exchange: &'a Exchange, answer: &'a Answer) -> Self {
        let redirects = answer.redirects.iter();
        Self {
            exchange,
            answer,
            redirects: redirects
                .map(|(status, url)| (status.as_u16(), url.to_string()))
                .collect(),
        }
    }

    pub(in crate::load::user) fn details(&self) -> Details<'_> {
        Details {
            reason: Some(self.answer.reason()),
            version: version(self.answer.version),
            redirects: &self.redirects,
            peer: self.answer.peer.map(|peer| peer.ip()),
            certificate: self.answer.certificate.as_deref(),
            wait: self.exchange.wait,
            dns: self.exchange.dns,
            connect: self.exchange.connect,
            tls: self.exchange.tls,
            write: self.exchange.write(),
        }
    }
}

fn version(version: Version) -> Option<&'static str> {
    match version {
        Version::HTTP_10 => Some("HTTP/1.0"),
        Version::HTTP_11 => Some("HTTP/1.1"),
        Version::HTTP_2 => Some("HTTP/2"),
        _ => None,
    }
}
