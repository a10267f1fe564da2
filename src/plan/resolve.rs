//! Scenario + profile → plan. In: the scenario, the profile's name, overrides from the command line; out: a
//! [`Plan`]. Invariant: a rate in requests is converted to flow starts here and nowhere else.

use super::layout::{Stretch, stretches};
use super::pacer::{Pacer, Shape};
use super::steps::planned;
use super::{Load, Phase, Plan, PlannedFlow};
use crate::scenario::{self, Amount, BlockKind, Draw, Flow, Per, Profile, Request, Scenario, Step};
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
    #[error("profile `{profile}` has `{kind}`: `--{what}` cannot change it; {hint}")]
    Override {
        /// The profile.
        profile: String,
        /// What decides its load.
        kind: &'static str,
        /// The option.
        what: &'static str,
        /// What to do instead.
        hint: &'static str,
    },
    /// The spike does not fit into another duration.
    #[error("profile `{profile}`: {misfit}; give a longer `--duration`")]
    Spike {
        /// The profile.
        profile: String,
        /// Why it does not fit.
        misfit: String,
    },
    /// Every flow of a load goes through empty lists only.
    #[error(
        "profile `{profile}` would send nothing: the lists that its flows go through are empty; give them items, or add a step outside the loops"
    )]
    Nothing {
        /// The profile.
        profile: String,
    },
    /// Nothing is left of the flows that the profile names.
    #[error(
        "profile `{profile}` starts no flow that has what was asked for; ask with `--flow`, or choose another profile"
    )]
    NoFlow {
        /// The profile.
        profile: String,
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
    if scenario.flows.is_empty() {
        return Err(PlanError::NoFlow {
            profile: profile.name,
        });
    }
    let flows = flows(scenario);
    let requests_per_flow: f64 = flows.iter().map(|f| f.share * f.requests).sum();
    if requests_per_flow == 0.0 && !matches!(profile.load, scenario::Load::Passes(_)) {
        return Err(PlanError::Nothing {
            profile: profile.name,
        });
    }
    let stretches = stretches(&profile, |rate: Rate| match rate.of {
        Arrivals::Flows => rate.per_second,
        Arrivals::Requests => rate.per_second / requests_per_flow,
    });
    let load = load(&profile, &stretches);
    let phases = phases(&profile, &stretches);
    let bound = |at: fn(&Phase) -> Nanos, phase: Option<&Phase>| phase.map_or(0, at);
    let mut judged = phases.iter().filter(|p| p.measured);
    let start = bound(|p| p.start, judged.next());
    let end = bound(|p| p.end, phases.last());
    let max_flows = profile.max_in_flight;
    let max_in_flight = max_flows.map_or_else(
        || in_flight(scenario, &load, requests_per_flow),
        |most| most.saturating_mul(at_once(scenario)),
    );
    let plan = Plan {
        profile: profile.name.clone(),
        seed,
        load,
        shape: shape(&profile.load),
        phases,
        measured: start..end,
        flows,
        named: profile.flows.is_some(),
        requests_per_flow,
        max_in_flight,
        max_flows,
        until_decided: profile.until_decided,
        bail: false,
    };
    enough_rows(scenario, &plan)?;
    Ok(plan)
}

/// The profile with what the command line says instead.
fn overridden(profile: &Profile, overrides: &Overrides) -> Result<Profile, PlanError> {
    let mut profile = profile.clone();
    let asked = [
        ("rate", overrides.rate.is_some()),
        ("duration", overrides.duration.is_some()),
        ("ramp", overrides.ramp.is_some()),
        ("warmup", overrides.warmup.is_some()),
    ];
    let (kind, takes): (_, &[&str]) = match profile.load {
        scenario::Load::Passes(_) => ("passes", &[]),
        scenario::Load::Stages(_) => ("stages", &[]),
        scenario::Load::Users(_) => ("users", &["duration", "ramp", "warmup"]),
        scenario::Load::Stairs(_) => ("stairs", &["ramp", "warmup"]),
        scenario::Load::Spike(_) => ("spike", &["duration", "ramp", "warmup"]),
        scenario::Load::Rate(_) => ("rate", &["rate", "duration", "ramp", "warmup"]),
    };
    if let Some((what, _)) = asked.iter().find(|(w, set)| *set && !takes.contains(w)) {
        return Err(PlanError::Override {
            profile: profile.name,
            kind,
            what,
            hint: "leave it out, or name a profile that has a `rate` with `--profile`",
        });
    }
    if let Some(rate) = overrides.rate {
        profile.load = scenario::Load::Rate(rate);
    }
    profile.ramp = overrides.ramp.unwrap_or(profile.ramp);
    profile.warmup = overrides.warmup.unwrap_or(profile.warmup);
    profile.duration = overrides.duration.unwrap_or(profile.duration);
    if let scenario::Load::Spike(spike) = &profile.load
        && let Some(misfit) = spike.misfit(profile.duration)
    {
        return Err(PlanError::Spike {
            profile: profile.name,
            misfit,
        });
    }
    Ok(profile)
}

