//! `tollgate run --compare-to`: two versions in one run. In: a scenario and a second target; out: what differs, as text
//! and JSON. Invariant: both get the same seeded flows, in blocks that alternate, and whoever began a pair comes second
//! in the next.

pub(in crate::cli::command) mod calibrate;

use super::execution::generate;
use super::run::{Run, stopped};
use super::{Prepared, beginning, capacity, prepare};
use crate::budget::{self, Exit, Reason};
use crate::cli::args::{Amount, How};
use crate::cli::command::history::{percent, value};
use crate::cli::error::Error;
use crate::cli::inputs::Inputs;
use crate::cli::output::Folder;
use crate::cli::{Terminal, preflight, signals};
use crate::history::nights::figures;
use crate::history::paired::{self, Change, Compared, PAIRS, Pair};
use crate::load::{Stop, stop};
use crate::plan::{Load, Plan};
use crate::record::RunRecord;
use crate::report::log_line as escape;
use crate::scenario::History;
use clap::Args;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// Connections are open and caches warm after this, block by block.
const SETTLE: Duration = Duration::from_secs(2);

/// The second version.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "History and comparison")]
pub(in crate::cli) struct Beside {
    /// Sends the same flows to this base URL, too, in alternating blocks, and compares: exit 5 where the target is worse.
    /// Budgets are not judged. With `--history`, the run is judged first, and only what is suspect is compared.
    #[arg(long, value_name = "URL", value_parser = crate::scenario::parse_target)]
    pub(super) compare_to: Option<Url>,
    /// Blocks for each of the two; each lasts its share of the measured time.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u64).range(PAIRS as u64..=1000))]
    pub(super) pairs: u64,
}

impl Beside {
    /// The base version that confirms suspects, and how many pairs: with `--history`, or as the profile says.
    pub(super) fn confirming(&self, named: bool, own: Option<&History>) -> Option<(Url, u64)> {
        match &self.compare_to {
            Some(base) if named => Some((base.clone(), self.pairs)),
            _ => own.and_then(|own| Some((own.confirm.clone()?, own.pairs))),
        }
    }
}

/// The two targets, ready.
pub(super) struct Versus {
    base: Prepared,
    head: Prepared,
    /// One for each pair.
    plans: Vec<Plan>,
}

/// What the blocks gave.
#[derive(Default)]
struct Measured {
    pairs: Vec<Pair>,
    /// Numbers of pairs, and why they say nothing.
    left_out: Vec<(usize, Reason)>,
    /// Why nothing was sent.
    unreachable: Option<String>,
}

pub(super) fn versus(args: &Run, base: &Url, terminal: Terminal) -> Result<u8, Error> {
    let versus = ready(args, Some(base), terminal)?;
    let (stopper, stop) = stop();
    signals::listen(stopper);
    let measured = measure(&versus, &args.how, &stop)?;
    if let Some(reason) = &measured.unreachable {
        println!("UNREACHABLE: {}", escape(reason));
        return Ok(Reason::Unreachable.code());
    }
    let compared = paired::compare(&measured.pairs, args.past.least.effect());
    let exit = exit(&compared, measured.pairs.len(), &stop);
    let text = text(&versus, &compared, &measured, &exit);
    match text.lines().next() {
        Some(first) if args.how.quiet => println!("{first}"),
        _ => print!("{text}"),
    }
    let folder = &versus.head.folder;
    folder.put("comparison.txt", &text)?;
    let all = json!({
        "schema": "tollgate.comparison/1",
        "exit": exit,
        "scenario": versus.head.inputs.scenario.name,
        "profile": versus.plans.first().map(|p| p.profile.as_str()),
        "base": versus.base.inputs.scenario.target.value.as_str(),
        "head": versus.head.inputs.scenario.target.value.as_str(),
        "seed": versus.plans.first().map(|p| p.seed),
        "pairs": measured.pairs.len(),
        "left_out": measured.left_out.iter().map(|(pair, reason)| json!({ "pair": pair, "reason": reason })).collect::<Vec<_>>(),
        "series": compared,
    });
    folder.put("comparison.json", &format!("{all:#}\n"))?;
    Ok(exit.code)
}

