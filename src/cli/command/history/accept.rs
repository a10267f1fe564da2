//! `tollgate history accept`. In: what is suspect, a shift or a regression in the newest run; out: a file that says why its
//! level is the baseline from now on. Invariant: what is in line is not touched: its baseline goes on.

use super::keep::chosen;
use super::past::Least;
use super::text::named;
use crate::cli::error::Error;
use crate::history::nights::{Acceptance, Accepted, Finding, Folder, Standing, judge};
use crate::report::log_line as escape;
use clap::Args;

#[derive(Debug, Args)]
pub(super) struct Accept {
    /// Why, for whoever asks later.
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    reason: String,
    /// Only this step (`flow/step`), flow (`flow NAME`) or `all requests`. May be given several times.
    #[arg(long = "part", value_name = "NAME")]
    parts: Vec<String>,
    /// The environment, where the history has several: the beginning of its name in `tollgate history`.
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    #[command(flatten)]
    least: Least,
}

fn reason(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("say why, in a few words".into());
    }
    Ok(text.to_owned())
}

pub(super) fn accept(args: &Accept, folder: &Folder) -> Result<u8, Error> {
    let chosen = chosen(folder, args.environment.as_deref())?;
    let names: Vec<&str> = chosen.keys().map(String::as_str).collect();
    let (Some((_, nights)), 1) = (chosen.first_key_value(), chosen.len()) else {
        return Err(Error::Usage(format!(
            "the history has several environments; name one with --environment: {}",
            names.join(", ")
        )));
    };
    let Some(newest) = nights.runs.last() else {
        return Ok(0);
    };
    let night = judge(nights, newest, args.least.effect());
    let wanted = |f: &&Finding| {
        f.standing <= Standing::Shift && (args.parts.is_empty() || args.parts.contains(&f.part))
    };
    let found: Vec<&Finding> = night.findings.iter().filter(wanted).collect();
    if found.is_empty() {
        return Err(Error::Usage(
            "nothing to accept: in the newest run nothing of that is suspect, a shift or a regression"
                .into(),
        ));
    }
    let series = found.iter().map(|finding| Accepted {
        part: finding.part.clone(),
        measure: finding.measure,
        from: finding.since.clone().unwrap_or_else(|| newest.id.clone()),
    });
    let acceptance = Acceptance {
        at: jiff::Timestamp::now().to_string(),
        reason: args.reason.clone(),
        series: series.collect(),
    };
    folder.accept(&newest.key, acceptance)?;
    for finding in found {
        println!(
            "accepted {} ({})",
            escape(&named(finding)),
            finding.standing.words()
        );
    }
    Ok(0)
}
