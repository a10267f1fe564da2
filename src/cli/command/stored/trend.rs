//! `tollgate trend`. In: a CSV file of values, one a run; out: levels, changes, and what the newest run says.
//! Invariant: 5 only for a level that is worse, never for one run.

use crate::cli::error::Error;
use crate::history::{self, Better, Columns, Least, Series, State, Trend};
use crate::report::log_line as escape;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// A CSV file with a header: column `value`, and where there are `run`, `commit`, `metric`; oldest run first.
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
    /// Text for people or JSON.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Which values are better: `lower` for times, `higher` for throughput.
    #[arg(long, value_enum, default_value_t = Direction::Lower)]
    better: Direction,
    /// The least change that counts, in percent of the level before.
    #[arg(long, value_name = "PERCENT", default_value_t = 1.0, value_parser = amount)]
    min_percent: f64,
    /// The least change that counts, in the unit of the values.
    #[arg(long, value_name = "AMOUNT", default_value_t = 0.0, value_parser = amount)]
    min_amount: f64,
    /// Column that tells runs apart; rows of one run count as one, their median.
    #[arg(long, value_name = "COLUMN", default_value = "run")]
    run: String,
    /// Column with the values.
    #[arg(long, value_name = "COLUMN", default_value = "value")]
    value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Direction {
    Lower,
    Higher,
}

fn amount(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok();
    number
        .filter(|n| n.is_finite() && *n >= 0.0)
        .ok_or_else(|| "must be a number, zero or above, without a unit".into())
}

pub(in crate::cli) fn trend(args: &Arguments) -> Result<u8, Error> {
    let path = args.file.display();
    let text = std::fs::read_to_string(&args.file)
        .map_err(|e| Error::Usage(format!("cannot read {path}: {e}")))?;
    let columns = Columns {
        run: args.run.clone(),
        value: args.value.clone(),
    };
    let table = history::read_table(&text, &columns)
        .map_err(|e| Error::Usage(format!("{path}:{}: {}", e.line, e.what)))?;
    let better = match args.better {
        Direction::Lower => Better::Lower,
        Direction::Higher => Better::Higher,
    };
    let least = Least {
        share: args.min_percent / 100.0,
        absolute: args.min_amount,
    };
    let judged: Vec<(Series, Trend)> = table
        .into_iter()
        .map(|s| {
            let found = history::trend(&s.values, better, least);
            (s, found)
        })
        .collect();
    let regressed = judged.iter().any(|(_, t)| t.state == State::Regression);
    let code = if regressed { 5 } else { 0 };
    match args.format {
        Format::Text => judged
            .iter()
            .for_each(|(series, found)| print!("{}", written(series, found, better))),
        Format::Json => {
            let series: Vec<Value> = judged.iter().map(|(s, t)| as_json(s, t)).collect();
            let reason = if regressed { "regression" } else { "pass" };
            let all = json!({ "exit": { "code": code, "reason": reason }, "series": series });
            println!("{all:#}");
        }
    }
    Ok(code)
}

fn as_json(series: &Series, found: &Trend) -> Value {
    let changes: Vec<Value> = found
        .changes
        .iter()
        .map(|c| {
            let (run, commit) = (&series.runs[c.index], &series.commits[c.index]);
            json!({ "index": c.index, "run": run, "commit": commit, "before": c.before, "after": c.after,
                "ratio": c.ratio, "interval": c.interval, "scatters": c.scatters(), "p": c.p })
        })
        .collect();
    json!({ "name": series.name, "runs": series.runs.len(), "state": found.state, "segments": found.segments,
        "changes": changes, "newest": found.screen })
}

/// Four digits, more only before the point.
fn short(level: f64) -> String {
    let places = 3.0 - level.abs().max(1e-9).log10().floor();
    format!("{level:.*}", places.clamp(0.0, 12.0) as usize)
}

/// 1.1 is +10.0 %.
fn percent(ratio: f64) -> String {
    format!("{:+.1} %", (ratio - 1.0) * 100.0)
}

fn named(series: &Series, index: usize) -> String {
    let run = escape(&series.runs[index]);
    match &series.commits[index] {
        Some(commit) => format!("{run} ({})", escape(commit)),
        None => run,
    }
}

fn written(series: &Series, found: &Trend, better: Better) -> String {
    let mut lines = Vec::new();
    let name = series.name.as_deref().map_or("series".into(), escape);
    lines.push(format!("{name}: {} runs", series.runs.len()));
    for (i, segment) in found.segments.iter().enumerate() {
        if let Some(change) = i.checked_sub(1).map(|i| &found.changes[i]) {
            let word = if better.worse(change.ratio) {
                "regression"
            } else {
                "improvement"
            };
            let (low, high) = (percent(change.interval.0), percent(change.interval.1));
            let place = named(series, change.index);
            lines.push(format!(
                "  {word} at {place}: {}, between {low} and {high}",
                percent(change.ratio)
            ));
        }
        let last = &series.runs[segment.first + segment.runs - 1];
        lines.push(format!(
            "  level {} over {} runs, {} to {}",
            short(segment.level),
            segment.runs,
            escape(&series.runs[segment.first]),
            escape(last)
        ));
    }
    let state = match found.state {
        State::NoBaseline => "no baseline yet: fewer than 5 runs before this one",
        State::None => "in line with its level",
        State::Suspect => "suspect: out of line, which is no proof yet",
        State::Shift => {
            "shift: the newest level is worse, but by little beside the scatter, or not for long enough yet"
        }
        State::Recovered => "recovered: back in line with the level before the regression",
        State::Regression => "regression: the newest level is worse than the one before",
    };
    let newest = series.runs.last().map_or(String::new(), |r| escape(r));
    lines.push(format!("  newest run {newest}: {state}"));
    if let Some(screen) = found.screen {
        lines.push(format!(
            "  power: scatter {:.1} % over {} runs; a step of {} would be seen the same night in 9 of 10 cases",
            screen.scatter * 100.0,
            screen.runs,
            percent(screen.visible)
        ));
    }
    lines.join("\n") + "\n"
}
