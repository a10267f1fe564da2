//! Judge.
use super::{BudgetFile, Exit, Verdict};
use crate::record::RunRecord;

/// Judges a run.
pub fn judge(record: &RunRecord, budgets: Option<&BudgetFile>) -> Verdict {
    let _ = (record, budgets);
    Verdict {
        judgements: Vec::new(),
        evidence: Vec::new(),
        checks: Vec::new(),
        exit: Exit::of([]),
        sentence: String::new(),
    }
}
