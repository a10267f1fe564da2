//! `tollgate schema` and `tollgate completions`. In: which one; out: a document on standard output. Invariant: the
//! schemas come from the tables that the parsers use.

use crate::budget::BUDGETS;
use crate::cli::args::Cli;
use crate::cli::error::Error;
use crate::report::{EVENTS, SCHEMA};
use crate::scenario::SCENARIO;
use crate::source::json_schema;
use clap::{Args, CommandFactory as _, ValueEnum};
use clap_complete::Shell;
use std::io::Write as _;

#[derive(Debug, Args)]
pub(in crate::cli) struct Schema {
    /// Which file's schema.
    #[arg(value_enum, default_value_t = SchemaOf::Scenario)]
    pub(in crate::cli) of: SchemaOf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(in crate::cli) enum SchemaOf {
    /// Scenario files.
    Scenario,
    /// Budget files.
    Budgets,
    /// `result.json`.
    Result,
    /// A line of `events.ndjson`.
    Events,
}

pub(in crate::cli) fn schema(args: &Schema) -> Result<u8, Error> {
    let text = match args.of {
        SchemaOf::Scenario => format!("{:#}", json_schema(&SCENARIO, "A tollgate scenario")),
        SchemaOf::Budgets => format!(
            "{:#}",
            json_schema(&BUDGETS, "Budgets of a tollgate scenario")
        ),
        SchemaOf::Result => SCHEMA.trim_end().to_owned(),
        SchemaOf::Events => EVENTS.trim_end().to_owned(),
    };
    writeln!(std::io::stdout(), "{text}")?;
    Ok(0)
}

pub(in crate::cli) fn completions(shell: Shell) -> Result<u8, Error> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "tollgate", &mut script);
    std::io::stdout().write_all(&script)?;
    Ok(0)
}
