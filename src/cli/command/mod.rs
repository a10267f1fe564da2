//! The commands, by what they work on. In: a [`Command`]; out: an exit code. Invariant: one file per command, with
//! its arguments in it.

pub(super) mod files;
mod history;
mod load;
mod scenario;
mod stored;

use super::Terminal;
use super::error::Error;
use clap::Subcommand;
use clap_complete::Shell;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Runs scenarios against their targets, judges them, writes reports.
    Run(Box<load::run::Run>),
    /// Checks scenario and budget files; sends nothing.
    Validate(scenario::validate::Validate),
    /// Shows what a run would do, whether this machine can, and what its budgets could decide; nothing leaves this machine.
    Plan(scenario::plan::Arguments),
    /// Shows every value of a scenario and where it came from; sends nothing.
    Config(scenario::config::Config),
    /// Judges a stored run again, with other budgets if given; sends nothing.
    Judge(stored::judge::Judge),
    /// Prints the patch that makes budgets as tight as stored runs allow; sends nothing.
    Tighten(stored::tighten::Tighten),
    /// Finds regressions and improvements in a CSV file of values, one a run; sends nothing.
    Trend(stored::trend::Arguments),
    /// Lays two stored runs over each other on one page; sends nothing.
    Compare(stored::compare::Compare),
    /// Lists the stored runs of a folder on one page; sends nothing.
    Index(stored::index::Index),
    /// Keeps runs and judges new ones by those before: lists, adds, accepts, prunes, exports; sends nothing.
    History(history::Arguments),
    /// Compares a target with itself: how often chance raises an alarm here, and how small a change can be seen.
    Calibrate(Box<load::versus::calibrate::Calibrate>),
    /// Writes the reports of a stored run again; sends nothing.
    Report(stored::report::Report),
    /// Load-tests the built-in demo shop: 500 req/s for ten seconds, with budgets and a report.
    Demo(load::demo::Demo),
    /// Writes a first scenario and its budgets, which run green against the demo shop.
    Init(files::init::Init),
    /// Makes a scenario of an OpenAPI document, a HAR recording, a Postman collection or a curl command; sends nothing.
    Import(files::import::Import),
    /// Explains the code of a problem in a file: cause, fix and examples.
    Explain(files::explain::Explain),
    /// Prints a JSON Schema for editors.
    Schema(files::schema::Schema),
    /// Prints a completion script for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// Does what was asked for.
pub(super) fn dispatch(command: &Command, terminal: Terminal) -> Result<u8, Error> {
    match command {
        Command::Run(args) => load::run::run(args, terminal),
        Command::Validate(args) => Ok(scenario::validate::validate(args, terminal)),
        Command::Plan(args) => scenario::plan::plan(args, terminal),
        Command::Config(args) => scenario::config::config(args, terminal),
        Command::Judge(args) => stored::judge::judge(args, terminal),
        Command::Tighten(args) => stored::tighten::tighten(args, terminal),
        Command::Trend(args) => stored::trend::trend(args),
        Command::Compare(args) => stored::compare::compare(args, terminal),
        Command::Index(args) => stored::index::index(args, terminal),
        Command::History(args) => history::history(args, terminal),
        Command::Calibrate(args) => load::versus::calibrate::calibrate(args, terminal),
        Command::Report(args) => stored::report::report(args, terminal),
        Command::Demo(args) => load::demo::demo(args, terminal),
        Command::Init(args) => files::init::init(args),
        Command::Import(args) => files::import::import(args, terminal),
        Command::Explain(args) => files::explain::explain(args),
        Command::Schema(args) => files::schema::schema(args),
        Command::Completions { shell } => files::schema::completions(*shell),
    }
}
