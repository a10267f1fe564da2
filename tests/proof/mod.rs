//! The five systems, proven: every promise holds on the healthy stand-in, and is found broken when its switch is on. In:
//! rows of promises; out: docs/systems.md, whose table is this one. Invariant: a promise without a switch does not
//! compile, and a switch that no promise names fails a test.

mod farmers_market;
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
    let mut attempt = 0;
    loop {
        attempt += 1;
        let running = system.start(broken).unwrap();
        let bench = Bench::new(&[]);
        let scenario = root().join(format!("scenarios/{}.yaml", system.name()));
        let mut command = bench.command(&["run", scenario.to_str().unwrap(), "--out", "out"]);
        command.args(["--profile", short.profile]);
        command.envs(running.environment());
        command.envs(short.environment.iter().copied());
        let ran = bench.ran(command.output().unwrap());
        if ran.code != Some(7) || attempt == 3 {
            return ran;
        }
    }
}

/// Proves every promise of a system, both ways.
pub(crate) fn prove(system: System, shorts: &[Short], promises: &[Promise]) {
    for short in shorts {
        run(system, short, &[]).expect(0);
    }
    let named: BTreeSet<&str> = promises.iter().map(|p| p.switch).collect();
    let known: BTreeSet<&str> = system.switches().iter().map(|s| s.name).collect();
    assert_eq!(named, known, "every switch breaks a promise of the table");
    for promise in promises {
        let short = shorts.iter().find(|s| s.profile == promise.profile);
        let ran = run(system, short.unwrap(), &[promise.switch]);
        let shown = format!(
            "{} with {}\n{}\n{}",
            promise.promise, promise.switch, ran.stdout, ran.stderr
        );
        assert_eq!(ran.code, Some(promise.exit), "{shown}");
        for says in promise.says {
            assert!(ran.stdout.contains(says), "wants `{says}`: {shown}");
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
