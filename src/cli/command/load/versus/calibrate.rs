//! `tollgate calibrate`: a target against itself. In: a scenario; out: how often chance would raise an alarm, and how
//! small a change can be seen. Invariant: nothing here is about the target: whatever differs is chance.

use super::super::run::Run;
use super::{Beside, measure, ready};
use crate::budget::{Exit, Reason};
use crate::cli::args::{Amount, How, Reading, Smoke};
use crate::cli::command::history::past::{Least, Past};
use crate::cli::command::history::percent;
use crate::cli::command::load::run::stopped;
use crate::cli::error::Error;
use crate::cli::{Terminal, signals};
use crate::history::paired::{self, Change, Compared, PAIRS};
use crate::load::stop;
use crate::report::log_line as escape;
use crate::units::format_share;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// How often the sides are swapped.
const ROUNDS: u32 = 1000;
/// The change that the suggested number of pairs should see.
const WANTED: f64 = 1.1;
/// More pairs than these are no suggestion.
const MOST: usize = 50;

#[derive(Debug, Args)]
pub(in crate::cli) struct Calibrate {
    /// Scenario file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    amount: Amount,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    least: Least,
    /// Pairs of blocks; each block lasts its share of the measured time.
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u64).range(PAIRS as u64..=1000))]
    pairs: u64,
}

pub(in crate::cli) fn calibrate(args: &Calibrate, terminal: Terminal) -> Result<u8, Error> {
    let run = Run {
        files: vec![args.file.clone()],
        amount: args.amount.clone(),
        reading: args.reading.clone(),
        how: args.how.clone(),
        smoke: Smoke::default(),
        past: Past::none(args.least.clone()),
        baseline: None,
        ui: None,
        beside: Beside {
            compare_to: None,
            pairs: args.pairs,
        },
    };
    let versus = ready(&run, None, terminal)?;
    let (stopper, stop) = stop();
    signals::listen(stopper);
    let measured = measure(&versus, &run.how, &stop)?;
    if let Some(reason) = &measured.unreachable {
        println!("UNREACHABLE: {}", escape(reason));
        return Ok(Reason::Unreachable.code());
    }
    let pairs = measured.pairs.len();
    let few = (pairs < PAIRS).then_some(Reason::Undecided);
    let exit = Exit::of(stop.reason().map(stopped).into_iter().chain(few));
    if pairs < PAIRS {
        println!("INVALID: only {pairs} pairs say something, {PAIRS} are needed");
        return Ok(exit.code);
    }
    let effect = args.least.effect();
    let compared = paired::compare(&measured.pairs, effect);
    let alarms = paired::false_alarms(&measured.pairs, effect, ROUNDS);
    let needed = needed(&compared);
    let text = text(&compared, (pairs, alarms), needed);
    print!("{text}");
    let folder = &versus.head.folder;
    folder.put("calibration.txt", &text)?;
    let all = json!({ "schema": "tollgate.calibration/1", "exit": exit, "pairs": pairs, "false_alarms": alarms,
        "rounds": ROUNDS, "suggested_pairs": needed, "series": compared });
    folder.put("calibration.json", &format!("{all:#}\n"))?;
    Ok(exit.code)
}

/// Times, which are what calibration is about.
fn times(compared: &[Compared]) -> impl Iterator<Item = (&Compared, f64)> {
    let times = compared.iter().filter(|c| c.measure.quantile().is_some());
    times.filter_map(|c| Some((c, c.scatter?)))
}

/// Pairs that see the wanted change in every p50 and p95; none where too many would be needed.
fn needed(compared: &[Compared]) -> Option<usize> {
    let usual = times(compared).filter(|(c, _)| c.measure.quantile() < Some(0.99));
    let worst = usual.map(|(_, scatter)| scatter).reduce(f64::max)?;
    (PAIRS..=MOST).find(|&pairs| paired::visible(worst, pairs, compared.len()) <= WANTED)
}

fn text(compared: &[Compared], (pairs, alarms): (usize, f64), needed: Option<usize>) -> String {
    let share = format_share(alarms);
    let mut lines = vec![format!(
        "{pairs} pairs of a target with itself: whatever differs is chance\n  \
         false alarms: {share} of comparisons (sides swapped at random {ROUNDS} times)"
    )];
    let differs = |c: &&Compared| matches!(c.change, Change::Regression | Change::Improvement);
    for c in compared.iter().filter(differs) {
        let (name, part) = (c.measure.words(), escape(&c.part));
        let ratio = percent(c.ratio);
        lines.push(format!(
            "  this very comparison raised one: {name} of {part} {ratio}; something changed while it went"
        ));
    }
    for (c, scatter) in times(compared) {
        let name = format!("{} of {}", c.measure.words(), escape(&c.part));
        let now = c.visible.map_or_else(String::new, percent);
        lines.push(format!(
            "  {name}: scatter {:.1} % from pair to pair; a change of {now} would be seen in 9 of 10 comparisons",
            scatter * 100.0
        ));
    }
    lines.push(match needed {
        Some(pairs) => format!(
            "  suggested: --pairs {pairs} for blocks as long as these, to see {} in every p50 and p95",
            percent(WANTED)
        ),
        None => format!(
            "  suggested: longer blocks (--duration) or a quieter machine: {MOST} pairs of these would not see {}",
            percent(WANTED)
        ),
    });
    lines.join("\n") + "\n"
}
