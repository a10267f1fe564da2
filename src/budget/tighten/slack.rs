//! How far runs stay from a limit. In: what was said of one budget file in several runs; out: for each budget the value
//! of the worst of them. Invariant: a run in which a budget has no value says nothing about its slack.

use crate::budget::{BudgetFile, Judgement, Outcome, Verdict};
use std::fmt;

/// What several runs made of a limit.
#[derive(Debug, Clone, PartialEq)]
pub struct Slack {
    /// The limit.
    pub limit: String,
    /// How many runs have a value.
    pub runs: usize,
    /// The value of the worst of them.
    pub worst: String,
    /// The budget bounds it from above.
    pub upper: bool,
    /// The share of the limit that the worst run left; below 0 where it broke it.
    pub left: f64,
}

/// One for each budget, in the order of the file; `None` where no run has a value. Verdicts are those of the same file,
/// one per run.
pub fn slack(file: &BudgetFile, verdicts: &[Verdict]) -> Vec<Option<Slack>> {
    let budgets = file.budgets.iter().enumerate();
    budgets
        .map(|(index, budget)| {
            let said = verdicts.iter().filter_map(|v| v.judgements.get(index));
            let known: Vec<(f64, &Judgement, &str)> = said
                .filter(|j| j.outcome != Outcome::NotRun)
                .filter_map(|j| Some((j.headroom?, j, j.actual.as_deref()?)))
                .collect();
            let worst = known.iter().min_by(|a, b| a.0.total_cmp(&b.0))?;
            Some(Slack {
                limit: worst.1.limit.clone(),
                runs: known.len(),
                worst: worst.2.trim_start_matches(['≥', ' ']).to_owned(),
                upper: budget.bound.operator.upper(),
                left: worst.0,
            })
        })
        .collect()
}

impl Slack {
    /// "last 10 runs ≤ 310 ms".
    pub fn runs(&self) -> String {
        let sign = if self.upper { '≤' } else { '≥' };
        match self.runs {
            1 => format!("last run {}", self.worst),
            n => format!("last {n} runs {sign} {}", self.worst),
        }
    }
}

impl fmt::Display for Slack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "limit {}, {}", self.limit, self.runs())
    }
}

impl Verdict {
    /// Puts what former runs made of each limit beside its judgement.
    pub fn remember(&mut self, former: &[Option<Slack>]) {
        for (judgement, slack) in self.judgements.iter_mut().zip(former) {
            let Some(slack) = slack else { continue };
            let note = judgement.note.take();
            let note = note.map_or_else(String::new, |note| format!("{note}; "));
            judgement.note = Some(format!("{note}{}", slack.runs()));
        }
    }
}