/// All blocks, or as many as a signal lets pass.
fn measure(versus: &Versus, how: &How, stop: &Stop) -> Result<Measured, Error> {
    let mut measured = Measured::default();
    for side in [&versus.base, &versus.head] {
        let scenario = &side.inputs.scenario;
        measured.unreachable = preflight::reach(&side.blueprint, scenario, true, stop)?;
        if measured.unreachable.is_some() {
            return Ok(measured);
        }
    }
    for (number, plan) in versus.plans.iter().enumerate() {
        let pair = pair(versus, (number, plan), how, stop)?;
        if stop.reason().is_some() {
            break;
        }
        let said = |record: &RunRecord| says_nothing(&budget::judge(record, None).exit);
        if let Some(reason) = said(&pair.0).or_else(|| said(&pair.1)) {
            measured.left_out.push((number + 1, reason));
        } else {
            let figures = (figures(&pair.0), figures(&pair.1));
            measured.pairs.push(figures);
        }
    }
    Ok(measured)
}

/// Reads the scenario once for each target (none: twice the same); refuses whatever can be refused.
fn ready(args: &Run, base: Option<&Url>, terminal: Terminal) -> Result<Versus, Error> {
    let [file] = args.files.as_slice() else {
        return Err(Error::Usage("--compare-to takes one scenario file".into()));
    };
    if let Some(flag) = args.smoke.given() {
        return Err(Error::Usage(format!(
            "--compare-to and {flag} do not go together"
        )));
    }
    let inputs = Inputs::read(file, &args.reading, terminal)?;
    let default = || Folder::default_for(&inputs.scenario.name, &jiff::Zoned::now());
    let out = args.how.out.clone().unwrap_or_else(default);
    both(args, (file, inputs), (base, args.beside.pairs), &out)
}

/// What confirms the suspects of a run that is prepared.
pub(super) fn confirming(
    args: &Run,
    file: &Path,
    (base, pairs): (&Url, u64),
    out: &Path,
) -> Result<Versus, Error> {
    let (inputs, _) = Inputs::collect(file, &args.reading)?;
    both(args, (file, inputs), (Some(base), pairs), out)
}

fn both(
    args: &Run,
    (file, mut inputs): (&Path, Inputs),
    (base, pairs): (Option<&Url>, u64),
    out: &Path,
) -> Result<Versus, Error> {
    let plans = plans(&inputs, &args.amount, pairs)?;
    let first = &plans[0];
    inputs.keep_to(first);
    inputs.budgets = None;
    let mut reading = args.reading.clone();
    reading.target = base.cloned().or(reading.target);
    let (mut others, _) = Inputs::collect(file, &reading)?;
    others.keep_to(first);
    others.budgets = None;
    let side = |inputs| {
        let out = Some(out.to_owned());
        prepare(file, inputs, first.clone(), out, &args.how)
    };
    Ok(Versus {
        base: side(others)?,
        head: side(inputs)?,
        plans,
    })
}

/// The pairs that confirm suspects; none, and why, where they say nothing.
pub(super) fn confirm(versus: &Versus, how: &How, stop: &Stop) -> Result<Vec<Pair>, Error> {
    let measured = measure(versus, how, stop)?;
    let pairs = measured.pairs.len();
    let why = match &measured.unreachable {
        Some(reason) => Some(reason.clone()),
        None if stop.reason().is_some() => Some("the run was stopped".into()),
        None if pairs < PAIRS => Some(format!("only {pairs} pairs say something")),
        None => None,
    };
    let Some(why) = why else {
        return Ok(measured.pairs);
    };
    eprintln!(
        "warning: suspects are neither confirmed nor dispelled: {}",
        escape(&why)
    );
    Ok(Vec::new())
}

/// A plan for each pair: the measured time in equal blocks, each with a short warm-up; passes are done in every block.
fn plans(inputs: &Inputs, asked: &Amount, pairs: u64) -> Result<Vec<Plan>, Error> {
    let whole = inputs.plan(asked)?;
    let mut amount = asked.clone();
    if !matches!(whole.load, Load::Passes(_)) {
        if whole.shape.is_some() {
            return Err(Error::Usage(format!(
                "profile `{}` changes its load on the way and cannot be cut into blocks; name one with `rate` or `users`",
                whole.profile
            )));
        }
        let measured = Duration::from_nanos(whole.measured.end - whole.measured.start);
        let warm = Duration::from_nanos(whole.measured.start);
        amount.duration = Some(measured.div_f64(pairs as f64));
        amount.ramp = Some(Duration::ZERO);
        amount.warmup = Some(asked.warmup.unwrap_or(warm.min(SETTLE)));
    }
    (0..pairs)
        .map(|pair| {
            amount.seed = Some(whole.seed.wrapping_add(pair));
            let mut plan = inputs.plan(&amount)?;
            plan.until_decided = false;
            Ok(plan)
        })
        .collect()
}

