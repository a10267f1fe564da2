//! A whole run as data. In: what recorders, windows and health gathered; out: the value that budgets judge,
//! reports render and the run file stores. Invariant: self-contained: judging and rendering need nothing else.

use super::{
    Decided, Exhibit, FailureCount, GuardRecord, Histogram, PartRecord, PolicyRecord, ServerSeries,
    ServerTiming, SlowRequest, Tally, Timeline,
};
use crate::units::Nanos;
use serde::{Deserialize, Serialize};

/// One run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunRecord {
    /// Name of the scenario.
    pub scenario: String,
    /// Its file, as the user named it.
    pub file: String,
    /// Name of the profile.
    pub profile: String,
    /// Names of all profiles of the scenario: what `during` may name.
    pub profiles: Vec<String>,
    /// The one of the scenario's `environments:` that was chosen with `--env`.
    pub env: Option<String>,
    /// Base URL of the target.
    pub target: String,
    /// Any certificate was accepted.
    pub insecure: bool,
    /// The file of certificate authorities that was trusted.
    pub ca: Option<String>,
    /// What stood between the generator and the target, in words: a proxy, a socket, addresses that were given.
    pub via: Vec<String>,
    /// What curl needs to go the same way, each option with its value; no credentials.
    pub curl: Vec<(String, String)>,
    /// When the run began, RFC 3339, UTC.
    pub started: String,
    /// From the first arrival due to the last answer.
    pub elapsed: Nanos,
    /// Seed of arrivals, data and choices.
    pub seed: u64,
    /// How load was offered.
    pub model: Model,
    /// What became of connections; `None` in records that do not say.
    pub connections: Option<Connections>,
    /// The phases as planned.
    pub phases: Vec<PhaseRecord>,
    /// The steps.
    pub steps: Vec<StepRecord>,
    /// The flows.
    pub flows: Vec<FlowRecord>,
    /// The groups of requests that go out together.
    pub groups: Vec<GroupRecord>,
    /// Parts of steps that budgets asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<PartRecord>,
    /// The run over time.
    pub timeline: Timeline,
    /// What failed, most frequent first.
    pub failures: Vec<FailureCount>,
    /// A few exchanges of each kind of failure, of attempts that were sent again, and of passes in smoke tests.
    pub exhibits: Vec<Exhibit>,
    /// Arrivals of the measured phase.
    pub counts: Counts,
    /// The generator about itself.
    pub health: Health,
    /// Where and with what it ran.
    pub environment: Environment,
    /// The budgets it was run with, as written.
    pub budgets: Option<BudgetSource>,
    /// What became of the guards.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub guards: Vec<GuardRecord>,
    /// How it was decided before its planned end, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided: Option<Decided>,
    /// What servers said of themselves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub server: Vec<ServerSeries>,
    /// Where traces are shown: an address with `{trace_id}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_url: Option<String>,
    /// Who could not be told how it ended, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_told: Vec<String>,
    /// Why it ended before its plan, if it did.
    pub stop: Option<Stop>,
    /// Why the target could not be reached before the first request, if it could not.
    pub unreachable: Option<String>,
}

/// How load was offered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Model {
    /// Every flow so many times, one after the other.
    Passes {
        /// How many times.
        passes: u64,
    },
    /// Arrivals on a schedule, whatever the answers do.
    Open {
        /// Planned requests a second in the measured phases, on average where the rate changes.
        requests: f64,
        /// Planned flow starts a second.
        flows: f64,
        /// The most planned requests a second, where the rate changes.
        #[serde(default)]
        peak: Option<f64>,
        /// Poisson or constant.
        poisson: bool,
    },
    /// A number of users, each starting over when done.
    Closed {
        /// How many.
        users: u64,
    },
    /// Nothing was run.
    #[default]
    None,
}

/// What became of a connection once its request was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Connections {
    /// Kept for whoever needed one next.
    Shared,
    /// Kept for one virtual user.
    PerUser,
    /// Closed.
    NoneKept,
}

impl Connections {
    /// In the words of reports.
    pub fn words(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::PerUser => "per user",
            Self::NoneKept => "none kept",
        }
    }
}

/// A planned phase.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhaseRecord {
    /// ramp, warm-up, the name of the profile or that of a part of its shape.
    pub name: String,
    /// Since the run began.
    pub start: Nanos,
    /// Since the run began.
    pub end: Nanos,
    /// Judged by budgets.
    pub measured: bool,
}

/// One step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StepRecord {
    /// Index of its flow.
    pub flow: usize,
    /// Its name.
    pub name: String,
    /// `flow/step`.
    pub label: String,
    /// The method of its requests; empty in files of older versions.
    pub method: String,
    /// 1-based line in its file.
    pub line: usize,
    /// The file, where it is not the scenario's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Names for parts of budgets; `slow` keeps it out of latency budgets without a part.
    pub tags: Vec<String>,
    /// The groups of requests that it is in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// The host it goes to, with the port if one is given; `None` where that is not fixed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The texts of its checks.
    pub checks: Vec<String>,
    /// Their lines; those that are missing stand at the step's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub check_lines: Vec<usize>,
    /// Its policies; as kinds of failure they are counted behind the checks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<PolicyRecord>,
    /// The slowest requests of the measured phase whose traces are kept, slowest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub slowest: Vec<SlowRequest>,
    /// What servers say where their time went.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub timings: Vec<ServerTiming>,
    /// The measured phase.
    pub measured: Tally,
    /// Ramp and warm-up.
    pub unmeasured: Tally,
}

