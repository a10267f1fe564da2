//! Quantities with their units. In: text as people write it (`500ms`, `99.9%`, `500 req/s`, `10 KB`);
//! out: plain values, and back to text. Invariant: a number without its unit is an error, and what is
//! printed here can be parsed again.

use std::fmt;
use std::time::Duration;

/// Nanoseconds since the start of a run: the clock of samples, windows and plans.
pub type Nanos = u64;

/// Converts a duration to [`Nanos`], at the ceiling for durations beyond 584 years.
pub fn nanos(duration: Duration) -> Nanos {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Parses `250us`, `1.5ms`, `2s`, `5m`, `2h`. A bare number is an error that names the fix.
///
/// # Errors
/// One sentence: what is wrong and how to write it.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text)?;
    let seconds = match unit {
        "us" | "µs" => number / 1e6,
        "ms" => number / 1e3,
        "s" | "sec" => number,
        "m" | "min" => number * 60.0,
        "h" => number * 3600.0,
        "d" | "day" | "days" => number * 86_400.0,
        "" => {
            return Err(format!(
                "`{text}` has no unit; write `{text}s` or `{text}ms`"
            ));
        }
        _ => {
            return Err(format!(
                "`{unit}` is not a unit of time; use us, ms, s, m or h"
            ));
        }
    };
    if seconds > 1e9 {
        return Err(format!("`{text}` is longer than 30 years"));
    }
    Ok(Duration::from_nanos((seconds * 1e9).round() as u64))
}

/// Prints a duration with three significant digits and a unit: `505 ms`, `1.23 s`, `85 µs`.
pub fn format_duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    let (value, unit) = match seconds {
        0.0 => return "0 ms".into(),
        s if s < 1e-3 => (s * 1e6, "µs"),
        s if s < 0.9995 => (s * 1e3, "ms"),
        s if s < 120.0 => (s, "s"),
        s if s < 7200.0 => (s / 60.0, "min"),
        s => (s / 3600.0, "h"),
    };
    format!("{} {unit}", significant(value))
}

/// [`format_duration`] for [`Nanos`].
pub fn format_nanos(nanos: Nanos) -> String {
    format_duration(Duration::from_nanos(nanos))
}

/// Prints a number with three significant digits, or all digits before the point, without trailing zeros.
pub fn significant(value: f64) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    let magnitude = if value == 0.0 {
        0.0
    } else {
        value.abs().log10().floor()
    };
    let decimals = (2.0 - magnitude).clamp(0.0, 6.0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// Prints a count with thin groups: `12,345`.
pub fn format_count(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Prints a number of bytes: `512 B`, `1.5 KB`, `3 MB` (powers of 1,000, as networks count).
pub fn format_bytes(bytes: u64) -> String {
    let value = bytes as f64;
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} KB", significant(value / 1e3)),
        1_000_000..1_000_000_000 => format!("{} MB", significant(value / 1e6)),
        _ => format!("{} GB", significant(value / 1e9)),
    }
}

/// Parses `512 B`, `10KB`, `1.5 MB` (powers of 1,000) and `64KiB`, `1 MiB` (powers of 1,024).
///
/// # Errors
/// One sentence: what is wrong and how to write it.
pub fn parse_bytes(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text)?;
    let factor = match unit {
        "B" => 1.0,
        "KB" | "kB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        "KiB" => 1024.0,
        "MiB" => 1024.0 * 1024.0,
        "" => {
            return Err(format!(
                "`{text}` has no unit; write `{text} B` or `{text} KB`"
            ));
        }
        _ => {
            return Err(format!(
                "`{unit}` is not a unit of size; use B, KB, MB, GB, KiB or MiB"
            ));
        }
    };
    Ok((number * factor).round() as u64)
}

/// What an arrival rate counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrivals {
    /// Requests: what people mean by "500 req/s". The plan converts them to flow starts.
    Requests,
    /// Flow starts.
    Flows,
}

/// An arrival rate, e.g. `500 req/s`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Arrivals a second.
    pub per_second: f64,
    /// What arrives.
    pub of: Arrivals,
}

