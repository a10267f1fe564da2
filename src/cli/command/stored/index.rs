//! `tollgate index`. In: a folder of stored runs; out: one page that lists them with links to their reports. Invariant:
//! a run that cannot be read is listed with the reason.

use super::{again, page};
use crate::cli::Terminal;
use crate::cli::error::Error;
use crate::record;
use crate::report::{IndexRow, Listed, index as listing};
use clap::Args;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders inside each other that are looked into.
const DEEP: usize = 4;

#[derive(Debug, Args)]
pub(in crate::cli) struct Index {
    /// The folder that holds the runs, each in a folder of its own.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(in crate::cli) fn index(args: &Index, terminal: Terminal) -> Result<u8, Error> {
    let mut runs = Vec::new();
    find(&args.folder, DEEP, &mut runs)
        .map_err(|e| Error::Usage(format!("cannot read {}: {e}", args.folder.display())))?;
    if runs.is_empty() {
        return Err(Error::Usage(format!(
            "no run.tg in {} or the folders in it; name a folder that runs were written to",
            args.folder.display()
        )));
    }
    let rows: Vec<IndexRow> = runs
        .iter()
        .map(|run| IndexRow {
            link: link(&args.folder, run),
            run: listed(run, terminal),
        })
        .collect();
    let mut bytes = Vec::new();
    listing(&args.folder.display().to_string(), &rows, &mut bytes)?;
    page(&args.folder.join("index.html"), &bytes)?;
    Ok(0)
}

/// Folders with a run file.
fn find(folder: &Path, deep: usize, runs: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if folder.join("run.tg").is_file() {
        runs.push(folder.to_owned());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // Links are not followed: they may lead around in a circle.
        if deep > 0 && entry.file_type()?.is_dir() {
            // A folder of somebody else is not ours to complain about.
            find(&entry.path(), deep - 1, runs).ok();
        }
    }
    Ok(())
}

fn listed(run: &Path, terminal: Terminal) -> Result<Listed, String> {
    let record = record::load(run).map_err(|e| e.to_string())?;
    let (_, view) = again(&record, (None, &[]), terminal).map_err(|e| e.to_string())?;
    Ok(Listed::of(&view))
}

/// The report of a run as a link from the page.
fn link(folder: &Path, run: &Path) -> String {
    let inside = run.strip_prefix(folder).unwrap_or(run).join("report.html");
    let parts = inside.components().map(|part| {
        let part = part.as_os_str().to_string_lossy().into_owned();
        percent_encoding::utf8_percent_encode(&part, percent_encoding::NON_ALPHANUMERIC).to_string()
    });
    // Without the dot, no name can be taken for a scheme.
    format!("./{}", parts.collect::<Vec<_>>().join("/"))
}
