//! Reasons → one exit code. In: everything that is to be said about one run or several; out: the code of the
//! gravest reason, and the others. Invariant: 0 only when nothing else holds.

use serde::{Deserialize, Serialize};

/// The exit code and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// What the process returns.
    pub code: u8,
    /// Why.
    pub reason: Reason,
    /// What holds besides, gravest first.
    pub also: Vec<Reason>,
}

/// Why a process ends as it does, gravest first: the order decides when several hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A fault of tollgate itself.
    Internal,
    /// Wrong arguments or an invalid file; nothing was sent.
    Usage,
    /// Ctrl-C; the reports are written.
    Interrupted,
    /// SIGTERM; the reports are written.
    Terminated,
    /// No connection to the target before the first request.
    Unreachable,
    /// A guard was broken for as long as it says; the run was stopped, the reports are written.
    GuardTripped,
    /// The generator was at fault, or a platform answered in the target's place: the figures say nothing about the target.
    InvalidInstrument,
    /// A check failed that no budget judges.
    CheckFailed,
    /// A budget does not hold.
    BudgetFailed,
    /// Worse than the runs before, or than the version beside it.
    Regression,
    /// Too little data to say, or none.
    Undecided,
    /// Everything holds.
    Pass,
}

impl Reason {
    /// All of them, gravest first.
    pub const ALL: [Self; 12] = [
        Self::Internal,
        Self::Usage,
        Self::Interrupted,
        Self::Terminated,
        Self::Unreachable,
        Self::GuardTripped,
        Self::InvalidInstrument,
        Self::CheckFailed,
        Self::BudgetFailed,
        Self::Regression,
        Self::Undecided,
        Self::Pass,
    ];

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Internal => "internal error",
            Self::Usage => "usage",
            Self::Interrupted => "interrupted",
            Self::Terminated => "terminated",
            Self::Unreachable => "target unreachable",
            Self::GuardTripped => "guard tripped",
            Self::InvalidInstrument => "invalid run",
            Self::CheckFailed => "check failed",
            Self::BudgetFailed => "budget failed",
            Self::Regression => "regression",
            Self::Undecided => "undecided",
            Self::Pass => "pass",
        }
    }

    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Internal => 1,
            Self::Usage => 2,
            Self::CheckFailed => 3,
            Self::BudgetFailed => 4,
            Self::Regression => 5,
            Self::Unreachable => 6,
            Self::InvalidInstrument | Self::Undecided => 7,
            Self::GuardTripped => 8,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}

impl Exit {
    /// The exit of these reasons; a pass when there is none.
    pub fn of(reasons: impl IntoIterator<Item = Reason>) -> Self {
        let mut also: Vec<Reason> = reasons.into_iter().filter(|r| *r != Reason::Pass).collect();
        also.sort_unstable();
        also.dedup();
        let reason = if also.is_empty() {
            Reason::Pass
        } else {
            also.remove(0)
        };
        Self {
            code: reason.code(),
            reason,
            also,
        }
    }

    /// The exit of several runs: the gravest of all their reasons.
    pub fn combine<'a>(exits: impl IntoIterator<Item = &'a Self>) -> Self {
        Self::of(
            exits
                .into_iter()
                .flat_map(|e| std::iter::once(e.reason).chain(e.also.iter().copied())),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_reason_decides() {
        let exit = Exit::of([
            Reason::Undecided,
            Reason::BudgetFailed,
            Reason::Pass,
            Reason::InvalidInstrument,
            Reason::CheckFailed,
            Reason::BudgetFailed,
        ]);
        assert_eq!((exit.code, exit.reason), (7, Reason::InvalidInstrument));
        assert_eq!(
            exit.also,
            [Reason::CheckFailed, Reason::BudgetFailed, Reason::Undecided]
        );
        assert_eq!(Exit::of([]).code, 0);
    }

    #[test]
    fn several_runs_have_one_exit() {
        let runs = [
            Exit::of([]),
            Exit::of([Reason::BudgetFailed, Reason::Undecided]),
            Exit::of([Reason::CheckFailed]),
        ];
        let exit = Exit::combine(&runs);
        assert_eq!((exit.code, exit.reason), (3, Reason::CheckFailed));
        assert_eq!(exit.also, [Reason::BudgetFailed, Reason::Undecided]);
        assert_eq!(Exit::combine(&runs[..1]), Exit::of([]));
    }

    #[test]
    fn codes_are_those_of_the_table_and_the_order_too() {
        let codes: Vec<u8> = Reason::ALL.into_iter().map(Reason::code).collect();
        assert_eq!(codes, [1, 2, 130, 143, 6, 8, 7, 3, 4, 5, 7, 0]);
        assert!(Reason::ALL.is_sorted());
    }
}
