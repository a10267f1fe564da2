//! Scenario + profile → plan. In: the scenario, the profile's name, overrides from the command line; out: a
//! [`Plan`]. Invariant: a rate in requests is converted to flow starts here and nowhere else.

use super::pacer::{Pacer, Segment, Shape};
use super::steps::planned;
use super::{Load, Phase, Plan, PlannedFlow};
use crate::scenario::{self, Flow, Profile, Request, Scenario};
use crate::source::closest;
use crate::units::{Arrivals, Nanos, Rate, nanos};
use std::time::Duration;

/// What the command line says beside the profile.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overrides {
    /// Another rate.
    pub rate: Option<Rate>,
    /// Another length of the measured phase.
    pub duration: Option<Duration>,
    /// Another ramp.
    pub ramp: Option<Duration>,
    /// Another warm-up.
    pub warmup: Option<Duration>,
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// No profile of that name.
    #[error("the scenario has no profile `{name}`; {hint}")]
    UnknownProfile {
        /// The name asked for.
        name: String,
        /// The nearest name, or all of them.
        hint: String,
    },
    /// The override does not fit the profile.
    #[error("profile `{profile}` offers no {what}: it cannot be changed from the command line")]
    Override {
        /// The profile.
        profile: String,
        /// rate or duration.
        what: &'static str,
    },
    /// A unique feeder has too few rows.
    #[error(
        "feeder `{feeder}` has {rows} rows for about {needed} flow starts, and `order: unique` gives each row once; add rows, or use `order: shuffled`"
    )]
    TooFewRows {
        /// The feeder.
        feeder: String,
        /// Its rows.
        rows: usize,
        /// Flow starts that need one.
        needed: u64,
    },
}

/// Resolves a profile of a scenario.
///
/// # Errors
/// Unknown profile, or an override that the profile cannot take.
pub fn resolve(
    scenario: &Scenario,
    profile: &str,
    overrides: &Overrides,
    seed: u64,
) -> Result<Plan, PlanError> {
    let profile = overridden(find(scenario, profile)?, overrides)?;
    let flows = flows(scenario);
    let requests_per_flow: f64 = flows.iter().map(|f| f.share * f.requests).sum();
    let load = match profile.load {
        scenario::Load::Passes(passes) => Load::Passes(passes),
        scenario::Load::Users(users) => Load::Closed(users),
        scenario::Load::Rate(rate) => Load::Open(pacer(&profile, rate, requests_per_flow)),
    };
    let phases = match load {
        Load::Passes(_) => vec![measured(&profile.name, 0, 0)],
        Load::Open(_) | Load::Closed(_) => phases(&profile),
    };
    let max_in_flight = profile
        .max_in_flight
        .unwrap_or_else(|| in_flight(scenario, &load, requests_per_flow));
    let plan = Plan {
        profile: profile.name.clone(),
        seed,
        load,
        phases,
        flows,
        requests_per_flow,
        max_in_flight,
    };
    enough_rows(scenario, &plan)?;
    Ok(plan)
}

/// The profile with what the command line says instead.
fn overridden(profile: &Profile, overrides: &Overrides) -> Result<Profile, PlanError> {
    let mut profile = profile.clone();
    let refuse = |what| {
        Err(PlanError::Override {
            profile: profile.name.clone(),
            what,
        })
    };
    match profile.load {
        scenario::Load::Passes(_) if overrides.duration.is_some() => return refuse("duration"),
        scenario::Load::Passes(_) | scenario::Load::Users(_) if overrides.rate.is_some() => {
            return refuse("rate");
        }
        _ => {}
    }
    if let Some(rate) = overrides.rate {
        profile.load = scenario::Load::Rate(rate);
    }
    profile.ramp = overrides.ramp.unwrap_or(profile.ramp);
    profile.warmup = overrides.warmup.unwrap_or(profile.warmup);
    profile.duration = overrides.duration.unwrap_or(profile.duration);
    Ok(profile)
}

