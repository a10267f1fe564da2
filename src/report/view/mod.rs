//! The one view model of all reports. In: a record and its verdict; out: [`View`]. Invariant: whatever two reports
//! both show comes from the same field here, and every text in it is clean (see `text`).

mod exchanges;
mod rows;
mod run;
mod times;
mod words;

pub use exchanges::{ExhibitRow, FailureRow, SlowRow, TraceRow};
pub use rows::{
    CheckRow, FlowRow, GroupRow, GuardRow, MessagesRow, PARTS, PolicyRow, ServerRow, ServerSummary,
    StepRow, TimingRow,
};
pub(in crate::report) use run::seconds;
pub use run::{HealthView, PhaseRow, RunView};
pub use times::{
    Baseline, Buckets, Clock, Curve, Heat, HeatColumn, Latency, OverTime, Point, Slice, StepBuckets,
};
pub use words::{Gravity, HistoryPart, HistoryView, Problem, measured, named, percent};
pub(in crate::report) use words::{changed, finding_text, moment, since};

use super::text;
use crate::budget::{Evidence, Exit, FailedCheck, Judgement, Reason, Verdict, answered_in_time};
use crate::record::{Model, RunRecord, Tally, earlier};

/// Slices of the drawn series.
const SERIES: usize = 300;

/// Steps without a budget that are named.
const UNCOVERED: usize = 5;

/// Slices that tell their values when pointed at: each costs a sentence.
const HOVER: usize = 60;

/// The verdict in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// Everything holds.
    Pass,
    /// The target was wrong.
    Fail,
    /// The run says nothing.
    Invalid,
    /// There was no target.
    Unreachable,
    /// Ctrl-C.
    Interrupted,
    /// SIGTERM.
    Terminated,
    /// A guard tripped.
    Stopped,
}

impl Word {
    /// In capitals.
    pub fn text(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Fail => "FAIL",
            Self::Invalid => "INVALID",
            Self::Unreachable => "UNREACHABLE",
            Self::Interrupted => "INTERRUPTED",
            Self::Terminated => "TERMINATED",
            Self::Stopped => "STOPPED",
        }
    }

    /// The run was cut off.
    pub fn stopped(self) -> bool {
        matches!(self, Self::Interrupted | Self::Terminated | Self::Stopped)
    }

    fn of(reason: Reason) -> Self {
        match reason {
            Reason::Pass => Self::Pass,
            Reason::CheckFailed | Reason::BudgetFailed | Reason::Regression => Self::Fail,
            Reason::Unreachable => Self::Unreachable,
            Reason::Interrupted => Self::Interrupted,
            Reason::Terminated => Self::Terminated,
            Reason::GuardTripped => Self::Stopped,
            Reason::InvalidInstrument | Reason::Undecided | Reason::Internal | Reason::Usage => {
                Self::Invalid
            }
        }
    }
}

/// All steps together, and the arrivals.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Totals {
    /// The measured phase of every step.
    pub all: StepRow,
    /// Flow starts that the schedule drew.
    pub arrivals: u64,
    /// Flow starts that were started.
    pub started: u64,
    /// Flow starts dropped because too much was in flight.
    pub dropped_in_flight: u64,
    /// Flow starts dropped because a unique feeder had run out.
    pub dropped_data: u64,
    /// Requests that the drawn flow starts ask for.
    pub offered: u64,
    /// That, a second of the measured phase.
    pub offered_rate: f64,
}

