//! Reading a body to its end. In: a stream of frames; out: how many bytes came and, where somebody will look at
//! them, the bytes themselves, unpacked. Invariant: memory is bounded, whatever the server sends.

use super::{Bytes, Failure, HeaderMap, Incoming, Problem, failure};
use flate2::read::{GzDecoder, ZlibDecoder};
use http::header::CONTENT_ENCODING;
use http_body_util::BodyExt as _;
use std::io::Read;

/// The most that is kept of one body, and the most that a packed one may unpack to.
pub(super) const KEPT: usize = 16 << 20;
/// The most that is read of one body that nobody looks at.
pub(super) const READ: u64 = 256 << 20;

/// A body that was read whole.
pub(super) struct Whole {
    pub(super) bytes: Bytes,
    pub(super) received: u64,
}

pub(super) async fn read(
    mut body: Incoming,
    headers: &HeaderMap,
    keep: bool,
) -> Result<Whole, Problem> {
    let mut received = 0;
    let mut kept: Kept = Kept::Nothing;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|e| Problem {
            received,
            ..failure::of(&e)
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        received += data.len() as u64;
        let limit = if keep { KEPT as u64 } else { READ };
        if received > limit {
            let detail = format!("more than {} arrived", crate::units::format_bytes(limit));
            return Err(Problem {
                failure: Failure::BodyLimit,
                detail,
                received,
            });
        }
        if keep {
            kept = kept.and(data);
        }
    }
    let bytes = kept.bytes();
    let bytes = match headers
        .get(CONTENT_ENCODING)
        .map(http::HeaderValue::as_bytes)
    {
        Some(coding) if keep && !bytes.is_empty() => unpack(coding, bytes, received)?,
        _ => bytes,
    };
    Ok(Whole { bytes, received })
}

/// Most bodies are one frame, which is then kept as it is.
enum Kept {
    Nothing,
    One(Bytes),
    Many(Vec<u8>),
}

impl Kept {
    fn and(self, data: Bytes) -> Self {
        match self {
            Self::Nothing => Self::One(data),
            Self::One(first) => Self::Many([first.as_ref(), data.as_ref()].concat()),
            Self::Many(mut all) => {
                all.extend_from_slice(&data);
                Self::Many(all)
            }
        }
    }

    fn bytes(self) -> Bytes {
        match self {
            Self::Nothing => Bytes::new(),
            Self::One(bytes) => bytes,
            Self::Many(bytes) => bytes.into(),
        }
    }
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
