//! What stands behind the limit: windows and the profile. In: a cursor behind the limit; out: when and where a
//! budget is judged. Invariant: it ends the sentence: nothing may follow.

use super::super::{Statistic, When};
use super::{Cursor, Parsed};
use crate::units::{self, Nanos};

impl Cursor<'_> {
    /// Windows, if any stand here.
    pub(super) fn when(&mut self, statistic: Statistic) -> Parsed<Option<When>> {
        let (word, range) = self.word();
        if !matches!(word, "in" | "for" | "within") {
            return Ok(None);
        }
        if !statistic.timed() {
            let rest = self.rest().trim_end().len();
            let message = format!("{statistic} is of the whole run");
            let help = "only percentiles of requests and error_rate, success_rate and check_rate are kept over time";
            return Err(self.error("T0813", range.start..range.start + rest, message, help));
        }
        let (start, kind) = (range.start, word.to_owned());
        self.at = range.end;
        let when = match kind.as_str() {
            "in" => self.windows(),
            "for" => self.length().map(When::Every),
            _ => self.length().map(When::From).filter(|_| {
                let of = self.take("of");
                of && self.take("start")
            }),
        };
        match when {
            Some(When::Every(0) | When::Windows { length: 0, .. }) | None => {
                let range = start..self.text.trim_end().len();
                let help = "write `in 95% of 10s windows`, `for 2m` or `within 30s of start`";
                Err(self.error("T0813", range, "this is no window", help))
            }
            Some(_) => Ok(when),
        }
    }

    fn windows(&mut self) -> Option<When> {
        let (share, range) = self.word();
        let share = units::parse_share(share).ok()?;
        self.at = range.end;
        let length = self.take("of").then(|| self.length()).flatten()?;
        (share > 0.0 && self.take("windows")).then_some(When::Windows { share, length })
    }

    fn length(&mut self) -> Option<Nanos> {
        let (word, range) = self.word();
        let length = units::parse_duration(word).ok()?;
        self.at = range.end;
        Some(units::nanos(length))
    }

    /// Whether the next word is this one; then it is consumed.
    fn take(&mut self, expected: &str) -> bool {
        let (word, range) = self.word();
        let found = word == expected;
        if found {
            self.at = range.end;
        }
        found
    }

    /// The profile or phase, at the end of the sentence.
    pub(super) fn during(&mut self) -> Parsed<Option<String>> {
        let (word, range) = self.word();
        if self.rest().is_empty() {
            return Ok(None);
        }
        if word != "during" {
            let rest = self.rest().trim_end();
            let help = match word {
                "of" => "the step stands before the operator: `p95 of landing < 500ms`",
                _ if rest.starts_with("- ") => "indent this item like the one before it",
                _ => {
                    "only windows (`in 95% of 10s windows`, `for 2m`, `within 30s of start`) and `during` with the name of a profile can follow the limit"
                }
            };
            let range = self.at..self.at + rest.len();
            return Err(self.error(
                "T0808",
                range,
                format!("`{rest}` is not expected here"),
                help,
            ));
        }
        self.at = range.end;
        self.skip_space();
        let name = match self.quoted()? {
            Some(name) => {
                if !self.rest().trim().is_empty() {
                    let left = self.at..self.text.len();
                    let help = "the name of the profile ends the sentence";
                    return Err(self.error("T0808", left, "text after the profile", help));
                }
                name
            }
            None => self.rest().trim_end(),
        };
        if name.is_empty() {
            let help = "as in `throughput >= 500 req/s during launch`";
            return Err(self.error("T0810", range, "`during` names no profile", help));
        }
        Ok(Some(name.to_owned()))
    }
}
