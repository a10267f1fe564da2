//! PLAN: scenario + profile + seed → everything that will happen, before anything happens. In: a
//! [`Scenario`](crate::scenario::Scenario) and the name of a profile; out: a [`Plan`] that the engine executes and `tollgate plan` prints.
//! Invariant: a plan is pure data: the same scenario, profile and seed give the same arrivals, flows and data.

mod draw;
mod layout;
pub mod pacer;
mod resolve;
mod steps;

pub use draw::{choose, seed_of};
pub use resolve::{Overrides, PlanError, resolve};

use crate::units::{Nanos, Rate, format_duration, format_share, significant};
use pacer::{Pacer, Shape};
use std::fmt;
use std::ops::Range;
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
    /// What the load does while it is judged, in words; `None` where it stays the same.
    pub shape: Option<String>,
    /// Ramp, warm-up and what is measured, in order.
    pub phases: Vec<Phase>,
    /// From the beginning of the first measured phase to the end of the last; empty for passes, which are measured
    /// from end to end.
    pub measured: Range<Nanos>,
    /// What each flow does.
    pub flows: Vec<PlannedFlow>,
    /// Whether the profile names them.
    pub named: bool,
    /// Requests of an average flow.
    pub requests_per_flow: f64,
    /// The most requests in flight: those of `max_flows`, or what would be outstanding if nothing answered until the
    /// timeout.
    pub max_in_flight: u64,
    /// The most unfinished flows, where the profile says: `max_in_flight` there.
    pub max_flows: Option<u64>,
    /// Whether it ends as soon as its budgets are decided.
    pub until_decided: bool,
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
    /// So many users over time, each starting over when done.
    Closed(Shape),
}

/// A stretch of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase {
    /// ramp, warm-up, the name of the profile or that of a part of its shape.
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
    /// Requests that one run through it is expected to send: conditions are taken to hold, lists of unknown length to
    /// have one item, polls and first attempts to succeed.
    pub requests: f64,
    /// How surely.
    pub counted: Counted,
    /// Its request steps.
    pub steps: Vec<PlannedStep>,
}

/// How surely requests are counted before a run in which all goes well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counted {
    /// It sends so many.
    Exactly,
    /// A list, a poll or another attempt may make it more.
    AtLeast,
    /// A condition may make it less.
    About,
}

impl Counted {
    /// The word before the number, with a space behind it; nothing where the number is exact.
    pub fn word(self) -> &'static str {
        match self {
            Self::Exactly => "",
            Self::AtLeast => "at least ",
            Self::About => "about ",
        }
    }
}

/// A request step as the plan sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedStep {
    /// Its name.
    pub name: String,
    /// How often one run through the flow is expected to send it.
    pub times: f64,
    /// What decides whether and how often, from the outside to the inside, in words: `×3`, `if plan == "pro"`,
    /// `for each of products (counted as one)`, `until …`.
    pub how: Vec<String>,
}

impl Plan {
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

    /// The planned rate between two instants, in requests a second; `None` where answers set the pace.
    pub fn mean_requests(&self, during: &Range<Nanos>) -> Option<f64> {
        let Load::Open(pacer) = &self.load else {
            return None;
        };
        let shape = &pacer.shape;
        let seconds = (during.end - during.start) as f64 / 1e9;
        let mean = (shape.expected(during.end) - shape.expected(during.start)) / seconds;
        // A rate that does not change is what the profile says, to the last digit.
        let constant = (mean / shape.peak() - 1.0).abs() < 1e-9;
        let mean = if constant { shape.peak() } else { mean };
        Some(mean * self.requests_per_flow)
    }

    /// How often a flow is expected to be run in the measured phase; `None` where answers set the pace.
    pub fn expected_runs(&self, flow: usize) -> Option<f64> {
        let planned = self.flows.get(flow)?;
        match &self.load {
            Load::Passes(passes) => Some(*passes as f64),
            Load::Closed(_) => None,
            Load::Open(_) => {
                let seconds = (self.measured.end - self.measured.start) as f64 / 1e9;
                let flows = self.mean_requests(&self.measured)? / self.requests_per_flow;
                Some(flows * seconds * planned.share)
            }
        }
    }

    /// How surely the requests of an average flow are counted.
    pub fn counted(&self) -> Counted {
        let started = self.flows.iter().filter(|flow| flow.share > 0.0);
        let counted = started.map(|flow| flow.counted);
        counted.max().unwrap_or(Counted::Exactly)
    }

    /// The most users at the same time; `None` where arrivals decide.
    pub fn users(&self) -> Option<u64> {
        match &self.load {
            Load::Closed(shape) => Some(shape.peak().round() as u64),
            Load::Open(_) | Load::Passes(_) => None,
        }
    }

    /// The flows of a load and their shares, where the profile names them.
    fn mix(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.named || matches!(self.load, Load::Passes(_)) {
            return Ok(());
        }
        let share = |flow: &PlannedFlow| format!("{} {}", flow.name, format_share(flow.share));
        let shares: Vec<String> = self.flows.iter().map(share).collect();
        write!(f, ", flows {}", shares.join(", "))
    }

    fn open(&self, f: &mut fmt::Formatter<'_>, pacer: &Pacer) -> fmt::Result {
        let rate = |per_second| Rate {
            per_second,
            of: crate::units::Arrivals::Requests,
        };
        let peak = pacer.shape.peak();
        let most = rate(peak * self.requests_per_flow);
        if self.shape.is_some() {
            let mean = self.mean_requests(&self.measured).unwrap_or_default();
            write!(f, "{} on average, at most ", rate(mean))?;
        }
        let (flows, each) = (significant(peak), significant(self.requests_per_flow));
        let (surely, process) = (self.counted().word(), process(pacer));
        write!(
            f,
            "{most} = {flows} flow starts/s × {surely}{each} requests, {process} arrivals"
        )
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "profile {}: ", self.profile)?;
        if let Some(shape) = &self.shape {
            write!(f, "{shape}: ")?;
        }
        match &self.load {
            Load::Passes(n) => {
                let names = self.flows.iter().map(|flow| flow.name.as_str());
                let names = names.collect::<Vec<_>>().join(", ");
                let named = if self.named { &names } else { "every flow" };
                match n {
                    1 => write!(f, "{named} once"),
                    n => write!(f, "{named} {n} times"),
                }
            }
            Load::Closed(users) => {
                let most = if self.shape.is_some() { "at most " } else { "" };
                write!(f, "{most}{} users (closed model)", users.peak().round())
            }
            Load::Open(pacer) => self.open(f, pacer),
        }?;
        let length = |from, to| format_duration(Duration::from_nanos(to - from));
        for phase in self.phases.iter().filter(|p| !p.measured) {
            let Phase {
                name, start, end, ..
            } = phase;
            write!(f, ", {name} {} (not judged)", length(*start, *end))?;
        }
        let Range { start, end } = self.measured;
        if end > start {
            let until = if self.until_decided {
                " or until decided"
            } else {
                ""
            };
            write!(f, ", {} {}{until}", self.profile, length(start, end))?;
        }
        self.mix(f)
    }
}

fn process(pacer: &Pacer) -> &'static str {
    match pacer.process {
        crate::scenario::Process::Poisson => "Poisson",
        crate::scenario::Process::Constant => "constant",
    }
}

#[cfg(test)]
mod tests;
