//! PLAN: scenario + profile + seed → everything that will happen, before anything happens. In: a
//! [`Scenario`](crate::scenario::Scenario) and the name of a profile; out: a [`Plan`] that the engine executes and `tollgate plan` prints.
//! Invariant: a plan is pure data: the same scenario, profile and seed give the same arrivals, flows and data.

mod draw;
pub mod pacer;
mod resolve;

pub use draw::{choose, seed_of};
pub use resolve::{Overrides, PlanError, resolve};

use crate::units::{Nanos, Rate, format_duration, significant};
use pacer::Pacer;
use std::fmt;
use std::time::Duration;

/// What a run will do.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Name of the profile.
    pub profile: String,
    /// Decides arrivals, flows, data and every random choice.
    pub seed: u64,
    /// How load is offered.
    pub load: Load,
    /// Ramp, warm-up and the measured phase, in order.
    pub phases: Vec<Phase>,
    /// What each flow does.
    pub flows: Vec<PlannedFlow>,
    /// Requests of an average flow.
    pub requests_per_flow: f64,
    /// The most requests in flight: what would be outstanding if nothing answered until the timeout.
    pub max_in_flight: u64,
    /// Whether a smoke test ends at its first failure.
    pub bail: bool,
}

/// How load is offered.
#[derive(Debug, Clone, PartialEq)]
pub enum Load {
    /// Every flow so many times, one after the other, without think time.
    Passes(u64),
    /// Flow starts on a schedule, whatever the answers do.
    Open(Pacer),
    /// A number of users, each starting over when done.
    Closed(u64),
}

/// A stretch of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase {
    /// ramp, warm-up or the name of the profile.
    pub name: String,
    /// Since the run began.
    pub start: Nanos,
    /// Since the run began.
    pub end: Nanos,
    /// Judged by budgets.
    pub measured: bool,
}

/// A flow as the plan sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedFlow {
    /// Its name.
    pub name: String,
    /// Share of the flow starts, of 1.
    pub share: f64,
    /// Requests of one run through it.
    pub requests: u64,
    /// Names of its request steps.
    pub steps: Vec<String>,
}

impl Plan {
    /// The measured phase.
    pub fn measured(&self) -> Option<&Phase> {
        self.phases.iter().find(|p| p.measured)
    }

    /// How long load is offered.
    pub fn duration(&self) -> Duration {
        Duration::from_nanos(self.phases.last().map_or(0, |p| p.end))
    }

    /// The highest planned rate in requests a second; `None` where answers set the pace.
    pub fn peak_requests(&self) -> Option<f64> {
        match &self.load {
            Load::Open(pacer) => Some(pacer.shape.peak() * self.requests_per_flow),
            Load::Passes(_) | Load::Closed(_) => None,
        }
    }

    /// Requests that one step is expected to get in the measured phase; `None` where answers set the pace.
    pub fn expected_requests(&self, flow: usize) -> Option<f64> {
        let planned = self.flows.get(flow)?;
        match &self.load {
            Load::Passes(passes) => Some(*passes as f64),
            Load::Closed(_) => None,
            Load::Open(pacer) => {
                let phase = self.measured()?;
                let seconds = (phase.end - phase.start) as f64 / 1e9;
                Some(pacer.shape.peak() * seconds * planned.share)
            }
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "profile {}: ", self.profile)?;
        match &self.load {
            Load::Passes(1) => write!(f, "every flow once"),
            Load::Passes(n) => write!(f, "every flow {n} times"),
            Load::Closed(users) => write!(f, "{users} users (closed model)"),
            Load::Open(pacer) => {
                let flows = pacer.shape.peak();
                let requests = Rate {
                    per_second: flows * self.requests_per_flow,
                    of: crate::units::Arrivals::Requests,
                };
                let flows = significant(flows);
                let each = significant(self.requests_per_flow);
                write!(
                    f,
                    "{requests} = {flows} flow starts/s × {each} requests, {} arrivals",
                    process(pacer)
                )
            }
        }?;
        for phase in self.phases.iter().filter(|p| p.end > p.start) {
            let length = format_duration(Duration::from_nanos(phase.end - phase.start));
            let note = if phase.measured { "" } else { " (not judged)" };
            write!(f, ", {} {length}{note}", phase.name)?;
        }
        Ok(())
    }
}

fn process(pacer: &Pacer) -> &'static str {
    match pacer.process {
        crate::scenario::Process::Poisson => "Poisson",
        crate::scenario::Process::Constant => "constant",
    }
}
