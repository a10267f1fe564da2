//! `tollgate explain`. In: a code, or none; out: what it means and how to fix it, or all codes. Invariant: the text
//! is that of `docs/errors.md`.

use crate::cli::error::Error;
use crate::source::{Code, closest, codes};
use clap::Args;
use std::io::Write as _;

#[derive(Debug, Args)]
pub(in crate::cli) struct Explain {
    /// The code of a problem, e.g. T0204; all of them when left out.
    #[arg(value_name = "CODE")]
    pub(in crate::cli) code: Option<String>,
}

pub(in crate::cli) fn explain(args: &Explain) -> Result<u8, Error> {
    let text = match &args.code {
        Some(wanted) => find(wanted)?.plain(),
        None => list(),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(0)
}

fn list() -> String {
    let lines: Vec<String> = codes()
        .map(|c| format!("{}  {}", c.code, c.title))
        .collect();
    lines.join("\n") + "\n"
}

/// `T0204`, `t0204` and `204` are the same code.
fn find(wanted: &str) -> Result<Code, Error> {
    let digits = wanted.trim_start_matches(['T', 't']);
    let code = format!("T{digits:0>4}");
    if let Some(found) = codes().find(|known| known.code == code) {
        return Ok(found);
    }
    let known: Vec<&str> = codes().map(|c| c.code).collect();
    let help = closest(&code, known).map_or_else(
        || "`tollgate explain` lists all".into(),
        |near| format!("did you mean `{near}`? `tollgate explain` lists all"),
    );
    Err(Error::Usage(format!(
        "there is no code `{}`; {help}",
        wanted.escape_debug()
    )))
}
