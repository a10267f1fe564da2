//! gzip and deflate. In: packed bytes; out: what they were. Invariant: what stands behind the end is no part of it.

use super::Damage;
use flate2::bufread::{DeflateDecoder, GzDecoder, ZlibDecoder};
use std::io::{ErrorKind, Read};

/// Members, one behind the other; zeros behind the last are padding.
pub(super) fn gzip(packed: &[u8], limit: usize) -> Result<Vec<u8>, Damage> {
    let (mut out, mut rest) = (Vec::new(), packed);
    loop {
        let mut member = GzDecoder::new(rest);
        read(&mut member, &mut out, limit)?;
        rest = member.into_inner();
        if rest.iter().all(|b| *b == 0) {
            return Ok(out);
        }
        if !rest.starts_with(&[0x1f, 0x8b]) {
            return Err(Damage::behind(rest));
        }
    }
}

/// With the header of zlib, as it should be, or without, as some send it.
pub(super) fn deflate(packed: &[u8], limit: usize) -> Result<Vec<u8>, Damage> {
    let wrapped = matches!(packed, [a, b, ..] if a & 0x0f == 8 && (u16::from(*a) << 8 | u16::from(*b)) % 31 == 0);
    let mut out = Vec::new();
    let rest = if wrapped {
        let mut decoder = ZlibDecoder::new(packed);
        read(&mut decoder, &mut out, limit)?;
        decoder.into_inner()
    } else {
        let mut decoder = DeflateDecoder::new(packed);
        read(&mut decoder, &mut out, limit)?;
        decoder.into_inner()
    };
    if rest.is_empty() {
        Ok(out)
    } else {
        Err(Damage::behind(rest))
    }
}

fn read(decoder: &mut impl Read, out: &mut Vec<u8>, limit: usize) -> Result<(), Damage> {
    // One more than there may be tells.
    let left = (limit - out.len()) as u64 + 1;
    match decoder.take(left).read_to_end(out) {
        Ok(_) if out.len() > limit => Err(Damage::TooLong),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(Damage::short()),
        Err(error) => Err(Damage::damaged(error)),
    }
}
