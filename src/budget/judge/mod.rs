//! Record and budgets → verdict. In: a [`RunRecord`] and the sentences; out: a [`Verdict`]. Invariant: what has no
//! data does not pass, and every number shown is one that was judged.

mod checks;
mod evidence;
mod ladder;
mod point;
mod sentence;
mod server;
mod share;
#[cfg(test)]
mod tests;
mod windows;

pub use point::answered_in_time;
pub(in crate::budget) use share::{allowed, holds, too_few};

use super::bind::{Kind, Target};
use super::text::show;
use super::{
    Budget, BudgetFile, Consequence, Evidence, Exit, FailedCheck, Judgement, Level, Outcome,
};
use super::{NEVER_SENT, Place, Reason, Scope, Statistic, Verdict};
use crate::record::{Metric, Model, RunRecord, StepRecord, Stop};
use crate::units::{Nanos, format_count};
use ladder::Ladder;
use point::Latencies;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// Judges a run. Without budgets, or with none for this profile, the checks alone decide.
pub fn judge(record: &RunRecord, budgets: Option<&BudgetFile>) -> Verdict {
    let list = budgets.map_or(&[][..], |file| &file.budgets);
    let run = Run::new(record);
    let judgements: Vec<Judgement> = list
        .iter()
        .map(|budget| {
            let offset = budget.span.start;
            let line = budgets.map_or(0, |file| file.source.position(offset).0);
            Judgement {
                line,
                ..run.judge(budget)
            }
        })
        .collect();
    let judged: Vec<&Budget> = list
        .iter()
        .zip(&judgements)
        .filter(|(budget, judgement)| {
            judgement.outcome != Outcome::NotRun && budget.level == Level::Fail
        })
        .map(|(budget, _)| budget)
        .collect();
    let mut evidence = Vec::new();
    // Where nothing was sent, there is nothing to doubt.
    if record.unreachable.is_none() {
        evidence = evidence::gather(record, &judged);
        if matches!(record.model, Model::Open { .. }) {
            let broken = list.iter().zip(&judgements).filter(|(_, j)| j.breaks());
            evidence.push(evidence::lag_alone(&run, broken.map(|(budget, _)| budget)));
        }
        evidence.extend(evidence::samples(&judgements));
    }
    let checks = checks::failed(&run, &judged);
    let strict = budgets.is_some_and(|file| file.strict) && !run.smoke;
    let exit = Exit::of(reasons(&run, strict, &judgements, &evidence, &checks));
    let mut verdict = Verdict {
        uncovered: budgets.map_or_else(Vec::new, |b| b.uncovered(&record.profile, &run.places)),
        judgements,
        evidence,
        checks,
        exit,
        sentence: String::new(),
    };
    verdict.sentence = sentence::sentence(&run, list, budgets.is_some(), &verdict);
    verdict
}

/// The first step of a load that was never sent, though nothing stopped the run: what its checks would have said
/// is not known, and that is not a pass. A step whose condition never held was not meant to be sent.
fn never_sent(record: &RunRecord) -> Option<&StepRecord> {
    let load = record.counts.arrivals > 0 && !matches!(record.model, Model::Passes { .. });
    let unsent = |step: &&StepRecord| {
        let tally = &step.measured;
        tally.sent == 0 && tally.dropped == 0 && tally.not_taken == 0 && !is_outside(record, step)
    };
    record
        .steps
        .iter()
        .filter(|_| load && record.stop.is_none())
        .find(unsent)
}

/// Whether a step is one of a setup or teardown.
fn is_outside(record: &RunRecord, step: &StepRecord) -> bool {
    record.flows.get(step.flow).is_some_and(|f| f.outside)
}

