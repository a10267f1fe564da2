//! Budgets → text. In: parsed budgets and bare numbers; out: the sentence in its plainest form, and values with
//! units. Invariant: the sentence parses back to the same budget.

use super::{Bound, Budget, Operator, Quantity, Scope, Statistic};
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
        !matches!(self, Self::SuccessRate | Self::CheckRate | Self::Throughput)
    }

    /// The latency it is about.
    pub fn metric(self) -> Option<Metric> {
        match self {
            Self::Percentile { metric, .. } | Self::Mean(metric) | Self::Max(metric) => {
                Some(metric)
            }
            Self::ErrorRate | Self::SuccessRate | Self::CheckRate | Self::Throughput => None,
        }
    }
}

impl Bound {
    /// The limit of a latency.
    pub fn time(self) -> Option<Nanos> {
        match self.limit {
            Quantity::Time(nanos) => Some(nanos),
            Quantity::Share(_) | Quantity::Rate(_) => None,
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
            Self::ErrorRate => f.write_str("error_rate"),
            Self::SuccessRate => f.write_str("success_rate"),
            Self::CheckRate => f.write_str("check_rate"),
            Self::Throughput => f.write_str("throughput"),
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.operator.sign())?;
        match self.limit {
            Quantity::Time(nanos) if nanos % 1_000_000_000 == 0 => {
                write!(f, "{}s", nanos / 1_000_000_000)
            }
            Quantity::Time(nanos) if nanos % 1_000_000 == 0 => write!(f, "{}ms", nanos / 1_000_000),
            Quantity::Time(nanos) => write!(f, "{}us", nanos as f64 / 1e3),
            Quantity::Share(share) => write!(f, "{}%", decimal(share * 100.0)),
            Quantity::Rate(rate) => write!(f, "{rate} req/s"),
        }
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.statistic)?;
        if let Scope::Named(name) = &self.scope {
            write!(f, " of {}", quoted(name))?;
        }
        write!(f, " {}", self.bound)?;
        if let Some(profile) = &self.during {
            write!(f, " during {}", quoted(profile))?;
        }
        Ok(())
    }
}

/// A name, in quotes where the grammar would stumble over it.
fn quoted(name: &str) -> String {
    let stumbles = name.contains(['<', '>', '≤', '≥', '=', '!'])
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
    }
}
