//! The words and quantities of sentences. In: pieces of a sentence; out: limits in the unit of their statistic,
//! and the right words for wrong ones. Invariant: a number without its unit is an error that shows the unit.

use super::super::{Bound, Operator, Quantity, Statistic, Which};
use super::part;
use crate::record::Metric;
use crate::source::closest;
use crate::units::{self, Arrivals, Rate};

/// What people write elsewhere, and what it is called here.
const SYNONYMS: [(&str, &str); 32] = [
    ("avg", "mean"),
    ("average", "mean"),
    ("med", "p50"),
    ("median", "p50"),
    ("maximum", "max"),
    ("p100", "max"),
    ("errors", "error_rate"),
    ("error", "error_rate"),
    ("failures", "error_rate"),
    ("failure_rate", "error_rate"),
    ("http_req_failed", "error_rate"),
    ("success", "success_rate"),
    ("check", "check_rate"),
    ("checks", "check_rate"),
    ("rps", "throughput"),
    ("rate", "throughput"),
    ("latency", "p95"),
    ("response_time", "response p95"),
    ("http_req_duration", "response p95"),
    ("http_reqs", "throughput"),
    ("cache", "cache_hit_rate"),
    ("cache_hit", "cache_hit_rate"),
    ("cache_hits", "cache_hit_rate"),
    ("hit_rate", "cache_hit_rate"),
    ("ws", "ws latency p95"),
    ("websocket", "ws latency p95"),
    ("message", "message latency p95"),
    ("event", "event gap p95"),
    ("first", "first message p95"),
    ("gap", "message gap p95"),
    ("messages", "count(messages)"),
    ("message_rate", "rate(messages)"),
];

/// The statistics and metrics, for "did you mean".
const WORDS: [&str; 29] = [
    "p50",
    "p90",
    "p95",
    "p99",
    "p99.9",
    "mean",
    "max",
    "error_rate",
    "success_rate",
    "check_rate",
    "cache_hit_rate",
    "throughput",
    "response",
    "service",
    "ttfb",
    "wait",
    "dns",
    "connect",
    "tls",
    "write",
    "body",
    "bytes",
    "decoded",
    "lag",
    "min",
    "stddev",
    "count(5xx)",
    "capture",
    "apdex(500ms)",
];

/// The metric that one or two words name.
pub(super) fn metric(words: &str) -> Option<Metric> {
    let mut parts = words.split_whitespace();
    let pair = (parts.next()?, parts.next());
    match pair {
        (first, None) => Metric::ALL.into_iter().find(|m| m.name() == first),
        ("schedule", Some("lag")) => Some(Metric::Lag),
        ("message" | "ws" | "websocket" | "event", Some("latency")) => Some(Metric::Message),
        ("first", Some("message" | "event")) => Some(Metric::First),
        ("message" | "event", Some("gap")) => Some(Metric::Gap),
        _ => None,
    }
}

/// The number and unit that a text starts with.
pub(super) fn quantity(text: &str) -> &str {
    let number = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '_' | ',' | '-')));
    let Some(number) = number else { return text };
    if number == 0 {
        return "";
    }
    let rest = &text[number..];
    let space = rest.len() - rest.trim_start().len();
    let unit = &rest[space..];
    let end = unit.find(char::is_whitespace).unwrap_or(unit.len());
    match &unit[..end] {
        // `500 during launch` has no unit, and `launch` is none.
        "" | "during" | "of" | "in" | "for" | "within" => &text[..number],
        _ => &text[..number + space + end],
    }
}

/// A limit in the unit of the statistic; else the message and the fix.
pub(super) fn measure(statistic: Statistic, text: &str) -> Result<Quantity, (String, String)> {
    if statistic.metric().is_some_and(Metric::of_bytes) {
        let help = format!("{statistic} is in bytes, as in `100kB`");
        return units::parse_bytes(text)
            .map(Quantity::Bytes)
            .map_err(|m| (m, help));
    }
    if statistic.metric() == Some(Metric::Captured) {
        return plain(statistic, text);
    }
    if statistic.metric().is_some() {
        return units::parse_duration(text)
            .map(|d| Quantity::Time(units::nanos(d)))
            .map_err(|m| (m, format!("{statistic} is a time, as in `500ms` or `2s`")));
    }
    match statistic {
        Statistic::Count(_) | Statistic::Apdex(_) => plain(statistic, text),
        Statistic::ErrorRate
        | Statistic::SuccessRate
        | Statistic::CheckRate
        | Statistic::CacheHitRate
        | Statistic::Server(_)
        | Statistic::Share(_) => units::parse_share(text)
            .map(Quantity::Share)
            .map_err(|m| (m, share_help(statistic, text))),
        Statistic::Rate(which) if text.ends_with('%') && which != Which::Messages => Err((
            format!("{statistic} is so many requests a second, and `{text}` is a share"),
            format!("write `share({which})`"),
        )),
        _ => match Rate::parse(text) {
            Ok(rate) if rate.of == Arrivals::Requests => Ok(Quantity::Rate(rate.per_second)),
            Ok(_) => Err((
                format!("{statistic} counts requests, not flows"),
                "write it in `req/s`".to_owned(),
            )),
            Err(message) => Err((message, format!("{statistic} is a rate, as in `500 req/s`"))),
        },
    }
}

