//! Damage to texts. In: a seed, valid texts and words of their language; out: one damaged text after the other.
//! Invariant: the seed decides all of them.

use super::Corpus;
use rand::{RngExt as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;

/// What breaks readers: extremes of numbers, quotes, brackets, signs of other languages.
const TELLING: &[&str] = &[
    "0",
    "-1",
    "1e308",
    "1e999",
    "-0",
    "99999999999999999999",
    "18446744073709551615",
    "9223372036854775808",
    "4294967296",
    "0x1f",
    "007",
    "1_000",
    ".5",
    "NaN",
    "inf",
    "1e9 req/s",
    "1e-9 req/s",
    "99999999h",
    "1ns",
    "0s",
    "1000000000000d",
    "null",
    "~",
    "yes",
    "\"",
    "'",
    "\\",
    "\\u{110000}",
    "\\x",
    "[",
    "]",
    "{",
    "}",
    "{{",
    "}}",
    "{{ ",
    " }}",
    "${",
    "${A:-",
    "$",
    "(",
    ")",
    "|",
    ">",
    "&a",
    "*a",
    "!!int",
    "!x ",
    "<<: ",
    "---\n",
    "...",
    "%YAML 9\n",
    "# ",
    ": ",
    "- ",
    "? ",
    ",",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "\0",
    "\u{feff}",
    "\u{202e}",
    "\u{85}",
    "é",
    "🦀",
    "/",
    "//",
    "..",
    "@",
    "%",
    "%00",
    "?a=b#c",
    "http://",
    "http://[::1",
    "http://a:b@c",
    "\u{1b}[31m",
    "  ",
    "    ",
    "$..*",
    "$[?@.a",
    "(a+)+$",
    "[[:alpha:]]{1000}",
    "(?:a{1000}){1000}",
    ":has(*)",
    "*|*",
];

/// A stream of damaged texts.
pub(super) struct Mutator<'a> {
    rng: Xoshiro256PlusPlus,
    corpus: &'a Corpus,
}

impl<'a> Mutator<'a> {
    pub(super) fn new(seed: u64, corpus: &'a Corpus) -> Self {
        let rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        Self { rng, corpus }
    }

    pub(super) fn next(&mut self) -> Vec<u8> {
        let mut text = match self.below(20) {
            0 => self.noise(),
            1..4 => self.salad(),
            _ => self.pick().into_bytes(),
        };
        for _ in 0..self.rng.random_range(1..=6) {
            self.damage(&mut text);
        }
        text.truncate(256 * 1024);
        text
    }

    fn below(&mut self, end: usize) -> usize {
        self.rng.random_range(0..end.max(1))
    }

    fn pick(&mut self) -> String {
        let index = self.below(self.corpus.texts.len());
        self.corpus.texts[index].clone()
    }

    fn word(&mut self) -> String {
        if self.rng.random_bool(0.5) {
            TELLING[self.below(TELLING.len())].to_owned()
        } else {
            let index = self.below(self.corpus.words.len());
            self.corpus.words[index].clone()
        }
    }

    fn noise(&mut self) -> Vec<u8> {
        let length = self.below(300);
        (0..length).map(|_| self.rng.random()).collect()
    }

    /// Words in any order.
    fn salad(&mut self) -> Vec<u8> {
        let length = self.below(30);
        let words: Vec<String> = (0..length).map(|_| self.word()).collect();
        let by = [" ", "", "\n", ": ", "\n  "][self.below(5)];
        words.join(by).into_bytes()
    }

    /// A stretch of the text: short, or a line, or a number.
    fn stretch(&mut self, text: &[u8]) -> std::ops::Range<usize> {
        let start = self.below(text.len());
        let rest = || text[start..].iter().enumerate();
        let end = match self.below(4) {
            0 => rest()
                .find(|(_, b)| **b == b'\n')
                .map_or(text.len(), |(i, _)| start + i + 1),
            1 => rest()
                .find(|(_, b)| !b.is_ascii_alphanumeric())
                .map_or(text.len(), |(i, _)| start + i),
            2 => start + self.below(4),
            _ => start + self.below(200),
        };
        start..end.min(text.len()).max(start)
    }

    fn damage(&mut self, text: &mut Vec<u8>) {
        let place = self.below(text.len() + 1);
        let range = self.stretch(text);
        match self.below(11) {
            0 if !text.is_empty() => {
                let at = place.min(text.len() - 1);
                text[at] ^= 1 << self.below(8);
            }
            1 | 2 => {
                let word = self.word();
                text.splice(place..place, word.into_bytes());
            }
            3 | 4 => {
                let word = self.word();
                text.splice(range, word.into_bytes());
            }
            5 => {
                text.drain(range);
            }
            6 => {
                let copy = text[range].to_vec();
                let times = [1, 1, 2, 50, 1000][self.below(5)].min(60_000 / copy.len().max(1));
                text.splice(place..place, copy.repeat(times));
            }
            7 => {
                let other = self.pick().into_bytes();
                let part = self.stretch(&other);
                text.splice(place..place, other[part].to_vec());
            }
            8 => self.nest(text, range),
            9 => {
                let number = (self.rng.random::<i64>() >> self.below(63)).to_string();
                text.splice(range, number.into_bytes());
            }
            _ => text.truncate(place),
        }
    }

    /// A stretch inside many brackets, closed or not.
    fn nest(&mut self, text: &mut Vec<u8>, range: std::ops::Range<usize>) {
        let (open, close) = [
            ("[", "]"),
            ("{a: ", "}"),
            ("- ", ""),
            ("(", ")"),
            ("{{ base64(", ") }}"),
            ("[?@[", "]]"),
            ("- when: a exists\n  steps: [", "]"),
            ("not ", ""),
            ("${A:-", "}"),
            ("<b>", "</b>"),
            ("[{repeat: 2, steps: ", "}]"),
        ][self.below(11)];
        let times =
            [2, 33, 65, 1000, 20_000][self.below(5)].min(60_000 / (open.len() + close.len()));
        let closed = if self.rng.random_bool(0.7) { times } else { 0 };
        let inner = text[range.clone()].to_vec();
        let new = [
            open.repeat(times).into_bytes(),
            inner,
            close.repeat(closed).into_bytes(),
        ]
        .concat();
        text.splice(range, new);
    }
}
