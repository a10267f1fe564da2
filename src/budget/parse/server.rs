//! Sentences about servers: `server cpu max < 70%`, `prometheus cpu: 'rate(x[15s])' < 70%`. In: a cursor at the beginning;
//! out: what is bounded, and its limit. Invariant: without a statistic every reading must hold: `max` below a limit, `min`
//! above one.

use super::super::{Budget, Level, Over, Quantity, Scope, Statistic};
use super::{Bound, Cursor, OPERATORS, Parsed, Span, Summary, Word, quantity};
use crate::units;
use std::ops::Range;

/// What ends a name in front of an expression.
const COLON: char = ':';

impl<'a> Cursor<'a> {
    /// The whole sentence, where it is about servers.
    pub(super) fn server(&mut self) -> Option<Parsed<Budget>> {
        let (word, range) = self.word();
        let asks = match word {
            "server" => false,
            "prometheus" => true,
            _ => return None,
        };
        self.at = range.end;
        Some(self.about(asks))
    }

    fn about(&mut self, asks: bool) -> Parsed<Budget> {
        let (name, over) = if asks { self.head()? } else { self.observed()? };
        let query = if asks { Some(self.query()?) } else { None };
        let any = Statistic::Server(over.unwrap_or(Over::Max));
        let operator = self.operator(any)?;
        let over = over.unwrap_or(if operator.upper() {
            Over::Max
        } else {
            Over::Min
        });
        let statistic = Statistic::Server(over);
        let (limit, at) = self.value()?;
        self.no_windows()?;
        let during = self.during()?;
        Ok(Budget {
            part: None,
            text: self.text.trim().to_owned(),
            span: Span::new(0, self.text.len()),
            limit_at: Span::new(at.start, at.end),
            level: Level::Fail,
            statistic,
            scope: Scope::Server { name, query },
            bound: Bound { operator, limit },
            when: None,
            during,
        })
    }

    /// A name and perhaps a statistic, up to the operator.
    fn observed(&mut self) -> Parsed<(String, Option<Over>)> {
        let (name, range) = self.word();
        if name.is_empty() {
            let help = "name what the scenario's `observe:` reads, as in `server cpu max < 70%`";
            return Err(self.error("T0803", range, "`server` names no value", help));
        }
        self.at = range.end;
        let (word, range) = self.word();
        // A limit without its operator is said so where the operator is read.
        if word.is_empty() || word.starts_with(|c: char| c.is_ascii_digit()) {
            return Ok((name.to_owned(), None));
        }
        let over = self.over(word, &range)?;
        self.at = range.end;
        Ok((name.to_owned(), Some(over)))
    }

    /// A name and perhaps a statistic, up to a colon.
    fn head(&mut self) -> Parsed<(String, Option<Over>)> {
        self.skip_space();
        let rest = self.rest();
        let written = rest.split(COLON).next().unwrap_or_default();
        let range = self.at..self.at + written.len();
        let mut words = written.split_whitespace();
        let (name, word, more) = (words.next(), words.next(), words.next());
        let bare = written.len() == rest.len() || written.contains(['\'', '"']);
        let Some(name) = name.filter(|_| !bare && more.is_none()) else {
            let help = "write `prometheus cpu: '<expression>' < 70%`, or with a statistic `prometheus cpu p95: …`";
            let message = "a name, and a colon before the expression, are expected here";
            return Err(self.error("T0803", range, message, help));
        };
        let over = match word {
            Some(word) => {
                let at = range.start + written.rfind(word).unwrap_or(0);
                Some(self.over(word, &(at..at + word.len()))?)
            }
            None => None,
        };
        self.at = range.end + COLON.len_utf8();
        Ok((name.to_owned(), over))
    }

    /// The expression: in quotes, or up to the last operator.
    fn query(&mut self) -> Parsed<String> {
        self.skip_space();
        let start = self.at;
        let query = if let Some(text) = self.quoted()? {
            text
        } else {
            let rest = self.rest();
            let end = rest.rfind(OPERATORS).unwrap_or(rest.len());
            self.at += end;
            rest[..end].trim()
        };
        if query.is_empty() {
            let help = "write it in quotes: `prometheus cpu: 'rate(x[15s])' < 70%`";
            let range = start..self.at.max(start);
            return Err(self.error("T0803", range, "there is no expression", help));
        }
        Ok(query.to_owned())
    }

    fn over(&self, word: &str, range: &Range<usize>) -> Parsed<Over> {
        if word == "last" {
            return Ok(Over::Last);
        }
        match self.classify(word, range)? {
            Word::Summary(Summary::Mean) => Ok(Over::Mean),
            Word::Summary(Summary::Max) => Ok(Over::Max),
            Word::Summary(Summary::Min) => Ok(Over::Min),
            Word::Summary(Summary::Percentile(q)) => Ok(Over::Percentile(q)),
            _ => {
                let message = format!("`{word}` is no statistic of readings");
                let help =
                    "readings have `max`, `min`, `mean`, `last` and percentiles such as `p95`";
                Err(self.error("T0802", range.clone(), message, help))
            }
        }
    }

    /// Windows are of requests.
    fn no_windows(&mut self) -> Parsed<()> {
        let (word, range) = self.word();
        if !matches!(word, "in" | "for" | "within") {
            return Ok(());
        }
        let rest = range.start..self.text.trim_end().len();
        let message = "what a server says is judged over the whole measured phase";
        let help = "leave the time out; `p95`, `mean` and `last` say less than every reading does";
        Err(self.error("T0813", rest, message, help))
    }

    /// The limit: its unit says how the value is read.
    fn value(&mut self) -> Parsed<(Quantity, Range<usize>)> {
        self.skip_space();
        let text: &'a str = quantity(self.rest());
        let range = self.at..self.at + text.len();
        let bare = |text: &str| text.parse::<f64>().ok().filter(|n| n.is_finite());
        let limit = match text.trim() {
            "" => None,
            number if number.ends_with('%') => bare(number.trim_end_matches('%').trim())
                .map(|percent| Quantity::Share(percent / 100.0)),
            number => bare(&number.replace('_', ""))
                .map(Quantity::Number)
                .or_else(|| {
                    Some(Quantity::Time(units::nanos(
                        units::parse_duration(number).ok()?,
                    )))
                })
                .or_else(|| units::parse_bytes(number).ok().map(Quantity::Bytes)),
        };
        self.at = range.end;
        limit.map(|limit| (limit, range.clone())).ok_or_else(|| {
            let help = "a share `70%` (of a value from 0 to 1), a time `50ms` (of seconds), `500MB` (of bytes), or a plain number";
            let message = match text {
                "" => "the limit is missing".to_owned(),
                text => format!("`{text}` is no limit of a server's value"),
            };
            self.error("T0806", range, message, help)
        })
    }
}