impl Rate {
    /// Parses `500 req/s`, `500/s` (requests), `30 req/min`, `12 flows/s`.
    ///
    /// # Errors
    /// One sentence: what is wrong and how to write it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let rate = Self::parse_from_zero(text)?;
        if rate.per_second == 0.0 {
            return Err(format!("`{text}` is not a rate that can be offered"));
        }
        Ok(rate)
    }

    /// The unit behind the number.
    pub fn unit(&self) -> &'static str {
        match self.of {
            Arrivals::Requests => "req/s",
            Arrivals::Flows => "flows/s",
        }
    }

    /// [`Rate::parse`] that takes `0 req/s`, too.
    ///
    /// # Errors
    /// One sentence: what is wrong and how to write it.
    pub fn parse_from_zero(text: &str) -> Result<Self, String> {
        let (number, unit) = split(text)?;
        let Some((what, per)) = unit.split_once('/') else {
            return Err(format!(
                "`{text}` is not a rate; write `500 req/s` or `50 flows/s`"
            ));
        };
        let of = match what.trim() {
            "" | "req" | "reqs" | "request" | "requests" => Arrivals::Requests,
            "flow" | "flows" => Arrivals::Flows,
            other => {
                return Err(format!(
                    "`{other}` is not something that arrives; use req/s or flows/s"
                ));
            }
        };
        let seconds = match per.trim() {
            "s" | "sec" | "second" => 1.0,
            "m" | "min" | "minute" => 60.0,
            "h" | "hour" => 3600.0,
            other => return Err(format!("`/{other}` is not a period; use /s, /min or /h")),
        };
        let per_second = number / seconds;
        if !(0.0..=1e7).contains(&per_second) {
            return Err(format!("`{text}` is not a rate that can be offered"));
        }
        Ok(Self { per_second, of })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", significant(self.per_second), self.unit())
    }
}

/// Parses a share: `0.1%` or `99 %`; the result is a fraction of one.
///
/// # Errors
/// One sentence: what is wrong and how to write it.
pub fn parse_share(text: &str) -> Result<f64, String> {
    let (number, unit) = split(text)?;
    match unit {
        "%" if number <= 100.0 => Ok(number / 100.0),
        "%" => Err(format!("`{text}` is more than 100 %")),
        _ => Err(format!(
            "`{text}` is not a share; write it in percent, e.g. `0.1%`"
        )),
    }
}

/// Prints a fraction of one in percent: `0.1 %`, `99.95 %`.
pub fn format_share(share: f64) -> String {
    let percent = share * 100.0;
    // Near 100 % the interesting digits are those of the distance to it.
    if percent > 90.0 && percent < 100.0 {
        let rest = significant(100.0 - percent);
        let decimals = rest.split_once('.').map_or(0, |(_, d)| d.len());
        return format!("{percent:.decimals$} %");
    }
    format!("{} %", significant(percent))
}

/// Splits `1.5 ms` into the number and the trimmed unit.
fn split(text: &str) -> Result<(f64, &str), String> {
    let text = text.trim();
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_'))
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number: f64 = number
        .replace('_', "")
        .parse()
        .map_err(|_| format!("`{text}` does not start with a number"))?;
    Ok((number, unit.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_need_a_unit_and_know_five() {
        for (text, nanos) in [
            ("250us", 250_000),
            ("1.5ms", 1_500_000),
            ("2s", 2_000_000_000),
            ("5m", 300_000_000_000),
            ("2 h", 7_200_000_000_000),
        ] {
            assert_eq!(
                parse_duration(text),
                Ok(Duration::from_nanos(nanos)),
                "{text}"
            );
        }
        assert!(parse_duration("500").unwrap_err().contains("500ms"));
        assert!(
            parse_duration("5 parsecs")
                .unwrap_err()
                .contains("not a unit of time")
        );
        assert!(parse_duration("fast").is_err());
        assert!(parse_duration("-1s").is_err());
    }

    #[test]
    fn durations_print_with_three_digits() {
        for (nanos, text) in [
            (0, "0 ms"),
            (45_123, "45.1 µs"),
            (505_000_000, "505 ms"),
            (999_900_000, "1 s"),
            (1_234_567_890, "1.23 s"),
            (300_000_000_000, "5 min"),
        ] {
            assert_eq!(format_nanos(nanos), text);
        }
    }

    #[test]
    fn rates_say_what_arrives() {
        let rate = Rate::parse("500 req/s").unwrap();
        assert_eq!((rate.per_second, rate.of), (500.0, Arrivals::Requests));
        assert_eq!(Rate::parse("30 req/min").unwrap().per_second, 0.5);
        assert_eq!(Rate::parse("12 flows/s").unwrap().of, Arrivals::Flows);
        assert!(Rate::parse("500").unwrap_err().contains("500 req/s"));
        assert!(Rate::parse("5 cats/s").is_err());
        assert!(Rate::parse("0 req/s").is_err());
    }

    #[test]
    fn shares_and_sizes() {
        assert_eq!(parse_share("0.1%"), Ok(0.001));
        assert!(parse_share("0.1").is_err());
        assert!(parse_share("101%").is_err());
        assert_eq!(format_share(0.9995), "99.95 %");
        assert_eq!(format_share(0.0012), "0.12 %");
        assert_eq!(parse_bytes("64 KiB"), Ok(65_536));
        assert_eq!(format_bytes(1_500), "1.5 KB");
        assert_eq!(format_count(1_234_567), "1,234,567");
    }

    proptest! {
        #![proptest_config(crate::properties::cases(256))]

        #[test]
        fn printed_durations_parse_back_within_a_digit(nanos in 1_000u64..3_600_000_000_000) {
            let text = format_nanos(nanos);
            let back = parse_duration(&text).unwrap().as_nanos() as f64;
            prop_assert!((back / nanos as f64 - 1.0).abs() < 0.006, "{text}");
        }
    }
}
