//! Bodies in chunks (RFC 9112, 7.1). In: bytes as they come, cut anywhere; out: the data in them. Invariant: what is
//! not exactly a chunked body is refused, and what is skipped (extensions, trailers) is bounded.

/// The most of extensions and of trailers in one body, in bytes.
const SKIPPED: usize = 16 << 10;
const TRAILERS: usize = 128;

/// Where a body in chunks stands.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    state: State,
    /// Of the size that is being read, then of the chunk.
    left: u64,
    extensions: usize,
    /// Kept to be checked at the end; mostly there are none.
    trailers: Vec<u8>,
    lines: usize,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Size,
    MoreSize,
    Blank,
    Extension,
    SizeEnd,
    Data,
    DataCr,
    DataLf,
    /// At the start of a line behind the last chunk.
    Line,
    Trailer,
    TrailerLf,
    LastLf,
    End,
}

impl Chunks {
    /// The next data in front of `bytes`, which is moved on; `None` when more bytes must come, or none any more.
    pub(super) fn next<'a>(
        &mut self,
        bytes: &mut &'a [u8],
    ) -> Result<Option<&'a [u8]>, &'static str> {
        while self.state != State::End {
            if self.state == State::Data {
                if bytes.is_empty() {
                    return Ok(None);
                }
                let length = usize::try_from(self.left).map_or(bytes.len(), |l| l.min(bytes.len()));
                let (data, rest) = bytes.split_at(length);
                *bytes = rest;
                self.left -= length as u64;
                if self.left == 0 {
                    self.state = State::DataCr;
                }
                return Ok(Some(data));
            }
            let Some((byte, rest)) = bytes.split_first() else {
                return Ok(None);
            };
            *bytes = rest;
            self.state = self.byte(*byte)?;
        }
        Ok(None)
    }

    /// Whether the body is whole.
    pub(super) fn ended(&self) -> bool {
        self.state == State::End
    }

    fn byte(&mut self, byte: u8) -> Result<State, &'static str> {
        Ok(match (self.state, byte) {
            (State::Size | State::MoreSize, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                let digit = char::from(byte).to_digit(16).unwrap_or_default();
                let left = self.left.checked_mul(16);
                self.left = left.ok_or("a chunk's size is too large")? + u64::from(digit);
                State::MoreSize
            }
            (State::Size, _) => return Err("a chunk without a size"),
            (State::MoreSize | State::Blank, b' ' | b'\t') => State::Blank,
            (State::MoreSize | State::Blank, b';') => State::Extension,
            (State::MoreSize | State::Blank | State::Extension, b'\r') => State::SizeEnd,
            (State::MoreSize | State::Blank, _) => return Err("a chunk's size is not a number"),
            (State::Extension, b'\n') => return Err("a chunk's extension ends without CR"),
            (State::Extension, _) => {
                self.extensions += 1;
                if self.extensions >= SKIPPED {
                    return Err("the extensions of its chunks are too long");
                }
                State::Extension
            }
            (State::SizeEnd, b'\n') if self.left == 0 => State::Line,
            (State::SizeEnd, b'\n') => State::Data,
            (State::DataCr, b'\r') => State::DataLf,
            (State::DataLf, b'\n') => State::Size,
            (State::Line, b'\r') => State::LastLf,
            (State::Trailer, b'\r') => self.trailer(byte, State::TrailerLf)?,
            (State::Line | State::Trailer, _) => self.trailer(byte, State::Trailer)?,
            (State::TrailerLf, b'\n') => {
                self.lines += 1;
                self.trailer(byte, State::Line)?
            }
            (State::LastLf, b'\n') => {
                self.check_trailers()?;
                State::End
            }
            (State::End, _) => State::End,
            _ => return Err("a chunk does not end where its size says"),
        })
    }

    fn trailer(&mut self, byte: u8, next: State) -> Result<State, &'static str> {
        self.trailers.push(byte);
        if self.trailers.len() >= SKIPPED {
            return Err("its trailers are too long");
        }
        Ok(next)
    }

    fn check_trailers(&mut self) -> Result<(), &'static str> {
        if self.trailers.is_empty() {
            return Ok(());
        }
        self.trailers.extend(b"\r\n");
        let mut headers = [httparse::EMPTY_HEADER; TRAILERS];
        // As many as lines: the parser would take a line feed alone for the end of one.
        let places = &mut headers[..self.lines.min(TRAILERS)];
        match httparse::parse_headers(&self.trailers, places) {
            Ok(httparse::Status::Complete(_)) => Ok(()),
            _ => Err("its trailers are no headers"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The data, and whether and how it ended; cut after every `step` bytes.
    fn read(text: &[u8], step: usize) -> Result<(Vec<u8>, bool, usize), &'static str> {
        let mut chunks = Chunks::default();
        let (mut data, mut unused) = (Vec::new(), 0);
        for mut part in text.chunks(step) {
            while let Some(more) = chunks.next(&mut part)? {
                data.extend_from_slice(more);
            }
            unused += part.len();
        }
        Ok((data, chunks.ended(), unused))
    }

    #[test]
    fn bodies_are_read_however_they_are_cut() {
        let long = format!("0;{}\r\n\r\n", "x".repeat(SKIPPED - 2));
        for (text, data, unused) in [
            ("3\r\nabc\r\n0\r\n\r\n", "abc", 0),
            (
                "3;a=\"b\"\r\nabc\r\n02 \t\r\nde\r\n000\r\n\r\nHTTP",
                "abcde",
                4,
            ),
            (
                "A\r\n0123456789\r\n0\r\nx: y\r\nz: \r\n\r\n",
                "0123456789",
                0,
            ),
            (long.as_str(), "", 0),
        ] {
            for step in [1, 2, 3, 7, text.len()] {
                let expected = (data.as_bytes().to_vec(), true, unused);
                assert_eq!(
                    read(text.as_bytes(), step),
                    Ok(expected),
                    "{text} by {step}"
                );
            }
        }
        for text in ["", "3", "3\r\nab", "3\r\nabc\r\n", "0\r\n", "0\r\nx: y\r\n"] {
            assert!(!read(text.as_bytes(), 1).unwrap().1, "{text}");
        }
    }

    #[test]
    fn what_is_no_body_in_chunks_is_refused() {
        let extension = format!("1;{}\r\na\r\n", "x".repeat(SKIPPED));
        let trailer = format!("0\r\na: {}\r\n\r\n", "x".repeat(SKIPPED));
        let trailers = format!("0\r\n{}\r\n", "a: b\r\n".repeat(TRAILERS + 1));
        for text in [
            "\r\n",
            "-1\r\n",
            "0x1\r\na\r\n",
            "1 1\r\na\r\n",
            "1\na\r\n",
            "1;\na\r\n",
            "1\r\nab\r\n",
            "1\r\na\n0\r\n\r\n",
            "10000000000000000\r\n",
            "0\r\n\rx",
            "0\r\n: no name\r\n\r\n",
            "0\r\nno colon\r\n\r\n",
            "0\r\na: b\rc\r\n\r\n",
            "0\r\na: b\nc: d\r\n\r\n",
            &extension,
            &trailer,
            &trailers,
        ] {
            assert!(read(text.as_bytes(), 1).is_err(), "{text}");
        }
    }
}
