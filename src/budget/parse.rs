//! One sentence → one budget. In: the text of a list item; out: a [`Budget`], or what is wrong, where and how to
//! write it. Invariant: nothing is guessed and nothing is left over: every byte is understood or is the error.
//! The grammar stands in the module `budget`.

use super::{Bound, Budget, Level, Operator, Part, Quantity, Scope, Statistic};
use crate::record::Metric;
use crate::source::Span;
use std::ops::Range;
use words::{
    example, is_synonym, meant, measure, metric, misspelt, pointless, quantity, reachable, sides,
};

pub(super) use part::part;

mod calls;
#[cfg(test)]
mod grammar;
mod part;
mod server;
#[cfg(test)]
mod tests;
mod when;
mod words;

/// What is wrong with a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentenceError {
    /// Stable code, `T08…`.
    pub code: &'static str,
    /// Bytes within the sentence.
    pub range: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// The fix.
    pub help: String,
}

type Parsed<T> = Result<T, SentenceError>;

/// Words that end a bare scope.
const OPERATORS: [char; 4] = ['<', '>', '≤', '≥'];

/// Parses one budget; its span is that of the text itself.
///
/// # Errors
/// What is wrong, where, and the fix.
pub fn parse_sentence(text: &str) -> Result<Budget, SentenceError> {
    let mut cursor = Cursor {
        text,
        at: 0,
        part: None,
    };
    if let Some(budget) = cursor.server() {
        return budget;
    }
    let statistic = cursor.statistic()?;
    let scope = cursor.scope(statistic)?;
    let operator = cursor.operator(statistic)?;
    let (limit, at) = cursor.limit(statistic, operator)?;
    let when = cursor.when(statistic)?;
    let during = cursor.during()?;
    Ok(Budget {
        text: text.trim().to_owned(),
        span: Span::new(0, text.len()),
        limit_at: Span::new(at.start, at.end),
        level: Level::Fail,
        statistic,
        scope,
        part: cursor.part,
        bound: Bound { operator, limit },
        when,
        during,
    })
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
    /// What is counted apart.
    part: Option<Part>,
}

/// One half of a statement on latency.
enum Word {
    Metric(Metric),
    Summary(Summary),
    Rate(Statistic),
}

#[derive(Clone, Copy)]
enum Summary {
    Percentile(f64),
    Mean,
    Max,
    Min,
    Deviation,
}

impl Summary {
    fn of(self, metric: Metric) -> Statistic {
        match self {
            Self::Percentile(q) => Statistic::Percentile { metric, q },
            Self::Mean => Statistic::Mean(metric),
            Self::Max => Statistic::Max(metric),
            Self::Min => Statistic::Min(metric),
            Self::Deviation => Statistic::Deviation(metric),
        }
    }
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    /// The next word and its place, not consumed: up to white space or an operator.
    fn word(&mut self) -> (&'a str, Range<usize>) {
        self.skip_space();
        let ends = |c: char| c.is_whitespace() || OPERATORS.contains(&c) || matches!(c, '=' | '!');
        let rest = self.rest();
        let length = rest.find(ends).unwrap_or(rest.len());
        (&rest[..length], self.at..self.at + length)
    }

    /// The next word, or two that name a metric together; not consumed.
    fn term(&mut self) -> (&'a str, Range<usize>) {
        let (first, range) = self.word();
        if first == "capture"
            && let Some((_, end)) = self.captured(range.end)
        {
            return (&self.text[range.start..end], range.start..end);
        }
        let before = std::mem::replace(&mut self.at, range.end);
        let (second, behind) = self.word();
        self.at = before;
        let both = &self.text[range.start..behind.end];
        if !second.is_empty() && metric(both).is_some() {
            return (both, range.start..behind.end);
        }
        (first, range)
    }

