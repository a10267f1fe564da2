//! The commands. In: arguments; out: an exit code, and everything that is printed or written on the way.
//! Invariant: only this module knows exit codes, the terminal and files of reports; results go to standard
//! output, everything else to standard error.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this module owns the terminal"
)]

mod args;
mod command;
mod error;
mod inputs;
mod output;
mod preflight;
mod progress;
mod signals;
mod telling;

use args::{Cli, Colour};
use clap::Parser as _;
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs one command line to its end.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors, and go to standard output.
            error.print().ok();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let terminal = Terminal::new(cli.color);
    match command::dispatch(&cli.command, terminal) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprint!("{}", error.render(terminal.stderr));
            ExitCode::from(error.code())
        }
    }
}

/// Whether the two streams get colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Terminal {
    stdout: bool,
    stderr: bool,
}

impl Terminal {
    fn new(wanted: Colour) -> Self {
        let choice = |choice| !matches!(choice, anstream::ColorChoice::Never);
        match wanted {
            Colour::Always => Self {
                stdout: true,
                stderr: true,
            },
            Colour::Never => Self {
                stdout: false,
                stderr: false,
            },
            Colour::Auto => Self {
                stdout: choice(anstream::AutoStream::choice(&std::io::stdout()))
                    && coloured(&std::io::stdout()),
                stderr: choice(anstream::AutoStream::choice(&std::io::stderr()))
                    && coloured(&std::io::stderr()),
            },
        }
    }
}

/// A terminal, or somebody who insists (`CLICOLOR_FORCE`).
fn coloured(stream: &impl std::io::IsTerminal) -> bool {
    stream.is_terminal() || std::env::var_os("CLICOLOR_FORCE").is_some_and(|v| v != "0")
}

/// Columns of the terminal on standard output; 100 where there is none.
fn columns() -> usize {
    rustix::termios::tcgetwinsize(std::io::stdout())
        .map_or(100, |size| usize::from(size.ws_col).clamp(60, 200))
}
