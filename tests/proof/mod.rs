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
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use systems::System;

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
    /// What the run prints then: the step and the check or budget, without the figures.
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

/// What a test runs instead of hours: a profile of the scenario, made short by its own variables.
pub(crate) struct Short {
    pub(crate) profile: &'static str,
    /// Variables of the scenario, beside those of the stand-in.
    pub(crate) environment: &'static [(&'static str, &'static str)],
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Runs a profile of a system's scenario against a stand-in. A machine that holds up the generator itself (exit 7)
/// is asked again.
fn run(system: System, short: &Short, broken: &[&str]) -> Ran {
    let bench = Bench::new(&[]);
    let arguments = ["--profile", short.profile];
    run_with(system, &bench, &arguments, short.environment, broken)
}

/// The same with other arguments, in a folder that is there already; variables win over those of the stand-in.
pub(crate) fn run_with(
    system: System,
    bench: &Bench,
    arguments: &[&str],
    environment: &[(&str, &str)],
    broken: &[&str],
) -> Ran {
    let mut attempt = 0;
    loop {
        attempt += 1;
        let running = system.start(broken).unwrap();
        let scenario = root().join(format!("scenarios/{}.yaml", system.name()));
        let mut command = bench.command(&["run", scenario.to_str().unwrap(), "--out", "out"]);
        command.envs(running.environment());
        command.envs(environment.iter().copied());
        // An argument such as `$SHOP_URL` is a variable of the stand-in.
        let filled = arguments.iter().map(|argument| {
            let mut variables = running.environment();
            let named = argument.strip_prefix('$');
            let found = named.and_then(|name| variables.find(|(own, _)| *own == name));
            found.map_or(*argument, |(_, value)| value).to_owned()
        });
        command.args(filled);
        let ran = bench.ran(command.output().unwrap());
        if ran.code != Some(7) || attempt == 3 {
            return ran;
        }
    }
}

/// Proves every promise of a system, both ways.
pub(crate) fn prove(system: System, shorts: &[Short], promises: &[Promise]) {
    prove_all(system, shorts, promises, &[]);
}

/// The same with deeds.
pub(crate) fn prove_all(system: System, shorts: &[Short], promises: &[Promise], deeds: &[Deed]) {
    for short in shorts {
        run(system, short, &[]).expect(0);
    }
    let all = promises.iter().chain(deeds.iter().map(|d| &d.promise));
    let named: BTreeSet<&str> = all.map(|p| p.switch).collect();
    let known = system.switches().iter().map(|s| s.name);
    let unnamed: Vec<&str> = known.filter(|s| !named.contains(s)).collect();
    assert!(
        unnamed.is_empty(),
        "no promise for the switches {unnamed:?}"
    );
    for promise in promises {
        let short = shorts.iter().find(|s| s.profile == promise.profile);
        let ran = run(system, short.unwrap(), &[promise.switch]);
        promise.found_broken(&ran);
    }
    for deed in deeds {
        (deed.run)(false).expect(0);
        deed.promise.found_broken(&(deed.run)(true));
    }
}

impl Promise {
    /// Asserts that a run found it broken, and said so.
    fn found_broken(&self, ran: &Ran) {
        let (out, err) = (&ran.stdout, &ran.stderr);
        let shown = format!("{} with {}\n{out}\n{err}", self.promise, self.switch);
        assert_eq!(ran.code, Some(self.exit), "{shown}");
        for says in self.says {
            assert!(
                out.contains(says) || err.contains(says),
                "wants `{says}`: {shown}"
            );
        }
    }
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
fn table(system: System, promises: &[Promise], deeds: &[Deed]) -> String {
    let mut text = String::new();
    for p in promises.iter().chain(deeds.iter().map(|d| &d.promise)) {
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
    for (system, promises, deeds) in [
        (System::Vivr, vivr::PROMISES, &[][..]),
        (System::Pourtrait, pourtrait::PROMISES, pourtrait::DEEDS),
        (System::Reboot, reboot::PROMISES, reboot::DEEDS),
        (System::Uvis, uvis::PROMISES, &[]),
        (System::FarmersMarket, farmers_market::PROMISES, &[]),
    ] {
        text += &format!(
            "\n## {}\n\n| promise | where | switch | profile | exit | printed |\n|---|---|---|---|---|---|\n{}",
            system.name(),
            table(system, promises, deeds)
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