    fn statistic(&mut self) -> Parsed<Statistic> {
        let (word, range) = self.term();
        if word.is_empty() {
            return Err(self.error(
                "T0801",
                self.at..self.text.len(),
                "a budget starts with what it bounds",
                "write, for example, `p95 of landing < 500ms` or `error_rate < 0.1%`",
            ));
        }
        let first = self.classify(word, &range);
        self.at = range.end;
        let (next, second) = self.term();
        let first = first.map_err(|error| match self.classify(next, &second) {
            Ok(Word::Summary(_) | Word::Rate(_)) if error.code == "T0802" && !is_synonym(word) => {
                SentenceError {
                    help: format!("the step stands behind `of`: `{next} of {word}`"),
                    ..error
                }
            }
            _ => error,
        })?;
        // A second word that is neither metric nor statistic is somebody else's to read.
        let other = matches!(next, "" | "of").then_some(None);
        let other = other.unwrap_or_else(|| self.classify(next, &second).ok());
        match (first, other) {
            (Word::Metric(metric), Some(Word::Summary(summary)))
            | (Word::Summary(summary), Some(Word::Metric(metric))) => {
                self.at = second.end;
                if metric == Metric::Captured {
                    let both = [word, next];
                    let name = both.into_iter().find_map(|w| w.strip_prefix("capture"));
                    self.part = name.map(|name| Part::Capture(name.trim().to_owned()));
                }
                Ok(summary.of(metric))
            }
            (Word::Summary(summary), None) => Ok(summary.of(Metric::Response)),
            (Word::Rate(rate), None) => Ok(rate),
            (Word::Metric(metric), None) => {
                let name = match metric {
                    Metric::Captured => word,
                    _ => metric.name(),
                };
                Err(self.error(
                    "T0802",
                    range,
                    format!("`{name}` alone is not a statistic"),
                    format!("say which: `{name} p95`, `{name} mean` or `{name} max`"),
                ))
            }
            (_, Some(_)) => Err(self.error(
                "T0809",
                second,
                format!("`{word}` and `{next}` do not go together"),
                "a budget bounds one statistic; only pNN, mean, max, min and stddev take a metric, as in `ttfb p95`",
            )),
        }
    }

    fn classify(&self, word: &str, range: &Range<usize>) -> Parsed<Word> {
        if let Some(metric) = metric(word) {
            return Ok(Word::Metric(metric));
        }
        if word.split_whitespace().next() == Some("capture") {
            if word != "capture" {
                return Ok(Word::Metric(Metric::Captured));
            }
            let help = "as in `capture queue_depth max < 100`";
            return Err(self.error("T0812", range.clone(), "`capture` names nothing", help));
        }
        Ok(match word {
            _ if word.contains('(') && !word.starts_with("p(") => {
                Word::Rate(self.call(word, range)?)
            }
            "mean" => Word::Summary(Summary::Mean),
            "max" => Word::Summary(Summary::Max),
            "min" => Word::Summary(Summary::Min),
            "stddev" => Word::Summary(Summary::Deviation),
            "error_rate" => Word::Rate(Statistic::ErrorRate),
            "success_rate" => Word::Rate(Statistic::SuccessRate),
            "check_rate" => Word::Rate(Statistic::CheckRate),
            "cache_hit_rate" => Word::Rate(Statistic::CacheHitRate),
            "throughput" => Word::Rate(Statistic::Throughput),
            _ => return self.percentile(word, range),
        })
    }

    fn percentile(&self, word: &str, range: &Range<usize>) -> Parsed<Word> {
        let digits = word.strip_prefix('p').filter(|d| {
            d.starts_with(|c: char| c.is_ascii_digit())
                && d.ends_with(|c: char| c.is_ascii_digit())
                && d.matches('.').count() <= 1
                && d.chars().all(|c| c.is_ascii_digit() || c == '.')
        });
        let Some(digits) = digits else {
            let help = misspelt(word);
            let message = format!("`{word}` is not a statistic");
            return Err(self.error("T0802", range.clone(), message, help));
        };
        let percent: f64 = digits.parse().unwrap_or(0.0);
        let plain = digits.len() <= 8 && !(digits.starts_with('0') && percent >= 1.0);
        if percent > 0.0 && percent < 100.0 && plain {
            return Ok(Word::Summary(Summary::Percentile(percent / 100.0)));
        }
        let help = match digits {
            "100" => "write `max`".to_owned(),
            // p999 is how some tools spell p99.9.
            _ if !digits.contains('.') && digits.starts_with("99") => {
                format!("write `p99.{}`", &digits[2..])
            }
            _ => "percentiles lie between 0 and 100: `p50`, `p95`, `p99.9`".to_owned(),
        };
        let message = format!("`{word}` is not a percentile");
        Err(self.error("T0811", range.clone(), message, help))
    }

    fn scope(&mut self, statistic: Statistic) -> Parsed<Scope> {
        let (word, range) = self.word();
        if word != "of" {
            return Ok(Scope::All);
        }
        self.at = range.end;
        if let Some(part) = self.status(statistic)? {
            self.part = Some(part);
            return self.scope_behind(statistic);
        }
        self.at = range.start;
        self.scope_behind(statistic)
    }

    /// The name behind `of`.
    fn scope_behind(&mut self, statistic: Statistic) -> Parsed<Scope> {
        let (word, range) = self.word();
        if word != "of" {
            return Ok(Scope::All);
        }
        self.at = range.end;
        self.skip_space();
        let start = self.at;
        let name = match self.quoted()? {
            Some(name) => name,
            None => self.bare_scope(),
        };
        if name.is_empty() {
            let help = "name a step or flow, as in `p95 of purchase/pay < 500ms`";
            return Err(self.error("T0803", range, "`of` names nothing", help));
        }
        let written = start..self.at;
        if statistic == Statistic::Throughput {
            let help = format!("leave out `of {name}`");
            return Err(self.error(
                "T0803",
                written,
                "throughput is that of the whole run",
                help,
            ));
        }
        let bare = !self.text[start..].starts_with(['"', '\'']);
        if bare && name.split_whitespace().any(|w| w == "during") {
            let help =
                "as in `p95 of landing < 500ms during launch`; quote a name that holds the word";
            return Err(self.error("T0810", written, "`during` stands after the limit", help));
        }
        Ok(Scope::Named(name.to_owned()))
    }

