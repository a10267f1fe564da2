//! Streams that are packed. In: packed bytes as they come; out: what they say so far. Invariant: nothing that has come
//! waits for what has not.

use super::LONGEST;
use crate::protocol::Problem;
use crate::record::Failure;
use crate::units::format_bytes;
use flate2::write::{GzDecoder, ZlibDecoder};
use std::borrow::Cow;
use std::io::{self, Write};

/// How a stream is unpacked.
#[derive(Debug)]
pub(super) enum Unpack {
    Plain,
    Gzip(Box<GzDecoder<Vec<u8>>>),
    Deflate(Box<ZlibDecoder<Vec<u8>>>),
}

impl Unpack {
    /// By the `content-encoding`.
    pub(super) fn new(coding: &[u8]) -> Result<Self, Problem> {
        let coding = String::from_utf8_lossy(coding).trim().to_ascii_lowercase();
        match coding.as_str() {
            "" | "identity" => Ok(Self::Plain),
            "gzip" | "x-gzip" => Ok(Self::Gzip(Box::new(GzDecoder::new(Vec::new())))),
            "deflate" => Ok(Self::Deflate(Box::new(ZlibDecoder::new(Vec::new())))),
            other => {
                let words = format!(
                    "the stream is packed with {other:?}, which is not unpacked as it comes: ask for `accept-encoding: gzip`"
                );
                Err(Problem::new(Failure::Protocol, words))
            }
        }
    }

    pub(super) fn feed<'a>(&mut self, data: &'a [u8]) -> Result<Cow<'a, [u8]>, Problem> {
        let unpacked = match self {
            Self::Plain => return Ok(data.into()),
            Self::Gzip(decoder) => all(decoder.as_mut(), data).map(|()| decoder.get_mut()),
            Self::Deflate(decoder) => all(decoder.as_mut(), data).map(|()| decoder.get_mut()),
        };
        let unpacked = unpacked.map_err(|error| {
            Problem::new(
                Failure::Protocol,
                format!("the packed stream is damaged: {error}"),
            )
        })?;
        if unpacked.len() > LONGEST {
            let words = format!(
                "unpacks to more than {} at once",
                format_bytes(LONGEST as u64)
            );
            return Err(Problem::new(Failure::BodyLimit, words));
        }
        Ok(std::mem::take(unpacked).into())
    }
}

/// Everything that can be unpacked so far.
fn all(decoder: &mut impl Write, data: &[u8]) -> io::Result<()> {
    decoder.write_all(data)?;
    decoder.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;

    #[test]
    fn what_came_is_unpacked_at_once() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        let mut unpack = Unpack::new(b"GZIP").unwrap();
        for word in ["data: a\n\n", "data: bb\n\n", "data: a\n\n"] {
            encoder.write_all(word.as_bytes()).unwrap();
            encoder.flush().unwrap();
            let packed = std::mem::take(encoder.get_mut());
            let mut said = Vec::new();
            for byte in packed.chunks(3) {
                said.extend_from_slice(&unpack.feed(byte).unwrap());
            }
            assert_eq!(said, word.as_bytes());
        }
        assert!(Unpack::new(b"br").is_err());
        let mut unpack = Unpack::new(b"gzip").unwrap();
        assert_eq!(
            unpack.feed(b"not packed at all").unwrap_err().failure,
            Failure::Protocol
        );
    }

    #[test]
    fn a_bomb_is_refused() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&vec![0; 2 * LONGEST]).unwrap();
        let bomb = encoder.finish().unwrap();
        let mut unpack = Unpack::new(b"gzip").unwrap();
        let problem = unpack.feed(&bomb).unwrap_err();
        assert_eq!(problem.failure, Failure::BodyLimit);
    }
}
