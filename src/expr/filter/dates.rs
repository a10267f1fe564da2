//! Dates as servers write them. In: text; out: an instant, and back. Invariant: a date without a zone is UTC,
//! and a format that can show no date is refused while it is read.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::{rfc2822, strtime};
use jiff::tz::TimeZone;

/// Longer texts are no dates.
const LONGEST: usize = 100;

/// RFC 3339 (also without a zone, or the day alone), RFC 2822 and the dates of HTTP headers.
pub(in crate::expr) fn read(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.len() > LONGEST || !text.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let mail = rfc2822::DateTimeParser::new();
    text.parse()
        .ok()
        .or_else(|| mail.parse_timestamp(text).ok())
        .or_else(|| utc(text.parse().ok()?))
}

/// A date in a format of `strptime`.
pub(super) fn read_as(format: &str, text: &str) -> Option<Timestamp> {
    let parsed = strtime::parse(format, text.trim()).ok()?;
    let date = || {
        let day = parsed.to_date().ok()?;
        utc(day.at(0, 0, 0, 0))
    };
    parsed
        .to_timestamp()
        .ok()
        .or_else(|| utc(parsed.to_datetime().ok()?))
        .or_else(date)
}

/// A date in a format of `strftime`, in UTC; `None` for a format that is wrong.
pub(in crate::expr) fn write(format: &str, date: Timestamp) -> Option<String> {
    strtime::format(format, &date.to_zoned(TimeZone::UTC)).ok()
}

/// Whether a format can show a date.
pub(in crate::expr) fn is_format(format: &str) -> bool {
    format.contains('%') && write(format, Timestamp::UNIX_EPOCH).is_some()
}

fn utc(date: DateTime) -> Option<Timestamp> {
    Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
}
