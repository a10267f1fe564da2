//! The cursor that every parser here moves along its text. In: a text; out: its words, quoted texts,
//! numbers and paths, each with its bytes. Invariant: it never goes back and never leaves a character
//! boundary; what a word means is for the caller to say, so `status` may be a query, a label or a name.

mod text;

pub(super) use self::text::{error, flat, suggest, unescape};

use super::ParseError;
use std::ops::Range;

/// So many brackets may stand inside each other.
const DEEPEST: usize = 32;

/// A place in a text.
#[derive(Debug)]
pub(super) struct Cursor<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

/// A piece of the text and its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece<'t> {
    pub(super) text: &'t str,
    pub(super) range: Range<usize>,
}

impl<'t> Cursor<'t> {
    /// At a byte of a text, which must be a character boundary.
    pub(super) fn new(text: &'t str, at: usize) -> Self {
        Self { text, at, depth: 0 }
    }

    /// Steps into a list or a call, and no deeper than anybody writes.
    pub(super) fn enter(&mut self) -> Result<(), ParseError> {
        self.depth += 1;
        if self.depth <= DEEPEST {
            return Ok(());
        }
        let message = format!("more than {DEEPEST} brackets inside each other");
        Err(error(self.at..self.at, message, "write it flatter"))
    }

