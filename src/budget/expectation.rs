//! Expectation.
use super::BudgetFile;

/// What a plan will send to one step in the measured phase.
#[derive(Debug, Clone, PartialEq)]
pub struct ExpectedStep {
    /// Name of the flow.
    pub flow: String,
    /// Name of the step.
    pub step: String,
    /// Expected requests.
    pub requests: f64,
}

/// Whether a plan can decide a budget.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// The budget as written.
    pub text: String,
    /// Requests it will be judged on.
    pub expected_n: u64,
    /// The fewest that can ever pass it.
    pub needed_n: u64,
    /// Whether they suffice.
    pub can_decide: bool,
    /// Chance of a decided pass for a system at half of the violations that the budget allows.
    pub chance: Option<f64>,
    /// What to do about it.
    pub advice: Option<String>,
}

/// One expectation per budget of the profile.
pub fn expectations(file: &BudgetFile, profile: &str, steps: &[ExpectedStep]) -> Vec<Expectation> {
    let _ = (file, profile, steps);
    Vec::new()
}
