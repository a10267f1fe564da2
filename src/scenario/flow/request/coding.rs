//! How bodies are packed. In: `compression:` and `compress:`; out: the codings that are asked for, and the one that a
//! body is packed with. Invariant: every coding here can be unpacked, too.

use super::Headers;
use crate::expr::Template;
use crate::scenario::loading::Loading;
use crate::scenario::vocabulary::{CODINGS, COMPRESS, COMPRESSION};
use crate::source::{Fields, Kind};
use http::{HeaderName, header};
use std::fmt;

/// A content coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// RFC 1952.
    Gzip,
    /// RFC 1950; some servers send RFC 1951 by that name.
    Deflate,
    /// Brotli, RFC 7932.
    Br,
    /// Zstandard, RFC 8878.
    Zstd,
}

impl Coding {
    /// All of them, in the order in which browsers name them.
    pub const ALL: [Self; 4] = [Self::Gzip, Self::Deflate, Self::Br, Self::Zstd];

    /// As headers and scenarios name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Br => "br",
            Self::Zstd => "zstd",
        }
    }

    /// By its name, whatever its case.
    pub fn named(name: &str) -> Option<Self> {
        let known = |coding: &Self| coding.name().eq_ignore_ascii_case(name);
        Self::ALL.into_iter().find(known)
    }
}

impl fmt::Display for Coding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What `defaults:` or a step says about packing; what it does not say is `None`.
#[derive(Debug, Clone, Default)]
pub(in crate::scenario::flow) struct Packing {
    /// The value of `accept-encoding`; empty to send none.
    accept: Option<String>,
    /// The word for bodies that are sent: a coding or `off`.
    compress: Option<&'static str>,
}

impl Packing {
    /// Reads `compression:` and `compress:`, which `headers` may not say as well.
    pub(in crate::scenario::flow) fn read(
        loading: &mut Loading<'_>,
        fields: &Fields<'_>,
        headers: &Headers<'_>,
    ) -> Self {
        for (key, name) in [
            ("compression", header::ACCEPT_ENCODING),
            ("compress", header::CONTENT_ENCODING),
        ] {
            if let (Some(_), Some(span)) = (fields.entry(key), headers.get(&name)) {
                let message = format!("`{name}` is what `{key}` sets");
                let help = "keep one of them";
                loading.reader.error("T0416", span, message, help);
            }
        }
        let compress = fields.get("compress");
        Self {
            accept: accept(loading, fields),
            compress: compress.and_then(|node| loading.reader.word(node, &COMPRESS)),
        }
    }

    /// Makes the headers say it, and returns how the body is to be packed. What a step says wins over its headers, and
    /// these over `defaults:`.
    pub(super) fn apply(
        &self,
        defaults: &Self,
        (own, has_body): (&Headers<'_>, bool),
        headers: &mut Vec<(HeaderName, Template)>,
    ) -> Option<Coding> {
        let free = |name| own.get(&name).is_none();
        let inherited = defaults.accept.as_ref();
        let inherited = inherited.filter(|_| free(header::ACCEPT_ENCODING));
        if let Some(accept) = self.accept.as_ref().or(inherited) {
            set(headers, &header::ACCEPT_ENCODING, accept);
        }
        let inherited = defaults.compress.filter(|_| free(header::CONTENT_ENCODING));
        let coding = Coding::named(self.compress.or(inherited)?)?;
        if !has_body {
            return None;
        }
        set(headers, &header::CONTENT_ENCODING, coding.name());
        Some(coding)
    }
}

fn set(headers: &mut Vec<(HeaderName, Template)>, name: &HeaderName, value: &str) {
    headers.retain(|(known, _)| known != name);
    if !value.is_empty() {
        headers.push((name.clone(), Template::literal(value)));
    }
}

fn accept(loading: &mut Loading<'_>, fields: &Fields<'_>) -> Option<String> {
    let node = fields.get("compression")?;
    let names = if let Kind::List(items) = &node.kind {
        let words = items.iter().map(|item| loading.reader.word(item, &CODINGS));
        words.collect::<Option<Vec<_>>>()?
    } else {
        match loading.reader.word(node, &COMPRESSION)? {
            "off" => Vec::new(),
            "auto" => Coding::ALL.map(Coding::name).into(),
            word => vec![word],
        }
    };
    Some(names.join(", "))
}
