//! What servers said of themselves, for machines. In: a row; out: JSON. Invariant: as in the module above.

use super::{latency, rounded};
use crate::report::{ServerRow, StepRow};
use serde_json::{Value, json};

pub(super) fn row(row: &ServerRow) -> Value {
    json!({
        "name": row.name,
        "from": row.from,
        "what": row.what,
        "n": row.read,
        "missed": row.missed,
        "problem": row.problem,
        "values": row.summary.map(|s| json!({
            "min": s.min,
            "mean": s.mean,
            "max": s.max,
            "max_at_s": rounded(s.max_at),
            "last": s.last,
        })),
        "readings": row.points.iter().map(|(at, value)| json!([rounded(*at), value])).collect::<Vec<_>>(),
    })
}

/// What servers say where their time went.
pub(super) fn timings(step: &StepRow) -> Value {
    let timings = step.timings.iter();
    let timings = timings.map(|timing| {
        json!({
            "name": timing.name,
            "time_ms": latency(&timing.time),
            "rest_ms": latency(&timing.rest),
        })
    });
    timings.collect()
}
