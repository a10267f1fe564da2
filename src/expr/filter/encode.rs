//! Texts in another alphabet. In: text; out: the same, encoded or decoded. Invariant: what is encoded here is
//! decoded here; what decodes to no text is refused.

use crate::expr::query::{hex, plain_text};
use base64::alphabet;
use base64::engine::{DecodePaddingMode, Engine as _, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// All but what RFC 3986 leaves as it is.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// Reads base64 with padding and without.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// One way to write a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::expr) enum Code {
    Base64Encode,
    Base64Decode,
    Base64UrlEncode,
    HexEncode,
    HexDecode,
    UrlEncode,
    UrlDecode,
    HtmlEscape,
    HtmlUnescape,
}

/// As they are written, by their two words.
pub(super) const CODES: [(&str, &str, Code); 9] = [
    ("base64", "encode", Code::Base64Encode),
    ("base64", "decode", Code::Base64Decode),
    ("base64url", "encode", Code::Base64UrlEncode),
    ("hex", "encode", Code::HexEncode),
    ("hex", "decode", Code::HexDecode),
    ("url", "encode", Code::UrlEncode),
    ("url", "decode", Code::UrlDecode),
    ("html", "escape", Code::HtmlEscape),
    ("html", "unescape", Code::HtmlUnescape),
];

impl Code {
    /// Its words.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Base64Encode => "base64 encode",
            Self::Base64Decode => "base64 decode",
            Self::Base64UrlEncode => "base64url encode",
            Self::HexEncode => "hex encode",
            Self::HexDecode => "hex decode",
            Self::UrlEncode => "url encode",
            Self::UrlDecode => "url decode",
            Self::HtmlEscape => "html escape",
            Self::HtmlUnescape => "html unescape",
        }
    }

    /// What it reads, for messages.
    pub(super) fn takes(self) -> &'static str {
        match self {
            Self::Base64Decode => "text in base64",
            Self::HexDecode => "text in hexadecimal digits",
            Self::UrlDecode => "percent-encoded text",
            _ => "text",
        }
    }

    /// The other text; `None` where the text is not in the alphabet, or stands for bytes that are no text.
    pub(in crate::expr) fn apply(self, text: &str) -> Option<String> {
        Some(match self {
            Self::Base64Encode => BASE64_STANDARD.encode(text),
            Self::Base64UrlEncode => BASE64_URL_SAFE_NO_PAD.encode(text),
            Self::Base64Decode => {
                let mut text: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
                for byte in &mut text {
                    *byte = match *byte {
                        b'-' => b'+',
                        b'_' => b'/',
                        other => other,
                    };
                }
                return String::from_utf8(LENIENT.decode(text).ok()?).ok();
            }
            Self::HexEncode => hex(text.as_bytes()),
            Self::HexDecode => return String::from_utf8(unhex(text.trim())?).ok(),
            Self::UrlEncode => utf8_percent_encode(text, RESERVED).to_string(),
            Self::UrlDecode => {
                let decoded = percent_decode_str(text).decode_utf8();
                return decoded.ok().map(std::borrow::Cow::into_owned);
            }
            Self::HtmlEscape => escaped(text),
            Self::HtmlUnescape => plain_text(text),
        })
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(digit(*high)? * 16 + digit(*low)?).ok(),
        _ => None,
    });
    pairs.collect()
}

/// For the text of a page, and for attributes in either kind of quotes.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
