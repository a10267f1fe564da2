//! The head of an answer (RFC 9112). In: bytes; out: what it says about itself, its body and the connection.
//! Invariant: where two parties could disagree about where an answer ends, it is refused.

use http::{StatusCode, Version};
use httparse::{Header, ParserConfig, Status};
use std::mem::MaybeUninit;

/// Headers of one answer.
const MOST: usize = 128;

/// What the head of an answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parsed {
    /// Bytes of it, the empty line included.
    pub(super) length: usize,
    pub(super) status: StatusCode,
    pub(super) version: Version,
    pub(super) body: Extent,
    /// Another request may follow on the connection.
    pub(super) keep_alive: bool,
    pub(super) has: Has,
}

/// Headers that somebody may want to look up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a set of independent flags")]
pub(in super::super) struct Has {
    pub(in super::super) cookies: bool,
    pub(in super::super) location: bool,
    /// How long the connection stays open between requests.
    pub(in super::super) lifetime: bool,
    /// The body is packed.
    pub(in super::super) coding: bool,
    /// The server's own times.
    pub(in super::super) timing: bool,
}

/// How far a body goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    Bytes(u64),
    Chunks,
    /// Until the connection ends.
    End,
}

/// Parses a head; `None` when it does not end within `bytes`. The answer to a HEAD request has no body.
pub(super) fn parse(bytes: &[u8], to_head: bool) -> Result<Option<Parsed>, String> {
    let mut headers = [const { MaybeUninit::<Header<'_>>::uninit() }; MOST];
    let mut response = httparse::Response::new(&mut []);
    let parsed = ParserConfig::default().parse_response_with_uninit_headers(
        &mut response,
        bytes,
        &mut headers,
    );
    let length = match parsed {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(format!("more than {MOST} headers")),
        Err(error) => return Err(error.to_string()),
    };
    let status = StatusCode::from_u16(response.code.unwrap_or_default())
        .map_err(|_| "invalid status".to_owned())?;
    let version = if response.version == Some(1) {
        Version::HTTP_11
    } else {
        Version::HTTP_10
    };
    let fields = Fields::of(response.headers, version);
    let body = match status.as_u16() {
        100..=199 | 204 | 304 => Extent::Bytes(0),
        _ if to_head => Extent::Bytes(0),
        _ => fields.extent(version)?,
    };
    Ok(Some(Parsed {
        length,
        status,
        version,
        body,
        keep_alive: fields.keep_alive && status != StatusCode::SWITCHING_PROTOCOLS,
        has: fields.has,
    }))
}

/// The headers that are about the connection and the body, and whether there are others that matter.
struct Fields {
    keep_alive: bool,
    length: Length,
    /// Whether the last coding is `chunked`, where there is one.
    chunked: Option<bool>,
    has: Has,
}

#[derive(Clone, Copy)]
enum Length {
    Unsaid,
    Said(u64),
    /// No number, or several different ones.
    Unclear,
}

impl Fields {
    fn of(headers: &[Header<'_>], version: Version) -> Self {
        let mut fields = Self {
            keep_alive: version == Version::HTTP_11,
            length: Length::Unsaid,
            chunked: None,
            has: Has::default(),
        };
        let mut closes = false;
        for header in headers {
            let is = |name: &str| header.name.eq_ignore_ascii_case(name);
            // Names of other lengths are none of these.
            match header.name.len() {
                8 if is("location") => fields.has.location = true,
                10 if is("keep-alive") => fields.has.lifetime = true,
                10 if is("set-cookie") => fields.has.cookies = true,
                10 if is("connection") => {
                    // Who closes has the last word.
                    closes |= has_word(header.value, "close");
                    fields.keep_alive =
                        !closes && (fields.keep_alive || has_word(header.value, "keep-alive"));
                }
                13 if is("server-timing") => fields.has.timing = true,
                14 if is("content-length") => fields.length = fields.length.and(header.value),
                16 if is("content-encoding") => fields.has.coding = true,
                17 if is("transfer-encoding") => {
                    let last = header.value.rsplit(|b| *b == b',').next();
                    let last = last.unwrap_or_default().trim_ascii();
                    let chunked = last.eq_ignore_ascii_case(b"chunked");
                    fields.chunked = Some(chunked && header.value.is_ascii());
                }
                _ => {}
            }
        }
        fields
    }

    fn extent(&self, version: Version) -> Result<Extent, String> {
        match (self.chunked, self.length) {
            (Some(_), _) if version == Version::HTTP_10 => {
                Err("a transfer-encoding, which HTTP/1.0 does not know".to_owned())
            }
            (Some(true), _) => Ok(Extent::Chunks),
            (Some(false), _) | (None, Length::Unsaid) => Ok(Extent::End),
            (None, Length::Said(length)) => Ok(Extent::Bytes(length)),
            (None, Length::Unclear) => Err("its content-length is not one number".to_owned()),
        }
    }
}

impl Length {
    /// Several may say the same.
    fn and(self, value: &[u8]) -> Self {
        let mut all = self;
        for part in value.split(|b| *b == b',') {
            all = match (all, number(part.trim_ascii())) {
                (Self::Unsaid, Some(length)) => Self::Said(length),
                (Self::Said(length), Some(again)) if length == again => all,
                _ => Self::Unclear,
            };
        }
        all
    }
}

/// Digits and nothing else.
fn number(digits: &[u8]) -> Option<u64> {
    let digit = |b: &u8| b.is_ascii_digit().then(|| u64::from(b - b'0'));
    let add = |n: u64, b: &u8| n.checked_mul(10)?.checked_add(digit(b)?);
    (!digits.is_empty()).then(|| digits.iter().try_fold(0, add))?
}

/// Whether a list has this word.
fn has_word(list: &[u8], word: &str) -> bool {
    let words = list.split(|b| *b == b',').map(<[u8]>::trim_ascii);
    list.is_ascii()
        && words
            .into_iter()
            .any(|own| own.eq_ignore_ascii_case(word.as_bytes()))
}
