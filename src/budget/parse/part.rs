//! Parts that are counted apart: `capture queue_depth max`, `p95 of 2xx`. In: a cursor at such words; out: the part.
//! Invariant: a statistic that such a part does not have is an error, never an empty one.

use super::super::{Part, Statistic};
use super::{Cursor, Parsed};
use crate::record::Metric;

impl Cursor<'_> {
    /// The name behind `capture`, and where it ends.
    pub(super) fn captured(&self, behind: usize) -> Option<(String, usize)> {
        let rest = &self.text[behind..];
        let name = rest.trim_start();
        let start = behind + rest.len() - name.len();
        let ends = |c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-'));
        let length = name.find(ends).unwrap_or(name.len());
        (length > 0).then(|| (name[..length].to_owned(), start + length))
    }

    /// A status or a class that stands here and is all of a name.
    pub(super) fn status(&mut self, statistic: Statistic) -> Parsed<Option<Part>> {
        let (word, range) = self.word();
        let Some(part) = part(word) else {
            return Ok(None);
        };
        self.at = range.end;
        let (next, _) = self.word();
        if !matches!(next, "" | "of") {
            self.at = range.start;
            return Ok(None);
        }
        let kept = match statistic {
            Statistic::ErrorRate
            | Statistic::SuccessRate
            | Statistic::CheckRate
            | Statistic::Apdex(_) => true,
            _ => statistic
                .metric()
                .is_some_and(|m| !m.of_messages() && m != Metric::Decoded),
        };
        if kept {
            return Ok(Some(part));
        }
        let message = format!("{statistic} is not kept by status");
        let help = "of the answers of a status only times, bytes, apdex and error, success and check rates are kept; their number is `count(5xx)`, `share(5xx)` or `rate(5xx)`";
        Err(self.error("T0815", range, message, help))
    }
}

/// `2xx`, `404`.
pub(in crate::budget) fn part(word: &str) -> Option<Part> {
    if let Some(class) = word.strip_suffix("xx") {
        let class = class.parse().ok();
        return class.filter(|c| (1..=5).contains(c)).map(Part::Class);
    }
    let status = word.parse().ok().filter(|_| word.len() == 3);
    status.filter(|s| (100..=599).contains(s)).map(Part::Status)
}
