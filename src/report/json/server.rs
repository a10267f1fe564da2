//! What servers said of themselves, for machines. In: a row; out: JSON. Invariant: as in the module above.

use super::rounded;
use crate::report::ServerRow;
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
