//! Packed bodies. In: bytes and the `content-encoding` that they came with; out: the bytes as they were. Invariant:
//! no layer unpacks to more than its limit, and a body is whole or an error that says what is wrong with it.

mod brotli;
mod flate;
mod pack;
#[cfg(test)]
mod tests;
mod zstd;

pub use pack::pack;

use crate::expr::Head;
use crate::scenario::Coding;
use std::borrow::Cow;

/// Layers that a body may have: nobody needs more than two.
const LAYERS: usize = 4;

/// Why a body cannot be unpacked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Damage {
    /// It would be longer than the limit.
    TooLong,
    /// What is wrong, in words behind "the gzip body".
    Wrong(String),
}

impl Damage {
    fn short() -> Self {
        Self::Wrong("ends too early".to_owned())
    }

    fn damaged(error: impl std::fmt::Display) -> Self {
        Self::Wrong(format!("is damaged: {error}"))
    }

    fn behind(bytes: &[u8]) -> Self {
        let bytes = crate::units::format_bytes(bytes.len() as u64);
        Self::Wrong(format!("has {bytes} behind its end"))
    }
}

/// Unpacks one layer.
pub(super) fn unpack(coding: Coding, packed: &[u8], limit: usize) -> Result<Vec<u8>, Damage> {
    match coding {
        Coding::Gzip => flate::gzip(packed, limit),
        Coding::Deflate => flate::deflate(packed, limit),
        Coding::Br => brotli::unpack(packed, limit),
        Coding::Zstd => zstd::unpack(packed, limit),
    }
}

/// The codings of an answer's body in the order in which they were put on; `Err` has what is not known.
pub(super) fn codings(head: &Head) -> Result<Vec<Coding>, Cow<'_, str>> {
    let mut codings = Vec::new();
    for name in names(head) {
        // Names that old servers use.
        let known = match name.as_ref() {
            "x-gzip" => Some(Coding::Gzip),
            name => Coding::named(name),
        };
        codings.push(known.ok_or(name)?);
    }
    if codings.len() > LAYERS {
        return Err(format!("{} layers", codings.len()).into());
    }
    Ok(codings)
}

fn names(head: &Head) -> impl Iterator<Item = Cow<'_, str>> {
    head.get_all("content-encoding")
        .flat_map(|line| line.split(|b| *b == b','))
        .map(|name| String::from_utf8_lossy(name.trim_ascii()))
        .filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("identity"))
}
