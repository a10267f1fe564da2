//! The parts of a profile whose load changes while it is judged: which of them the budgets hold in. In: a record and
//! the sentences; out: a [`Stretch`] a part and, of stairs, one sentence. Invariant: it is information: no verdict and
//! no exit code depends on it, and a part is never said to hold on less than a budget over the whole run would need.
//!
//! - Asked of a part are the budgets that fail a run: percentiles but for those of connecting, error, success and check
//!   rates, of anything, and in an open model the throughput as share of what was offered; not those with a `when`, nor
//!   those of another phase. They are judged by the counts over time, like every share: requests due in the part,
//!   limits counted one by one, the inflation of its own slots. A slot that two parts share is left out of both.
//! - A limit on the response time of everything that the run did not count is judged by the histograms of the windows,
//!   by when answers came, never too few, and the part says so. Of other limits that were not counted nothing is said.
//! - Throughput: answers in the part, or as long behind it as a flow takes, are compared with what its arrivals ask for.
//! - Percentiles that are shown are of the answers that came in it.
//! - A part that a stop cut short can break, but not hold.

mod asked;
mod fault;
mod figures;
mod statement;
#[cfg(test)]
mod tests;
mod wall;

pub(super) use statement::statement;

use super::Run;
use super::evidence::mitigation;
use crate::budget::{
    Broken, Budget, Consequence, Evidence, Level, Outcome, Stretch, StretchOutcome,
};
use crate::record::{PhaseRecord, RunRecord, Window};
use crate::units::Nanos;
use figures::Figures;

/// A part of the profile, with what was seen in it.
struct Part<'a> {
    phase: &'a PhaseRecord,
    /// The measured phase begins or ends with it: no slot is shared there.
    first: bool,
    last: bool,
    /// The windows that lie in it, by their places in the timeline.
    windows: std::ops::Range<usize>,
    /// Their sum.
    seen: Window,
}

impl Part<'_> {
    /// The places of the slots that are its own.
    fn slots(&self, width: Nanos, all: usize) -> std::ops::Range<usize> {
        let width = width.max(1);
        let index = |at: Nanos| usize::try_from(at).unwrap_or(usize::MAX).min(all);
        let from = if self.first {
            self.phase.start / width
        } else {
            self.phase.start.div_ceil(width)
        };
        let to = if self.last {
            self.phase.end.div_ceil(width)
        } else {
            self.phase.end / width
        };
        index(from).min(index(to))..index(to)
    }

    /// A slot that it shares with a neighbour is left out.
    fn cuts(&self, width: Nanos) -> bool {
        let shared = |at: Nanos| width > 0 && !at.is_multiple_of(width);
        !self.first && shared(self.phase.start) || !self.last && shared(self.phase.end)
    }
}

/// One entry per part; none where the load does not change.
pub(super) fn find(
    run: &Run<'_>,
    (budgets, strict): (&[Budget], bool),
    evidence: &[Evidence],
) -> Vec<Stretch> {
    let parts = parts(run.record);
    if parts.len() < 2 || run.smoke || run.requests() == 0 {
        return Vec::new();
    }
    let profile = &run.record.profile;
    let asked: Vec<&Budget> = budgets
        .iter()
        .filter(|b| b.level == Level::Fail && b.when.is_none())
        .filter(|b| b.during.as_ref().is_none_or(|during| during == profile))
        .collect();
    let answers: Vec<asked::Answers<'_>> = asked
        .iter()
        .filter_map(|budget| asked::ask(run, budget, &parts))
        .collect();
    let timed = |b: &&Budget| b.statistic.timed();
    let told = answers.iter().filter(|a| timed(&a.budget)).count();
    let uncounted = asked.iter().copied().filter(timed).count() > told;
    let faults = fault::find(run.record, &asked, &parts);
    let walls = wall::find(run.record, &parts);
    let unplaced = unplaced(run.record, evidence).filter(|_| faults.iter().all(Option::is_none));
    let figures = Figures::new(run, &parts);
    let one = |index: usize| {
        let found = Found {
            judged: answers
                .iter()
                .map(|a| (a.budget, &a.found[index]))
                .collect(),
            fault: faults[index].clone(),
            unplaced,
            wall: walls[index],
            strict,
        };
        let mut stretch = figures.of(index, &parts[index]);
        let elapsed = run.record.elapsed;
        let cut = run.record.stop.is_some() && elapsed < stretch.end;
        let reached = elapsed > stretch.start;
        stretch.outcome = outcome(&found, (&stretch, &parts[index]), (reached, cut));
        let notes = found.judged.iter().filter_map(|(_, a)| a.note.clone());
        let missing = uncounted
            .then(|| "some budgets were not counted over time: run it again with these".to_owned());
        let mut notes: Vec<String> = notes.chain(missing).collect();
        notes.dedup();
        stretch.note = (!notes.is_empty()).then(|| notes.join("; "));
        stretch
    };
    (0..parts.len()).map(one).collect()
}

