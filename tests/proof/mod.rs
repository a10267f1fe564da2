//! The five systems, proven: every promise holds on the healthy stand-in, and is found broken when its switch is on. In:
//! rows of promises; out: docs/systems.md, whose table is this one. Invariant: a promise without a switch does not
//! compile, and a switch that no promise names fails a test.

mod docs;
mod farmers_market;
mod inbox;
mod nights;
mod pourtrait;
mod reboot;
mod runs;
mod uvis;
mod vivr;

use crate::support::cli::Ran;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::{slice, thread};
use systems::System;

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

/// What a test runs instead of hours: a profile of the scenario, made short by its own variables.
pub(crate) struct Short {
    pub(crate) profile: &'static str,
    /// Variables of the scenario, beside those of the stand-in; what begins with `--` is an option instead. A
    /// `--duration`, and a variable `…_DURATION`, is what a quiet machine needs: a busy one gets more of it.
    pub(crate) environment: &'static [(&'static str, &'static str)],
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
    pub(crate) deeds: &'static [Deed],
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// What is to be run, and what it should show.
enum Job<'a> {
    /// Nothing is broken.
    Healthy(&'a Short),
    Broken(&'a Short, &'a Promise),
    /// A deed, with its promise broken or not.
    Deed(&'a Deed, bool),
}

/// Runs at the same time: most of them wait.
const AT_ONCE: usize = 2;
/// Attempts on a machine that holds up the generator, or lets it send too little to say anything.
const ATTEMPTS: u32 = 3;
/// One system at a time: their loads would be each other's noise.
static TURN: Mutex<()> = Mutex::new(());

impl Proof {
    /// Proves every promise of a system, both ways.
    pub(crate) fn prove(&self) {
        // Poisoned by another system, it is as good as ever.
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let named: BTreeSet<&str> = self.all().map(|p| p.switch).collect();
        let known = self.system.switches().iter().map(|s| s.name);
        let unnamed: Vec<&str> = known.filter(|s| !named.contains(s)).collect();
        assert!(unnamed.is_empty(), "no promise names {unnamed:?}");
        let jobs: Vec<Job<'_>> = self.jobs().collect();
        let next = AtomicUsize::new(0);
        let found = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| {
                    while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let objection = job.objection(self);
                        found.lock().unwrap().extend(objection);
                    }
                });
            }
        });
        let found = found.into_inner().unwrap();
        assert!(found.is_empty(), "{}", found.join("\n\n"));
    }

    /// Every promise.
    fn all(&self) -> impl Iterator<Item = &Promise> {
        let deeds = self.deeds.iter().map(|deed| &deed.promise);
        self.promises.iter().chain(deeds)
    }

    fn jobs(&self) -> impl Iterator<Item = Job<'_>> {
        let short = |p: &Promise| self.broken.iter().find(|s| s.profile == p.profile).unwrap();
        let broken = move |p| Job::Broken(short(p), p);
        let deeds = self.deeds.iter();
        let healthy = self.healthy.iter().map(Job::Healthy);
        healthy
            .chain(self.promises.iter().map(broken))
            .chain(deeds.flat_map(|deed| [false, true].map(|broken| Job::Deed(deed, broken))))
    }
}

impl Job<'_> {
    /// What is wrong with its runs, and all that the last one printed. Only what says too little is made again, longer:
    /// exit 7, where the machine held up the generator, and budgets that are undecided. What is decided stands.
    fn objection(&self, proof: &Proof) -> Option<String> {
        let mut attempt = 1;
        loop {
            let (again, wrong) = self.attempt(proof, attempt)?;
            if attempt == ATTEMPTS || !again {
                return Some(wrong);
            }
            attempt += 1;
        }
    }

    /// What is wrong with one run, and whether a longer one is asked for.
    fn attempt(&self, proof: &Proof, attempt: u32) -> Option<(bool, String)> {
        let (what, ran, promise) = match self {
            Self::Healthy(short) => (short.profile, proof.run(short, &[], attempt), None),
            Self::Broken(short, promise) => {
                let ran = proof.run(short, slice::from_ref(&promise.switch), attempt);
                (short.profile, ran, Some(*promise))
            }
            Self::Deed(deed, broken) => {
                let promise = broken.then_some(&deed.promise);
                (deed.promise.promise, (deed.run)(*broken), promise)
            }
        };
        let switch = promise.map_or("nothing", |p| p.switch);
        let (exit, says) = promise.map_or((0, &[][..]), |p| (p.exit, p.says));
        let printed = ran.stdout + &ran.stderr;
        let mut wrong: Vec<String> = Vec::new();
        if ran.code != Some(exit) {
            wrong.push(format!("exit code {:?} and not {exit}", ran.code));
        }
        let missing = says.iter().filter(|says| !said(&printed, says));
        wrong.extend(missing.map(|says| format!("does not say `{says}`")));
        let list = wrong.join(", ");
        let undecided = printed.lines().any(|line| line.starts_with("UNDECIDED"));
        let wrong = format!("{what} with {switch} broken: {list}\n{printed}");
        (!list.is_empty()).then_some((undecided || ran.code == Some(7), wrong))
    }
}

/// Whether a line has all of these parts, in this order.
fn said(printed: &str, parts: &str) -> bool {
    printed.lines().any(|line| {
        let mut parts = parts.split(" … ");
        let rest = parts.try_fold(line, |rest, part| Some(rest.split_once(part)?.1));
        rest.is_some()
    })
}
