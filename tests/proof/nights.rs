//! Nights that have been. In: one real run of tonight's profile, and how long some steps took in each night before; out: a
//! history of runs like it. Invariant: nothing of them depends on the clock or on this machine, but that they are
//! comparable with what it runs tonight, which is long enough to be judged.

use super::ATTEMPTS;
use super::runs::{longer, patiently, run_for};
use crate::support::cli::{Bench, Ran};
use crate::support::past_nights::{started, tally, wobble};
use systems::System;
use tollgate::record::{RunRecord, StepRecord};

/// Requests of a run tonight, at least: a percentile is judged with ten requests beyond it, and a slower release gets fewer
/// of them.
const ENOUGH: u64 = 800;

/// The profile `nightly` of a system, made short.
pub(crate) struct Nights {
    pub(crate) system: System,
    /// Variables and options, as in `Short`.
    pub(crate) environment: &'static [(&'static str, &'static str)],
    /// The steps whose time is given; all others take 5 ms, night by night.
    pub(crate) of: fn(&StepRecord) -> bool,
}

impl Nights {
    /// Runs it tonight, after nights in which the steps took so many milliseconds.
    pub(crate) fn tonight(&self, before: &[f64], broken: &[&str]) -> Ran {
        self.told(&[], before, broken)
    }

    /// The same with somebody who is told.
    pub(crate) fn told(&self, who: &[(&str, &str)], before: &[f64], broken: &[&str]) -> Ran {
        // A short run cannot show an error rate of 0.1 %, and what says nothing does not enter a history.
        let budgets = "budgets:\n  - max < 60s\n  - error_rate < 50%\n";
        let bench = Bench::new(&[("nights.yaml", budgets)]);
        let night = ["--profile", "nightly", "--budgets", "nights.yaml"];
        let run = |attempt, more: &[&str], broken: &[&str]| {
            let (mut options, mut variables) = (night.to_vec(), who.to_vec());
            let long = self.environment.iter();
            let long: Vec<String> = long
                .map(|(name, value)| match *name {
                    "--duration" => longer(value, attempt),
                    _ => (*value).to_owned(),
                })
                .collect();
            for ((name, _), value) in self.environment.iter().zip(&long) {
                if name.starts_with("--") {
                    options.extend([*name, value]);
                } else {
                    variables.push((name, value));
                }
            }
            options.extend(more);
            // As long as the nights before, however often it is tried: other lengths are other plans.
            let what = (&options[..], &variables[..]);
            patiently(|_| run_for(self.system, &bench, what, broken, attempt))
        };
        let mut attempt = 1;
        let model = loop {
            let record = run(attempt, &[], &[]).expect(0).record();
            let sent: u64 = record.steps.iter().map(|s| s.measured.sent).sum();
            if sent >= ENOUGH {
                break record;
            }
            // Nights of which nothing can be said would be in line with anything.
            assert!(attempt <= ATTEMPTS, "{sent} requests");
            attempt += 1;
        };
        let mut add = vec!["history".to_owned(), "add".to_owned()];
        for (day, ms) in before.iter().enumerate() {
            let run = format!("night-{day}.tg");
            tollgate::record::save(&self.night(model.clone(), day, *ms), &bench.path(&run))
                .unwrap();
            add.push(run);
        }
        let add: Vec<&str> = add.iter().map(String::as_str).collect();
        bench.run(&add).expect(0);
        run(attempt, &["--history", "history"], broken)
    }

    fn night(&self, model: RunRecord, day: usize, ms: f64) -> RunRecord {
        let mut night = RunRecord {
            started: started(day),
            seed: day as u64,
            ..model
        };
        for step in &mut night.steps {
            let ms = if (self.of)(step) { ms } else { 5.0 };
            step.measured = tally(400, ms * wobble(day));
        }
        night
    }
}

/// So many nights at one level, and so many at another.
pub(crate) fn levels(before: usize, first: f64, after: usize, then: f64) -> Vec<f64> {
    [vec![first; before], vec![then; after]].concat()
}
