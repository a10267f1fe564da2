//! READ: the text of a file → a tree of YAML nodes with their places, and diagnostics that point into it.
//! In: a file's name and text; out: [`Node`]s, typed values, and every problem found in one pass.
//! Invariant: whatever is wrong with a file is reported with file, line, column and a fix; nothing is
//! skipped silently, and no value is guessed from its looks (YAML's `no`, `012` and friends are caught here).

mod codes;
mod diagnostic;
mod node;
mod reader;
mod schema;

pub use codes::{Code, codes};
pub use diagnostic::{Diagnostic, Severity, closest, render_all};
pub use node::{Kind, Node, Scalar, parse};
pub use reader::{Fields, Reader};
pub use schema::{Key, Shape, Type, json_schema};

use std::ops::Range;

/// A file as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The name to show: the path as the user gave it.
    pub name: String,
    /// The whole text, and behind it those of the files that it includes.
    pub text: String,
    /// Where each of these begins, and its name.
    included: Vec<(usize, String)>,
}

impl Source {
    /// A source with its name and text.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            text: text.into(),
            included: Vec::new(),
        }
    }

    /// Puts the text of an included file behind this one; by how much its places move.
    pub fn include(&mut self, file: &Self) -> usize {
        self.text.push('\n');
        let start = self.text.len();
        self.text.push_str(&file.text);
        self.included.push((start, file.name.clone()));
        start
    }

    /// Which file an offset is in: 0 is the first, 1 that which was included first.
    pub fn file(&self, offset: usize) -> usize {
        self.included.partition_point(|(start, _)| *start <= offset)
    }

    /// The name of the file that a span is in, and the span in it.
    pub fn place(&self, span: Span) -> (&str, Span) {
        let (start, name) = match self.file(span.start) {
            0 => (0, self.name.as_str()),
            file => {
                let (start, name) = &self.included[file - 1];
                (*start, name.as_str())
            }
        };
        let end = span.end.saturating_sub(start);
        (name, Span::new(span.start - start, end))
    }

    /// The file that a span is in, alone, and the span in it.
    fn alone(&self, span: Span) -> (Self, Span) {
        let (name, within) = self.place(span);
        (Self::new(name, &self.text[self.range(span.start)]), within)
    }

    /// What the file of an offset takes of the text.
    fn range(&self, offset: usize) -> Range<usize> {
        let file = self.file(offset);
        let start = file.checked_sub(1).map_or(0, |file| self.included[file].0);
        // A line break parts the files.
        let next = self.included.get(file).map(|(next, _)| next - 1);
        start..next.unwrap_or(self.text.len())
    }

    /// The 1-based line and column (in characters) of a byte offset, in its file.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let start = self.range(offset).start;
        let before = &self.text[start..floor_char(&self.text, offset)];
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            + 1;
        (line, column)
    }
}

/// The last character boundary at or before `offset`.
fn floor_char(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// A place in a source: byte offsets, end exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The bytes from `start` to `end`.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// As a range, for slicing.
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// A value and where it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// A value with its place.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_one_of_its_own_file() {
        let texts = ["a: é\nb: 2\n", "", "c: 3", "\nd: é\n"];
        let mut whole = Source::new("0.yaml", texts[0]);
        let mut starts = vec![0];
        for (number, text) in texts.iter().enumerate().skip(1) {
            starts.push(whole.include(&Source::new(format!("{number}.yaml"), *text)));
        }
        for (file, (text, start)) in texts.iter().zip(&starts).enumerate() {
            let own = Source::new(format!("{file}.yaml"), *text);
            for (at, _) in text.char_indices().chain([(text.len(), ' ')]) {
                let span = Span::new(start + at, start + text.len());
                assert_eq!(whole.file(span.start), file);
                assert_eq!(whole.position(span.start), own.position(at));
                let within = Span::new(at, text.len());
                assert_eq!(whole.place(span), (own.name.as_str(), within));
                assert_eq!(whole.alone(span), (own.clone(), within));
            }
        }
    }
}
