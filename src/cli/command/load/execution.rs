//! From a prepared run to its reports. In: a [`Prepared`]; out: load, a record, reports and an exit. Invariant:
//! whatever the load did, reports are written.

use super::debugging::{Debugging, Steps};
use super::observing::Observing;
use super::showing::Showing;
use super::versus::{self, Versus};
use super::watching::Watching;
use super::{Prepared, beginning, capacity, shortages};
use crate::budget::{self, Exit, Verdict};
use crate::cli::args::How;
use crate::cli::command::history::past::{Judged, Opened};
use crate::cli::error::Error;
use crate::cli::inputs::Inputs;
use crate::cli::output::ui::Ui;
use crate::cli::output::{Folder, print};
use crate::cli::progress::Progress;
use crate::cli::{Terminal, preflight, telling};
use crate::load::{self, Capacity, Program, RunParts, Settings, Stop};
use crate::notify::Event;
use crate::plan::{Load, Plan};
use crate::protocol::{Blueprint, Client};
use crate::record::{self, Masker, RunRecord};
use crate::report::{View, log_line};
use crate::scenario::Scenario;
use crate::units::Nanos;
use std::cell::RefCell;
use std::sync::Arc;

/// Runs, judges, reports.
pub(super) fn execute(
    run: Prepared,
    how: &How,
    debug: bool,
    (stop, terminal): (&Stop, Terminal),
) -> Result<Exit, Error> {
    // What ends this run need not end those beside it.
    let own = stop.of_one_run();
    let whole = stop;
    let stop = if run.plan.until_decided { &own } else { stop };
    let Prepared {
        file,
        inputs,
        plan,
        blueprint,
        folder,
        past,
        confirm,
        baseline,
        ui,
    } = run;
    if !how.quiet {
        announce(&inputs, &plan);
    }
    let caller = blueprint.clone();
    let capacity = capacity(&inputs.scenario, &plan);
    for shortage in shortages(&capacity, &inputs.scenario, &plan) {
        eprintln!("warning: {shortage}");
    }
    let mut record = beginning::record(&file, &inputs, &plan);
    let plan = Arc::new(plan);
    // A smoke test finds out by itself, with checks that say more.
    let asks = inputs.scenario.preflight && !matches!(plan.load, Load::Passes(_));
    match preflight::reach(&blueprint, &inputs.scenario, asks, stop)? {
        Some(reason) => unreached(&mut record, &inputs, &reason),
        None => generate(
            &inputs,
            &plan,
            (blueprint, capacity),
            &mut record,
            (how, stop, debug, &folder, ui.as_ref()),
        )?,
    }
    let mut verdict = budget::judge(&record, inputs.budgets.as_ref());
    let judged = past.map(|past| {
        let judged = past.judge(&record, &verdict);
        let judged = judged.and_then(|j| confirmed(j, &past, confirm.as_deref(), (how, whole)));
        (judged, past)
    });
    let usual = judged.as_ref().and_then(|(judged, _)| judged.as_ref().ok());
    if let Some(judged) = usual {
        judged.enter(&mut verdict);
    }
    let view = View::new(&record, &verdict).over(baseline);
    let said = usual.map(Judged::view).into_iter();
    let view = said.fold(view, View::with_history);
    let exit = finish(&record, (&verdict, &view), &folder, (how, terminal));
    ui.iter().for_each(|ui| ui.end(&view));
    let remembered = judged.map_or(Ok(()), |(judged, past)| {
        remember(&past, &judged?, &verdict, &folder)
    });
    notify(
        &inputs.scenario,
        (&record, &verdict, &view),
        &folder,
        &caller,
    );
    remembered.and(exit)
}

/// Tells whoever wants to know of runs.
fn notify(
    scenario: &Scenario,
    (record, verdict, view): (&RunRecord, &Verdict, &View),
    folder: &Folder,
    caller: &Blueprint,
) {
    if let Some(notify) = &scenario.notify {
        let now = jiff::Timestamp::now().to_string();
        let reports = folder.path().display().to_string();
        let event = Event::of(record, verdict, now, &reports);
        telling::tell(notify, (&event, view), (caller, &scenario.tls));
    }
}

/// A record of a target that could not be reached: steps without a request.
fn unreached(record: &mut RunRecord, inputs: &Inputs, reason: &str) {
    let masker = masker(&inputs.scenario);
    record.unreachable = Some(masker.text(reason, &[]));
    record.health.conserved = true;
    let program = Program::new(&inputs.scenario, &inputs.limits(), &masker);
    let empty = record::Recorder::new(program.layout()).finish();
    (record.steps, record.flows) = (empty.steps, empty.flows);
}

/// Lets pairs with the base version say whether what is suspect is so.
fn confirmed(
    mut judged: Judged,
    past: &Opened,
    versus: Option<&Versus>,
    (how, stop): (&How, &Stop),
) -> Result<Judged, Error> {
    if let (Some(versus), suspects @ 1.., None) = (versus, judged.suspects(), stop.reason()) {
        if !how.quiet {
            eprintln!(
                "{suspects} series are suspect: the base version beside this one says whether it is so"
            );
        }
        let pairs = versus::confirm(versus, how, stop)?;
        past.confirm(&mut judged, &pairs);
    }
    Ok(judged)
}

/// Says what will be sent where.
fn announce(inputs: &Inputs, plan: &Plan) {
    eprintln!(
        "{} → {}: {plan}, seed {}",
        inputs.scenario.name, inputs.scenario.target.value, plan.seed
    );
    for part in inputs.way() {
        eprintln!("via {part}");
    }
}

