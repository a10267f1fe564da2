//! The body that somebody looks at. In: what came; out: the same, unpacked. Invariant: memory is bounded, whatever
//! the server sends.

use super::wire::KEPT;
use crate::expr::Head;
use crate::protocol::Problem;
use crate::record::Failure;
use bytes::Bytes;
use flate2::read::{GzDecoder, ZlibDecoder};
use std::io::Read;

/// The body of a received answer as it was before it was packed; `received` are its bytes on the wire.
pub(super) fn unpacked(
    head: &Head,
    body: Vec<u8>,
    packed: bool,
    received: u64,
) -> Result<Bytes, Problem> {
    if !packed || body.is_empty() {
        return Ok(body.into());
    }
    let coding = head.get("content-encoding").unwrap_or_default();
    unpack(coding, body.into(), received)
}

/// Unpacks gzip and deflate, asked for or not; other codings are left as they came.
fn unpack(coding: &[u8], packed: Bytes, received: u64) -> Result<Bytes, Problem> {
    let mut out = Vec::new();
    let limit = KEPT as u64 + 1;
    let result = if coding.eq_ignore_ascii_case(b"gzip") || coding.eq_ignore_ascii_case(b"x-gzip") {
        GzDecoder::new(packed.as_ref())
            .take(limit)
            .read_to_end(&mut out)
    } else if coding.eq_ignore_ascii_case(b"deflate") {
        ZlibDecoder::new(packed.as_ref())
            .take(limit)
            .read_to_end(&mut out)
    } else {
        return Ok(packed);
    };
    if let Err(error) = result {
        let detail = format!(
            "the {} body is damaged: {error}",
            String::from_utf8_lossy(coding)
        );
        return Err(Problem {
            failure: Failure::Protocol,
            detail,
            received,
        });
    }
    if out.len() > KEPT {
        let detail = format!(
            "unpacks to more than {}",
            crate::units::format_bytes(KEPT as u64)
        );
        return Err(Problem {
            failure: Failure::BodyLimit,
            detail,
            received,
        });
    }
    Ok(out.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::read::{GzEncoder, ZlibEncoder};

    #[test]
    fn packed_bodies_are_unpacked_and_bombs_are_not() {
        let mut gzip = Vec::new();
        GzEncoder::new(&b"hello"[..], Compression::default())
            .read_to_end(&mut gzip)
            .unwrap();
        let mut zlib = Vec::new();
        ZlibEncoder::new(&b"hello"[..], Compression::default())
            .read_to_end(&mut zlib)
            .unwrap();
        assert_eq!(unpack(b"gzip", gzip.clone().into(), 0).unwrap(), "hello");
        assert_eq!(unpack(b"deflate", zlib.into(), 0).unwrap(), "hello");
        assert_eq!(unpack(b"br", Bytes::from_static(b"x"), 0).unwrap(), "x");
        gzip.truncate(12);
        assert_eq!(
            unpack(b"GZIP", gzip.into(), 0).unwrap_err().failure,
            Failure::Protocol
        );

        let mut bomb = Vec::new();
        GzEncoder::new(
            std::io::repeat(0).take(KEPT as u64 + 10),
            Compression::best(),
        )
        .read_to_end(&mut bomb)
        .unwrap();
        assert!(bomb.len() < KEPT / 100);
        assert_eq!(
            unpack(b"gzip", bomb.into(), 0).unwrap_err().failure,
            Failure::BodyLimit
        );
    }
}
