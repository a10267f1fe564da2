//! When a message says that it was sent. In: what a query found; out: nanoseconds since 1970. Invariant: the unit of a
//! number follows from its size: for a century around now, no two units overlap.

use crate::expr::Value;

/// From here on a number counts milliseconds, microseconds, nanoseconds; below, seconds.
const UNITS: [(f64, f64); 3] = [(1e17, 1.0), (1e14, 1e3), (1e11, 1e6)];

/// Nanoseconds since 1970; `None` where it is no time.
pub(super) fn nanos_since_1970(value: &Value) -> Option<i128> {
    match value {
        Value::Json(serde_json::Value::Number(number)) => {
            let whole = number.as_u64().filter(|n| *n as f64 >= UNITS[0].0);
            whole
                .map(i128::from)
                .or_else(|| number.as_f64().and_then(number_of))
        }
        Value::Json(serde_json::Value::String(text)) => text
            .parse::<jiff::Timestamp>()
            .map(jiff::Timestamp::as_nanosecond)
            .ok()
            .or_else(|| text.parse().ok().and_then(number_of)),
        Value::Time(_) => {
            let text = value.text();
            text.parse::<jiff::Timestamp>()
                .map(jiff::Timestamp::as_nanosecond)
                .ok()
        }
        Value::Json(_) | Value::Missing => None,
    }
}

fn number_of(number: f64) -> Option<i128> {
    if !number.is_finite() || number <= 0.0 {
        return None;
    }
    let unit = UNITS.iter().find(|(from, _)| number >= *from);
    let factor = unit.map_or(1e9, |(_, factor)| *factor);
    // Whole seconds first: a product of floats would lose what is behind the comma.
    let (whole, part) = (number.trunc(), number.fract());
    Some(whole as i128 * factor as i128 + (part * factor).round() as i128)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn times_are_read_in_every_unit() {
        let at = 1_790_000_000_250_000_000_i128;
        for written in [
            json!(1_790_000_000.25),
            json!(1_790_000_000_250_u64),
            json!(1_790_000_000_250_000_u64),
            json!(1_790_000_000_250_000_000_u64),
            json!("1790000000250"),
            json!("2026-09-21T14:13:20.25Z"),
            json!("2026-09-21T16:13:20.250+02:00"),
        ] {
            assert_eq!(
                nanos_since_1970(&Value::Json(written.clone())),
                Some(at),
                "{written}"
            );
        }
        for written in [
            json!("soon"),
            json!(-1),
            json!(null),
            json!([1]),
            json!(true),
        ] {
            assert_eq!(nanos_since_1970(&Value::Json(written)), None);
        }
        assert_eq!(nanos_since_1970(&Value::Missing), None);
    }
}
