//! The five systems, proven: every promise holds on the healthy stand-in, and is found broken when its switch is on. In:
//! rows of promises; out: docs/systems.md, whose table is this one. Invariant: a promise without a switch does not
//! compile, and a switch that no promise names fails a test.

mod farmers_market;
mod inbox;
mod nights;
mod pourtrait;
mod reboot;
mod uvis;
mod vivr;

use crate::support::cli::{Bench, Ran};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{slice, thread};
use systems::{Running, System};

/// One promise of a system.
#[expect(clippy::struct_field_names, reason = "its words are the promise")]
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

/// A promise that a plain run of a profile does not prove: one of another command, or with somebody who listens.
pub(crate) struct Deed {
    /// `profile` is what is run, for the table; `switch` may be a mistake that is no switch of the stand-in.
    pub(crate) promise: Promise,
    /// Does it, with the promise broken or not.
    pub(crate) run: fn(bool) -> Ran,
}

/// The deeds beside a system's promises.
fn deeds(system: System) -> &'static [Deed] {
    match system {
        System::Pourtrait => pourtrait::DEEDS,
        System::Reboot => reboot::DEEDS,
        _ => &[],
    }
}

/// What a test runs instead of hours: a profile of the scenario, made short by its own variables.
pub(crate) struct Short {
    pub(crate) profile: &'static str,
    /// Variables of the scenario, beside those of the stand-in; what begins with `--` is an option instead. A
    /// `--duration`, and a variable `…_DURATION`, is what a quiet machine needs: a busy one gets more of it.
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

/// What is done, and the promise that is broken in it.
type Job<'a> = (Work<'a>, Option<&'a Promise>);

#[derive(Clone, Copy)]
enum Work<'a> {
    Run(&'a Short),
    Do(&'a Deed),
}

/// Runs at the same time: most of them wait.
const AT_ONCE: usize = 3;

impl Proof {
    /// Proves every promise of a system, both ways.
    pub(crate) fn prove(&self) {
        let deeds = deeds(self.system).iter().map(|d| &d.promise);
        let named: BTreeSet<&str> = self
            .promises
            .iter()
            .chain(deeds)
            .map(|p| p.switch)
            .collect();
        let known = self.system.switches().iter().map(|s| s.name);
        let known: Vec<&str> = known.filter(|s| !named.contains(s)).collect();
        assert!(known.is_empty(), "no promise is broken by {known:?}");
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
        let healthy = self.healthy.iter().map(|short| (Work::Run(short), None));
        let short = |p: &Promise| self.broken.iter().find(|s| s.profile == p.profile).unwrap();
        let promises = self.promises.iter();
        let promises = promises.map(move |p| (Work::Run(short(p)), Some(p)));
        let deeds = deeds(self.system).iter();
        let deeds = deeds.flat_map(|d| [(Work::Do(d), None), (Work::Do(d), Some(&d.promise))]);
        healthy.chain(deeds).chain(promises)
    }

    /// What is wrong with a run, and all that it printed.
    fn objection(&self, (work, promise): &Job<'_>) -> Option<String> {
        let (switch, exit, says) = promise.map_or((&[][..], 0, &[][..]), |p| {
            (slice::from_ref(&p.switch), p.exit, p.says)
        });
        let (profile, ran) = match work {
            Work::Run(short) => (short.profile, self.run(short, switch)),
            Work::Do(deed) => (deed.promise.profile, (deed.run)(promise.is_some())),
        };
        let printed = ran.stdout + &ran.stderr;
        let mut wrong: Vec<String> = Vec::new();
        if ran.code != Some(exit) {
            wrong.push(format!("exit code {:?} and not {exit}", ran.code));
        }
        let missing = says.iter().filter(|says| !said(&printed, says));
        wrong.extend(missing.map(|says| format!("does not say `{says}`")));
        let wrong = wrong.join(", ");
        (!wrong.is_empty()).then(|| format!("{profile} with {switch:?}: {wrong}\n{printed}"))
    }

    /// Runs a profile of the scenario against a stand-in. A machine that holds up the generator itself, or sends too
    /// little to say anything (exit 7), is asked again.
    fn run(&self, short: &Short, broken: &[&str]) -> Ran {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let running = self.system.start(broken).unwrap();
            let ran = self.once(short, &running, attempt);
            if ran.code != Some(7) || attempt == 3 {
                return ran;
            }
        }
    }

    /// Runs a profile of the scenario against this stand-in.
    pub(crate) fn once(&self, short: &Short, running: &Running, attempt: u32) -> Ran {
        let name = self.system.name();
        let bench = Bench::new(&[]);
        let scenario = root().join(format!("scenarios/{name}.yaml"));
        let mut command = bench.command(&["run", scenario.to_str().unwrap(), "--out", "out"]);
        command.args(["--profile", short.profile]);
        if !self.budgets.is_empty() {
            bench.write("budgets.yaml", &self.shortened());
            command.args(["--budgets", "budgets.yaml"]);
        }
        command.envs(running.environment());
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

    /// The system's budgets, for short runs.
    pub(crate) fn shortened(&self) -> String {
        let path = root().join(format!("budgets/{}.yaml", self.system.name()));
        let text = fs::read_to_string(&path).unwrap();
        self.budgets.iter().fold(text, |text, (from, to)| {
            assert!(text.contains(from), "{}: no `{from}`", path.display());
            text.replace(from, to)
        })
    }
}

/// Runs the scenario with these arguments in a folder that is there already; variables win over those of the stand-in,
/// and an argument such as `$SHOP_URL` is one of them.
pub(crate) fn run_with(
    system: System,
    bench: &Bench,
    arguments: &[&str],
    environment: &[(&str, &str)],
    broken: &[&str],
) -> Ran {
    let running = system.start(broken).unwrap();
    let scenario = root().join(format!("scenarios/{}.yaml", system.name()));
    let mut command = bench.command(&["run", scenario.to_str().unwrap(), "--out", "out"]);
    command.envs(running.environment());
    command.envs(environment.iter().copied());
    command.args(arguments.iter().map(|argument| {
        let named = argument.strip_prefix('$');
        let mut variables = running.environment();
        let found = named.and_then(|name| variables.find(|(own, _)| *own == name));
        found.map_or(*argument, |(_, value)| value).to_owned()
    }));
    bench.ran(command.output().unwrap())
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
    let deeds = deeds(system).iter().map(|d| &d.promise);
    let mut text = String::new();
    for p in promises.iter().chain(deeds) {
        let says: Vec<String> = p.says.iter().map(|s| format!("`{s}`")).collect();
        let (place, says) = (place(system, p.line), says.join(" … "));
        let cells = [p.promise, &place, &format!("`{}`", p.switch), p.profile];
        writeln!(text, "| {} | {} | {says} |", cells.join(" | "), p.exit).unwrap();
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
        let (name, rows) = (system.name(), table(system, promises));
        let head =
            "| promise | where | switch | profile | exit | printed |\n|---|---|---|---|---|---|";
        write!(text, "\n## {name}\n\n{head}\n{rows}").unwrap();
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
