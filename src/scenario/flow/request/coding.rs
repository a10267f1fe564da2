//! How bodies are packed. In: `compression:` and `compress:`; out: the codings that are asked for, and the one that a
//! body is packed with. Invariant: every coding here can be unpacked, too.

use std::fmt;

/// A content coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// RFC 1952.
    Gzip,
    /// RFC 1950; some servers send RFC 1951 by that name.
    Deflate,
    /// Brotli, RFC 7932.
    Br,
    /// Zstandard, RFC 8878.
    Zstd,
}

impl Coding {
    /// All of them, in the order in which browsers name them.
    pub const ALL: [Self; 4] = [Self::Gzip, Self::Deflate, Self::Br, Self::Zstd];

    /// As headers and scenarios name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Br => "br",
            Self::Zstd => "zstd",
        }
    }

    /// By its name, whatever its case.
    pub fn named(name: &str) -> Option<Self> {
        let known = |coding: &Self| coding.name().eq_ignore_ascii_case(name);
        Self::ALL.into_iter().find(known)
    }
}

impl fmt::Display for Coding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
