//! The five systems, proven: every promise holds on the healthy stand-in, and is found broken when its switch is on. In:
//! rows of promises; out: docs/systems.md, whose table is this one. Invariant: a promise without a switch does not
//! compile, and a switch that no promise names fails a test.

mod farmers_market;
mod pourtrait;
mod reboot;
mod uvis;
mod vivr;

use crate::support::cli::{Bench, Ran};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{slice, thread};
use systems::{Running, System};

/// One promise of a system.
pub(crate) struct Promise {
    /// As its owners put it.
    pub(crate) promise: &'static str,
    /// What breaks it.
    pub(crate) switch: &'static str,
    /// The profile that proves it.
    pub(crate) profile: &'static str,
    /// The exit code when it is broken.
    pub(crate) exit: i32,
    /// What the run prints then: the step and the check or budget, without the figures. What stands around a ` … ` is
    /// in one line of it.
    pub(crate) says: &'static [&'static str],
    /// Where the scenario or the budgets say so: a part of one line of `scenarios/NAME.yaml` or `budgets/NAME.yaml`.
    pub(crate) line: &'static str,
}

/// What a test runs instead of hours: a profile of the scenario, made short by its own variables.
pub(crate) struct Short {
    pub(crate) profile: &'static str,
    /// Variables of the scenario, beside those of the stand-in; what begins with `--` is an option instead. A
    /// `--duration` is what a quiet machine needs: a busy one gets more of it.
    pub(crate) environment: &'static [(&'static str, &'static str)],
}

/// Whether a line has all of these parts, in this order.
fn said(printed: &str, parts: &str) -> bool {
    printed.lines().any(|line| {
        let mut parts = parts.split(" … ");
        let rest = parts.try_fold(line, |rest, part| Some(rest.split_once(part)?.1));
        rest.is_some()
    })
}

/// What is proven of a system, and how it is made short.
pub(crate) struct Proof {
    pub(crate) system: System,
    /// What must be green on the healthy stand-in. Evidence that all is well takes longer than evidence that it is not.
    pub(crate) healthy: &'static [Short],
    /// What shows what is broken.
    pub(crate) broken: &'static [Short],
    /// Parts of budgets that no short run can bear, and what stands in their place: `for 2m`, `for 2s`.
    pub(crate) budgets: &'static [(&'static str, &'static str)],
    pub(crate) promises: &'static [Promise],
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A run, and the promise that is broken in it.
type Job<'a> = (&'a Short, Option<&'a Promise>);

/// Runs at the same time: most of them wait.
const AT_ONCE: usize = 2;

impl Proof {
    /// Proves every promise of a system, both ways.
    pub(crate) fn prove(&self) {
        let named: BTreeSet<&str> = self.promises.iter().map(|p| p.switch).collect();
        let known: BTreeSet<&str> = self.system.switches().iter().map(|s| s.name).collect();
        assert_eq!(named, known, "every switch breaks a promise of the table");
        let jobs: Vec<Job<'_>> = self.jobs().collect();
        let next = AtomicUsize::new(0);
        let found = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| {
                    while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                        found.lock().unwrap().extend(self.objection(job));
                    }
                });
            }
        });
        let found = found.into_inner().unwrap();
        assert!(found.is_empty(), "{}", found.join("\n\n"));
    }

    fn jobs(&self) -> impl Iterator<Item = Job<'_>> {
        let healthy = self.healthy.iter().map(|short| (short, None));
        let short = |p: &Promise| self.broken.iter().find(|s| s.profile == p.profile).unwrap();
        healthy.chain(self.promises.iter().map(move |p| (short(p), Some(p))))
    }

    /// What is wrong with a run, and all that it printed. A machine that holds up the generator (exit 7) is asked again,
    /// and one so busy that a load breaks some other budget, too.
    fn objection(&self, job: &Job<'_>) -> Option<String> {
        let load = job.0.profile != "smoke";
        let mut attempt = 1;
        loop {
            let (code, wrong) = self.attempt(job, attempt)?;
            if attempt == 3 || !(load || code == Some(7)) {
                return Some(wrong);
            }
            attempt += 1;
        }
    }

    fn attempt(&self, (short, promise): &Job<'_>, attempt: u32) -> Option<(Option<i32>, String)> {
        let (switch, exit, says) = promise.map_or((&[][..], 0, &[][..]), |p| {
            (slice::from_ref(&p.switch), p.exit, p.says)
        });
        let running = self.system.start(switch).unwrap();
        let ran = self.once(&Bench::new(&[]), short, &running, attempt);
        let printed = ran.stdout + &ran.stderr;
        let mut wrong: Vec<String> = Vec::new();
        if ran.code != Some(exit) {
            wrong.push(format!("exit code {:?} and not {exit}", ran.code));
        }
        let missing = says.iter().filter(|says| !said(&printed, says));
        wrong.extend(missing.map(|says| format!("does not say `{says}`")));
        let (profile, list) = (short.profile, wrong.join(", "));
        let wrong = format!("{profile} with {switch:?}: {list}\n{printed}");
        (!list.is_empty()).then_some((ran.code, wrong))
    }

    /// Runs a profile of the scenario against this stand-in.
    pub(crate) fn once(
        &self,
        bench: &Bench,
        short: &Short,
        running: &Running,
        attempt: u32,
    ) -> Ran {
        let name = self.system.name();
        let scenario = root().join(format!("scenarios/{name}.yaml"));
        let mut command = bench.command(&["run", scenario.to_str().unwrap(), "--out", "out"]);
        command.args(["--profile", short.profile]);
        if !self.budgets.is_empty() {
            let path = root().join(format!("budgets/{name}.yaml"));
            bench.write("budgets.yaml", &self.shortened(&path));
            command.args(["--budgets", "budgets.yaml"]);
        }
        command.envs(running.environment());
        for (name, value) in short.environment {
            match (*name, name.starts_with("--")) {
                ("--duration", _) => command.args([name, longer(value, attempt).as_str()]),
                (_, true) => command.args([name, value]),
                (_, false) => command.env(name, value),
            };
        }
        bench.ran(command.output().unwrap())
    }

    fn shortened(&self, path: &Path) -> String {
        let text = fs::read_to_string(path).unwrap();
        self.budgets.iter().fold(text, |text, (from, to)| {
            assert!(text.contains(from), "{}: no `{from}`", path.display());
            text.replace(from, to)
        })
    }
}