fn load(profile: &Profile, stretches: &[Stretch]) -> Load {
    let shape = Shape::new(stretches.iter().map(|s| s.segment));
    let closed = match &profile.load {
        scenario::Load::Passes(passes) => return Load::Passes(*passes),
        scenario::Load::Users(_) => true,
        scenario::Load::Stages(stages) => matches!(stages[0].amount, Amount::Users(_)),
        _ => false,
    };
    if closed {
        return Load::Closed(shape);
    }
    Load::Open(Pacer {
        shape,
        process: profile.arrivals,
    })
}

/// What the load does, in words, where it changes while it is judged.
fn shape(load: &scenario::Load) -> Option<String> {
    match load {
        scenario::Load::Stairs(stairs) => Some(stairs.to_string()),
        scenario::Load::Spike(spike) => Some(spike.to_string()),
        scenario::Load::Stages(stages) => {
            let stages: Vec<String> = stages.iter().map(ToString::to_string).collect();
            Some(format!("stages {}", stages.join(", ")))
        }
        _ => None,
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
    // Flows without weight, in a smoke test of nothing else.
    let total = if total > 0.0 { total } else { 1.0 };
    let one = |flow: &Flow| {
        let (steps, counted) = planned(flow, &scenario.variables);
        PlannedFlow {
            name: flow.name.clone(),
            share: flow.weight / total,
            requests: steps.iter().map(|step| step.times).sum(),
            counted,
            steps,
        }
    };
    scenario.flows.iter().map(one).collect()
}

/// A phase for each stretch; passes have one of no planned length.
fn phases(profile: &Profile, stretches: &[Stretch]) -> Vec<Phase> {
    let mut end = 0;
    let mut phases: Vec<Phase> = stretches
        .iter()
        .map(|stretch| {
            let start = end;
            end += nanos(stretch.segment.duration);
            Phase {
                name: stretch.name.clone(),
                start,
                end,
                measured: stretch.measured,
            }
        })
        .collect();
    if phases.is_empty() {
        phases.push(Phase {
            name: profile.name.clone(),
            start: 0,
            end: 0,
            measured: true,
        });
    }
    phases
}

/// What would be outstanding if nothing answered until its timeout (Little's law), with room for chance.
fn in_flight(scenario: &Scenario, load: &Load, requests_per_flow: f64) -> u64 {
    match load {
        Load::Passes(_) => 1,
        Load::Closed(users) => users.peak().round() as u64,
        Load::Open(pacer) => {
            let all = scenario.flows.iter().flat_map(Flow::requests);
            let longest = all
                .map(|r: &Request| {
                    let open = r.conversation.as_ref().map(|c| c.longest());
                    r.timeout.max(open.unwrap_or_default())
                })
                .max()
                .unwrap_or_default()
                .as_secs_f64();
            let mean = pacer.shape.peak() * requests_per_flow * longest;
            // Six standard deviations of a Poisson count above it: chance alone must not drop an arrival.
            (mean + 6.0 * mean.sqrt()).ceil() as u64 + 64
        }
    }
}

/// The most requests that one flow has in flight: those of its widest group.
fn at_once(scenario: &Scenario) -> u64 {
    fn widest(steps: &[Step]) -> usize {
        let of = |step: &Step| match step {
            Step::Block(block) => match block.kind {
                BlockKind::Group { parallel, .. } => parallel.min(block.steps.len()),
                _ => widest(&block.steps),
            },
            _ => 1,
        };
        steps.iter().map(of).max().unwrap_or(1).max(1)
    }
    let flows = scenario.every_flow();
    let widest = flows.map(|flow| widest(&flow.steps)).max().unwrap_or(1);
    widest as u64
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
            Load::Closed(users) if feeder.per == Per::User && share > 0.0 => {
                users.peak().round() as u64
            }
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
