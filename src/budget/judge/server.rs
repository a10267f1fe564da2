//! Budgets on what servers say of themselves. In: the series of a run and a bound; out: a finding. Invariant: what could
//! not be read never helps a pass: more than a twentieth of the readings missed, and nothing is decided but a failure.

use super::{Finding, Run};
use crate::budget::text::show;
use crate::budget::{Bound, Budget, Outcome, Over, Quantity, Scope};
use crate::record::{ServerPoint, ServerSeries, ServerSource};
use crate::units::{Nanos, format_bytes, format_count, format_nanos, format_share, significant};

/// Of so many readings one may be missed.
const FEW: u64 = 10;
/// One in so many may be missed.
const MISSED: u64 = 20;

/// Judges one value of a server over the measured phase.
pub(super) fn find(run: &Run<'_>, budget: &Budget, over: Over) -> Finding {
    let Scope::Server { name, query } = &budget.scope else {
        return Finding::nothing(Outcome::Undecided, "no server is named");
    };
    let Some(series) = series(&run.record.server, name, query.as_deref()) else {
        let note = match query {
            Some(_) => {
                "Prometheus was not asked for this in the run: run it again with this budget"
            }
            None => "nothing of that name was read in this run",
        };
        return Finding::nothing(Outcome::Undecided, note);
    };
    let (from, to) = run.measured();
    let points: Vec<&ServerPoint> = series.between(from, to).collect();
    let read: u64 = points.iter().map(|p| p.read).sum();
    let missed: u64 = points.iter().map(|p| p.missed).sum();
    let Some(value) = value(over, &points) else {
        let why = series.problem.as_deref();
        let why = why.unwrap_or("the measured phase was too short for a reading");
        return Finding::nothing(
            Outcome::Undecided,
            format!("{name} could not be read: {why}"),
        );
    };
    let bound = budget.bound;
    let holds = bound.operator.holds(scaled(value, bound), bound.number());
    // One reading decides against a maximum, whatever the others would have been.
    let certain = !holds
        && matches!(
            (over, bound.operator.upper()),
            (Over::Max, true) | (Over::Min, false)
        );
    let enough = !missing(missed, read + missed);
    let mut notes = Vec::new();
    if missed > 0 {
        let why = series.problem.as_deref().unwrap_or("no value");
        let (missed, all) = (format_count(missed), format_count(read + missed));
        notes.push(format!("{missed} of {all} readings missed: {why}"));
    }
    if read > 1 && series.points.iter().any(|p| p.read + p.missed > 1) {
        notes
            .push("the run is too long to keep every reading: neighbours are kept together".into());
    }
    Finding {
        outcome: match (enough || certain, holds) {
            (false, _) => Outcome::Undecided,
            (true, true) => Outcome::Pass,
            (true, false) => Outcome::Fail,
        },
        actual: Some(shown(value, bound.limit)),
        headroom: headroom(value, bound),
        n: read,
        violations: Some(violations(&points, bound)),
        bound: Some(scaled(value, bound)),
        worst: worst(&points, bound, from),
        notes,
        ..Finding::nothing(Outcome::Pass, "")
    }
}

/// The series that a sentence speaks of; an expression is what it is, whatever it is called.
fn series<'a>(
    all: &'a [ServerSeries],
    name: &str,
    query: Option<&str>,
) -> Option<&'a ServerSeries> {
    all.iter().find(|series| match query {
        Some(query) => series.from == ServerSource::Prometheus && series.what == query,
        None => series.name == name,
    })
}

/// Whether too many readings are missing to say that something holds.
fn missing(missed: u64, all: u64) -> bool {
    let may = if all < FEW { 0 } else { (all / MISSED).max(1) };
    missed > may
}

fn value(over: Over, points: &[&ServerPoint]) -> Option<f64> {
    let read = || points.iter().filter(|p| p.read > 0);
    let count: u64 = read().map(|p| p.read).sum();
    if count == 0 {
        return None;
    }
    match over {
        Over::Max => read().map(|p| p.max).max_by(f64::total_cmp),
        Over::Min => read().map(|p| p.min).min_by(f64::total_cmp),
        Over::Mean => Some(read().map(|p| p.sum).sum::<f64>() / count as f64),
        // A last reading that failed is not the one before it.
        Over::Last => points.last().and_then(|p| p.mean()),
        Over::Percentile(q) => {
            let mut values: Vec<(f64, u64)> =
                read().filter_map(|p| Some((p.mean()?, p.read))).collect();
            values.sort_by(|a, b| a.0.total_cmp(&b.0));
            let rank = ((q * count as f64).ceil() as u64).max(1);
            let mut seen = 0;
            let at = values.iter().find(|(_, n)| {
                seen += n;
                seen >= rank
            });
            at.map(|(value, _)| *value)
        }
    }
}

/// A value in the unit that the limit counts in: seconds and bytes are what servers speak of.
fn scaled(value: f64, bound: Bound) -> f64 {
    match bound.limit {
        Quantity::Time(_) => value * 1e9,
        _ => value,
    }
}

fn shown(value: f64, like: Quantity) -> String {
    match like {
        Quantity::Time(_) if value >= 0.0 => format_nanos((value * 1e9).round() as Nanos),
        Quantity::Time(_) => format!("{} s", significant(value)),
        Quantity::Bytes(_) if value >= 0.0 => format_bytes(value.round() as u64),
        Quantity::Share(_) if value >= 0.0 => format_share(value),
        _ => significant(value),
    }
}

fn headroom(value: f64, bound: Bound) -> Option<f64> {
    let (value, limit) = (scaled(value, bound), bound.number());
    if limit <= 0.0 {
        return None;
    }
    Some(if bound.operator.upper() {
        1.0 - value / limit
    } else {
        value / limit - 1.0
    })
}

fn extreme(point: &ServerPoint, bound: Bound) -> f64 {
    if bound.operator.upper() {
        point.max
    } else {
        point.min
    }
}

fn violations(points: &[&ServerPoint], bound: Bound) -> u64 {
    let broken = |p: &&&ServerPoint| {
        !bound
            .operator
            .holds(scaled(extreme(p, bound), bound), bound.number())
    };
    let read = points.iter().filter(|p| p.read > 0);
    read.filter(broken).count() as u64
}

/// "93 % at 12 s of the measured phase".
fn worst(points: &[&ServerPoint], bound: Bound, from: Nanos) -> Option<String> {
    let read = points.iter().filter(|p| p.read > 0);
    let far = |p: &&ServerPoint| {
        let value = extreme(p, bound);
        if bound.operator.upper() {
            value
        } else {
            -value
        }
    };
    let worst = read.max_by(|a, b| far(a).total_cmp(&far(b)))?;
    let at = format_nanos(worst.at.saturating_sub(from));
    let value = shown(extreme(worst, bound), bound.limit);
    Some(format!(
        "{value} at {at} of the measured phase, limit {}",
        show(bound.limit)
    ))
}

#[cfg(test)]
mod tests;
