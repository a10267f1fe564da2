//! The command line as typed, and the arguments that commands share. In: arguments; out: a [`Cli`]. Invariant: what can be refused by looking at the
//! arguments alone is refused here, with exit code 2, before any file is read.

use super::command::Command;
use super::output::format::Formats;
use crate::scenario::Selection;
use crate::units::{self, Rate};
use clap::{Args, Parser, ValueEnum};
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
  5  regression: worse than the runs before, or than the version beside it
  6  the target could not be reached; no load was sent
  7  invalid run: the load generator was at fault, or there was too little data to say
  8  a guard stopped the run
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
    /// When to speak to the CI system around: annotations, summary and outputs on GitHub Actions.
    #[arg(long, global = true, value_enum, default_value_t = Listening::Auto, value_name = "WHEN")]
    pub(super) ci: Listening,
}

/// What decides how a scenario is read.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Reading {
    /// Base URL to use instead of the scenario's `target:`.
    #[arg(long, value_name = "URL", value_parser = target)]
    pub(super) target: Option<Url>,
    /// One of the scenario's `environments:`, laid over the rest of the file.
    #[arg(long = "env", value_name = "NAME", value_parser = environment)]
    pub(super) environment: Option<String>,
    /// Value for `${KEY}` in the scenario; wins over the process environment, which wins over `.env` in the folder of the
    /// scenario file (it is looked for nowhere else).
    #[arg(short = 'e', value_name = "KEY=VALUE", value_parser = crate::scenario::Environment::assignment)]
    pub(super) assignments: Vec<(String, String)>,
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

/// What decides how a run is done and where it goes.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct How {
    /// Folder for the reports; `reports/<scenario>-<time>` when left out.
    #[arg(short, long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    #[command(flatten)]
    pub(super) formats: Formats,
    /// Worker threads; as many as the load needs when left out.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=256))]
    pub(super) workers: Option<u64>,
    /// Allows more than 50 req/s at a host that is neither loopback nor listed under `allow:`.
    #[arg(long)]
    pub(super) i_own_this_target: bool,
    /// Prints the verdict only.
    #[arg(short, long, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Prints every step with its checks, passed and failed.
    #[arg(short, long)]
    pub(super) verbose: bool,
}

/// What decides how a smoke test is done: a profile with `passes`.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Smoke tests")]
pub(super) struct Smoke {
    /// Only the flows that have this step (`step` or `flow/step`), each up to and including it: what stands before
    /// it captures what it reads. Budgets are not judged. May be given several times.
    #[arg(long = "step", value_name = "NAME")]
    pub(super) steps: Vec<String>,
    /// Only this flow. May be given several times.
    #[arg(long = "flow", value_name = "NAME")]
    pub(super) flows: Vec<String>,
    /// Only flows with this tag, or up to the last step that has it. May be given several times.
    #[arg(long = "tag", value_name = "TAG")]
    pub(super) tags: Vec<String>,
    /// Stops at the first failure; what is left counts as skipped.
    #[arg(long)]
    pub(super) bail: bool,
    /// Files that are run at the same time; 1 when left out.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=64))]
    pub(super) jobs: Option<u64>,
    /// Runs again whenever the scenario or a file that it names changes, until Ctrl-C.
    #[arg(long)]
    pub(super) watch: bool,
    /// Prints every request and its answer whole to standard error, secrets masked.
    #[arg(long)]
    pub(super) debug: bool,
}

impl Smoke {
    /// The part of a scenario that was asked for.
    pub(super) fn selection(&self) -> Selection {
        Selection {
            flows: self.flows.clone(),
            steps: self.steps.clone(),
            tags: self.tags.clone(),
        }
    }

    /// The first flag that only smoke tests have.
    pub(super) fn given(&self) -> Option<&'static str> {
        [
            ("--step", !self.steps.is_empty()),
            ("--flow", !self.flows.is_empty()),
            ("--tag", !self.tags.is_empty()),
            ("--bail", self.bail),
            ("--jobs", self.jobs.is_some_and(|jobs| jobs > 1)),
            ("--watch", self.watch),
            ("--debug", self.debug),
        ]
        .into_iter()
        .find_map(|(flag, given)| given.then_some(flag))
    }
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Listening {
    /// Where its variables say that it listens: `GITHUB_ACTIONS`, `GITLAB_CI`.
    Auto,
    /// Never.
    Off,
}

fn target(text: &str) -> Result<Url, String> {
    crate::scenario::parse_target(text)
}

fn environment(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some(_) => Err(format!(
            "this is the name of an environment; a variable is set by `-e {text}`"
        )),
        None => Ok(text.into()),
    }
}

impl Reading {
    /// What the scenario is read with.
    pub(super) fn environment(&self) -> crate::scenario::Environment {
        let mut environment = crate::scenario::Environment::of_process();
        for (name, value) in &self.assignments {
            environment = environment.with(name, value);
        }
        if let Some(target) = &self.target {
            environment = environment.with_target(target.clone());
        }
        match &self.environment {
            Some(name) => environment.with_chosen(name),
            None => environment,
        }
    }
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
