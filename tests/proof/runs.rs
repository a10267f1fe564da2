//! The binary against a stand-in. In: a profile made short, and what is broken; out: what the run left. Invariant: a run
//! that this machine held up is made again, and no other.

use super::{ATTEMPTS, Proof, Short, root};
use crate::support::cli::{Bench, Ran};
use serde_json::Value;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use systems::{Running, System};

impl Proof {
    /// Runs a profile of the scenario against a stand-in; the longer, the more often it was tried.
    pub(super) fn run(&self, short: &Short, broken: &[&str], attempt: u32) -> Ran {
        let running = self.system.start(broken).unwrap();
        self.once(&Bench::new(&[]), short, &running, attempt)
    }

    /// Runs a profile of the scenario against this stand-in.
    pub(super) fn once(
        &self,
        bench: &Bench,
        short: &Short,
        running: &Running,
        attempt: u32,
    ) -> Ran {
        let mut command = command(self.system, bench, running);
        command.args(["--profile", short.profile]);
        // A smoke test offers no rate, and no machine is to be so slow that a shortened guard trips in one.
        if !self.budgets.is_empty() && short.profile != "smoke" {
            bench.write("budgets.yaml", &self.shortened());
            command.args(["--budgets", "budgets.yaml"]);
        }
        for (name, value) in short.environment {
            match (*name, name.starts_with("--")) {
                ("--duration", _) => command.args([name, longer(value, attempt).as_str()]),
                (_, true) => command.args([name, value]),
                _ if name.ends_with("_DURATION") => command.env(name, longer(value, attempt)),
                (_, false) => command.env(name, value),
            };
        }
        bench.ran(command.output().unwrap())
    }

    /// The system's budgets, such that a short run can bear them.
    pub(super) fn shortened(&self) -> String {
        let path = root().join(format!("budgets/{}.yaml", self.system.name()));
        let text = fs::read_to_string(&path).unwrap();
        self.budgets.iter().fold(text, |text, (from, to)| {
            assert!(text.contains(from), "{}: no `{from}`", path.display());
            text.replace(from, to)
        })
    }
}

/// Runs the scenario of a system with these arguments, in a folder that is there already; variables win over those of the
/// stand-in, and an argument such as `$SHOP_URL` is one of them.
pub(super) fn run_with(
    system: System,
    bench: &Bench,
    arguments: &[&str],
    environment: &[(&str, &str)],
    broken: &[&str],
) -> Ran {
    let what = (arguments, environment);
    patiently(|attempt| run_for(system, bench, what, broken, attempt))
}

/// The same once, the longer the more often it was tried.
pub(super) fn run_for(
    system: System,
    bench: &Bench,
    (arguments, environment): (&[&str], &[(&str, &str)]),
    broken: &[&str],
    attempt: u32,
) -> Ran {
    let running = system.start(broken).unwrap();
    let mut command = command(system, bench, &running);
    for (name, value) in environment {
        if name.ends_with("_DURATION") {
            command.env(name, longer(value, attempt));
        } else {
            command.env(name, value);
        }
    }
    command.args(arguments.iter().map(|argument| {
        let named = argument.strip_prefix('$');
        let found = named.and_then(|name| variable(&running, name));
        found.unwrap_or(argument)
    }));
    bench.ran(command.output().unwrap())
}

/// What a stand-in says at a path of the address in one of its variables.
pub(super) fn ask(running: &Running, name: &str, path: &str) -> Value {
    say(running, name, (&format!("GET {path}"), ""))
}

/// The same of a request with a JSON body: `POST /api/session`.
pub(super) fn say(running: &Running, name: &str, (request, body): (&str, &str)) -> Value {
    let (_, host) = variable(running, name).unwrap().split_once("//").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let length = body.len();
    write!(stream, "{request} HTTP/1.0\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap()
}

/// Again, and for longer, where the machine held up the generator.
pub(super) fn patiently(once: impl Fn(u32) -> Ran) -> Ran {
    let again = |ran: Ran, attempt| match ran.code {
        Some(7) => once(attempt),
        _ => ran,
    };
    (2..=ATTEMPTS).fold(once(1), again)
}

fn command(system: System, bench: &Bench, running: &Running) -> Command {
    let scenario = root().join(format!("scenarios/{}.yaml", system.name()));
    let mut command = bench.command(&["run", scenario.to_str().unwrap(), "--out", "out"]);
    command.envs(running.environment());
    command
}

pub(super) fn variable<'a>(running: &'a Running, name: &str) -> Option<&'a str> {
    let mut variables = running.environment();
    variables
        .find(|(own, _)| *own == name)
        .map(|(_, value)| value)
}

/// `4s` five times as long with each attempt: to show an error rate of 0.1 % takes 3,000 requests.
pub(super) fn longer(time: &str, attempt: u32) -> String {
    let (figure, unit) = time.split_at(time.find(|c: char| !c.is_ascii_digit()).unwrap());
    format!("{}{unit}", number(figure) * 5_u32.pow(attempt - 1))
}

fn number(figure: &str) -> u32 {
    figure.parse().unwrap()
}
