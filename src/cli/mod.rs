//! The commands. In: arguments; out: an exit code, and everything that is printed or written on the way.
//! Invariant: only this module knows exit codes, the terminal and files of reports; results go to standard
//! output, everything else to standard error.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this module owns the terminal"
)]

#[macro_use]
mod printing;

mod args;
mod command;
mod error;
mod inputs;
mod output;
mod preflight;
mod progress;
mod signals;
mod telling;

use args::{Cli, Colour, Listening};
use clap::Parser as _;
use error::Error;
use output::ci::Ci;
use std::ffi::OsString;
use std::io::ErrorKind;
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
    let terminal = Terminal::new(cli.color, cli.ci);
    let code = command::dispatch(&cli.command, terminal).unwrap_or_else(|error| {
        // Whoever closed the pipe has what they wanted.
        if matches!(&error, Error::Print(e) if e.kind() == ErrorKind::BrokenPipe) {
            return 0;
        }
        eprint!("{}", error.render(terminal.stderr));
        let code = error.code();
        terminal
            .ci
            .diagnosed(&error.into_diagnostics().unwrap_or_default());
        code
    });
    terminal.ci.end(code);
    if code == 0 && printing::lost() {
        eprintln!("error: not everything could be written to standard output");
        return ExitCode::from(1);
    }
    ExitCode::from(code)
}

/// Whether the two streams get colour, and who else listens.
#[derive(Debug, Clone, Copy)]
struct Terminal {
    stdout: bool,
    stderr: bool,
    ci: Ci,
}

impl Terminal {
    fn new(wanted: Colour, ci: Listening) -> Self {
        let wants = |allowed: bool| match wanted {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => allowed,
        };
        let choice = |choice| !matches!(choice, anstream::ColorChoice::Never);
        let (stdout, stderr) = (std::io::stdout(), std::io::stderr());
        Self {
            stdout: wants(choice(anstream::AutoStream::choice(&stdout)) && coloured(&stdout)),
            stderr: wants(choice(anstream::AutoStream::choice(&stderr)) && coloured(&stderr)),
            ci: match ci {
                Listening::Auto => Ci::around(),
                Listening::Off => Ci::None,
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