/// Flow starts over time: from nothing along the ramp, then at the profile's rate.
fn pacer(profile: &Profile, rate: Rate, requests_per_flow: f64) -> Pacer {
    let starts = match rate.of {
        Arrivals::Flows => rate.per_second,
        Arrivals::Requests => rate.per_second / requests_per_flow,
    };
    let ramp = Segment {
        duration: profile.ramp,
        from: 0.0,
        to: starts,
    };
    let shape = Shape::new([
        ramp,
        Segment::flat(starts, profile.warmup),
        Segment::flat(starts, profile.duration),
    ]);
    Pacer {
        shape,
        process: profile.arrivals,
    }
}

fn find<'a>(scenario: &'a Scenario, name: &str) -> Result<&'a Profile, PlanError> {
    scenario
        .profiles
        .iter()
        .find(|p| p.name == name)
        .ok_or_else(|| {
            let names = || scenario.profiles.iter().map(|p| p.name.as_str());
            let hint = closest(name, names()).map_or_else(
                || format!("it has: {}", names().collect::<Vec<_>>().join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            PlanError::UnknownProfile {
                name: name.to_owned(),
                hint,
            }
        })
}

fn flows(scenario: &Scenario) -> Vec<PlannedFlow> {
    let total: f64 = scenario.flows.iter().map(|f| f.weight).sum();
    scenario
        .flows
        .iter()
        .map(|flow| PlannedFlow {
            name: flow.name.clone(),
            share: flow.weight / total,
            requests: flow.expected_requests(),
            steps: planned(flow, &scenario.variables),
        })
        .collect()
}

fn phases(profile: &Profile) -> Vec<Phase> {
    let mut start = 0;
    let mut phases = Vec::new();
    for (name, length) in [("ramp", profile.ramp), ("warm-up", profile.warmup)] {
        if !length.is_zero() {
            let end = start + nanos(length);
            phases.push(Phase {
                name: name.into(),
                start,
                end,
                measured: false,
            });
            start = end;
        }
    }
    phases.push(measured(
        &profile.name,
        start,
        start + nanos(profile.duration),
    ));
    phases
}

fn measured(profile: &str, start: Nanos, end: Nanos) -> Phase {
    Phase {
        name: profile.to_owned(),
        start,
        end,
        measured: true,
    }
}

/// What would be outstanding if nothing answered until its timeout (Little's law), with room for chance.
fn in_flight(scenario: &Scenario, load: &Load, requests_per_flow: f64) -> u64 {
    match load {
        Load::Passes(_) => 1,
        Load::Closed(users) => *users,
        Load::Open(pacer) => {
            let all = scenario.flows.iter().flat_map(Flow::requests);
            let longest = all
                .map(|r: &Request| r.timeout)
                .max()
                .unwrap_or_default()
                .as_secs_f64();
            let mean = pacer.shape.peak() * requests_per_flow * longest;
            // Six standard deviations of a Poisson count above it: chance alone must not drop an arrival.
            (mean + 6.0 * mean.sqrt()).ceil() as u64 + 64
        }
    }
}

/// A unique feeder that must run out is found now, not an hour into the run.
fn enough_rows(scenario: &Scenario, plan: &Plan) -> Result<(), PlanError> {
    for (index, feeder) in scenario.data.iter().enumerate() {
        let Load::Open(pacer) = &plan.load else {
            return Ok(());
        };
        let share: f64 = scenario
            .flows
            .iter()
            .zip(&plan.flows)
            .filter(|(flow, _)| flow.feeders.contains(&index))
            .map(|(_, planned)| planned.share)
            .sum();
        let needed = (pacer.shape.area() * share).ceil() as u64;
        let rows = feeder.rows.len();
        if needed > 0 && feeder.row(needed - 1, plan.seed).is_none() {
            return Err(PlanError::TooFewRows {
                feeder: feeder.name.clone(),
                rows,
                needed,
            });
        }
    }
    Ok(())
}
