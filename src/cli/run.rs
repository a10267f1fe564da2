//! `tollgate run`. In: scenario files; out: load, reports, and the gravest exit code of all runs. Invariant: every
//! file is read and checked before the first request of the first run; whatever happens, reports are written.

use super::args::{How, Run};
use super::error::Error;
use super::inputs::{Inputs, is_load};
use super::output::{Folder, file_name};
use super::progress::Progress;
use super::{Terminal, columns, preflight, signals};
use crate::budget::{self, Exit, Reason, Verdict};
use crate::load::{self, Capacity, Program, Settings, Stop, stop};
use crate::plan::{self, Plan};
use crate::protocol::{Blueprint, Client, Reach, TlsSettings};
use crate::record::{self, Environment, Host, Masker, Model, PhaseRecord, RunRecord};
use crate::report::{Console, Reporter as _, View};
use crate::scenario::Scenario;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long the look at the target may take.
const PREFLIGHT: Duration = Duration::from_secs(10);

/// One run, ready to start.
pub(super) struct Prepared {
    pub(super) file: PathBuf,
    pub(super) inputs: Inputs,
    pub(super) plan: Plan,
    blueprint: Blueprint,
    folder: Folder,
}

pub(super) fn run(args: &Run, terminal: Terminal) -> Result<u8, Error> {
    let mut prepared: Vec<Prepared> = Vec::new();
    for file in &args.files {
        let inputs = Inputs::read(file, &args.reading, terminal)?;
        let plan = inputs.plan(&args.amount)?;
        let out = args.how.out.as_ref().map(|out| {
            if args.files.len() == 1 {
                out.clone()
            } else {
                own_folder(out, &file_name(&inputs.scenario.name), &prepared)
            }
        });
        prepared.push(prepare(file, inputs, plan, out, &args.how)?);
    }
    let (stopper, stop) = stop();
    signals::listen(stopper);
    let mut exits = Vec::new();
    for run in prepared {
        exits.push(match stop.reason() {
            None => execute(run, &args.how, &stop, terminal)?,
            Some(reason) => {
                eprintln!("{} was not run", run.file.display());
                Exit::of([match reason {
                    record::Stop::Interrupted => Reason::Interrupted,
                    record::Stop::Terminated => Reason::Terminated,
                }])
            }
        });
    }
    Ok(Exit::combine(&exits).code)
}

/// Several runs into one folder get a folder each, by the names of their scenarios.
fn own_folder(out: &Path, name: &str, before: &[Prepared]) -> PathBuf {
    let numbered = (2..).map(|n| out.join(format!("{name}-{n}")));
    let mut candidates = std::iter::once(out.join(name)).chain(numbered);
    candidates
        .find(|path| before.iter().all(|run| run.folder.path() != path))
        .unwrap_or_else(|| out.join(name))
}

/// Everything that can be refused, refused: reach, TLS files, the folder.
pub(super) fn prepare(
    file: &Path,
    inputs: Inputs,
    plan: Plan,
    out: Option<PathBuf>,
    how: &How,
) -> Result<Prepared, Error> {
    inputs.check_reach(&plan, how.i_own_this_target)?;
    let scenario = &inputs.scenario;
    let tls = TlsSettings {
        ca: scenario.tls.ca.clone(),
        insecure: scenario.tls.insecure,
    };
    let reach = reach(scenario, &plan);
    preflight::check_steps(scenario, &reach)?;
    let blueprint = Blueprint::new(scenario.target.value.clone(), tls, reach)?
        .with_connections(scenario.connections);
    let folder = Folder::open(
        out.unwrap_or_else(|| Folder::default_for(&scenario.name, &jiff::Zoned::now())),
    )?;
    Ok(Prepared {
        file: file.to_owned(),
        inputs,
        plan,
        blueprint,
        folder,
    })
}

/// What the system allows towards the target.
pub(super) fn capacity(scenario: &Scenario, plan: &Plan) -> Capacity {
    let port = scenario.target.value.port_or_known_default();
    Capacity::of(plan, port.unwrap_or(80))
}

/// Under load only the target, loopback and the hosts of `allow:` are contacted.
fn reach(scenario: &Scenario, plan: &Plan) -> Reach {
    if !is_load(plan) {
        return Reach::Any;
    }
    let target = scenario.target.value.host_str().map(str::to_owned);
    Reach::Only(scenario.allow.iter().cloned().chain(target).collect())
}

