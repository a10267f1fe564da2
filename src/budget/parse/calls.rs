//! Statistics with an argument: `count(5xx)`, `apdex(500ms)`. In: one word; out: the statistic, or what is wrong.
//! Invariant: an argument that names no requests is an error, never an empty count.

use super::super::{Statistic, Which};
use super::{Cursor, Parsed};
use crate::source::closest;
use crate::units;
use std::ops::Range;

const FUNCTIONS: [&str; 4] = ["apdex", "count", "rate", "share"];

impl Cursor<'_> {
    pub(super) fn call(&self, word: &str, range: &Range<usize>) -> Parsed<Statistic> {
        let (name, rest) = word.split_once('(').unwrap_or((word, ""));
        let Some(argument) = rest.strip_suffix(')').map(str::trim) else {
            let message = format!("`{word}` is not closed");
            let help = format!("write `{name}(…)` without spaces in it");
            return Err(self.error("T0814", range.clone(), message, help));
        };
        let last = if name == "share" {
            String::new()
        } else {
            format!(", `{name}(messages)`")
        };
        let which = |of: fn(Which) -> Statistic| {
            which(argument).map(of).ok_or_else(|| {
                let message = format!("`{argument}` is no status and no kind of request");
                let help = format!("write a status (`{name}(429)`), a class (`{name}(5xx)`), `{name}(errors)`, `{name}(timeouts)`{last}");
                self.error("T0814", range.clone(), message, help)
            })
        };
        if (name, argument) == ("share", "messages") {
            let message = "messages are no share of requests".to_owned();
            let help = "bound `count(messages)` or `rate(messages)`";
            return Err(self.error("T0814", range.clone(), message, help));
        }
        match name {
            "count" => which(Statistic::Count),
            "rate" => which(Statistic::Rate),
            "share" => which(Statistic::Share),
            "apdex" => match units::parse_duration(argument).map(units::nanos) {
                Ok(limit) if limit > 0 => Ok(Statistic::Apdex(limit)),
                _ => {
                    let message = format!("`{argument}` is no time that satisfies");
                    Err(self.error(
                        "T0814",
                        range.clone(),
                        message,
                        "write `apdex(500ms) > 0.9`",
                    ))
                }
            },
            _ => {
                let help = closest(name, FUNCTIONS).map_or_else(
                    || {
                        format!(
                            "there are {}",
                            FUNCTIONS.map(|f| format!("{f}(…)")).join(", ")
                        )
                    },
                    |near| format!("did you mean `{near}({argument})`?"),
                );
                let message = format!("`{name}(…)` is not a statistic");
                Err(self.error("T0802", range.clone(), message, help))
            }
        }
    }
}

fn which(argument: &str) -> Option<Which> {
    match argument {
        "errors" => return Some(Which::Errors),
        "timeouts" => return Some(Which::Timeouts),
        "messages" => return Some(Which::Messages),
        _ => {}
    }
    if let Some(class) = argument.strip_suffix("xx") {
        let class = class.parse().ok();
        return class.filter(|c| (1..=5).contains(c)).map(Which::Class);
    }
    let status = argument.parse().ok();
    status
        .filter(|s| (100..=599).contains(s))
        .map(Which::Status)
}
