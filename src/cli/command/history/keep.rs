//! Keeping a history: list, add, prune, export. In: its directory; out: lines, files. Invariant: a run that says
//! nothing does not enter, and what is removed is named.

use super::text::{measured, plain};
use crate::cli::Terminal;
use crate::cli::command::stored::again;
use crate::cli::error::Error;
use crate::history::nights::{ALL, Digest, Folder, HistoryError, Measure, Nights, refused};
use crate::record;
use crate::report::log_line as escape;
use clap::Args;
use std::collections::BTreeMap;
use std::path::PathBuf;

#[derive(Debug, Default, Args)]
pub(super) struct List {
    /// Every run, not only how many.
    #[arg(long)]
    runs: bool,
}

#[derive(Debug, Args)]
pub(super) struct Add {
    /// Run files (`run.tg`) or the folders that hold them.
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// What this class of machines is called; a part of the environment.
    #[arg(long, value_name = "NAME", env = "TOLLGATE_RUNNER")]
    runner: Option<String>,
    /// What the version is called, where it is a release: marked in `history plot`.
    #[arg(long, value_name = "NAME", env = "TOLLGATE_RELEASE")]
    release: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Prune {
    /// How many runs stay in each environment, the newest; 60 are what a verdict looks at.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    keep: u64,
    /// Only says what would be removed.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
pub(super) struct Export {
    /// Only this environment: the beginning of its name in `tollgate history`.
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// Only this step (`flow/step`), flow (`flow NAME`) or `all requests`.
    #[arg(long, value_name = "NAME")]
    part: Option<String>,
}

pub(super) fn list(args: &List, folder: &Folder) -> Result<u8, Error> {
    let all = folder.all()?;
    if all.is_empty() {
        println!("no runs yet; `tollgate run FILE --history DIR` adds them");
    }
    for (name, nights) in &all {
        let (Some(first), Some(last)) = (nights.runs.first(), nights.runs.last()) else {
            continue;
        };
        println!("{}", escape(name));
        println!("  {}", escape(&last.key.to_string()));
        let runs = nights.runs.len();
        let (from, to) = (escape(&first.started), escape(&last.started));
        println!("  {runs} runs, {from} to {to}");
        for run in nights.runs.iter().filter(|_| args.runs) {
            println!("    {}", line(run));
        }
        for acceptance in &nights.accepted {
            let (at, why) = (escape(&acceptance.at), escape(&acceptance.reason));
            println!("  accepted {at}: {} series: {why}", acceptance.series.len());
        }
    }
    Ok(0)
}

fn line(run: &Digest) -> String {
    let figures = [
        Measure::P50,
        Measure::P95,
        Measure::P99,
        Measure::ErrorShare,
    ];
    let figures = figures.iter().filter_map(|&measure| {
        let value = run.figure(ALL, measure)?.value;
        Some(format!("{} {}", measure.words(), measured(measure, value)))
    });
    let revision = run.revision.iter().map(|r| escape(r));
    let parts: Vec<String> = [escape(&run.id)]
        .into_iter()
        .chain(revision)
        .chain(figures)
        .collect();
    parts.join("  ")
}

pub(super) fn add(args: &Add, folder: &Folder, terminal: Terminal) -> Result<u8, Error> {
    let mut digests = Vec::new();
    for path in &args.runs {
        let record = record::load(path)?;
        let (verdict, _) = again(&record, (None, &[]), terminal)?;
        let place = path.display();
        if let Some(reason) = refused(&verdict.exit) {
            return Err(Error::Usage(format!(
                "{place} says nothing about the target ({}) and does not enter the history; nothing was added",
                reason.name()
            )));
        }
        let digest = Digest::of(&record, args.runner.as_deref())
            .ok_or_else(|| Error::Usage(format!("{place} does not say when it began")))?;
        digests.push(digest.released(args.release.as_deref()));
    }
    folder.open()?;
    for digest in &digests {
        folder.add(digest)?;
        println!("added {}", escape(&digest.id));
    }
    Ok(0)
}

pub(super) fn prune(args: &Prune, folder: &Folder) -> Result<u8, Error> {
    let word = if args.dry_run {
        "would remove"
    } else {
        "removed"
    };
    for (name, nights) in folder.all()? {
        let old = nights.runs.len().saturating_sub(args.keep as usize);
        for run in &nights.runs[..old] {
            if !args.dry_run {
                folder.remove(run)?;
            }
            println!("{word} {} {}", escape(&name), escape(&run.id));
        }
    }
    Ok(0)
}

pub(super) fn export(args: &Export, folder: &Folder) -> Result<u8, Error> {
    let chosen = chosen(folder, args.environment.as_deref())?;
    let several = chosen.len() > 1;
    let mut out = csv::Writer::from_writer(Vec::new());
    let problem = |e: csv::Error| Error::Print(e.into());
    out.write_record(["metric", "run", "commit", "value", "environment"])
        .map_err(problem)?;
    for (name, nights) in &chosen {
        for run in &nights.runs {
            for figure in &run.figures {
                if args.part.as_ref().is_some_and(|part| *part != figure.part) {
                    continue;
                }
                let metric = format!("{} {}", figure.part, plain(figure.measure));
                let metric = if several {
                    format!("{name}: {metric}")
                } else {
                    metric
                };
                let value = figure.value.to_string();
                let commit = run.revision.as_deref().unwrap_or_default();
                // A cell that a spreadsheet would calculate is none of ours.
                let cell = |text: &str| text.trim_start_matches(['=', '+', '-', '@']).to_owned();
                out.write_record([&cell(&metric), &run.id, &cell(commit), &value, &cell(name)])
                    .map_err(problem)?;
            }
        }
    }
    let bytes = out.into_inner().map_err(|e| Error::Print(e.into_error()))?;
    std::io::Write::write_all(&mut std::io::stdout().lock(), &bytes)?;
    Ok(0)
}

/// The environments whose names, with or without scenario and profile, begin like this.
pub(super) fn chosen(
    folder: &Folder,
    beginning: Option<&str>,
) -> Result<BTreeMap<String, Nights>, Error> {
    let mut all = folder.all().map_err(|e: HistoryError| Error::History(e))?;
    if all.is_empty() {
        let empty = "the history has no runs yet; `tollgate run FILE --history PLACE` and `history add` add them";
        return Err(Error::Usage(empty.into()));
    }
    let names = all.keys().cloned().collect::<Vec<_>>().join(", ");
    if let Some(beginning) = beginning {
        all.retain(|name, nights| {
            let key = nights.runs.last().map(|run| run.key.name());
            name.starts_with(beginning) || key.is_some_and(|key| key.starts_with(beginning))
        });
    }
    if all.is_empty() {
        let wanted = beginning.map_or_else(String::new, |b| format!(" called `{b}`"));
        return Err(Error::Usage(format!(
            "the history has no environment{wanted}; it has: {names}"
        )));
    }
    Ok(all)
}
