//! Think time. In: `think:`; out: a range of times. Invariant: the range is the right way round.

use crate::scenario::loading::Loading;
use crate::source::{Fields, Span};
use crate::units::parse_duration;
use std::time::Duration;

/// Think time: drawn evenly from `min` to `max`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Think {
    /// The shortest time.
    pub min: Duration,
    /// The longest time; at least `min`.
    pub max: Duration,
    /// Where it stands.
    pub span: Span,
}

pub(super) fn read(loading: &mut Loading<'_>, fields: &Fields<'_>) -> Option<Think> {
    let node = fields.get("think")?;
    let (min, max) =
        loading
            .reader
            .quantity(node, "a time such as `1s`, or a range `1s..3s`", range)?;
    if min > max {
        let text = node.scalar().map_or("", |scalar| scalar.text.as_str());
        let (from, to) = text.split_once("..").unwrap_or((text, text));
        let help = format!("write `{}..{}`", to.trim(), from.trim());
        loading.reader.error(
            "T0408",
            node.span,
            "this range is the wrong way round",
            help,
        );
        return None;
    }
    Some(Think {
        min,
        max,
        span: node.span,
    })
}

fn range(text: &str) -> Result<(Duration, Duration), String> {
    match text.split_once("..") {
        Some((from, to)) => Ok((parse_duration(from.trim())?, parse_duration(to.trim())?)),
        None => parse_duration(text).map(|time| (time, time)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn think_is_a_time_or_a_range() {
        let ms = Duration::from_millis;
        assert_eq!(range("2s"), Ok((ms(2000), ms(2000))));
        assert_eq!(range("500ms .. 3s"), Ok((ms(500), ms(3000))));
        assert!(range("1..3s").unwrap_err().contains("`1s`"));
        assert!(range("soon").is_err());
    }
}
