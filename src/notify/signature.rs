//! Who sent it. In: a body and a secret that both sides know; out: HMAC-SHA256 (RFC 2104) of the body, as GitHub signs
//! its webhooks. Invariant: the same body and secret give the same text.

use aws_lc_rs::hmac;
use std::fmt::Write as _;

/// The header that carries the signature.
pub const SIGNATURE: &str = "x-tollgate-signature";

/// `sha256=` and the tag in lower-case hexadecimal digits.
pub fn signature(secret: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, body);
    tag.as_ref()
        .iter()
        .fold(String::from("sha256="), |mut text, byte| {
            // Writing to a text cannot fail.
            write!(text, "{byte:02x}").ok();
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_is_that_of_rfc_4231() {
        // Test case 2 of the RFC.
        assert_eq!(
            signature("Jefe", b"what do ya want for nothing?"),
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
