//! `tollgate history plot`. In: a history; out: one page with every series over time. Invariant: nothing is judged that
//! `history judge` would judge otherwise.

use super::keep::chosen;
use super::past::Least;
use crate::cli::command::stored::page;
use crate::cli::error::Error;
use crate::history::nights::{Chronicle, Folder, Nights};
use crate::report::chronicles;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct Plot {
    /// The page.
    #[arg(short, long, value_name = "FILE", default_value = "history.html")]
    out: PathBuf,
    /// Only this environment: the beginning of its name in `tollgate history`.
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// Only this step (`flow/step`), flow (`flow NAME`) or `all requests`. May be given several times.
    #[arg(long = "part", value_name = "NAME")]
    parts: Vec<String>,
    /// How many runs of each environment are drawn, the newest.
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u64).range(2..=2000))]
    runs: u64,
    #[command(flatten)]
    least: Least,
}

pub(super) fn plot(args: &Plot, folder: &Folder) -> Result<u8, Error> {
    let chosen = chosen(folder, args.environment.as_deref())?;
    let all: Vec<Chronicle> = chosen
        .iter()
        .filter_map(|(name, nights)| {
            let nights = only(nights, &args.parts);
            Chronicle::of(name, &nights, args.least.effect(), args.runs as usize)
        })
        .collect();
    if all.iter().all(|c| c.courses.is_empty()) {
        return Err(Error::Usage(format!(
            "the newest runs know nothing of {}; `tollgate history export` names what there is",
            args.parts.join(", ")
        )));
    }
    let mut bytes = Vec::new();
    let title = all.first().and_then(|c| c.runs.last());
    let title = title.map_or_else(String::new, |run| {
        format!("{}/{}", run.key.scenario, run.key.profile)
    });
    let title = match all.len() {
        1 => title,
        environments => format!("{environments} environments"),
    };
    chronicles(&title, &all, &mut bytes)?;
    page(&args.out, &bytes)?;
    Ok(0)
}

/// The same runs with these parts only; all of them where none is named.
fn only(nights: &Nights, parts: &[String]) -> Nights {
    let mut nights = nights.clone();
    if !parts.is_empty() {
        let figures = nights.runs.iter_mut().map(|run| &mut run.figures);
        figures.for_each(|figures| figures.retain(|f| parts.contains(&f.part)));
    }
    nights
}
