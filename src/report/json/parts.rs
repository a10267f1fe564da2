//! Parts of a load that changes while it is judged, for machines. In: a row; out: an object. Invariant: as the module above.

use super::rounded;
use crate::budget::{Broken, Planned, StretchOutcome};
use crate::report::{PartRow, Point};
use serde_json::{Map, Value, json};

pub(super) fn part(row: &PartRow) -> Value {
    let (rate, users) = match row.planned {
        Some(Planned::Rate(rate)) => (Some(rounded(rate)), None),
        Some(Planned::Users(users)) => (None, Some(rounded(users))),
        None => (None, None),
    };
    let broken =
        |b: &Broken| json!({ "text": b.budget, "actual": b.actual, "marginal": b.marginal });
    let why = match &row.outcome {
        StretchOutcome::Undecided { why } | StretchOutcome::GeneratorAtFault { why } => Some(why),
        StretchOutcome::Breaks { failures, .. } => failures.as_ref(),
        _ => None,
    };
    json!({
        "name": row.name,
        "start_s": rounded(row.start),
        "end_s": rounded(row.end),
        "planned_per_second": rate,
        "planned_users": users,
        "offered_per_second": row.offered.map(rounded),
        "achieved_per_second": row.achieved.map(rounded),
        "n": row.n,
        "errors": row.failed,
        "error_share": row.failed_share,
        "response_ms": response(row),
        "outcome": row.outcome.word().replace(' ', "_"),
        "marginal": matches!(row.outcome, StretchOutcome::Holds { marginal: true }),
        "breaks": row.outcome.broken().iter().map(broken).collect::<Vec<_>>(),
        "why": why,
        "note": row.note,
    })
}

/// As latencies elsewhere: those among timed-out requests are lower bounds and are named under `at_least`.
fn response(row: &PartRow) -> Value {
    let named = [("p50", row.p50), ("p95", row.p95), ("p99", row.p99)];
    let mut object = Map::new();
    for (name, Point { ms, .. }) in named {
        object.insert(name.to_owned(), json!(ms.map(rounded)));
    }
    let bounds = named.iter().filter(|(_, point)| point.at_least);
    object.insert(
        "at_least".to_owned(),
        bounds.map(|(name, _)| json!(name)).collect(),
    );
    Value::Object(object)
}
