//! Commands that send load. In: scenarios; out: reports and verdicts. Invariant: nothing is sent before everything
//! that can be refused was refused.

mod beginning;
mod debugging;
pub(super) mod demo;
mod execution;
mod observing;
mod revision;
pub(super) mod run;
mod showing;
pub(super) mod versus;
mod watch;
mod watching;

use crate::cli::args::How;
use crate::cli::command::history::past::Opened;
use crate::cli::error::Error;
use crate::cli::inputs::{Inputs, is_load};
use crate::cli::output::Folder;
use crate::cli::output::ui::Ui;
use crate::cli::preflight;
use crate::load::Capacity;
use crate::plan::{Load, Plan};
use crate::protocol::{Blueprint, Reach};
use crate::report::Baseline;
use crate::scenario::{Connections, Http, Scenario};
use execution::execute;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use versus::Versus;

/// Requests that an HTTP/2 server lets share a connection, as far as anybody knows beforehand (RFC 9113, 6.5.2).
const STREAMS: u32 = 100;

/// One run, ready to start.
struct Prepared {
    file: PathBuf,
    inputs: Inputs,
    plan: Plan,
    blueprint: Blueprint,
    folder: Folder,
    /// The history that it is judged by and enters.
    past: Option<Opened>,
    /// What confirms that a suspect is one.
    confirm: Option<Box<Versus>>,
    /// What its report is laid over.
    baseline: Option<Baseline>,
    /// Where it is shown while it goes.
    ui: Option<Arc<Ui>>,
}

/// Everything that can be refused, refused: reach, TLS files, the folder.
fn prepare(
    file: &Path,
    inputs: Inputs,
    plan: Plan,
    out: Option<PathBuf>,
    how: &How,
) -> Result<Prepared, Error> {
    inputs.check_reach(&plan, how.i_own_this_target)?;
    let scenario = &inputs.scenario;
    let tls = scenario.tls.clone();
    let reach = reach(scenario, &plan);
    preflight::check_steps(scenario, &reach)?;
    let blueprint = Blueprint::new(scenario.target.value.clone(), tls, reach)?
        .with_network(scenario.network.clone())
        .with_connections(scenario.connections)
        .with_http(scenario.http, scenario.streams);
    let folder = Folder::open(
        out.unwrap_or_else(|| Folder::default_for(&scenario.name, &jiff::Zoned::now())),
    )?;
    Ok(Prepared {
        file: file.to_owned(),
        inputs,
        plan,
        blueprint,
        folder,
        past: None,
        confirm: None,
        baseline: None,
        ui: None,
    })
}

/// What the system allows towards the target.
pub(super) fn capacity(scenario: &Scenario, plan: &Plan) -> Capacity {
    let port = scenario.target.value.port_or_known_default();
    let sharing = match (scenario.http, scenario.connections) {
        (Http::Two, Connections::Shared) => scenario.streams.unwrap_or(STREAMS),
        // With TLS only the server can say; each user of its own has a connection of its own.
        _ => 1,
    };
    Capacity::of(plan, port.unwrap_or(80)).sharing(sharing.into())
}

/// What of that does not suffice, in words.
pub(super) fn shortages(capacity: &Capacity, scenario: &Scenario, plan: &Plan) -> Vec<String> {
    let mut shortages = capacity.shortages(plan.max_in_flight);
    let flows = match &plan.load {
        Load::Open(pacer) => pacer.shape.peak(),
        // How often users come back depends on the answers.
        Load::Passes(_) | Load::Closed(_) => 0.0,
    };
    let opened = match scenario.connections {
        Connections::Shared => 0.0,
        Connections::PerUser => flows,
        Connections::PerRequest => flows * plan.requests_per_flow,
    };
    let loopback = scenario.network.is_local(&scenario.target.value, true);
    shortages.extend(capacity.exhaustion(opened, plan.duration(), loopback));
    shortages
}

/// Under load only the target, loopback and the hosts of `allow:` are contacted.
fn reach(scenario: &Scenario, plan: &Plan) -> Reach {
    if !is_load(plan) {
        return Reach::Any;
    }
    let target = scenario.target.value.host_str().map(str::to_owned);
    // Hosts that `resolve:` sends to this machine, whatever the port.
    let fixed = scenario.network.resolve.iter().filter(|fixed| {
        let local = |address: &SocketAddr| address.ip().is_loopback();
        fixed.port.is_none() && fixed.addresses.iter().all(local)
    });
    let here = fixed.map(|fixed| fixed.host.clone());
    Reach::Only(
        scenario
            .allow
            .iter()
            .cloned()
            .chain(target)
            .chain(here)
            .collect(),
    )
}
