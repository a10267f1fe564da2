//! The header `Server-Timing`. In: its value; out: metrics with their durations. Invariant: what stands in quotes separates
//! nothing, and what is no duration is none.

use crate::units;
use std::time::Duration;

/// Metrics in their order, each with its `dur`, which is in milliseconds.
pub fn server_timings(value: &str) -> impl Iterator<Item = (&str, Option<Duration>)> {
    pieces(value, ',').map(|metric| {
        let mut parts = pieces(metric, ';');
        let name = parts.next().unwrap_or_default();
        let duration = parts.find_map(|part| {
            let (key, value) = part.split_once('=')?;
            let number = value.trim().trim_matches('"');
            let number = key.trim().eq_ignore_ascii_case("dur").then_some(number)?;
            units::parse_duration(&format!("{number}ms")).ok()
        });
        (name, duration)
    })
}

/// Pieces between separators that stand in no quotes, without blanks around them.
fn pieces(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c: char| {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = quoted,
            '"' => quoted = !quoted,
            _ => return c == separator && !quoted,
        }
        false
    })
    .map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_durations() {
        let read = |text| -> Vec<(&str, Option<u128>)> {
            let ms = |(name, time): (&'static str, Option<Duration>)| {
                (name, time.map(|time| time.as_micros()))
            };
            server_timings(text).map(ms).collect()
        };
        assert_eq!(
            read("db;dur=53.2, cache;desc=\"hit, or ; \\\" miss\";dur=\"1\" ,miss, total ; DUR=0"),
            [
                ("db", Some(53_200)),
                ("cache", Some(1_000)),
                ("miss", None),
                ("total", Some(0))
            ]
        );
        for (text, count) in [
            ("", 1),
            (",,", 3),
            ("a;dur=-1", 1),
            ("a;dur=1e999", 1),
            ("a;desc=\"", 1),
        ] {
            let found = read(text);
            assert_eq!(found.len(), count, "{text}");
            assert!(
                found.iter().all(|(_, time)| time.is_none()),
                "{text}: {found:?}"
            );
        }
    }
}