    /// Steps out again.
    pub(super) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Where the cursor stands.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The text before the cursor, without blanks around it.
    pub(super) fn before(&self) -> &'t str {
        self.text.get(..self.at).unwrap_or_default().trim()
    }

    /// The text behind the cursor.
    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Skips blanks; the next character.
    pub(super) fn peek(&mut self) -> Option<char> {
        self.at += self.rest().len() - self.rest().trim_start().len();
        self.rest().chars().next()
    }

    /// Skips blanks, and `symbol` if it stands there.
    pub(super) fn eat(&mut self, symbol: &str) -> bool {
        let found = self.peek().is_some() && self.rest().starts_with(symbol);
        if found {
            self.at += symbol.len();
        }
        found
    }

    /// A word: letters, digits, `_`, `-` and inner dots, starting with a letter or `_`.
    pub(super) fn word(&mut self) -> Option<Piece<'t>> {
        let first = self.peek()?;
        if !(first.is_alphabetic() || first == '_') {
            return None;
        }
        let inner = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        let length = self.rest().find(|c| !inner(c)).unwrap_or(self.rest().len());
        let kept = self.rest()[..length].trim_end_matches(['.', '-']).len();
        Some(self.take(kept))
    }

    /// The word that comes next, left where it is.
    pub(super) fn peek_word(&mut self) -> Option<Piece<'t>> {
        let at = self.at;
        let word = self.word();
        self.at = at;
        word
    }

    /// A header's or cookie's name: everything up to a blank or `|`, or a quoted text.
    pub(super) fn label(&mut self) -> Result<Option<Piece<'t>>, ParseError> {
        if let Some(quoted) = self.quoted()? {
            return Ok(Some(quoted));
        }
        let end = |c: char| c.is_whitespace() || matches!(c, '|' | '=' | '!' | '<' | '>');
        let length = self.rest().find(end).unwrap_or(self.rest().len());
        Ok((length > 0).then(|| self.take(length)))
    }

    /// What stands between quotes, as written, escapes and all.
    pub(super) fn quoted(&mut self) -> Result<Option<Piece<'t>>, ParseError> {
        match self.peek() {
            Some(quote @ ('"' | '\'')) => self.enclosed(quote).map(Some),
            _ => Ok(None),
        }
    }

    /// A pattern between quotes or slashes, as written: backslashes are the pattern's own.
    pub(super) fn pattern(&mut self) -> Result<Option<Piece<'t>>, ParseError> {
        match self.peek() {
            Some(quote @ ('"' | '\'' | '/')) => self.enclosed(quote).map(Some),
            _ => Ok(None),
        }
    }

    /// A JSON path: everything up to a blank, `|` or a comparison outside its brackets and quotes.
    pub(super) fn path(&mut self) -> Result<Option<Piece<'t>>, ParseError> {
        self.bracketed(
            "a bracket or quote of this JSON path is never closed",
            "close it: `$.items[0]`, `$.items[?@.id == 'a']`",
        )
    }

    /// A CSS selector: like a path; with blanks in it, it stands in quotes.
    pub(super) fn selector(&mut self) -> Result<Option<Piece<'t>>, ParseError> {
        self.bracketed(
            "a bracket or quote of this selector is never closed",
            "close it: `input[name=csrf]`, `\"form input\"`",
        )
    }

    fn bracketed(&mut self, message: &str, help: &str) -> Result<Option<Piece<'t>>, ParseError> {
        if let Some(quoted) = self.quoted()? {
            return Ok(Some(quoted));
        }
        let (mut depth, mut quote, mut escaped) = (0_usize, None, false);
        let mut length = self.rest().len();
        let mut open = 0;
        for (i, c) in self.rest().char_indices() {
            match (quote, c) {
                _ if escaped => escaped = false,
                (Some(_), '\\') => escaped = true,
                (Some(open), _) if open == c => quote = None,
                (None, '"' | '\'') if depth > 0 => quote = Some(c),
                (None, '[' | '(') => {
                    open = if depth == 0 { i } else { open };
                    depth += 1;
                }
                (None, ']' | ')') => depth = depth.saturating_sub(1),
                (None, '|' | '=' | '!' | '<' | '>') if depth == 0 => {
                    length = i;
                    break;
                }
                (None, _) if depth == 0 && c.is_whitespace() => {
                    length = i;
                    break;
                }
                _ => {}
            }
        }
        if depth > 0 || quote.is_some() {
            return Err(error(self.at + open..self.text.len(), message, help));
        }
        Ok((length > 0).then(|| self.take(length)))
    }

    /// A number as written, with its sign, fraction and exponent.
    pub(super) fn number(&mut self) -> Option<Piece<'t>> {
        self.peek()?;
        let bytes = self.rest().as_bytes();
        let digits = |mut i: usize| {
            while bytes
                .get(i)
                .is_some_and(|b| b.is_ascii_digit() || *b == b'_')
            {
                i += 1;
            }
            i
        };
        let start = usize::from(bytes.first() == Some(&b'-'));
        let mut end = digits(start);
        if end == start {
            return None;
        }
        if bytes.get(end) == Some(&b'.') && digits(end + 1) > end + 1 {
            end = digits(end + 1);
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            if digits(end + 1 + sign) > end + 1 + sign {
                end = digits(end + 1 + sign);
            }
        }
        Some(self.take(end))
    }

    /// Takes up to the next blank or brace, for messages about what does not belong there.
    pub(super) fn anything(&mut self) -> Piece<'t> {
        self.peek();
        let mut chars = self.rest().char_indices().skip(1);
        let end = chars.find(|(_, c)| c.is_whitespace() || matches!(c, '}' | ']' | ')' | ','));
        self.take(end.map_or(self.rest().len(), |(i, _)| i))
    }

    /// Takes a number of bytes.
    pub(super) fn take(&mut self, length: usize) -> Piece<'t> {
        let start = self.at;
        self.at += length;
        Piece {
            text: self.text.get(start..self.at).unwrap_or_default(),
            range: start..self.at,
        }
    }

    fn enclosed(&mut self, quote: char) -> Result<Piece<'t>, ParseError> {
        let open = self.at;
        self.at += quote.len_utf8();
        let mut escaped = false;
        let close = self.rest().char_indices().find_map(|(i, c)| {
            let ends = c == quote && !escaped;
            escaped = c == '\\' && !escaped;
            ends.then_some(i)
        });
        let Some(length) = close else {
            self.at = self.text.len();
            return Err(error(
                open..self.at,
                format!("the `{quote}` that opens here is never closed"),
                format!("add a `{quote}`"),
            ));
        };
        let inside = self.take(length);
        self.at += quote.len_utf8();
        Ok(inside)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_end_where_they_should() {
        for (text, want) in [
            ("$.a.b | count", "$.a.b"),
            (
                "$.items[?@.x == 'a | b' && @.n > 1].id | x",
                "$.items[?@.x == 'a | b' && @.n > 1].id",
            ),
            ("$.a==1", "$.a"),
            ("$['a b'] == 1", "$['a b']"),
            ("\"$.a b\" ==", "$.a b"),
            ("$[?length(@.a) > 2]>1", "$[?length(@.a) > 2]"),
        ] {
            let piece = Cursor::new(text, 0).path().unwrap().unwrap();
            assert_eq!(piece.text, want, "{text}");
        }
        for (text, want) in [
            ("-1.5e-3x", "-1.5e-3"),
            ("2s", "2"),
            ("1_000", "1_000"),
            ("3.", "3"),
            ("2e", "2"),
        ] {
            assert_eq!(Cursor::new(text, 0).number().unwrap().text, want);
        }
        assert_eq!(
            Cursor::new(" feeder.column) ", 0).word().unwrap().text,
            "feeder.column"
        );
        assert_eq!(Cursor::new("a. b", 0).word().unwrap().text, "a");
        assert_eq!(
            Cursor::new(r#""a\"b" c"#, 0)
                .quoted()
                .unwrap()
                .unwrap()
                .range,
            1..5
        );
        assert_eq!(
            Cursor::new(r"/a\/b/", 0).pattern().unwrap().unwrap().text,
            r"a\/b"
        );
    }

    #[test]
    fn escapes_are_read_or_refused() {
        let read = |text: &'static str| {
            unescape(&Piece {
                text,
                range: 0..text.len(),
            })
        };
        assert_eq!(read(r#"a\"b\\c\n\u{e9}\/"#).unwrap(), "a\"b\\c\né/");
        assert_eq!(read(r"x\d").unwrap_err().range, 1..3);
        assert_eq!(
            read(r"\u00e9").unwrap_err().help.unwrap(),
            r"write it as `\u{e9}`"
        );
        assert!(read(r"\u{d800}").is_err());
    }
}
