//! A run against those before it. In: a history view; out: JSON. Invariant: times are milliseconds, shares and ratios
//! fractions of one, and findings are those of `history.json`.

use super::rounded;
use crate::history::nights::Finding;
use crate::report::HistoryView;
use serde_json::{Value, json};

pub(super) fn history(view: &HistoryView) -> Value {
    match view {
        HistoryView::Judged { night, environment } => json!({
            "compared": true,
            "environment": environment,
            "name": night.environment,
            "run": night.run,
            "before": night.before,
            "suspects_by_chance": rounded(night.by_chance),
            "notes": view.notes(),
            "findings": night.findings.iter().map(finding).collect::<Vec<_>>(),
        }),
        HistoryView::Refused(reason) => {
            json!({ "compared": false, "reason": reason, "findings": [] })
        }
    }
}

fn finding(finding: &Finding) -> Value {
    let interval = |(low, high): (f64, f64)| [rounded(low), rounded(high)];
    json!({
        "part": finding.part,
        "measure": finding.measure,
        "standing": finding.standing,
        "value": rounded(finding.value),
        "baseline": finding.baseline.map(rounded),
        "ratio": finding.ratio.map(rounded),
        "interval": finding.interval.map(interval),
        "since": finding.since,
        "revision": finding.revision,
        "nights": finding.nights,
        "scatters": finding.scatters.map(rounded),
        "runs": finding.runs,
        "scatter": finding.scatter.map(rounded),
        "visible": finding.visible.map(rounded),
        "reason": finding.reason,
        "pairs": finding.pairs.as_ref().map(|pairs| json!({
            "pairs": pairs.pairs,
            "ratio": rounded(pairs.ratio),
            "interval": interval(pairs.interval),
        })),
    })
}