/// A run and its verdict, ready to be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// The verdict in one word.
    pub word: Word,
    /// The verdict in one sentence, without the word.
    pub sentence: String,
    /// The exit code and why.
    pub exit: Exit,
    /// What was run.
    pub run: RunView,
    /// All steps together.
    pub totals: Totals,
    /// The budgets.
    pub budgets: Vec<Judgement>,
    /// The guards.
    pub guards: Vec<GuardRow>,
    /// What servers said of themselves.
    pub server: Vec<ServerRow>,
    /// Whether the generator was fit to measure.
    pub evidence: Vec<Evidence>,
    /// Checks and requests that failed, by step.
    pub checks: Vec<FailedCheck>,
    /// Steps that no budget speaks of.
    pub uncovered: Vec<String>,
    /// Why the verdict is what it is, gravest first.
    pub why: Vec<String>,
    /// What to look at, each with its line: what turned the run red, then what is only shown, then what is open.
    pub problems: Vec<Problem>,
    /// The steps, in the order of the scenario.
    pub steps: Vec<StepRow>,
    /// Their latencies in buckets, in the same order.
    pub buckets: Vec<StepBuckets>,
    /// How late requests were sent, in buckets.
    pub lag: Buckets,
    /// The flows.
    pub flows: Vec<FlowRow>,
    /// The groups of requests that were sent.
    pub groups: Vec<GroupRow>,
    /// What policies found, by step.
    pub policies: Vec<PolicyRow>,
    /// What failed, most frequent first.
    pub failures: Vec<FailureRow>,
    /// The run over time as it was recorded.
    pub windows: Vec<Slice>,
    /// The run over time, few enough slices to draw.
    pub series: Vec<Slice>,
    /// The run over time, few enough slices to speak of each.
    pub hover: Vec<Slice>,
    /// Response times over time, as counts.
    pub heat: Heat,
    /// Percentile curves: response, service.
    pub curves: Vec<Curve>,
    /// What they are laid over, where something is.
    pub baseline: Option<Baseline>,
    /// The generator about itself.
    pub health: HealthView,
    /// What the runs before say of this one, where a history was asked.
    pub history: Option<HistoryView>,
}

impl View {
    /// Folds a record and its verdict.
    pub fn new(record: &RunRecord, verdict: &Verdict) -> Self {
        let mut all = Tally::default();
        record.steps.iter().for_each(|s| all.merge(&s.measured));
        let tallies = record
            .steps
            .iter()
            .flat_map(|s| [&s.measured, &s.unmeasured]);
        let timeout = tallies.fold(0, |least, tally| earlier(least, tally.at_least()));
        let windows = record.timeline.windows();
        let word = Word::of(verdict.exit.reason);
        let mut view = Self {
            word,
            sentence: sentence(word, &verdict.sentence),
            exit: verdict.exit.clone(),
            run: RunView::of(record),
            totals: totals(record, &all),
            budgets: verdict.judgements.iter().map(rows::judged).collect(),
            guards: guards(record),
            server: rows::servers(record),
            evidence: verdict.evidence.iter().map(rows::fitness).collect(),
            checks: verdict.checks.iter().map(check).collect(),
            uncovered: verdict.uncovered.iter().map(|s| text::line(s)).collect(),
            why: Vec::new(),
            problems: Vec::new(),
            steps: steps(record),
            buckets: times::buckets(record),
            lag: times::lag(record),
            flows: record.flows.iter().map(FlowRow::of).collect(),
            groups: groups(record),
            policies: rows::policies(record),
            failures: exchanges::failures(record),
            windows: times::slices(windows, &record.phases, timeout, usize::MAX),
            series: times::slices(windows, &record.phases, timeout, SERIES),
            hover: times::slices(windows, &record.phases, timeout, HOVER),
            heat: Heat::of(windows, &record.phases),
            curves: [Clock::Response, Clock::Service]
                .map(|clock| Curve::of(&all, clock))
                .into(),
            baseline: None,
            health: HealthView::of(record),
            history: None,
        };
        view.why = words::why(&view);
        view.problems = words::problems(&view);
        view
    }

    /// The same with what the runs before say, laid over their usual unless it is laid over something else.
    #[must_use]
    pub fn with_history(mut self, history: HistoryView) -> Self {
        let usual = || history.night().and_then(Baseline::usual);
        self.baseline = self.baseline.or_else(usual);
        self.history = Some(history);
        self.why = words::why(&self);
        self.problems = words::problems(&self);
        self
    }