fn plain(statistic: Statistic, text: &str) -> Result<Quantity, (String, String)> {
    let help = match statistic {
        Statistic::Count(which) if text.ends_with('%') && which != Which::Messages => {
            format!("write `share({which})` for a share of the requests")
        }
        _ => format!("as in `{statistic} {}`", example(statistic)),
    };
    match text.replace('_', "").parse::<f64>() {
        Ok(number) if (0.0..=Metric::MOST_NUMBER).contains(&number) => Ok(Quantity::Number(number)),
        _ => Err((
            format!("`{text}` is not a plain number from 0 to 10^12"),
            help,
        )),
    }
}

/// `0.01` may be meant as a fraction (as in k6) or as percent: both are shown.
fn share_help(statistic: Statistic, text: &str) -> String {
    match text.parse::<f64>() {
        Ok(share) if share > 0.0 && share < 1.0 => format!(
            "write `{text}%`, or `{}%` if the fraction {text} is meant",
            units::significant(share * 100.0)
        ),
        Ok(percent) if (0.0..=100.0).contains(&percent) => format!("write `{text}%`"),
        _ => format!(
            "{statistic} is a share, as in `{statistic} {}`",
            example(statistic)
        ),
    }
}

pub(super) fn sides(statistic: Statistic) -> &'static str {
    if statistic.upper() { "<" } else { ">" }
}

/// The operator that was probably meant: the right side, with `=` where `=` was written before or behind a side.
pub(super) fn meant(statistic: Statistic, sign: &str) -> String {
    let equal = matches!(sign, "<=" | ">=" | "=<" | "=>" | "≤" | "≥");
    format!("{}{}", sides(statistic), if equal { "=" } else { "" })
}

pub(super) fn example(statistic: Statistic) -> &'static str {
    match statistic {
        Statistic::ErrorRate | Statistic::Share(_) => "< 0.1%",
        Statistic::Count(Which::Messages) => ">= 100",
        Statistic::Rate(Which::Messages) => ">= 10/s",
        Statistic::Count(_) => "< 5",
        Statistic::Rate(_) => "< 1 req/s",
        Statistic::Apdex(_) => "> 0.9",
        _ if statistic.metric() == Some(Metric::Captured) => "< 100",
        _ if statistic.metric().is_some_and(Metric::of_bytes) => "< 100kB",
        Statistic::SuccessRate | Statistic::CheckRate => "> 99%",
        Statistic::CacheHitRate => "> 80%",
        Statistic::Server(_) => "< 70%",
        Statistic::Throughput => ">= 500 req/s",
        _ => "< 500ms",
    }
}

/// The nearest budget that can hold.
pub(super) fn reachable(statistic: Statistic, operator: Operator) -> String {
    match statistic {
        Statistic::Share(_) if !operator.upper() => format!("{statistic} >= 100%"),
        Statistic::ErrorRate | Statistic::Share(_) => format!("{statistic} <= 0%"),
        Statistic::SuccessRate | Statistic::CheckRate | Statistic::CacheHitRate => {
            format!("{statistic} >= 100%")
        }
        _ => format!("{statistic} {}", example(statistic)),
    }
}

/// Whether a word is of another tool, and has a name of its own here.
pub(super) fn is_synonym(word: &str) -> bool {
    SYNONYMS
        .iter()
        .any(|(theirs, _)| theirs.eq_ignore_ascii_case(word))
}

pub(super) fn misspelt(word: &str) -> String {
    let lower = word.to_lowercase();
    if let Some((_, ours)) = SYNONYMS.iter().find(|(theirs, _)| *theirs == lower) {
        return format!("write `{ours}`");
    }
    if part(&lower).is_some() {
        return format!("write `share({lower})`, `count({lower})` or `rate({lower})`");
    }
    // k6 writes p(95).
    let k6 = lower.strip_prefix("p(").and_then(|w| w.strip_suffix(')'));
    if let Some(digits) = k6.filter(|d| d.chars().all(|c| c.is_ascii_digit() || c == '.')) {
        return format!("write `p{digits}`");
    }
    closest(&lower, WORDS).map_or_else(
        || format!("a budget starts with one of: {}", WORDS.join(", ")),
        |near| format!("did you mean `{near}`?"),
    )
}

/// Why a bound is no budget: nothing can keep it, or nothing can break it.
pub(super) fn pointless(bound: Bound) -> Option<&'static str> {
    match (bound.operator, bound.limit) {
        (Operator::Less, Quantity::Share(0.0) | Quantity::Number(0.0))
        | (Operator::Less | Operator::AtMost, Quantity::Time(0))
        | (Operator::More, Quantity::Share(1.0)) => Some("never holds"),
        (Operator::AtMost, Quantity::Share(1.0)) | (Operator::AtLeast, Quantity::Share(0.0)) => {
            Some("always holds")
        }
        _ => None,
    }
}
