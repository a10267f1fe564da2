//! zstd. In: packed bytes; out: what they were. Invariant: no frame gets a larger window than any body may have, and its
//! checksum is looked at.

use super::Damage;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// What is unpacked at once.
const PART: usize = 64 << 10;
/// The largest window: twice what RFC 9659 allows.
const WINDOW: u64 = 16 << 20;
/// How a frame begins.
const MAGIC: [u8; 4] = 0xfd2f_b528_u32.to_le_bytes();

/// Frames, one behind the other; those to be skipped are.
pub(super) fn unpack(packed: &[u8], limit: usize) -> Result<Vec<u8>, Damage> {
    let (mut out, mut rest) = (Vec::new(), packed);
    let mut decoder = FrameDecoder::new();
    decoder.set_max_window_size(WINDOW);
    loop {
        match decoder.init(&mut rest) {
            Ok(()) => frame(&mut decoder, &mut rest, (&mut out, limit))?,
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length,
                ..
            })) => rest = rest.get(length as usize..).ok_or_else(Damage::short)?,
            // A body that wants it is longer than that, as whoever packs chooses windows.
            Err(FrameDecoderError::WindowSizeTooBig { .. }) => return Err(Damage::TooLong),
            Err(_) if MAGIC.starts_with(&packed[..packed.len().min(4)]) => {
                return Err(Damage::short());
            }
            Err(error) => return Err(Damage::damaged(error)),
        }
        if rest.is_empty() {
            return Ok(out);
        }
        if !is_frame(rest) {
            return Err(Damage::behind(rest));
        }
    }
}

/// Zstandard frames, and those to be skipped.
fn is_frame(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC) || matches!(bytes, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

fn frame(
    decoder: &mut FrameDecoder,
    rest: &mut &[u8],
    (out, limit): (&mut Vec<u8>, usize),
) -> Result<(), Damage> {
    loop {
        let strategy = BlockDecodingStrategy::UptoBytes(PART);
        let decoded = decoder.decode_blocks(&mut *rest, strategy);
        decoded.map_err(|error| {
            // Blocks say how long they are: nothing left means that one was cut off.
            if rest.is_empty() {
                Damage::short()
            } else {
                Damage::damaged(error)
            }
        })?;
        if out.len() + decoder.can_collect() > limit {
            return Err(Damage::TooLong);
        }
        // Writing to a vector does not fail.
        decoder.collect_to_writer(&mut *out).ok();
        if decoder.is_finished() {
            break;
        }
    }
    match decoder.get_checksum_from_data() {
        Some(sum) if decoder.get_calculated_checksum() != Some(sum) => {
            Err(Damage::damaged("its checksum is another"))
        }
        _ => Ok(()),
    }
}
