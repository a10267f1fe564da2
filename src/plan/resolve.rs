//! Scenario + profile → plan. In: the scenario, the profile's name, overrides from the command line; out: a
//! [`Plan`]. Invariant: a rate in requests is converted to flow starts here and nowhere else.

use super::pacer::{Pacer, Segment, Shape};
use super::{Load, Phase, Plan, PlannedFlow};
use crate::scenario::{self, Draw, Per, Profile, Scenario, Step};
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
    /// A feeder whose rows do not come again has too few.
    #[error(
        "feeder `{feeder}` has {rows} rows for about {needed} draws, and gives each row once; add rows, or let them come again: `at_end: wrap`"
    )]
    TooFewRows {
        /// The feeder.
        feeder: String,
        /// Its rows.
        rows: usize,
        /// Flow starts or users that need one.
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
    let requests_per_flow: f64 = flows.iter().map(|f| f.share * f.requests as f64).sum();
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
        bail: false,
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
        .map(|flow| {
            let steps: Vec<String> = flow
                .steps
                .iter()
                .filter_map(|step| match step {
                    Step::Request(request) => Some(request.name.clone()),
                    Step::Think(_) | Step::Set(_) | Step::Block(_) => None,
                })
                .collect();
            PlannedFlow {
                name: flow.name.clone(),
                share: flow.weight / total,
                requests: steps.len() as u64,
                steps,
            }
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
            let timeouts =
                scenario
                    .flows
                    .iter()
                    .flat_map(|f| &f.steps)
                    .filter_map(|step| match step {
                        Step::Request(request) => Some(request.timeout),
                        Step::Think(_) | Step::Set(_) | Step::Block(_) => None,
                    });
            let longest = timeouts.max().unwrap_or_default().as_secs_f64();
            let mean = pacer.shape.peak() * requests_per_flow * longest;
            // Six standard deviations of a Poisson count above it: chance alone must not drop an arrival.
            (mean + 6.0 * mean.sqrt()).ceil() as u64 + 64
        }
    }
}

/// A feeder that must run out is found now, not an hour into the run.
fn enough_rows(scenario: &Scenario, plan: &Plan) -> Result<(), PlanError> {
    for (index, feeder) in scenario.data.iter().enumerate() {
        let reading = scenario.flows.iter().zip(&plan.flows);
        let share: f64 = reading
            .filter(|(flow, _)| flow.feeders.contains(&index))
            .map(|(_, planned)| planned.share)
            .sum();
        let needed = match &plan.load {
            Load::Open(pacer) => (pacer.shape.area() * share).ceil() as u64,
            Load::Closed(users) if feeder.per == Per::User && share > 0.0 => *users,
            Load::Closed(_) | Load::Passes(_) => 0,
        };
        let rows = feeder.rows.len();
        if needed > 0 && feeder.row(Draw::arrival(needed - 1), plan.seed).is_none() {
            return Err(PlanError::TooFewRows {
                feeder: feeder.name.clone(),
                rows,
                needed,
            });
        }
    }
    Ok(())
}