fn reasons(
    run: &Run<'_>,
    strict: bool,
    judgements: &[Judgement],
    evidence: &[Evidence],
    checks: &[FailedCheck],
) -> Vec<Reason> {
    if run.record.unreachable.is_some() {
        // Nothing was sent: there is nothing else to say.
        return vec![Reason::Unreachable];
    }
    let marginal = |j: &Judgement| matches!(j.outcome, Outcome::Marginal { .. });
    let open = |j: &Judgement| {
        j.level == Level::Fail && (j.outcome == Outcome::Undecided || strict && marginal(j))
    };
    let broken = |j: &Judgement| j.breaks() && !(strict && marginal(j));
    let doubts = |consequence| {
        evidence
            .iter()
            .any(|e| !e.holds && e.consequence == consequence)
    };
    [
        (
            run.record.stop == Some(Stop::Interrupted),
            Reason::Interrupted,
        ),
        (
            run.record.stop == Some(Stop::Terminated),
            Reason::Terminated,
        ),
        (
            run.record
                .guards
                .iter()
                .any(|guard| guard.tripped.is_some()),
            Reason::GuardTripped,
        ),
        (doubts(Consequence::Invalid), Reason::InvalidInstrument),
        (checks.iter().any(|c| !c.budgeted), Reason::CheckFailed),
        (judgements.iter().any(broken), Reason::BudgetFailed),
        (
            run.requests() == 0
                || judgements.iter().any(open)
                || doubts(Consequence::Undecided)
                || never_sent(run.record).is_some()
                || run.record.steps.iter().any(checks::never_came),
            Reason::Undecided,
        ),
    ]
    .into_iter()
    .filter_map(|(holds, reason)| holds.then_some(reason))
    .collect()
}

/// A record with the names of its steps.
struct Run<'a> {
    record: &'a RunRecord,
    /// Its steps, in the order of the record.
    places: Vec<Place>,
    /// A profile of passes.
    smoke: bool,
    /// Merged histograms, kept because budgets of one file ask for the same ones again and again.
    ladders: RefCell<HashMap<LadderKey, Rc<Ladder>>>,
    /// The same for budgets on a plain value.
    latencies: RefCell<HashMap<LadderKey, Rc<Latencies>>>,
    /// Inflations of limits that were not counted, kept for the same reason.
    inflations: RefCell<HashMap<LadderKey, f64>>,
}

/// A latency and the steps it is of; the steps are told apart by where they lie in the record.
type LadderKey = (Metric, Vec<*const StepRecord>);

/// What judging one statistic finds out.
struct Finding {
    outcome: Outcome,
    actual: Option<String>,
    headroom: Option<f64>,
    n: u64,
    violations: Option<u64>,
    interval: Option<(String, String)>,
    needed: Option<u64>,
    effective: Option<u64>,
    inflation: Option<f64>,
    /// The bound on the side of the limit, in the unit of the limit.
    bound: Option<f64>,
    exact: bool,
    notes: Vec<String>,
    worst: Option<String>,
}

impl Finding {
    /// Nothing is known.
    fn nothing(outcome: Outcome, note: impl Into<String>) -> Self {
        Self {
            outcome,
            actual: None,
            headroom: None,
            n: 0,
            violations: None,
            interval: None,
            needed: None,
            effective: None,
            inflation: None,
            bound: None,
            exact: true,
            notes: Some(note.into())
                .filter(|n: &String| !n.is_empty())
                .into_iter()
                .collect(),
            worst: None,
        }
    }
}

impl<'a> Run<'a> {
    fn new(record: &'a RunRecord) -> Self {
        Self {
            record,
            places: Place::of(record),
            smoke: matches!(record.model, Model::Passes { .. }),
            ladders: RefCell::default(),
            latencies: RefCell::default(),
            inflations: RefCell::default(),
        }
    }

    /// The inflation of a limit that was not counted; found once for each latency and scope.
    fn likely_inflation(
        &self,
        metric: Metric,
        steps: &[&StepRecord],
        find: impl FnOnce() -> f64,
    ) -> f64 {
        let places = steps.iter().map(|s| std::ptr::from_ref(*s)).collect();
        let mut inflations = self.inflations.borrow_mut();
        *inflations.entry((metric, places)).or_insert_with(find)
    }

    /// One latency of some steps.
    fn ladder(&self, metric: Metric, steps: &[&StepRecord]) -> Rc<Ladder> {
        let places = steps.iter().map(|s| std::ptr::from_ref(*s)).collect();
        let mut ladders = self.ladders.borrow_mut();
        let made = ladders
            .entry((metric, places))
            .or_insert_with(|| Rc::new(Ladder::new(metric, steps)));
        Rc::clone(made)
    }