fn parts(record: &RunRecord) -> Vec<Part<'_>> {
    let windows = record.timeline.windows();
    let measured: Vec<&PhaseRecord> = record.phases.iter().filter(|p| p.measured).collect();
    let one = |(index, phase): (usize, &&'_ PhaseRecord)| {
        let from = windows.partition_point(|w| w.start < phase.start);
        let to = windows.partition_point(|w| w.start + w.length <= phase.end);
        let own = from..to.max(from);
        let mut seen = Window::default();
        for window in &windows[own.clone()] {
            seen.merge(window);
            seen.length += window.length;
        }
        (index, own, seen)
    };
    let all: Vec<_> = measured.iter().enumerate().map(one).collect();
    let last = measured.len().saturating_sub(1);
    all.into_iter()
        .map(|(index, windows, seen)| Part {
            phase: measured[index],
            first: index == 0,
            last: index == last,
            windows,
            seen,
        })
        .collect()
}

/// What makes the run invalid and is no answer of the target's side; which part it was in is not known.
fn unplaced<'a>(record: &RunRecord, evidence: &'a [Evidence]) -> Option<&'a Evidence> {
    let walls: Vec<Evidence> = mitigation::evidence(record).collect();
    let broken = |e: &&Evidence| !e.holds && e.consequence == Consequence::Invalid;
    evidence.iter().filter(broken).find(|e| !walls.contains(e))
}

/// Everything that decides on one part.
struct Found<'a> {
    judged: Vec<(&'a Budget, &'a asked::Answer)>,
    fault: Option<String>,
    unplaced: Option<&'a Evidence>,
    wall: Option<f64>,
    strict: bool,
}

fn outcome(
    found: &Found<'_>,
    (stretch, part): (&Stretch, &Part<'_>),
    (reached, cut): (bool, bool),
) -> StretchOutcome {
    let undecided = |why: &str| StretchOutcome::Undecided {
        why: why.to_owned(),
    };
    if stretch.n == 0 && stretch.offered.is_none_or(|rate| rate == 0.0) {
        return if reached {
            undecided("no request of it was counted")
        } else {
            StretchOutcome::NotReached
        };
    }
    if let Some(why) = &found.fault {
        return StretchOutcome::GeneratorAtFault { why: why.clone() };
    }
    if let Some(share) = found.wall {
        return StretchOutcome::Refused { share };
    }
    if found.judged.is_empty() {
        return StretchOutcome::NotJudged;
    }
    let marginal = |outcome| matches!(outcome, Outcome::Marginal { .. });
    let counts = |outcome| !(found.strict && marginal(outcome));
    let broken: Vec<Broken> = found
        .judged
        .iter()
        .filter(|(_, a)| a.outcome.broken() && counts(a.outcome))
        .map(|(budget, answer)| Broken {
            budget: budget.text.clone(),
            actual: answer.actual.clone(),
            marginal: marginal(answer.outcome),
        })
        .collect();
    match (broken.is_empty(), found.unplaced) {
        (false, Some(evidence)) => StretchOutcome::GeneratorAtFault {
            why: format!(
                "it may be what breaks it: {}: {}",
                evidence.name, evidence.value
            ),
        },
        (false, None) => StretchOutcome::Breaks {
            budgets: broken,
            failures: figures::failures(stretch, &part.seen),
        },
        (true, _) => open(found, cut).map_or_else(
            || StretchOutcome::Holds {
                marginal: found.judged.iter().any(|(_, a)| marginal(a.outcome)),
            },
            |why| undecided(&why),
        ),
    }
}

/// Why nothing broken is not yet a part that holds.
fn open(found: &Found<'_>, cut: bool) -> Option<String> {
    let held = |outcome: Outcome| match outcome {
        Outcome::Marginal { .. } => !found.strict,
        outcome => outcome.holds(),
    };
    let open = found.judged.iter().find(|(_, a)| !held(a.outcome));
    if let Some((budget, answer)) = open {
        return Some(format!("`{}`: {}", budget.text, answer.why()));
    }
    cut.then(|| "the run ended in it".to_owned())
}
