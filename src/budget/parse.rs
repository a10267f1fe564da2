//! Parse.
use super::Budget;
use std::ops::Range;

/// What is wrong with a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentenceError {
    /// Stable code.
    pub code: &'static str,
    /// Bytes within the sentence.
    pub range: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// The fix.
    pub help: String,
}

/// Parses one budget; its span is that of the text itself.
///
/// # Errors
/// What is wrong, where, and the fix.
pub fn parse_sentence(text: &str) -> Result<Budget, SentenceError> {
    Err(SentenceError {
        code: "T0801",
        range: 0..text.len(),
        message: "not yet".into(),
        help: String::new(),
    })
}