    /// Laid over another run.
    #[must_use]
    pub fn over(mut self, baseline: Option<Baseline>) -> Self {
        self.baseline = baseline;
        self
    }

    /// `no budget speaks of shop/a, shop/b and 7 more steps`; `None` where budgets speak of all, or there are none.
    pub fn coverage(&self) -> Option<String> {
        let shown = self.uncovered.len().min(UNCOVERED);
        let rest = self.uncovered.len() - shown;
        let mut list = self.uncovered[..shown].join(", ");
        if rest > 0 {
            list = format!("{list} and {}", text::counted(rest as u64, "more step"));
        }
        (shown > 0).then(|| format!("no budget speaks of {list}"))
    }

    /// The budgets as people read them: what fails the run first, then what is only shown, what is open, what holds.
    pub fn ranked(&self) -> Vec<&Judgement> {
        rows::ranked(&self.budgets)
    }

    /// Where a step stands: `scenarios/shop.yaml:34`.
    pub fn place(&self, line: usize) -> String {
        format!("{}:{line}", self.run.file)
    }

    /// Where a budget stands.
    pub fn budget_place(&self, line: usize) -> String {
        let file = self.run.budget_file.as_deref().unwrap_or("budgets");
        format!("{file}:{line}")
    }
}

/// The sentence without the word that reporters put before it.
fn sentence(word: Word, text: &str) -> String {
    let text = text::line(text);
    let rest = text.strip_prefix(word.text()).unwrap_or(&text);
    rest.trim_start_matches([':', ' ']).to_owned()
}

fn totals(record: &RunRecord, all: &Tally) -> Totals {
    let seconds = run::measured_seconds(record);
    let counts = &record.counts;
    let mut row = StepRow::tally(all, seconds);
    if matches!(record.model, Model::Open { .. }) && seconds > 0.0 {
        // A backlog worked off after the end was not held: the headline is what the budget on throughput judges.
        row.throughput = answered_in_time(record) as f64 / seconds;
    }
    Totals {
        all: StepRow {
            label: "all requests".into(),
            warmup: record
                .steps
                .iter()
                .filter(|s| !record.flows.get(s.flow).is_some_and(|f| f.outside))
                .map(|s| s.unmeasured.sent)
                .sum(),
            ..row
        },
        arrivals: counts.arrivals,
        started: counts.started,
        dropped_in_flight: counts.dropped_in_flight,
        dropped_data: counts.dropped_data,
        offered: counts.offered,
        offered_rate: if seconds > 0.0 {
            counts.offered as f64 / seconds
        } else {
            0.0
        },
    }
}

fn steps(record: &RunRecord) -> Vec<StepRow> {
    let seconds = run::measured_seconds(record);
    let file = record.file.as_str();
    let flow = |index: usize| {
        let flow = record.flows.get(index);
        flow.map_or(("", false, file), |f| (f.name.as_str(), f.outside, file))
    };
    record
        .steps
        .iter()
        .enumerate()
        .map(|(index, step)| StepRow {
            exchanges: exchanges::kept(record, index),
            slowest: exchanges::slowest(record, step),
            timings: step.timings.iter().map(TimingRow::of).collect(),
            ..StepRow::of(step, flow(step.flow), seconds)
        })
        .collect()
}

fn guards(record: &RunRecord) -> Vec<GuardRow> {
    let guards = record.guards.iter();
    guards
        .map(|guard| GuardRow::of(guard, record.elapsed))
        .collect()
}

fn groups(record: &RunRecord) -> Vec<GroupRow> {
    let flow = |index: usize| record.flows.get(index).map_or("", |f| f.name.as_str());
    let groups = record.groups.iter();
    groups
        .map(|group| GroupRow::of(group, flow(group.flow)))
        .filter(|group| group.completed + group.stopped > 0)
        .collect()
}

fn check(check: &FailedCheck) -> FailedCheck {
    FailedCheck {
        step: text::line(&check.step),
        what: text::line(&check.what),
        ..check.clone()
    }
}