    /// Up to the operator. A trailing `=` or `!` is the beginning of a (wrong) operator.
    fn bare_scope(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(OPERATORS).or_else(|| rest.find(['=', '!']));
        let name = rest[..end.unwrap_or(rest.len())].trim_end();
        let name = name.trim_end_matches(['=', '!']).trim_end();
        self.at += name.len();
        name
    }

    /// A name in quotes, if one stands here.
    fn quoted(&mut self) -> Parsed<Option<&'a str>> {
        let rest = self.rest();
        let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            return Ok(None);
        };
        let Some(length) = rest[1..].find(quote) else {
            let range = self.at..self.text.len();
            let help = format!("add the closing {quote}");
            return Err(self.error("T0803", range, "the quote is not closed", help));
        };
        self.at += length + 2;
        Ok(Some(rest[1..=length].trim()))
    }

    fn operator(&mut self, statistic: Statistic) -> Parsed<Operator> {
        self.skip_space();
        let rest = self.rest();
        let signs = |c: char| !(OPERATORS.contains(&c) || matches!(c, '=' | '!'));
        let sign = &rest[..rest.find(signs).unwrap_or(rest.len())];
        let range = self.at..self.at + sign.len();
        let operator = match sign {
            "<" => Operator::Less,
            "<=" => Operator::AtMost,
            ">" => Operator::More,
            ">=" => Operator::AtLeast,
            "" => return Err(self.no_operator(statistic)),
            _ => {
                let help = format!("write `{}`", meant(statistic, sign));
                let message = format!("`{sign}` is not an operator of budgets");
                return Err(self.error("T0804", range, message, help));
            }
        };
        if !statistic.takes(operator) {
            let message = format!(
                "a budget says what must hold, so {statistic} takes `{}`",
                sides(statistic)
            );
            let help = match statistic {
                Statistic::Count(which) | Statistic::Rate(which) if which.wanted() => {
                    format!("bound their share: `share({which}) >= 99%`")
                }
                _ => format!("write `{}`", meant(statistic, sign)),
            };
            return Err(self.error("T0805", range, message, help));
        }
        self.at = range.end;
        Ok(operator)
    }

    fn no_operator(&mut self, statistic: Statistic) -> SentenceError {
        let (word, range) = self.word();
        let written = self.text[..self.at].trim_end();
        let side = sides(statistic);
        if word.is_empty() {
            let help = format!("write `{written} {}`", example(statistic));
            return self.error("T0804", range, "the limit is missing", help);
        }
        let help = match word {
            "is" | "below" | "under" | "less" | "above" | "over" | "at" | "within" => {
                format!("write `{side}`")
            }
            _ => format!("write `{side}` before the limit, and `of` before the name of a step"),
        };
        self.error(
            "T0804",
            range,
            format!("expected `{side}`, found `{word}`"),
            help,
        )
    }

    fn limit(
        &mut self,
        statistic: Statistic,
        operator: Operator,
    ) -> Parsed<(Quantity, Range<usize>)> {
        self.skip_space();
        let start = self.at;
        let text = quantity(self.rest());
        let range = start..start + text.len();
        if text.is_empty() {
            let (word, range) = self.word();
            let help = format!("as in `{statistic} {}`", example(statistic));
            let message = if word.is_empty() {
                "the limit is missing".to_owned()
            } else {
                format!("expected a number with its unit, found `{word}`")
            };
            return Err(self.error("T0806", range, message, help));
        }
        self.at = range.end;
        let limit = measure(statistic, text)
            .map_err(|(message, help)| self.error("T0806", range.clone(), message, help))?;
        let bound = Bound { operator, limit };
        pointless(bound).map_or(Ok((limit, range.clone())), |what| {
            let message = format!("`{bound}` {what}");
            let help = match what {
                "never holds" => {
                    format!("write, for example, `{}`", reachable(statistic, operator))
                }
                _ => "write a limit that can be missed, or remove the budget".to_owned(),
            };
            Err(self.error("T0807", range, message, help))
        })
    }

    fn error(
        &self,
        code: &'static str,
        range: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> SentenceError {
        let range = range.start.min(self.text.len())..range.end.min(self.text.len());
        SentenceError {
            code,
            range,
            message: message.into(),
            help: help.into(),
        }
    }
}
