//! What a template can compute. In: a call with its arguments; out: its result, anew at every place it stands.
//! Invariant: whatever is drawn comes from the user's own stream, so that a run replays exactly.

use super::Segment;
use super::fake::Fake;
use crate::expr::Context;
use crate::expr::filter::{Code, dates};
use crate::expr::query::hex;
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use rand::{Rng, RngExt};
use std::fmt::{self, Write};

/// What `random_string` draws from.
const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// Users below this number never share a number of `sequence()`; below 2^53 for two million iterations.
const USERS: u32 = 32;

/// A call, with arguments that fit.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::expr) enum Function {
    /// A version 4 UUID.
    Uuid,
    /// The time, so many seconds from now: in a format, or as RFC 3339 in milliseconds, UTC.
    Now(Option<String>, i64),
    /// Whole seconds since 1970, so many from now.
    Timestamp(i64),
    /// A whole number from the first to the second, both included.
    RandomInt(i64, i64),
    /// So many letters and digits.
    RandomString(usize),
    /// One of several; whether all are numbers.
    Choice(Vec<Segment>, bool),
    /// The number of the virtual user.
    User,
    /// The number of the iteration.
    Iteration,
    /// A number that no other iteration of any user has.
    Sequence,
    /// A text in another alphabet.
    Encode(Code, Box<Segment>),
    /// The SHA-256 digest, in hexadecimal.
    Sha256(Box<Segment>),
    /// HMAC-SHA-256 with a key.
    Hmac {
        key: Box<Segment>,
        text: Box<Segment>,
        base64: bool,
    },
    /// Something that looks real.
    Fake(Fake),
}

impl Function {
    /// Whether its result is a number.
    pub(in crate::expr) fn is_number(&self) -> bool {
        match self {
            Self::Timestamp(_)
            | Self::RandomInt(..)
            | Self::User
            | Self::Iteration
            | Self::Sequence => true,
            Self::Choice(_, numbers) => *numbers,
            _ => false,
        }
    }

    /// Its arguments that may read variables.
    pub(super) fn arguments(&self) -> impl Iterator<Item = &Segment> {
        let (items, one, two): (&[Segment], _, _) = match self {
            Self::Choice(items, _) => (items, None, None),
            Self::Encode(_, text) | Self::Sha256(text) => (&[], Some(text), None),
            Self::Hmac { key, text, .. } => (&[], Some(key), Some(text)),
            _ => (&[], None, None),
        };
        let boxed = one.into_iter().chain(two).map(AsRef::as_ref);
        items.iter().chain(boxed)
    }

    /// Writes the result of one call.
    pub(super) fn write(&self, cx: &mut Context<'_>, out: &mut dyn Write) -> fmt::Result {
        match self {
            Self::Uuid => write_uuid(cx, out),
            Self::Now(format, offset) => {
                let at = now(cx, *offset);
                match format
                    .as_deref()
                    .and_then(|format| dates::write(format, at))
                {
                    Some(text) => out.write_str(&text),
                    None => write!(out, "{at:.3}"),
                }
            }
            Self::Timestamp(offset) => write!(out, "{}", now(cx, *offset).as_second()),
            Self::RandomInt(low, high) => write!(out, "{}", cx.rng.random_range(*low..=*high)),
            Self::RandomString(length) => (0..*length).try_for_each(|_| {
                let letter = ALPHABET[cx.rng.random_range(0..ALPHABET.len())];
                out.write_char(char::from(letter))
            }),
            Self::Choice(items, _) => {
                let index = cx.rng.random_range(0..items.len().max(1));
                items.get(index).map_or(Ok(()), |item| item.write(cx, out))
            }
            Self::User => write!(out, "{}", cx.user),
            Self::Iteration => write!(out, "{}", cx.iteration),
            Self::Sequence => {
                let number = u128::from(cx.user) + (u128::from(cx.iteration) << USERS);
                write!(out, "{number}")
            }
            Self::Encode(code, text) => {
                out.write_str(&code.apply(&text.text(cx)).unwrap_or_default())
            }
            Self::Sha256(text) => {
                let digest = digest::digest(&digest::SHA256, text.text(cx).as_bytes());
                out.write_str(&hex(digest.as_ref()))
            }
            Self::Hmac { key, text, base64 } => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, key.text(cx).as_bytes());
                let tag = hmac::sign(&key, text.text(cx).as_bytes());
                out.write_str(&if *base64 {
                    BASE64_STANDARD.encode(tag.as_ref())
                } else {
                    hex(tag.as_ref())
                })
            }
            Self::Fake(fake) => out.write_str(&fake.make(cx.rng)),
        }
    }
}

fn now(cx: &Context<'_>, offset: i64) -> Timestamp {
    let now = Timestamp::try_from((cx.now)()).unwrap_or_default();
    let offset = jiff::SignedDuration::from_secs(offset);
    now.checked_add(offset).unwrap_or(now)
}

fn write_uuid(cx: &mut Context<'_>, out: &mut dyn Write) -> fmt::Result {
    let high = (cx.rng.next_u64() & !0xf000) | 0x4000;
    let low = (cx.rng.next_u64() & (u64::MAX >> 2)) | (1 << 63);
    write!(
        out,
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}
