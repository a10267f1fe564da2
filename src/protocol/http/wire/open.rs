//! The body of an answer that is handed out before its end. In: bytes as they come; out: the data in them.
//! Invariant: it ends where its head said.

use super::reader::Rest;

/// What is still to come of a body.
#[derive(Debug)]
pub(in crate::protocol) struct OpenBody(Rest);

impl OpenBody {
    pub(super) fn new(rest: Rest) -> Self {
        Self(rest)
    }

    /// The next data in front of `bytes`, which is moved on; `None` when more bytes must come, or none any more.
    pub(in crate::protocol) fn next<'a>(
        &mut self,
        bytes: &mut &'a [u8],
    ) -> Result<Option<&'a [u8]>, &'static str> {
        let length = match &mut self.0 {
            Rest::Chunks(chunks) => return chunks.next(bytes),
            Rest::End => bytes.len(),
            Rest::Bytes(left) => {
                let length = usize::try_from(*left).map_or(bytes.len(), |l| l.min(bytes.len()));
                *left -= length as u64;
                length
            }
        };
        let (data, rest) = bytes.split_at(length);
        *bytes = rest;
        Ok((!data.is_empty()).then_some(data))
    }

    /// Whether the body is whole.
    pub(in crate::protocol) fn ended(&self) -> bool {
        match &self.0 {
            Rest::Bytes(left) => *left == 0,
            Rest::Chunks(chunks) => chunks.ended(),
            Rest::End => false,
        }
    }

    /// Whether the end of the connection is that of the body.
    pub(in crate::protocol) fn may_end(&self) -> bool {
        matches!(self.0, Rest::End)
    }
}

#[cfg(test)]
mod tests {
    use super::super::chunked::Chunks;
    use super::*;

    #[test]
    fn bodies_of_every_kind_are_handed_out_as_they_come() {
        for (rest, bytes, data, ended, may_end) in [
            (Rest::Bytes(3), "abcd", "abc", true, false),
            (Rest::Bytes(5), "abcd", "abcd", false, false),
            (Rest::End, "abcd", "abcd", false, true),
            (
                Rest::Chunks(Chunks::default()),
                "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
                "abc",
                true,
                false,
            ),
            (
                Rest::Chunks(Chunks::default()),
                "2\r\nab\r\n5\r\nc",
                "abc",
                false,
                false,
            ),
        ] {
            let mut body = OpenBody::new(rest);
            let mut all = Vec::new();
            for mut part in bytes.as_bytes().chunks(1) {
                while let Some(data) = body.next(&mut part).unwrap() {
                    all.extend_from_slice(data);
                }
            }
            assert_eq!(all, data.as_bytes(), "{bytes}");
            assert_eq!((body.ended(), body.may_end()), (ended, may_end), "{bytes}");
        }
    }
}
