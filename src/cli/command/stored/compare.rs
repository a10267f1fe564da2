//! `tollgate compare`. In: two stored runs; out: one page with both laid over each other, or every reason why that would
//! mislead. Invariant: nothing is judged, so the exit code says only whether the page was written.

use super::{again, page, place};
use crate::cli::Terminal;
use crate::cli::error::Error;
use crate::record;
use crate::report::Comparison;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(in crate::cli) struct Compare {
    /// The first run: a run file (`run.tg`) or the folder that holds it.
    #[arg(value_name = "A")]
    a: PathBuf,
    /// The second run.
    #[arg(value_name = "B")]
    b: PathBuf,
    /// Compares runs of other scenarios, profiles or loads all the same; the page says so.
    #[arg(long)]
    force: bool,
    /// The page; `compare.html` in the folder of the second run when left out.
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(in crate::cli) fn compare(args: &Compare, terminal: Terminal) -> Result<u8, Error> {
    let view =
        |path| -> Result<_, Error> { Ok(again(&record::load(path)?, (None, &[]), terminal)?.1) };
    let (a, b) = (view(&args.a)?, view(&args.b)?);
    let both = Comparison::new(&a, &b, args.force).map_err(|reasons| {
        let empty = [&a, &b].iter().any(|view| view.totals.all.n() == 0);
        let help = if empty {
            ""
        } else {
            "\n--force compares them all the same"
        };
        Error::Usage(format!(
            "the runs cannot be compared:\n  {}{help}",
            reasons.join("\n  ")
        ))
    })?;
    let mut bytes = Vec::new();
    both.html(&mut bytes)?;
    let path = args.out.clone();
    page(
        &path.unwrap_or_else(|| place(&args.b).join("compare.html")),
        &bytes,
    )?;
    Ok(0)
}
