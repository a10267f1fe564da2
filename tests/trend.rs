//! `tollgate trend` as a user runs it: exit codes, text and JSON.

use crate::support::cli::Bench;
use serde_json::Value;

const STEP: &str = include_str!("../src/history/tests/step.csv");
const QUIET: &str = include_str!("../src/history/tests/quiet.csv");

#[test]
fn a_regression_at_the_newest_end_is_exit_5_and_named() {
    let bench = Bench::new(&[("step.csv", STEP), ("quiet.csv", QUIET)]);
    let ran = bench.run(&["trend", "step.csv"]).expect(5);
    for words in [
        "regression at night-41 (0000029): +1",
        "power: scatter",
        "newest run night-60: regression",
    ] {
        assert!(ran.stdout.contains(words), "{words}: {}", ran.stdout);
    }
    let better = bench
        .run(&["trend", "step.csv", "--better", "higher"])
        .expect(0);
    assert!(better.stdout.contains("improvement at night-41"));
    bench.run(&["trend", "quiet.csv"]).expect(0);
    let json = bench
        .run(&["trend", "step.csv", "--format", "json"])
        .expect(5);
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["exit"]["code"], 5);
    assert_eq!(json["series"][0]["changes"][0]["index"], 40);
}

#[test]
fn what_cannot_be_read_is_exit_2_with_its_line() {
    let bench = Bench::new(&[("bad.csv", "run,value\na,1\nb,12ms\n")]);
    let ran = bench.run(&["trend", "bad.csv"]).expect(2);
    assert!(ran.stderr.contains("bad.csv:3: `12ms`"), "{}", ran.stderr);
    bench.run(&["trend", "none.csv"]).expect(2);
}