/// Runs, judges, reports.
pub(super) fn execute(
    run: Prepared,
    how: &How,
    stop: &Stop,
    terminal: Terminal,
) -> Result<Exit, Error> {
    let Prepared {
        file,
        inputs,
        plan,
        blueprint,
        folder,
    } = run;
    if !how.quiet {
        eprintln!(
            "{} → {}: {plan}, seed {}",
            inputs.scenario.name, inputs.scenario.target.value, plan.seed
        );
    }
    let capacity = capacity(&inputs.scenario, &plan);
    for shortage in capacity.shortages(plan.max_in_flight) {
        eprintln!("warning: {shortage}");
    }
    let mut record = begin(&file, &inputs, &plan);
    let plan = Arc::new(plan);
    match preflight::reach(&blueprint, &inputs.scenario, PREFLIGHT)? {
        Some(reason) => {
            let masker = masker(&inputs.scenario);
            record.unreachable = Some(masker.text(&reason, &[]));
            record.health.conserved = true;
            let program = Program::new(&inputs.scenario, &inputs.limits(), &masker);
            let empty = record::Recorder::new(program.layout()).finish();
            (record.steps, record.flows) = (empty.steps, empty.flows);
        }
        None => generate(
            &inputs,
            &plan,
            (blueprint, capacity),
            &mut record,
            (how, stop),
        )?,
    }
    let verdict = budget::judge(&record, inputs.budgets.as_ref());
    finish(&record, &verdict, &folder, how.quiet, terminal)
}

/// Offers the load and puts what came of it into the record.
fn generate(
    inputs: &Inputs,
    plan: &Arc<Plan>,
    (blueprint, capacity): (Blueprint, Capacity),
    record: &mut RunRecord,
    (how, stop): (&How, &Stop),
) -> Result<(), Error> {
    let masker = Arc::new(masker(&inputs.scenario));
    let program = Arc::new(Program::new(&inputs.scenario, &inputs.limits(), &masker));
    let settings = Settings {
        masker,
        workers: how.workers,
        capacity,
        stop: stop.clone(),
    };
    let mut progress = Progress::new(plan, how.quiet);
    let parts = load::run(
        &program,
        plan,
        &settings,
        move || Client::new(blueprint.clone()),
        &mut progress,
    )?;
    progress.finish();
    record.timeline = parts.timeline;
    record.counts = parts.counts;
    record.counts.duration = plan.measured().map_or(0, |p| p.end - p.start);
    record.health = parts.health;
    record.elapsed = parts.elapsed;
    record.stop = stop.reason();
    let recorded = parts.recorder.finish();
    record.steps = recorded.steps;
    record.flows = recorded.flows;
    record.groups = recorded.groups;
    record.failures = recorded.failures;
    record.exhibits = recorded.exhibits;
    record.health.lag = recorded.lag;
    Ok(())
}

fn masker(scenario: &Scenario) -> Masker {
    Masker::new(scenario.secrets.iter().map(|s| s.value.as_str()))
}

/// Writes the run file and the reports, prints the summary.
pub(super) fn finish(
    record: &RunRecord,
    verdict: &Verdict,
    folder: &Folder,
    quiet: bool,
    terminal: Terminal,
) -> Result<Exit, Error> {
    let view = View::new(record, verdict);
    let saved = folder.save(record);
    let written = folder.write(&view);
    if quiet {
        println!("{}", verdict.sentence);
    } else {
        let report = folder.path().join("report.html").display().to_string();
        print(&view, Some(report), terminal)?;
    }
    saved.and(written)?;
    Ok(verdict.exit.clone())
}

/// Prints the summary.
pub(super) fn print(view: &View, files: Option<String>, terminal: Terminal) -> Result<(), Error> {
    let console = Console {
        width: columns(),
        colour: terminal.stdout,
        files,
    };
    console.render(view, &mut std::io::stdout().lock())?;
    Ok(())
}

/// What is known of a run before it starts.
fn begin(file: &Path, inputs: &Inputs, plan: &Plan) -> RunRecord {
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
        target: inputs.scenario.target.value.to_string(),
        started: jiff::Timestamp::now().to_string(),
        seed: plan.seed,
        model: model(plan),
        phases,
        environment: environment(plan),
        budgets: inputs.budget_source(),
        ..RunRecord::default()
    }
}

fn model(plan: &Plan) -> Model {
    match &plan.load {
        plan::Load::Passes(passes) => Model::Passes { passes: *passes },
        plan::Load::Closed(users) => Model::Closed { users: *users },
        plan::Load::Open(pacer) => Model::Open {
            requests: pacer.shape.peak() * plan.requests_per_flow,
            flows: pacer.shape.peak(),
            poisson: pacer.process == crate::scenario::Process::Poisson,
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
    let git = std::process::Command::new("git")
        .args(["rev-parse", "--short=12", "HEAD"])
        .output();
    let revision = git
        .ok()
        .filter(|o| o.status.success())
        .map(|o| String::from_utf8_lossy(&o.stdout).trim().to_owned());
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