/// Puts a run into its history, or says why not.
fn remember(
    past: &Opened,
    judged: &Judged,
    verdict: &Verdict,
    folder: &Folder,
) -> Result<(), Error> {
    // Who asked for little asked for this all the same.
    if let Judged::Refused(_) = judged {
        eprint!("{}", judged.view().text());
    }
    let added = past.add(judged);
    let written = match judged.json(&verdict.exit) {
        Some(json) => folder.put("history.json", &json),
        None => Ok(()),
    };
    added.and(written)
}

/// Offers the load and puts what came of it into the record.
pub(super) fn generate(
    inputs: &Inputs,
    plan: &Arc<Plan>,
    (blueprint, capacity): (Blueprint, Capacity),
    record: &mut RunRecord,
    (how, stop, debug, folder, ui): (&How, &Stop, bool, &Folder, Option<&Arc<Ui>>),
) -> Result<(), Error> {
    let masker = Arc::new(masker(&inputs.scenario));
    let progress = Progress::new(plan, inputs.budgets.as_ref(), how.quiet);
    let program = program(inputs, plan, (&masker, progress.shows_budgets()));
    let steps = debug.then(|| Arc::new(Steps::new(&inputs.scenario, (*masker).clone())));
    let settings = Settings {
        masker: Arc::clone(&masker),
        workers: how.workers,
        capacity,
        stop: stop.clone(),
    };
    let budgets = (inputs.budgets.as_ref(), &**plan);
    let live = how.formats.live(folder, record, &inputs.scenario);
    let observing = Observing::start(inputs, blueprint.clone())?;
    let shows = |ui| Showing::new(ui, inputs, (&*record, plan), &masker, observing.beside());
    let showing = ui.map(shows);
    let mut watching = Watching::new(progress, budgets, stop.stopper(), live).showing(showing);
    let shown = Arc::clone(&settings.masker);
    let client = move || Client::new(blueprint.clone());
    let parts = match steps {
        None => load::run(&program, plan, &settings, client, &mut watching)?,
        Some(steps) => {
            let telling = move || Debugging {
                inner: client(),
                steps: Arc::clone(&steps),
                secrets: RefCell::default(),
            };
            load::run(&program, plan, &settings, telling, &mut watching)?
        }
    };
    let began = watching.began;
    (record.guards, record.decided) = watching.finish();
    record.stop = stop.reason();
    keep(record, parts, plan, &shown);
    record.server = observing.finish(began, record, &shown)?;
    Ok(())
}

/// The program with all that this run wants counted.
fn program(inputs: &Inputs, plan: &Plan, (masker, seen): (&Masker, bool)) -> Arc<Program> {
    let mut program = Program::new(&inputs.scenario, &inputs.limits(), masker)
        .counting_cache(&inputs.cached())
        .counting_parts(inputs.parts());
    let smoke = matches!(plan.load, Load::Passes(_));
    if smoke {
        program = program.showing_bodies();
    }
    let asked = inputs.scenario.server_timing.clone();
    program = program.timing(if smoke { Some(Vec::new()) } else { asked });
    if let Some(trace) = &inputs.scenario.trace {
        program = program.tracing(Some(if smoke { 1.0 } else { trace.sampled }));
    }
    let watches = inputs.watches(plan, seen);
    Arc::new(program.watching(watches))
}

/// Puts what the engine leaves into the record.
pub(super) fn keep(record: &mut RunRecord, parts: RunParts, plan: &Plan, shown: &Masker) {
    record.timeline = parts.timeline;
    record.counts = parts.counts;
    record.counts.duration = ended(record, parts.elapsed)
        .min(plan.measured.end)
        .saturating_sub(plan.measured.start);
    record.health = parts.health;
    record.elapsed = parts.elapsed;
    let recorded = parts.recorder.finish();
    record.steps = recorded.steps;
    for timing in record.steps.iter_mut().flat_map(|step| &mut step.timings) {
        timing.name = shown.text(&timing.name, &[]);
    }
    record.flows = recorded.flows;
    record.groups = recorded.groups;
    record.parts = recorded.parts;
    record.failures = recorded.failures;
    record.exhibits = recorded.exhibits;
    record.health.lag = recorded.lag;
}

/// When the load ended: with its plan (which is not known here), or when something ended it before.
fn ended(record: &RunRecord, elapsed: Nanos) -> Nanos {
    let tripped = record.guards.iter().filter_map(|guard| guard.tripped).min();
    match record.stop {
        None => Nanos::MAX,
        Some(record::Stop::Decided) => record.decided.as_ref().map_or(elapsed, |d| d.at),
        Some(record::Stop::Guard) => tripped.unwrap_or(elapsed),
        Some(_) => elapsed,
    }
}

fn masker(scenario: &Scenario) -> Masker {
    let secrets = scenario.secrets.iter();
    Masker::named(secrets.map(|s| (s.name.as_str(), s.value.as_str())))
}

/// Writes the run file and the reports, prints the summary.
fn finish(
    record: &RunRecord,
    (verdict, view): (&Verdict, &View),
    folder: &Folder,
    (how, terminal): (&How, Terminal),
) -> Result<Exit, Error> {
    let saved = folder.save(record);
    let written = folder.write(view, &how.formats.reporters(terminal.ci));
    if how.quiet {
        println!("{}", log_line(&verdict.sentence));
    } else {
        let report = folder.path().join("report.html").display().to_string();
        print(view, Some(report), how.verbose, terminal)?;
    }
    terminal.ci.ran(view, Some(folder));
    saved.and(written)?;
    Ok(verdict.exit.clone())
}
