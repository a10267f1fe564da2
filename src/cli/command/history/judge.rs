//! `tollgate history judge`. In: a stored run and a history; out: what `run --history` said of it, and reports where
//! somebody asks for them. Invariant: the history is only read, and the exit is that of the run.

use super::past::{Least, Opened};
use crate::cli::Terminal;
use crate::cli::command::stored::again;
use crate::cli::error::Error;
use crate::cli::output::Folder;
use crate::cli::output::format::Formats;
use crate::history::nights::Place;
use crate::record;
use crate::report::{View, log_line};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct Judge {
    /// A run file (`run.tg`) or the folder that holds it.
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// What this class of machines is called.
    #[arg(long, value_name = "NAME", env = "TOLLGATE_RUNNER")]
    runner: Option<String>,
    /// What is printed: text for people, or the JSON of `history.json`.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Folder to write the reports of the run to, with what the runs before say of it.
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    least: Least,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Says of a stored run what `run --history` said, and ends as it did.
pub(super) fn judge(args: &Judge, place: &Place, terminal: Terminal) -> Result<u8, Error> {
    let record = record::load(&args.run)?;
    let (mut verdict, _) = again(&record, (None, &[]), terminal)?;
    let past = Opened::read(place, args.runner.clone(), &args.least)?;
    let judged = past.judge(&record, &verdict)?;
    judged.enter(&mut verdict);
    let view = View::new(&record, &verdict).with_history(judged.view());
    let json = judged.json(&verdict.exit);
    if let Some(out) = &args.out {
        let folder = Folder::open(out.clone())?;
        folder.write(&view, &Formats::default().reporters(terminal.ci))?;
        json.iter()
            .try_for_each(|json| folder.put("history.json", json))?;
        terminal.ci.ran(&view, Some(&folder));
    }
    match (args.format, json) {
        (Format::Json, Some(json)) => print!("{json}"),
        // Standard output is for what a program reads: JSON, or nothing.
        (Format::Json, None) => eprint!("{}", judged.view().text()),
        (Format::Text, _) => {
            println!("{}", log_line(&verdict.sentence));
            print!("{}", judged.view().text());
        }
    }
    Ok(verdict.exit.code)
}
