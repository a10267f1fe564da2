//! The command line as typed. In: arguments; out: a [`Command`]. Invariant: what can be refused by looking at the
//! arguments alone is refused here, with exit code 2, before any file is read.

use crate::units::{self, Rate};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

/// Exit codes, as `--help` shows them.
const EXIT_CODES: &str = "\
Exit codes:
  0  pass: every check and budget holds
  1  internal error: a fault of tollgate, or a report that could not be written
  2  usage: wrong arguments or an invalid file; nothing was sent
  3  a check failed that no budget judges
  4  a budget failed
  6  the target could not be reached; no load was sent
  7  invalid run: the load generator was at fault, or there was too little data to say
  130, 143  interrupted by Ctrl-C or SIGTERM; reports are written";

/// Smoke tests, load tests and regression checks for web systems, from one YAML file.
#[derive(Debug, Parser)]
#[command(name = "tollgate", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
    /// When to use colour.
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    pub(super) color: Colour,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Runs scenarios against their targets, judges them, writes reports.
    Run(Run),
    /// Checks scenario and budget files; sends nothing.
    Validate(Validate),
    /// Shows what a run would do and what its budgets could decide; sends nothing.
    Plan(Plan),
    /// Judges a stored run again, with other budgets if given; sends nothing.
    Judge(Judge),
    /// Prints the patch that makes budgets as tight as stored runs allow; sends nothing.
    Tighten(super::tighten::Tighten),
    /// Writes the reports of a stored run again; sends nothing.
    Report(Report),
    /// Load-tests the built-in demo shop: 500 req/s for ten seconds, with budgets and a report.
    Demo(Demo),
    /// Writes a first scenario and its budgets, which run green against the demo shop.
    Init(Init),
    /// Prints a JSON Schema for editors.
    Schema(Schema),
    /// Prints a completion script for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// What decides how a scenario is read.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Reading {
    /// Base URL to use instead of the scenario's `target:`.
    #[arg(long, value_name = "URL", value_parser = target)]
    pub(super) target: Option<Url>,
    /// Value for `${KEY}` in the scenario; wins over the environment and `.env`.
    #[arg(short = 'e', long = "env", value_name = "KEY=VALUE", value_parser = crate::scenario::Environment::assignment)]
    pub(super) env: Vec<(String, String)>,
    /// Budget file to use instead of the scenario's `budgets:`.
    #[arg(long, value_name = "FILE")]
    pub(super) budgets: Option<PathBuf>,
}

/// What decides the amount of load.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Amount {
    /// Profile of the scenario; `smoke` when left out.
    #[arg(short, long, value_name = "NAME")]
    pub(super) profile: Option<String>,
    /// Seed of arrivals, data and choices; drawn and recorded when left out.
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    /// Rate instead of the profile's, e.g. `100 req/s`.
    #[arg(long, value_name = "RATE", value_parser = Rate::parse)]
    pub(super) rate: Option<Rate>,
    /// Measured time instead of the profile's, e.g. `30s`.
    #[arg(long, value_name = "TIME", value_parser = units::parse_duration)]
    pub(super) duration: Option<Duration>,
    /// Ramp instead of the profile's.
    #[arg(long, value_name = "TIME", value_parser = units::parse_duration)]
    pub(super) ramp: Option<Duration>,
    /// Warm-up instead of the profile's.
    #[arg(long, value_name = "TIME", value_parser = units::parse_duration)]
    pub(super) warmup: Option<Duration>,
}

#[derive(Debug, Args)]
pub(super) struct Run {
    /// Scenario files, run one after the other.
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) amount: Amount,
    #[command(flatten)]
    pub(super) reading: Reading,
    #[command(flatten)]
    pub(super) how: How,
}

/// What decides how a run is done and where it goes.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct How {
    /// Folder for the reports; `reports/<scenario>-<time>` when left out.
    #[arg(short, long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Worker threads; as many as the load needs when left out.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=256))]
    pub(super) workers: Option<u64>,
    /// Allows more than 50 req/s at a host that is neither loopback nor listed under `allow:`.
    #[arg(long)]
    pub(super) i_own_this_target: bool,
    /// Prints the verdict only.
    #[arg(short, long)]
    pub(super) quiet: bool,
}

#[derive(Debug, Args)]
pub(super) struct Validate {
    /// Scenario files.
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) reading: Reading,
}

#[derive(Debug, Args)]
pub(super) struct Plan {
    /// Scenario file.
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) amount: Amount,
    #[command(flatten)]
    pub(super) reading: Reading,
}

#[derive(Debug, Args)]
pub(super) struct Judge {
    /// A run file (`run.tg`) or the folder that holds it.
    #[arg(value_name = "RUN")]
    pub(super) run: PathBuf,
    /// Budget file; the one that the run was made with when left out.
    #[arg(long, value_name = "FILE")]
    pub(super) budgets: Option<PathBuf>,
    /// Folder to write the reports of this judgement to.
    #[arg(short, long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Prints the verdict only.
    #[arg(short, long)]
    pub(super) quiet: bool,
}

#[derive(Debug, Args)]
pub(super) struct Report {
    /// A run file (`run.tg`) or the folder that holds it.
    #[arg(value_name = "RUN")]
    pub(super) run: PathBuf,
    /// Folder for the reports; the run's own when left out.
    #[arg(short, long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Only serves the shop on this port of 127.0.0.1 (0: a free one), until Ctrl-C.
    #[arg(long, value_name = "PORT")]
    pub(super) serve: Option<u16>,
    /// Budget file to use instead of the demo's.
    #[arg(long, value_name = "FILE")]
    pub(super) budgets: Option<PathBuf>,
    /// Measured time.
    #[arg(long, value_name = "TIME", value_parser = units::parse_duration, default_value = "10s")]
    pub(super) duration: Duration,
    /// Seed of arrivals, data and choices.
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    #[command(flatten)]
    pub(super) how: How,
}

#[derive(Debug, Args)]
pub(super) struct Init {
    /// Folder to write to.
    #[arg(value_name = "DIR", default_value = ".")]
    pub(super) dir: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Schema {
    /// Which file's schema.
    #[arg(value_enum, default_value_t = SchemaOf::Scenario)]
    pub(super) of: SchemaOf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum SchemaOf {
    /// Scenario files.
    Scenario,
    /// Budget files.
    Budgets,
    /// `result.json`.
    Result,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Colour {
    /// On a terminal that did not say `NO_COLOR`.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

fn target(text: &str) -> Result<Url, String> {
    crate::scenario::parse_target(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn quantities_without_units_are_refused_with_the_fix() {
        let error = Cli::try_parse_from(["tollgate", "run", "x.yaml", "--duration", "30"])
            .unwrap_err()
            .to_string();
        assert!(error.contains("30s"), "{error}");
        let error = Cli::try_parse_from(["tollgate", "run", "x.yaml", "--target", "shop"])
            .unwrap_err()
            .to_string();
        assert!(error.contains("http"), "{error}");
    }
}