    /// The same, with the requests that have none.
    fn latencies(&self, metric: Metric, steps: &[&StepRecord]) -> Rc<Latencies> {
        let places = steps.iter().map(|s| std::ptr::from_ref(*s)).collect();
        let mut latencies = self.latencies.borrow_mut();
        let made = latencies
            .entry((metric, places))
            .or_insert_with(|| Rc::new(Latencies::new(metric, steps)));
        Rc::clone(made)
    }

    /// Requests that were judged: those that ended, and those of dropped arrivals.
    fn requests(&self) -> u64 {
        let of = |step: &StepRecord| step.measured.ended() + step.measured.dropped;
        self.record.steps.iter().map(of).sum()
    }

    /// The steps that a scope speaks of.
    fn steps(&self, scope: &Scope) -> Vec<&'a StepRecord> {
        let steps = self.record.steps.iter().zip(scope.among(&self.places));
        steps.filter(|s| s.1).map(|(step, _)| step).collect()
    }

    /// The steps that a budget judges, or what was counted apart of them.
    fn judged(&self, budget: &Budget) -> Vec<&'a StepRecord> {
        let speaks = budget.among(&self.places);
        let Some(part) = &budget.part else {
            let steps = self.record.steps.iter().zip(speaks);
            return steps.filter(|s| s.1).map(|(step, _)| step).collect();
        };
        let parts = self.record.parts.iter();
        let named = parts.filter(|p| p.part == *part && speaks.get(p.step) == Some(&true));
        named.map(|p| &p.counted).collect()
    }

    fn judge(&self, budget: &Budget) -> Judgement {
        let steps = self.judged(budget);
        let finding = self.find(budget, &steps);
        Judgement {
            text: budget.text.clone(),
            line: 0,
            scope: self.scope_name(budget, &steps),
            level: budget.level,
            outcome: finding.outcome,
            limit: match budget.when {
                Some(when) => format!("{} {when}", show(budget.bound.limit)),
                None => show(budget.bound.limit),
            },
            actual: finding.actual,
            headroom: finding.headroom,
            n: finding.n,
            violations: finding.violations,
            interval: finding.interval,
            needed: finding.needed,
            effective: finding.effective,
            inflation: finding.inflation,
            bound: finding.bound,
            exact: finding.exact,
            note: note(finding.notes, self.left_out(budget)),
            worst: finding.worst,
        }
    }

    /// Of a budget on answers of a status, how many answers it is not about; of one on numbers, how many were none.
    fn left_out(&self, budget: &Budget) -> Option<String> {
        let part = budget.part.as_ref()?;
        let counted = self.judged(budget);
        if counted.is_empty() {
            return None;
        }
        if budget.status().is_none() {
            let none: u64 = counted.iter().map(|s| s.measured.messages.missing).sum();
            let what = "no number from 0 to 10^12: it violates every limit";
            return (none > 0).then(|| format!("{} captured {what}", format_count(none)));
        }
        let ended = |steps: Vec<&StepRecord>| steps.iter().map(|s| s.measured.ended()).sum();
        let (all, of): (u64, u64) = (ended(self.steps(&budget.scope)), ended(counted));
        let rest = format_count(all.saturating_sub(of));
        (all > of).then(|| {
            format!(
                "{rest} of {} requests were not answered with {part}",
                format_count(all)
            )
        })
    }

    fn find(&self, budget: &Budget, steps: &[&StepRecord]) -> Finding {
        let profile = &self.record.profile;
        let phase = self.phase(budget).is_some();
        let elsewhere = |d: &&String| *d != profile && !phase;
        if let Some(during) = budget.during.as_ref().filter(elsewhere) {
            let note = format!("judged during {during}; this is {profile}");
            return Finding::nothing(Outcome::NotRun, note);
        }
        if let Statistic::Server(over) = budget.statistic {
            return server::find(self, budget, over);
        }
        if let (Scope::Named(name), Target::Unknown) =
            (&budget.scope, budget.scope.target(&self.places))
        {
            let unknown =
                format!("no step, flow, group, tag or host of this run is called `{name}`");
            let note = if self.smoke {
                unknown
            } else {
                format!("{NEVER_SENT}; {unknown}")
            };
            return Finding::nothing(Outcome::Undecided, note);
        }
        if let (Some(part), []) = (&budget.part, steps) {
            let note =
                format!("the run did not count `{part}` apart: run it again with this budget");
            return Finding::nothing(Outcome::Undecided, note);
        }
        if phase || budget.when.is_some() {
            return windows::find(self, budget, steps);
        }
        match budget.statistic {
            Statistic::Throughput => point::throughput(self.record, budget.bound),
            Statistic::Min(metric) => point::min(metric, budget.bound, (self, steps)),
            Statistic::Deviation(metric) => point::deviation(metric, budget.bound, (self, steps)),
            Statistic::Apdex(t) => point::apdex(t, budget.bound, (self, steps)),
            Statistic::Count(which) => point::count(which, budget.bound, steps),
            Statistic::Rate(which) => {
                let length = self.record.counts.duration;
                point::rate(which, budget.bound, steps, length)
            }
            Statistic::Mean(metric) => point::mean(metric, budget.bound, (self, steps)),
            Statistic::Max(metric) => point::max(metric, budget.bound, (self, steps)),
            Statistic::Percentile { .. }
            | Statistic::ErrorRate
            | Statistic::SuccessRate
            | Statistic::Share(_)
            | Statistic::CheckRate
            | Statistic::Server(_)
            | Statistic::CacheHitRate => share::find(self, budget, steps),
        }
    }

    /// The phase that a budget names, where it is not measured.
    fn phase(&self, budget: &Budget) -> Option<(Nanos, Nanos)> {
        let named = budget
            .during
            .as_ref()
            .filter(|d| **d != self.record.profile)?;
        let mut phases = self.record.phases.iter();
        let phase = phases.find(|p| !p.measured && p.name == *named)?;
        Some((phase.start, phase.end))
    }

    /// From the start of the first measured phase to the end of the last; all of a run without phases.
    fn measured(&self) -> (Nanos, Nanos) {
        let measured = || self.record.phases.iter().filter(|p| p.measured);
        let from = measured().map(|p| p.start).min().unwrap_or(0);
        (from, measured().map(|p| p.end).max().unwrap_or(Nanos::MAX))
    }

    fn scope_name(&self, budget: &Budget, steps: &[&StepRecord]) -> String {
        let scope = &budget.scope;
        let name = match (scope, scope.target(&self.places)) {
            (Scope::All, _) => "all requests".to_owned(),
            (Scope::Server { name, .. }, _) => format!("server {name}"),
            (Scope::Named(_), Target::Of(Kind::Step, _)) => {
                steps.first().map_or_else(String::new, |s| s.label.clone())
            }
            (Scope::Named(_), Target::Of(kind, name)) => format!("{} {name}", kind.word()),
            (Scope::Named(name), _) => name.clone(),
        };
        match (budget.status(), scope) {
            (None, _) => name,
            (Some(part), Scope::All) => part.to_string(),
            (Some(part), _) => format!("{part} of {name}"),
        }
    }
}

/// All that is to be said beside the numbers.
fn note(mut notes: Vec<String>, more: Option<String>) -> Option<String> {
    notes.extend(more);
    (!notes.is_empty()).then(|| notes.join("; "))
}

/// Why there is nothing to judge.
fn no_data(statistic: Statistic) -> String {
    match statistic.metric() {
        Some(Metric::Wait) => {
            "no connection was shared by several requests at once in the measured phase".to_owned()
        }
        Some(Metric::Dns) => "no host was looked up in the measured phase".to_owned(),
        Some(metric) if metric.of_connections() => {
            "no connection was opened in the measured phase".to_owned()
        }
        _ if statistic == Statistic::CacheHitRate => {
            "no answer of the measured phase says whether a cache gave it".to_owned()
        }
        Some(Metric::Decoded) => {
            "no body was unpacked in the measured phase: a run unpacks for the budgets it is given"
                .to_owned()
        }
        Some(Metric::Captured) => "no number was captured in the measured phase".to_owned(),
        Some(metric) if metric.of_messages() => "no message came in the measured phase".to_owned(),
        _ => "no request in the measured phase".to_owned(),
    }
}
