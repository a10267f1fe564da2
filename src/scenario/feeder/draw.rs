//! Who gets a row. In: the number of an arrival and of its user; out: the number that a feeder's order is asked
//! with. Invariant: a pure function of the run's own numbering, so workers that never speak to each other never
//! give out a unique row twice.

/// One wish for a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    /// How many flows that read this feeder began before, in the whole run.
    pub index: u64,
    /// The virtual user, counted from 0. In an open model each arrival is a user of its own.
    pub user: u64,
}

impl Draw {
    /// A wish of this user.
    pub fn of(index: u64, user: u64) -> Self {
        Self { index, user }
    }

    /// An arrival that is a user of its own.
    pub fn arrival(index: u64) -> Self {
        Self { index, user: index }
    }
}

/// How long somebody keeps a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Per {
    /// For one flow.
    #[default]
    Iteration,
    /// For all flows of one user.
    User,
    /// All users have the same row, for the whole run.
    Run,
}

impl Per {
    /// As they are written.
    pub(super) const WORDS: [&'static str; 3] = ["iteration", "user", "run"];

    pub(super) fn from_word(word: &str) -> Self {
        match word {
            "user" => Self::User,
            "run" => Self::Run,
            _ => Self::Iteration,
        }
    }

    /// The number that counts.
    pub(super) fn number(self, draw: Draw) -> u64 {
        match self {
            Self::Iteration => draw.index,
            Self::User => draw.user,
            Self::Run => 0,
        }
    }
}
