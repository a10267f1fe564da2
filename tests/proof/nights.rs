//! Nights that have been. In: one real run of tonight's profile, and how long a step took in each night before; out: a
//! history of runs like it. Invariant: nothing of them depends on the clock or on this machine, but that they are
//! comparable with what it runs tonight.

use super::runs::run_with;
use crate::support::cli::{Bench, Ran};
use systems::System;
use tollgate::record::{Outcome, RunRecord, Sample, Tally};

const MS: f64 = 1e6;

/// The profile `nightly` of a system, made short.
pub(crate) struct Nights {
    pub(crate) system: System,
    pub(crate) environment: &'static [(&'static str, &'static str)],
    /// `flow/step` whose time is given; all others take 5 ms, night by night.
    pub(crate) step: &'static str,
}

impl Nights {
    /// Runs it tonight, after nights in which the step took so many milliseconds.
    pub(crate) fn tonight(&self, before: &[f64], broken: &[&str]) -> Ran {
        // A short run cannot show an error rate of 0.1 %, and what says nothing does not enter a history.
        let bench = Bench::new(&[(
            "nights.yaml",
            "budgets:\n  - max < 10s\n  - error_rate < 50%\n",
        )]);
        let night = ["--profile", "nightly", "--budgets", "nights.yaml"];
        let model = run_with(self.system, &bench, &night, self.environment, &[]).expect(0);
        let mut add = vec!["history".to_owned(), "add".to_owned()];
        for (day, ms) in before.iter().enumerate() {
            let run = format!("night-{day}.tg");
            tollgate::record::save(&self.night(model.record(), day, *ms), &bench.path(&run))
                .unwrap();
            add.push(run);
        }
        let add: Vec<&str> = add.iter().map(String::as_str).collect();
        bench.run(&add).expect(0);
        let tonight = [&night[..], &["--history", "history"]].concat();
        run_with(self.system, &bench, &tonight, self.environment, broken)
    }

    fn night(&self, model: RunRecord, day: usize, ms: f64) -> RunRecord {
        let mut night = RunRecord {
            started: format!("2026-{:02}-{:02}T02:00:00Z", 1 + day / 28, 1 + day % 28),
            seed: day as u64,
            ..model
        };
        let wobble = 1.0 + [0.01, -0.02, 0.0, 0.02, -0.01, 0.015, -0.015][day % 7];
        for step in &mut night.steps {
            let ms = if step.label == self.step { ms } else { 5.0 };
            step.measured = tally(ms * wobble);
        }
        night
    }
}

/// 400 requests between 80 % and 120 % of the time.
fn tally(ms: f64) -> Tally {
    let mut tally = Tally::default();
    for i in 0..400 {
        let done = (ms * (0.8 + 0.001 * f64::from(i)) * MS) as u64;
        tally.record(&Sample {
            step: 0,
            measured: true,
            intended: 0,
            sent: 0,
            first_byte: Some(done),
            done,
            wait: None,
            dns: None,
            connect: None,
            tls: None,
            write: None,
            outcome: Outcome::Ok,
            status: Some(200),
            received: 100,
            decoded: None,
        });
    }
    tally
}

/// So many nights at one level, and so many at another.
pub(crate) fn levels(before: usize, first: f64, after: usize, then: f64) -> Vec<f64> {
    [vec![first; before], vec![then; after]].concat()
}
