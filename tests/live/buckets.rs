//! A history in a real bucket, that of `TOLLGATE_LIVE_BUCKET`, opened by what the environment says:
//!
//! - `s3://nights` with moto: `AWS_ENDPOINT=http://127.0.0.1:5000 AWS_ALLOW_HTTP=true AWS_REGION=us-east-1
//!   AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…`;
//! - `az://nights` with Azurite: `AZURE_STORAGE_USE_EMULATOR=true`, `AZURITE_BLOB_STORAGE_URL` where it is not at port 10000.
//!
//! The bucket has to be there, the one called like it with `-missing` behind it not. Each test has a folder of its own in it and
//! leaves one run there.
#![cfg(feature = "cloud")]

use super::named;
use crate::history::night;
use crate::support::cli::{Bench, Ran};
use std::process::Command;

/// What opens buckets.
const OPENS: [&str; 4] = ["AWS_", "AZURE_", "AZURITE_", "GOOGLE_"];
/// A key as long as Azure's are, planted to be looked for.
const PLANTED: &str =
    "cGxhbnRlZC1zM2NyZXQtcGxhbnRlZC1zM2NyZXQtcGxhbnRlZC1zM2NyZXQtcGxhbnRlZC1zM2NyZXQ=";

/// A bench, nights in it, and a place of its own in the bucket.
struct Away {
    bench: Bench,
    names: Vec<String>,
    bucket: String,
    place: String,
}

impl Away {
    fn new(days: usize) -> Option<Self> {
        let what = "a bucket that is there: s3://nights, gs://nights, az://nights";
        let bucket = named("TOLLGATE_LIVE_BUCKET", what)?;
        let bench = Bench::new(&[]);
        let names: Vec<String> = (0..days).map(|day| format!("n{day:02}.tg")).collect();
        for (day, name) in names.iter().enumerate() {
            tollgate::record::save(&night(day, 1.0), &bench.path(name)).unwrap();
        }
        let place = format!("{bucket}/live-{:016x}", rand::random::<u64>());
        Some(Self {
            bench,
            names,
            bucket,
            place,
        })
    }

    fn command(&self, arguments: &[&str], place: &str) -> Command {
        let mut command = self
            .bench
            .command(&[arguments, &["--history", place]].concat());
        let opens = |name: &str| OPENS.iter().any(|begins| name.starts_with(begins));
        command.envs(std::env::vars().filter(|(name, _)| opens(name)));
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let output = self.command(arguments, &self.place).output().unwrap();
        self.bench.ran(output)
    }

    fn add(&self, names: &[String]) -> Vec<String> {
        let add = ["history", "add"].into_iter();
        let add: Vec<&str> = add.chain(names.iter().map(String::as_str)).collect();
        let added = self.run(&add).expect(0).stdout;
        added.lines().map(str::to_owned).collect()
    }

    fn figures(&self) -> String {
        self.run(&["history", "export"]).expect(0).stdout
    }

    /// Takes out what the test put in, but for the newest run.
    fn leave(&self) {
        self.run(&["history", "prune", "--keep", "1"]).expect(0);
    }
}

#[test]
fn a_bucket_keeps_what_is_added_and_gives_it_back() {
    let Some(away) = Away::new(8) else { return };
    assert_eq!(away.add(&away.names[..7]).len(), 7);
    let before = away.figures();
    // The same runs called releases now: other texts under the same names, which are not written.
    let again = ["history", "add", "--release", "2.0"].into_iter();
    let again: Vec<&str> = again
        .chain(away.names[..7].iter().map(String::as_str))
        .collect();
    away.run(&again).expect(0);
    away.run(&["history", "plot", "--out", "page.html"])
        .expect(0);
    let page = std::fs::read_to_string(away.bench.path("page.html")).unwrap();
    assert!(!page.contains("2.0</"), "a release was written over");
    assert_eq!(away.figures(), before);
    let list = away.run(&["history"]).expect(0).stdout;
    assert!(list.contains("7 runs, 2026-01-01T02:00:00Z"), "{list}");
    let judged = away.run(&["history", "judge", "n07.tg"]).expect(0).stdout;
    assert!(
        judged.contains("history: 7 runs before this one"),
        "{judged}"
    );
    away.run(&["history", "prune", "--keep", "2"]).expect(0);
    let list = away.run(&["history"]).expect(0).stdout;
    assert!(list.contains("2 runs, 2026-01-06T02:00:00Z"), "{list}");
    away.leave();
}

#[test]
fn processes_that_add_to_a_bucket_at_once_lose_nothing() {
    let Some(away) = Away::new(12) else { return };
    // Every run twice: two jobs that add the same one are no trouble either.
    let twice = away.names.iter().chain(&away.names);
    let jobs: Vec<_> = twice
        .map(|name| {
            let mut job = away.command(&["history", "add", name], &away.place);
            job.spawn().unwrap()
        })
        .collect();
    for job in jobs {
        away.bench.ran(job.wait_with_output().unwrap()).expect(0);
    }
    let list = away.run(&["history"]).expect(0).stdout;
    assert!(list.contains("12 runs"), "{list}");
    away.leave();
}

#[test]
fn a_bucket_that_is_not_there_or_does_not_open_is_told_without_secrets() {
    let Some(away) = Away::new(1) else { return };
    let missing = format!("{}-missing/a", away.bucket);
    let add = ["history", "add", "n00.tg"];
    let refused = away.command(&add, &missing).output().unwrap();
    let mut refused = vec![away.bench.ran(refused).expect(2)];
    let mut wrong = away.command(&add, &away.place);
    for name in [
        "AWS_SECRET_ACCESS_KEY",
        "AZURE_STORAGE_ACCOUNT_KEY",
        "GOOGLE_BEARER_TOKEN",
    ] {
        wrong.env(name, PLANTED);
    }
    refused.push(away.bench.ran(wrong.output().unwrap()).expect(2));
    for refused in refused {
        let said = refused.stderr;
        println!("{said}");
        assert!(said.starts_with("error: history "), "{said}");
        assert!(
            !said.contains(PLANTED) && said.lines().count() == 1,
            "{said}"
        );
    }
}
