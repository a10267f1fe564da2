//! Bind.
use super::BudgetFile;
use crate::source::Diagnostic;

/// Unknown and ambiguous targets.
pub fn bind(
    file: &BudgetFile,
    steps: &[String],
    flows: &[String],
    profiles: &[String],
) -> Vec<Diagnostic> {
    let _ = (file, steps, flows, profiles);
    Vec::new()
}
