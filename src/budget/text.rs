//! Budgets → text. In: parsed budgets and bare numbers; out: the sentence in its plainest form, and values with
//! units. Invariant: the sentence parses back to the same budget.

use super::parse::part;
use super::{Bound, Budget, Operator, Over, Part, Quantity, Scope, Statistic, When, Which};
use crate::record::Metric;
use crate::units::{self, Nanos};
use std::fmt;

impl Operator {
    /// As written.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::AtLeast => ">=",
        }
    }

    /// Bounds from above.
    pub fn upper(self) -> bool {
        matches!(self, Self::Less | Self::AtMost)
    }

    /// Whether `value` stands to `limit` as it should. A billionth is forgiven: shares are quotients.
    pub fn holds(self, value: f64, limit: f64) -> bool {
        let hair = 1e-9 * limit.abs().max(value.abs());
        match self {
            Self::Less => value < limit - hair,
            Self::AtMost => value <= limit + hair,
            Self::More => value > limit + hair,
            Self::AtLeast => value >= limit - hair,
        }
    }
}

impl Statistic {
    /// Its budgets bound it from above.
    pub fn upper(self) -> bool {
        !matches!(
            self,
            Self::SuccessRate
                | Self::CheckRate
                | Self::CacheHitRate
                | Self::Throughput
                | Self::Apdex(_)
                | Self::Count(Which::Messages)
                | Self::Rate(Which::Messages)
        )
    }

    /// Whether its budgets may have this operator. Of answers that are no errors a share may be bounded from below.
    pub fn takes(self, operator: Operator) -> bool {
        let any = match self {
            Self::Share(which) => which.wanted(),
            _ => Self::Count(Which::Messages) == self || Self::Rate(Which::Messages) == self,
        };
        any || matches!(self, Self::Min(_) | Self::Server(_)) || operator.upper() == self.upper()
    }

    /// The latency it is about.
    pub fn metric(self) -> Option<Metric> {
        match self {
            Self::Percentile { metric, .. }
            | Self::Mean(metric)
            | Self::Max(metric)
            | Self::Min(metric)
            | Self::Deviation(metric) => Some(metric),
            _ => None,
        }
    }

    /// What it is of, in words.
    pub(super) fn of_what(self) -> &'static str {
        match self.metric() {
            Some(Metric::Captured) => "values",
            Some(metric) if metric.of_messages() => "messages",
            _ => "requests",
        }
    }

    /// The run keeps counts over time of what it is about.
    pub fn timed(self) -> bool {
        match self {
            Self::Percentile { metric, .. } => !metric.of_connections(),
            Self::ErrorRate | Self::SuccessRate | Self::CheckRate => true,
            _ => false,
        }
    }
}

impl Bound {
    /// The limit of a latency, or of bytes or captured numbers as histograms hold them.
    pub fn time(self) -> Option<Nanos> {
        match self.limit {
            Quantity::Time(nanos) => Some(nanos),
            Quantity::Bytes(bytes) => Some(bytes.saturating_mul(Metric::BYTE)),
            Quantity::Number(number) => Some((number * Metric::NUMBER as f64).round() as Nanos),
            Quantity::Share(_) | Quantity::Rate(_) => None,
        }
    }

    /// The limit as a bare number in its smallest unit.
    pub fn number(self) -> f64 {
        match self.limit {
            Quantity::Time(nanos) => nanos as f64,
            Quantity::Bytes(bytes) => bytes as f64,
            Quantity::Share(value) | Quantity::Rate(value) | Quantity::Number(value) => value,
        }
    }
}

impl Budget {
    /// What it bounds, with the name of what was captured.
    pub(super) fn subject(&self) -> String {
        let statistic = self.statistic.to_string();
        match (&self.part, statistic.strip_prefix("capture ")) {
            (Some(captured @ Part::Capture(_)), Some(summary)) => format!("{captured} {summary}"),
            _ => statistic,
        }
    }

    /// The answers it is of, where not of all.
    pub(super) fn status(&self) -> Option<&Part> {
        let part = self.part.as_ref();
        part.filter(|part| !matches!(part, Part::Capture(_)))
    }
}

impl Which {
    /// Answers that are no errors by themselves.
    pub(super) fn wanted(self) -> bool {
        match self {
            Self::Status(status) => status < 400,
            Self::Class(class) => class < 4,
            Self::Errors | Self::Timeouts | Self::Messages => false,
        }
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "{status}"),
            Self::Class(class) => write!(f, "{class}xx"),
            Self::Errors => f.write_str("errors"),
            Self::Timeouts => f.write_str("timeouts"),
            Self::Messages => f.write_str("messages"),
        }
    }
}

impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(metric) = self.metric().filter(|m| *m != Metric::Response) {
            write!(f, "{} ", metric.name())?;
        }
        match self {
            Self::Percentile { q, .. } => write!(f, "p{}", decimal(q * 100.0)),
            Self::Mean(_) => f.write_str("mean"),
            Self::Max(_) => f.write_str("max"),
            Self::Min(_) => f.write_str("min"),
            Self::Deviation(_) => f.write_str("stddev"),
            Self::Apdex(t) => write!(f, "apdex({})", time(*t)),
            Self::ErrorRate => f.write_str("error_rate"),
            Self::SuccessRate => f.write_str("success_rate"),
            Self::CheckRate => f.write_str("check_rate"),
            Self::CacheHitRate => f.write_str("cache_hit_rate"),
            Self::Throughput => f.write_str("throughput"),
            Self::Share(which) => write!(f, "share({which})"),
            Self::Count(which) => write!(f, "count({which})"),
            Self::Rate(which) => write!(f, "rate({which})"),
            Self::Server(over) => write!(f, "{over}"),
        }
    }
}

impl fmt::Display for Over {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Max => f.write_str("max"),
            Self::Min => f.write_str("min"),
            Self::Mean => f.write_str("mean"),
            Self::Last => f.write_str("last"),
            Self::Percentile(q) => write!(f, "p{}", decimal(q * 100.0)),
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.operator.sign(), self.limit)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(nanos) => f.write_str(&time(*nanos)),
            Self::Bytes(bytes) if *bytes > 0 && bytes % 1_000_000 == 0 => {
                write!(f, "{}MB", bytes / 1_000_000)
            }
            Self::Bytes(bytes) if *bytes > 0 && bytes % 1_000 == 0 => {
                write!(f, "{}kB", bytes / 1_000)
            }
            Self::Bytes(bytes) => write!(f, "{bytes}B"),
            Self::Share(share) => write!(f, "{}%", decimal(share * 100.0)),
            Self::Rate(rate) => write!(f, "{rate} req/s"),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

/// In the largest unit that keeps it whole.
fn time(nanos: Nanos) -> String {
    match nanos {
        _ if nanos.is_multiple_of(1_000_000_000) => format!("{}s", nanos / 1_000_000_000),
        _ if nanos.is_multiple_of(1_000_000) => format!("{}ms", nanos / 1_000_000),
        _ => format!("{}us", nanos as f64 / 1e3),
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Windows { share, length } => {
                let share = decimal(share * 100.0);
                write!(f, "in {share}% of {} windows", time(*length))
            }
            Self::Every(length) => write!(f, "for {}", time(*length)),
            Self::From(after) => write!(f, "within {} of start", time(*after)),
        }
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.scope {
            Scope::Server { name, query: None } => write!(f, "server {name} {}", self.statistic)?,
            Scope::Server { name, query } => {
                let query = query.as_deref().unwrap_or_default();
                let mark = if query.contains('\'') { '"' } else { '\'' };
                write!(
                    f,
                    "prometheus {name} {}: {mark}{query}{mark}",
                    self.statistic
                )?;
            }
            Scope::Named(_) | Scope::All => f.write_str(&self.subject())?,
        }
        if let Some(part) = self.status() {
            write!(f, " of {part}")?;
        }
        if let Scope::Named(name) = &self.scope {
            write!(f, " of {}", quoted(name))?;
        }
        write!(f, " {}", self.bound)?;
        if let Some(when) = &self.when {
            write!(f, " {when}")?;
        }
        if let Some(profile) = &self.during {
            write!(f, " during {}", quoted(profile))?;
        }
        Ok(())
    }
}

/// A name, in quotes where the grammar would stumble over it.
fn quoted(name: &str) -> String {
    let first = name.split_whitespace().next().unwrap_or_default();
    let stumbles = part(first).is_some()
        || name.contains(['<', '>', '≤', '≥', '=', '!'])
        || name.starts_with(['"', '\''])
        || name.split_whitespace().any(|w| w == "during");
    match (stumbles, name.contains('"')) {
        (false, _) => name.to_owned(),
        (true, false) => format!("\"{name}\""),
        (true, true) => format!("'{name}'"),
    }
}

/// Digits that were written, without those that binary fractions add: eleven decimals, no trailing zeros.
pub(super) fn decimal(value: f64) -> String {
    let text = format!("{value:.11}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A limit as reports show it.
pub(super) fn show(limit: Quantity) -> String {
    match limit {
        Quantity::Time(nanos) => units::format_nanos(nanos),
        Quantity::Share(share) => format!("{} %", decimal(share * 100.0)),
        Quantity::Rate(rate) => format!("{} req/s", units::significant(rate)),
        Quantity::Bytes(bytes) => units::format_bytes(bytes),
        Quantity::Number(number) => decimal(number),
    }
}

/// A value of a metric as reports show it.
pub(super) fn show_value(metric: Metric, value: Nanos) -> String {
    match metric {
        Metric::Captured if value <= 1_000 => "0".to_owned(),
        Metric::Captured if value < 1_000 * Metric::NUMBER => {
            units::significant(value as f64 / Metric::NUMBER as f64)
        }
        Metric::Captured => units::format_count(value.div_ceil(Metric::NUMBER)),
        _ if metric.of_bytes() => units::format_bytes(value / Metric::BYTE),
        _ => units::format_nanos(value),
    }
}
