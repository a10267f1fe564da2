//! Data for flows, through the real binary: who gets a row, and what happens behind the last one.

use crate::support::cli::Bench;
use crate::support::target::{Target, target};

/// A scenario whose one request takes its path from a feeder of three rows: 200, 201, 202.
fn bench(target: &Target, feeder: &str, profile: &str) -> Bench {
    let text = format!(
        "scenario: s\ntarget: {}\ndata: {{ row: {{ jsonl: rows.jsonl, {feeder} }} }}\nflows:\n  f:\n    steps:\n      - get: \"/status/{{{{ row.code }}}}\"\n        name: a\n        check: [status < 300]\nprofiles: {{ load: {{ {profile} }} }}\n",
        target.url("")
    );
    Bench::new(&[
        ("s.yaml", &text),
        (
            "rows.jsonl",
            "{\"code\": 200}\n{\"code\": 201}\n{\"code\": 202}\n",
        ),
    ])
}

fn hits(target: &Target) -> [u64; 3] {
    ["/status/200", "/status/201", "/status/202"].map(|path| target.hits(path))
}

#[test]
fn rows_go_to_iterations_users_or_the_run() {
    for (feeder, profile, expected) in [
        ("per: iteration", "passes: 4", [2, 1, 1]),
        ("per: run", "passes: 4", [4, 0, 0]),
        ("per: user", "passes: 4", [4, 0, 0]),
        ("order: unique, at_end: wrap", "passes: 5", [2, 2, 1]),
    ] {
        let target = target();
        bench(&target, feeder, profile).smoke(&[]).expect(0);
        assert_eq!(hits(&target), expected, "{feeder}, {profile}");
    }
}

#[test]
fn a_user_keeps_its_row_and_unique_rows_must_be_enough_for_the_users() {
    let target = target();
    let profile = "users: 2, duration: 500ms";
    let bench = bench(&target, "per: user, order: unique", profile);
    bench.smoke(&[]).expect(0);
    let [first, second, third] = hits(&target);
    assert!(
        first > 1 && second > 1 && third == 0,
        "{first} {second} {third}"
    );
    let text = std::fs::read_to_string(bench.path("s.yaml")).unwrap();
    bench.write("s.yaml", &text.replace("users: 2", "users: 4"));
    let ran = bench.smoke(&[]).expect(2);
    assert!(ran.stderr.contains("`row`"), "{}", ran.stderr);
}

#[test]
fn rows_that_run_out_drop_arrivals_and_are_told() {
    let target = target();
    let bench = bench(&target, "at_end: error", "passes: 5");
    let ran = bench.smoke(&[]);
    assert_ne!(ran.code, Some(0), "{}", ran.stdout);
    assert_eq!(hits(&target), [1, 1, 1]);
    assert_eq!(ran.record().counts.dropped_data, 2);
    assert!(ran.stdout.contains("dropped"), "{}", ran.stdout);
}