/// One flow, measured phase only; setup and teardown wherever they ran.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FlowRecord {
    /// Its name.
    pub name: String,
    /// Setup or teardown: no part of the load, and of no budget. Its requests are counted as unmeasured.
    pub outside: bool,
    /// Arrivals started.
    pub started: u64,
    /// Went through every step.
    pub completed: u64,
    /// Stopped at a step that failed.
    pub stopped: u64,
    /// Arrivals that could not be started.
    pub dropped: u64,
    /// From the intended start to the end, of completed ones.
    pub duration: Histogram,
}

impl StepRecord {
    /// The line of the check with this index.
    pub fn check_line(&self, index: usize) -> usize {
        self.check_lines.get(index).copied().unwrap_or(self.line)
    }

    /// The text of the check with this index, or what the policy behind the checks found.
    pub fn check_text(&self, index: usize) -> Option<String> {
        let policy = || self.policies.get(index - self.checks.len());
        self.checks
            .get(index)
            .cloned()
            .or_else(|| policy().map(PolicyRecord::text))
    }
}

impl FlowRecord {
    /// Adds another worker's counts.
    pub fn merge(&mut self, other: &Self) {
        self.started += other.started;
        self.completed += other.completed;
        self.stopped += other.stopped;
        self.dropped += other.dropped;
        self.duration.merge(&other.duration);
    }
}

/// Requests that a flow sends at the same time, measured phase only.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GroupRecord {
    /// Index of its flow.
    pub flow: usize,
    /// Its name.
    pub name: String,
    /// 1-based line in the scenario file.
    pub line: usize,
    /// One of its requests failed.
    pub stopped: u64,
    /// From the first intended start to the last answer, of those whose requests all passed.
    pub duration: Histogram,
}

impl GroupRecord {
    /// Adds another worker's counts.
    pub fn merge(&mut self, other: &Self) {
        self.stopped += other.stopped;
        self.duration.merge(&other.duration);
    }
}

/// Arrivals of the measured phase, drawn against done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Flow starts that the schedule drew.
    pub arrivals: u64,
    /// Flow starts that were started.
    pub started: u64,
    /// Flow starts dropped because too many flows were unfinished, or too many requests in flight.
    pub dropped_in_flight: u64,
    /// Flow starts dropped because a unique feeder had run out.
    pub dropped_data: u64,
    /// Requests that the drawn flow starts ask for: what they turned out to want, by conditions, lists and polls.
    pub offered: u64,
    /// Requests that they were expected to ask for, as the plan counts; 0 in files of older versions.
    pub planned: u64,
    /// Of `offered`: those that think times alone put behind the end of the phase, however fast the answers before.
    pub beyond: u64,
    /// How long the measured phase is.
    pub duration: Nanos,
    /// Requests of any phase that were answered (passed or not) within it.
    pub ended_within: u64,
    /// Requests of this phase that were answered by its end, give or take what was just on its way.
    pub in_time: u64,
}

impl Counts {
    /// Adds another worker's counts.
    #[must_use]
    pub fn plus(mut self, other: Self) -> Self {
        self.arrivals += other.arrivals;
        self.started += other.started;
        self.dropped_in_flight += other.dropped_in_flight;
        self.dropped_data += other.dropped_data;
        self.offered += other.offered;
        self.planned += other.planned;
        self.beyond += other.beyond;
        self.ended_within += other.ended_within;
        self.in_time += other.in_time;
        self
    }

    /// Every arrival was started or dropped for a reason.
    pub fn conserved(&self) -> bool {
        self.arrivals == self.started + self.dropped_in_flight + self.dropped_data
    }
}

/// The generator about itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Health {
    /// Lateness of each request against its intended instant.
    pub lag: Histogram,
    /// Processor time of the generator's threads, in seconds.
    pub cpu_seconds: f64,
    /// Use of its busiest thread, or of all processors it may use where that is more; 1 is no time left.
    pub cpu_share: f64,
    /// Processors it may use (a cgroup's quota counted).
    pub processors: f64,
    /// Times that a cgroup's quota stopped the process while the run went.
    pub throttled: u64,
    /// Most memory resident, in bytes.
    pub peak_memory: u64,
    /// Worker threads.
    pub workers: u64,
    /// Connections opened.
    pub connections: u64,
    /// Requests on connections that were there already.
    pub reused: u64,
    /// Kept connections that turned out closed when a request was put on them; the request went out on a new one.
    pub reconnects: u64,
    /// Answers, redirects and what came before a failure included.
    pub answers: u64,
    /// Those of them that came over HTTP/2.
    pub over_http2: u64,
    /// Most requests in flight at the same time.
    pub in_flight: u64,
    /// The limit on requests in flight.
    pub in_flight_limit: u64,
    /// What the plan needs it to be; more than the limit where the system allows less.
    pub in_flight_wanted: u64,
    /// Open files that the system allows.
    pub descriptor_limit: u64,
    /// The counts add up: see the module `record`.
    pub conserved: bool,
}

/// Where and with what a run was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Environment {
    /// Version of tollgate.
    pub version: String,
    /// Git revision of the working directory, if it is one.
    pub revision: Option<String>,
    /// The machine.
    pub host: Host,
    /// SHA-less fingerprint of the resolved plan: equal plans, equal text.
    pub plan: String,
}

/// The machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Host {
    /// Its name.
    pub name: String,
    /// System and architecture.
    pub system: String,
    /// Model of the processor.
    pub processor: String,
}

/// A budget file as it was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetSource {
    /// Its path as the user named it.
    pub file: String,
    /// Its text.
    pub text: String,
}

/// Why a run ended before its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// Ctrl-C.
    Interrupted,
    /// SIGTERM.
    Terminated,
    /// A guard tripped.
    Guard,
    /// Its budgets were decided, and its profile says that this is enough.
    Decided,
}
