//! Packing what is sent. In: a body; out: the same, packed. Invariant: the same body gives the same bytes.

use crate::scenario::Coding;
use flate2::Compression;
use flate2::read::{GzEncoder, ZlibEncoder};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use std::io::Read as _;

/// Between speed and size as web servers choose it.
const QUALITY: i32 = 5;

/// Packs a body.
pub fn pack(coding: Coding, plain: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    // Reading from memory does not fail, nor does writing to it.
    match coding {
        Coding::Gzip => {
            let mut encoder = GzEncoder::new(plain, Compression::default());
            encoder.read_to_end(&mut out).ok();
        }
        Coding::Deflate => {
            let mut encoder = ZlibEncoder::new(plain, Compression::default());
            encoder.read_to_end(&mut out).ok();
        }
        Coding::Br => {
            let parameters = ::brotli::enc::BrotliEncoderParams {
                quality: QUALITY,
                size_hint: plain.len(),
                ..Default::default()
            };
            ::brotli::BrotliCompress(&mut &*plain, &mut out, &parameters).ok();
        }
        Coding::Zstd => out = compress_to_vec(plain, CompressionLevel::Fastest),
    }
    out
}
