//! What is known of a run before its first request. In: inputs and plan; out: a [`RunRecord`] without results.
//! Invariant: what a run was made with is in its record, results or not.

use super::revision;
use crate::cli::inputs::Inputs;
use crate::plan::{self, Plan};
use crate::record::{Connections, Environment, Host, Model, PhaseRecord, RunRecord};
use crate::scenario::{self, Scenario};
use std::path::Path;

/// What is known of a run before it starts.
pub(super) fn record(file: &Path, inputs: &Inputs, plan: &Plan) -> RunRecord {
    // Passes take as long as they take: a phase without a planned length says nothing.
    let phases = plan
        .phases
        .iter()
        .filter(|p| p.end > p.start)
        .map(|p| PhaseRecord {
            name: p.name.clone(),
            start: p.start,
            end: p.end,
            measured: p.measured,
        })
        .collect();
    RunRecord {
        scenario: inputs.scenario.name.clone(),
        file: file.display().to_string(),
        profile: plan.profile.clone(),
        profiles: inputs
            .scenario
            .profiles
            .iter()
            .map(|p| p.name.clone())
            .collect(),
        insecure: inputs.scenario.tls.insecure,
        ca: inputs
            .scenario
            .tls
            .ca
            .as_ref()
            .map(|ca| ca.display().to_string()),
        env: inputs.scenario.environment.clone(),
        target: inputs.scenario.target.value.to_string(),
        via: inputs.way(),
        curl: inputs.way_of_curl(),
        started: jiff::Timestamp::now().to_string(),
        seed: plan.seed,
        model: model(plan),
        connections: Some(connections(inputs.scenario.connections)),
        phases,
        environment: environment(plan),
        trace_url: inputs
            .scenario
            .trace
            .as_ref()
            .and_then(|trace| trace.url.clone()),
        budgets: inputs.budget_source(),
        not_told: not_told(&inputs.scenario),
        ..RunRecord::default()
    }
}

/// Who will not be told how the run ends, and what is missing for it.
fn not_told(scenario: &Scenario) -> Vec<String> {
    let missing = scenario.notify.iter().flat_map(|notify| &notify.missing);
    let said = missing.map(|(way, name)| format!("{way}: `{name}` has no value"));
    said.collect()
}

fn connections(connections: scenario::Connections) -> Connections {
    match connections {
        scenario::Connections::Shared => Connections::Shared,
        scenario::Connections::PerUser => Connections::PerUser,
        scenario::Connections::PerRequest => Connections::NoneKept,
    }
}

fn model(plan: &Plan) -> Model {
    let mean = plan.mean_requests(&plan.measured).unwrap_or_default();
    match &plan.load {
        plan::Load::Passes(passes) => Model::Passes { passes: *passes },
        plan::Load::Closed(_) => Model::Closed {
            users: plan.users().unwrap_or_default(),
        },
        plan::Load::Open(pacer) => Model::Open {
            requests: mean,
            flows: mean / plan.requests_per_flow,
            peak: plan.shape.is_some().then(|| plan.peak_requests()).flatten(),
            poisson: pacer.process == scenario::Process::Poisson,
        },
    }
}

fn environment(plan: &Plan) -> Environment {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let name = read("/proc/sys/kernel/hostname").trim().to_owned();
    let processor = read("/proc/cpuinfo")
        .lines()
        .find_map(|l| l.strip_prefix("model name")?.split_once(':'))
        .map_or_else(String::new, |(_, name)| name.trim().to_owned());
    let revision = std::env::current_dir();
    let revision = revision.ok().and_then(|folder| revision::revision(&folder));
    Environment {
        version: env!("CARGO_PKG_VERSION").into(),
        revision,
        host: Host {
            name,
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            processor,
        },
        plan: plan.to_string(),
    }
}