/// `4s` three times as long with each attempt.
fn longer(seconds: &str, attempt: u32) -> String {
    let seconds: u32 = seconds.strip_suffix('s').unwrap().parse().unwrap();
    format!("{}s", seconds * 3_u32.pow(attempt - 1))
}

/// Proves every promise of a system, both ways, with the same short runs.
pub(crate) fn prove(system: System, shorts: &'static [Short], promises: &'static [Promise]) {
    let proof = Proof {
        system,
        healthy: shorts,
        broken: shorts,
        budgets: &[],
        promises,
    };
    proof.prove();
}

/// What a stand-in says at a path of the address in one of its variables.
pub(crate) fn ask(running: &Running, variable: &str, path: &str) -> Value {
    let url = running.environment().find(|(name, _)| *name == variable);
    let (_, host) = url.unwrap().1.split_once("//").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\nhost: {host}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap()
}

/// Where a line stands: `scenarios/vivr.yaml:12`.
fn place(system: System, line: &str) -> String {
    for folder in ["scenarios", "budgets"] {
        let file = format!("{folder}/{}.yaml", system.name());
        let text = fs::read_to_string(root().join(&file)).unwrap();
        if let Some(number) = text.lines().position(|l| l.contains(line)) {
            return format!("[{file}:{0}](../{file}#L{0})", number + 1);
        }
    }
    panic!("{}: no line has `{line}`", system.name());
}

/// The table of docs/systems.md.
fn table(system: System, promises: &[Promise]) -> String {
    let mut text = String::new();
    for p in promises {
        let says: Vec<String> = p.says.iter().map(|s| format!("`{s}`")).collect();
        text += &format!(
            "| {} | {} | `{}` | {} | {} | {} |\n",
            p.promise,
            place(system, p.line),
            p.switch,
            p.profile,
            p.exit,
            says.join(" … ")
        );
    }
    text
}

#[test]
fn the_mutation_table_is_in_the_docs() {
    let head = fs::read_to_string(root().join("tests/proof/systems.head.md")).unwrap();
    let mut text = head.trim_end().to_owned() + "\n";
    for (system, promises) in [
        (System::Vivr, vivr::PROMISES),
        (System::Pourtrait, pourtrait::PROMISES),
        (System::Reboot, reboot::PROMISES),
        (System::Uvis, uvis::PROMISES),
        (System::FarmersMarket, farmers_market::PROMISES),
    ] {
        text += &format!(
            "\n## {}\n\n| promise | where | switch | profile | exit | printed |\n|---|---|---|---|---|---|\n{}",
            system.name(),
            table(system, promises)
        );
    }
    golden(&root().join("docs/systems.md"), &text);
}

/// `UPDATE=1` writes it anew.
fn golden(path: &Path, text: &str) {
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, text).unwrap();
    }
    let kept = fs::read_to_string(path).unwrap_or_default();
    assert_eq!(kept, text, "{}: UPDATE=1 writes it anew", path.display());
}
