//! What happened, as one record. In: a run and its verdict; out: time stamp, environment, severity, code, message and
//! context. Invariant: it holds what the report's head holds and no text of a server.

use crate::budget::{Outcome, Reason, Verdict};
use crate::record::RunRecord;
use serde::Serialize;
use serde_json::{Value, json};

/// One event.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// Always `tollgate.event/1`.
    pub schema: &'static str,
    /// When the run ended, RFC 3339, UTC.
    pub timestamp: String,
    /// The environment that was chosen with `--env`; else the target's address.
    pub environment: String,
    /// How bad it is.
    pub severity: Severity,
    /// The exit code.
    pub code: u8,
    /// The verdict in one sentence.
    pub message: String,
    /// What was run and what broke.
    pub context: Value,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// A guard tripped, or the target could not be reached: somebody must look now.
    Critical,
    /// A check, a budget or a comparison failed.
    High,
    /// The run says nothing, or was cut off.
    Low,
    /// Everything holds.
    Info,
}

impl Severity {
    fn of(reason: Reason) -> Self {
        match reason {
            Reason::GuardTripped | Reason::Unreachable => Self::Critical,
            Reason::CheckFailed | Reason::BudgetFailed | Reason::Regression => Self::High,
            Reason::Pass => Self::Info,
            _ => Self::Low,
        }
    }
}

impl Event {
    /// The event of a run that ended at `timestamp` with its reports in `reports`.
    pub fn of(record: &RunRecord, verdict: &Verdict, timestamp: String, reports: &str) -> Self {
        let reason = verdict.exit.reason;
        let guards = record.guards.iter().filter(|g| g.tripped.is_some());
        let budgets = verdict.judgements.iter().filter(|j| j.breaks());
        let undecided = |o: Outcome| o == Outcome::Undecided;
        Self {
            schema: "tollgate.event/1",
            timestamp,
            environment: record.env.clone().unwrap_or_else(|| record.target.clone()),
            severity: Severity::of(reason),
            code: verdict.exit.code,
            message: verdict.sentence.clone(),
            context: json!({
                "reason": reason,
                "scenario": record.scenario,
                "profile": record.profile,
                "target": record.target,
                "started": record.started,
                "seed": record.seed,
                "revision": record.environment.revision,
                "guards": guards.map(|g| &g.text).collect::<Vec<_>>(),
                "budgets": budgets.map(|j| &j.text).collect::<Vec<_>>(),
                "undecided": verdict.judgements.iter().filter(|j| undecided(j.outcome)).count(),
                "checks": verdict.checks.iter().map(|c| json!({
                    "step": c.step, "what": c.what, "count": c.count, "n": c.n,
                })).collect::<Vec<_>>(),
                "reports": reports,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::{Exit, judge};

    #[test]
    fn the_severity_follows_the_reason() {
        let record = RunRecord {
            scenario: "shop".into(),
            target: "http://127.0.0.1/".into(),
            ..RunRecord::default()
        };
        let mut verdict = judge(&record, None);
        for (reason, severity) in [
            (Reason::GuardTripped, "critical"),
            (Reason::Unreachable, "critical"),
            (Reason::BudgetFailed, "high"),
            (Reason::InvalidInstrument, "low"),
            (Reason::Pass, "info"),
        ] {
            verdict.exit = Exit::of([reason]);
            let event = Event::of(
                &record,
                &verdict,
                "2026-01-01T00:00:00Z".into(),
                "reports/x",
            );
            let json = serde_json::to_value(&event).unwrap();
            assert_eq!(json["severity"], severity);
            assert_eq!(json["code"], reason.code());
            assert_eq!(json["environment"], "http://127.0.0.1/");
            assert_eq!(json["context"]["reports"], "reports/x");
        }
    }
}
