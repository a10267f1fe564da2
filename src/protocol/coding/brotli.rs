//! br. In: packed bytes; out: what they were. Invariant: windows are those of RFC 7932, 16 MiB at most.

use super::Damage;
use ::brotli::{BrotliDecompressStream, BrotliResult, BrotliState, HeapAlloc};

/// What is unpacked at once.
const PART: usize = 64 << 10;

pub(super) fn unpack(packed: &[u8], limit: usize) -> Result<Vec<u8>, Damage> {
    let (bytes, words) = (HeapAlloc::default(), HeapAlloc::default());
    let mut state = BrotliState::new_strict(bytes, words, HeapAlloc::default());
    let (mut left, mut at, mut total) = (packed.len(), 0, 0);
    let (mut out, mut part) = (Vec::new(), vec![0; PART]);
    loop {
        let (mut room, mut filled) = (PART, 0);
        let result = BrotliDecompressStream(
            &mut left,
            &mut at,
            packed,
            &mut room,
            &mut filled,
            &mut part,
            &mut total,
            &mut state,
        );
        if out.len() + filled > limit {
            return Err(Damage::TooLong);
        }
        out.extend_from_slice(&part[..filled]);
        match result {
            BrotliResult::NeedsMoreOutput => {}
            BrotliResult::NeedsMoreInput => return Err(Damage::short()),
            BrotliResult::ResultFailure => return Err(Damage::damaged("it is no brotli")),
            BrotliResult::ResultSuccess if at < packed.len() => {
                return Err(Damage::behind(&packed[at..]));
            }
            BrotliResult::ResultSuccess => return Ok(out),
        }
    }
}
