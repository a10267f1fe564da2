//! The body that somebody looks at. In: what came; out: the same, unpacked, and its size. Invariant: memory is bounded,
//! whatever the server sends.

use super::wire::{KEPT, Received};
use crate::protocol::coding::{self, Damage};
use crate::protocol::{Keep, Problem};
use crate::record::Failure;
use crate::scenario::Coding;
use crate::units::format_bytes;
use bytes::Bytes;

/// A body, and its size once unpacked, where that is known.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Body {
    pub(super) bytes: Bytes,
    pub(super) decoded: Option<u64>,
}

/// Takes the body out of an answer and unpacks it, asked for or not. What comes in a coding that is not known, and what
/// was not kept, is left as it is.
pub(super) fn unpacked(received: &mut Received, keep: Keep) -> Result<Body, Problem> {
    let (size, bytes) = (
        received.size,
        Bytes::from(std::mem::take(&mut received.body)),
    );
    let whole = Body {
        bytes,
        decoded: Some(size),
    };
    if !received.has.coding || size == 0 {
        return Ok(whole);
    }
    match coding::codings(&received.head) {
        Ok(codings) if codings.is_empty() => Ok(Body {
            bytes: whole.bytes,
            decoded: Some(size),
        }),
        Ok(codings) if !whole.bytes.is_empty() => match unpack(&codings, whole.bytes, size) {
            Err(_) if keep == Keep::Shown => Ok(Body::default()),
            bytes => {
                let bytes = bytes?;
                Ok(Body {
                    decoded: Some(bytes.len() as u64),
                    bytes: if keep == Keep::Sized {
                        Bytes::new()
                    } else {
                        bytes
                    },
                })
            }
        },
        _ => Ok(Body {
            decoded: None,
            ..whole
        }),
    }
}

/// Takes off one layer after the other, the last one first.
fn unpack(codings: &[Coding], packed: Bytes, received: u64) -> Result<Bytes, Problem> {
    let mut bytes = packed;
    for coding in codings.iter().rev() {
        let plain = coding::unpack(*coding, &bytes, KEPT).map_err(|damage| {
            let (failure, detail) = match damage {
                Damage::TooLong => {
                    let limit = format_bytes(KEPT as u64);
                    let detail = format!("the {coding} body unpacks to more than {limit}");
                    (Failure::BodyLimit, detail)
                }
                Damage::Wrong(what) => (Failure::Protocol, format!("the {coding} body {what}")),
            };
            Problem {
                failure,
                detail,
                received,
            }
        })?;
        bytes = plain.into();
    }
    Ok(bytes)
}
