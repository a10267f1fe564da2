//! `tollgate run --compare-to` against two servers.

use crate::support::cli::{Bench, Ran};
use crate::support::serve::serve;
use crate::support::target::{refused, target};
use serde_json::Value;
use std::thread;
use std::time::Duration;

/// Passes and users: no schedule that a busy machine could miss.
const PROFILES: &str = "  smoke: { passes: 20 }\n  users: { users: 2, duration: 2s, warmup: 100ms }\n  some: { users: 8, duration: 8s, warmup: 100ms }\n  stairs: { stairs: { from: 10 req/s, to: 30 req/s, step: 10 req/s, every: 1s } }\n";
const STEPS: &str =
    "      - get: /quick\n        name: quick\n      - get: /pay\n        name: pay\n";
/// Eight pairs of a second, with a few people who wait for most of it: what a busy machine adds is in both sides.
const PAIRS: [&str; 8] = [
    "--profile",
    "some",
    "--seed",
    "7",
    "--min-percent",
    "10",
    "--min-ms",
    "10",
];

/// An application whose `/pay` takes so many milliseconds.
fn application(pay: u64) -> String {
    serve(move |asked| {
        if asked.line.ends_with("/pay") {
            thread::sleep(Duration::from_millis(pay));
        }
        ("200 OK".into(), "ok".into())
    })
}

fn comparison(bench: &Bench) -> Value {
    let text = std::fs::read_to_string(bench.path("out/comparison.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// A run against `head`, with `base` beside it.
fn beside(head: &str, base: &str) -> (Bench, Ran) {
    let bench = Bench::with_steps(head, STEPS, PROFILES);
    let found = bench.smoke(&[&["--compare-to", base][..], &PAIRS].concat());
    (bench, found)
}

#[test]
fn a_step_that_takes_a_fifth_longer_is_found_and_named() {
    let (base, head) = (application(100), application(120));
    let (bench, found) = beside(&head, &base);
    let found = found.expect(5);
    assert!(found.stdout.starts_with("FAIL: regression in"));
    assert!(
        found.stdout.contains("  regression p50 of f/pay: "),
        "{}",
        found.stdout
    );
    assert!(!found.stdout.contains("regression p50 of f/quick"));
    assert_eq!(found.report("comparison.txt"), found.stdout);
    let json = comparison(&bench);
    assert_eq!(json["exit"]["code"], 5);
    assert_eq!((&json["pairs"], &json["seed"]), (&8.into(), &7.into()));
    let series = json["series"].as_array().unwrap();
    let pay = series
        .iter()
        .find(|s| s["part"] == "f/pay" && s["measure"] == "p50")
        .unwrap();
    let ratio = pay["ratio"].as_f64().unwrap();
    assert!((1.1..1.25).contains(&ratio), "{pay}");
    let order: Vec<&str> = found
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix("pair ")?.split(' ').nth(3))
        .collect();
    assert_eq!(order[..4], ["base", "head", "head", "base"]);
}

#[test]
fn the_other_way_round_it_is_an_improvement() {
    let (_, found) = beside(&application(100), &application(120));
    let found = found.expect(0).stdout;
    assert!(found.contains("  improvement p50 of f/pay: "), "{found}");
}

#[test]
fn equal_versions_do_not_differ() {
    let (_, found) = beside(&application(100), &application(100));
    let found = found.expect(0).stdout;
    assert!(found.starts_with("PASS: no regression"), "{found}");
    assert!(found.contains("  no difference p50 of f/pay: "), "{found}");
}

#[test]
fn users_are_cut_into_blocks_and_a_head_that_fails_is_a_regression() {
    let base = application(1);
    let head = serve(|asked| {
        let status = if asked.line.ends_with("/pay") {
            "500 Oh"
        } else {
            "200 OK"
        };
        (status.into(), "ok".into())
    });
    let bench = Bench::with_steps(&head, STEPS, PROFILES);
    let arguments = ["--profile", "users", "--compare-to", &base, "--pairs", "5"];
    let found = bench.smoke(&arguments).expect(5).stdout;
    assert!(
        found.contains("  regression error rate of f/pay: 0 % → 100 %"),
        "{found}"
    );
    assert!(found.contains("users 400 ms"), "{found}");
}

#[test]
fn what_cannot_be_compared_is_refused_before_anything_is_sent() {
    let target = target();
    let bench = Bench::with_steps(&target.url(""), STEPS, PROFILES);
    let url = target.url("");
    for arguments in [
        &["--profile", "stairs"][..],
        &["--bail"],
        &["--pairs", "4"],
        &["s.yaml"],
    ] {
        let all: Vec<&str> = ["--compare-to", &url]
            .iter()
            .chain(arguments)
            .copied()
            .collect();
        bench.smoke(&all).expect(2);
    }
    assert_eq!(target.requests(), 0);
    let nobody = refused();
    let nobody = format!("http://{}", nobody.addr);
    bench.smoke(&["--compare-to", &nobody]).expect(6);
}

#[test]
fn a_target_with_itself_says_what_chance_does() {
    let bench = Bench::with_steps(&application(5), STEPS, PROFILES);
    let found = bench.run(&["calibrate", "s.yaml", "--pairs", "5", "--out", "out"]);
    let found = found.expect(0).stdout;
    for words in [
        "5 pairs of a target with itself",
        "  false alarms: ",
        "  p50 of f/pay: scatter ",
        "  suggested: ",
    ] {
        assert!(found.contains(words), "{words}: {found}");
    }
    let text = std::fs::read_to_string(bench.path("out/calibration.json")).unwrap();
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&json["pairs"], &json["exit"]["code"]),
        (&5.into(), &0.into())
    );
    bench
        .run(&["calibrate", "s.yaml", "--pairs", "4"])
        .expect(2);
    bench.run(&["calibrate", "none.yaml"]).expect(2);
}
