//! File.
use super::{Budget, BudgetFile};
use crate::record::Limit;
use crate::source::{Diagnostic, Key, Shape, Source, Type};
use std::sync::Arc;

/// The vocabulary of a budget file.
pub static BUDGETS: Shape = Shape {
    name: "a budget file",
    required: &["budgets"],
    keys: &[
        Key {
            name: "budgets",
            kind: Type::List(&Type::Text),
            about: "Sentences that must hold: `p95 of purchase/pay < 500ms during launch`.",
        },
        Key {
            name: "strict",
            kind: Type::Boolean,
            about: "A budget that the evidence does not decide makes the run undecided (exit 7).",
        },
    ],
};

/// Reads a budget file.
///
/// # Errors
/// Every problem of the file.
pub fn parse(source: Arc<Source>) -> Result<BudgetFile, Vec<Diagnostic>> {
    Ok(BudgetFile {
        source,
        budgets: Vec::new(),
        strict: false,
    })
}

impl BudgetFile {
    /// Per step (`flow`, `step`): the limits that a recorder must count exactly.
    pub fn limits(&self, steps: &[(String, String)]) -> Vec<Vec<Limit>> {
        vec![Vec::new(); steps.len()]
    }

    /// The budgets that are judged in a profile.
    pub fn applies<'a>(&'a self, profile: &'a str) -> impl Iterator<Item = &'a Budget> {
        self.budgets
            .iter()
            .filter(move |b| b.during.as_deref().is_none_or(|d| d == profile))
    }
}
