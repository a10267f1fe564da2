//! The text format of Prometheus, and of OpenMetrics as far as they agree. In: a page and the metrics wanted of it; out:
//! for each the series that fit, and whether they only ever grow. Invariant: a line that is not wanted is not parsed, and
//! a wanted one that is broken is an error, never a number.

use crate::scenario::{Selector, labels};
use std::collections::{BTreeMap, HashMap};

/// Series of one metric: more would be memory that a server decides on.
const MOST: usize = 10_000;

/// Names and values.
type Labels = Vec<(String, String)>;

/// What a page says of one metric.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Found {
    /// Its values only grow, so that only their growth says something.
    pub(super) counter: bool,
    /// Labels as they are written → value.
    pub(super) series: BTreeMap<String, f64>,
}

/// Finds metrics on a page.
pub(super) fn find(page: &str, wanted: &[&Selector]) -> Vec<Result<Found, String>> {
    let mut types: HashMap<&str, &str> = HashMap::new();
    let mut found: Vec<Result<Found, String>> =
        wanted.iter().map(|_| Ok(Found::default())).collect();
    for line in page.lines() {
        let line = line.trim();
        if let Some(comment) = line.strip_prefix('#') {
            let mut words = comment.split_whitespace();
            if let (Some("TYPE"), Some(name), Some(kind)) =
                (words.next(), words.next(), words.next())
                && wanted.iter().any(|w| w.name.starts_with(name))
            {
                types.insert(name, kind);
            }
            continue;
        }
        let end = line.find(|c: char| c == '{' || c.is_whitespace());
        let (name, rest) = line.split_at(end.unwrap_or(line.len()));
        for (selector, found) in wanted.iter().zip(&mut found) {
            if selector.name == name {
                add(selector, rest, found);
            }
        }
    }
    for (selector, found) in wanted.iter().zip(&mut found) {
        if let Ok(all) = found {
            all.counter = counter(&selector.name, &types);
            if all.series.is_empty() {
                *found = Err(format!(
                    "its page has no series `{}` that fits",
                    selector.name
                ));
            }
        }
    }
    found
}

/// Adds one line's value.
fn add(selector: &Selector, rest: &str, found: &mut Result<Found, String>) {
    let Ok(all) = found else { return };
    let Some((written, own, value)) = sample(rest) else {
        let line: String = rest.chars().take(60).collect();
        *found = Err(format!(
            "`{}{line}` is no line of its format",
            selector.name
        ));
        return;
    };
    if !selector.fits(&own) {
        return;
    }
    if all.series.len() >= MOST {
        *found = Err(format!(
            "more than {MOST} series of `{}` fit",
            selector.name
        ));
        return;
    }
    *all.series.entry(written.to_owned()).or_default() += value;
}

/// Labels as written, labels, and the value.
fn sample(rest: &str) -> Option<(&str, Labels, f64)> {
    let (own, behind) = match rest.strip_prefix('{') {
        Some(inside) => labels(inside)?,
        None => (Vec::new(), rest),
    };
    let written = &rest[..rest.len() - behind.len()];
    let value = behind.split_whitespace().next()?;
    Some((written, own, value.parse().ok()?))
}

/// Whether a metric is a counter: its type says so; where it has none, its name.
fn counter(name: &str, types: &HashMap<&str, &str>) -> bool {
    let base = ["_total", "_count", "_sum", "_bucket"];
    let base = base.iter().find_map(|end| name.strip_suffix(end));
    match (types.get(name), base.and_then(|base| types.get(base))) {
        (Some(kind), _) => *kind == "counter",
        (None, Some(kind)) => matches!(*kind, "counter" | "histogram" | "summary"),
        (None, None) => name.ends_with("_total"),
    }
}