/// Both versions, one after the other.
fn pair(
    versus: &Versus,
    (number, plan): (usize, &Plan),
    how: &How,
    stop: &Stop,
) -> Result<(RunRecord, RunRecord), Error> {
    let plan = Arc::new(plan.clone());
    let block = |side: &Prepared, name: &str| -> Result<RunRecord, Error> {
        let scenario = &side.inputs.scenario;
        if !how.quiet {
            let (pair, of) = (number + 1, versus.plans.len());
            eprintln!("pair {pair} of {of}: {name} {}", scenario.target.value);
        }
        let mut record = beginning::record(&side.file, &side.inputs, &plan);
        if stop.reason().is_none() {
            let capacity = capacity(scenario, &plan);
            let way = (side.blueprint.clone(), capacity);
            generate(
                &side.inputs,
                &plan,
                way,
                &mut record,
                (how, stop, false, &versus.head.folder, None),
            )?;
        }
        Ok(record)
    };
    if number.is_multiple_of(2) {
        let base = block(&versus.base, "base")?;
        Ok((base, block(&versus.head, "head")?))
    } else {
        let head = block(&versus.head, "head")?;
        Ok((block(&versus.base, "base")?, head))
    }
}

/// Why a block says nothing. One that failed its checks says a lot, and so does one that did not get far.
fn says_nothing(exit: &Exit) -> Option<Reason> {
    let mut all = std::iter::once(exit.reason).chain(exit.also.iter().copied());
    all.find(|reason| {
        matches!(
            reason,
            Reason::Internal | Reason::Unreachable | Reason::InvalidInstrument
        )
    })
}

fn exit(compared: &[Compared], pairs: usize, stop: &Stop) -> Exit {
    let regressed = compared.iter().any(|c| c.change == Change::Regression);
    let few = (pairs < PAIRS || compared.iter().all(|c| c.change == Change::TooFew))
        .then_some(Reason::Undecided);
    let regressed = regressed.then_some(Reason::Regression);
    Exit::of(
        stop.reason()
            .map(stopped)
            .into_iter()
            .chain(regressed)
            .chain(few),
    )
}

fn text(versus: &Versus, compared: &[Compared], measured: &Measured, exit: &Exit) -> String {
    let of = |change| compared.iter().filter(move |c| c.change == change);
    let pairs = measured.pairs.len();
    let word = match exit.reason {
        Reason::Pass => "PASS: no regression".to_owned(),
        Reason::Regression => format!(
            "FAIL: regression in {} series",
            of(Change::Regression).count()
        ),
        Reason::Undecided => {
            format!("INVALID: only {pairs} pairs say something, {PAIRS} are needed")
        }
        reason => reason.name().to_uppercase(),
    };
    let (head, base) = (&versus.head.inputs.scenario, &versus.base.inputs.scenario);
    let mut lines = vec![
        format!(
            "{word}; {} against {}",
            head.target.value, base.target.value
        ),
        format!(
            "  {pairs} pairs of blocks of {}, alternating, seed {}",
            versus.plans[0], versus.plans[0].seed
        ),
    ];
    for (pair, reason) in &measured.left_out {
        lines.push(format!("  pair {pair} left out: {}", reason.name()));
    }
    lines.extend(of(Change::Regression).map(|c| line("regression", c)));
    lines.extend(of(Change::Improvement).map(|c| line("improvement", c)));
    let is_time = |c: &&Compared| c.measure.quantile().is_some();
    let same = || of(Change::None);
    lines.extend(same().filter(is_time).map(|c| line("no difference", c)));
    lines.push(format!(
        "  error rates and throughput: {} series without a difference",
        same().count() - same().filter(is_time).count()
    ));
    let few = of(Change::TooFew).count();
    if few > 0 {
        lines.push(format!(
            "  {few} series in fewer than {PAIRS} pairs: not compared"
        ));
    }
    let seen = |c: &&Compared| c.visible.is_some() && c.measure.words() == "p95";
    if let Some(c) = compared.iter().rfind(seen)
        && let Some(visible) = c.visible
    {
        lines.push(format!(
            "  power: a change of {} in p95 of {} would be seen in 9 of 10 such comparisons",
            percent(visible),
            escape(&c.part)
        ));
    }
    lines.join("\n") + "\n"
}

fn line(word: &str, c: &Compared) -> String {
    let (low, high) = c.interval.map_or((c.ratio, c.ratio), |i| i);
    format!(
        "  {word} {} of {}: {} → {}, {} (between {} and {})",
        c.measure.words(),
        escape(&c.part),
        value(c.measure, c.base),
        value(c.measure, c.head),
        percent(c.ratio),
        percent(low),
        percent(high)
    )
}
