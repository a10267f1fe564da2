//! Ctrl-C and SIGTERM at any moment of a run: every report that was asked for is there, whole, and says that the run was cut off.

use crate::support::cli::{Bench, Ran, signal};
use crate::support::target::target;
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::thread;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);
const FORMATS: &str =
    "markdown,comment,tap,gitlab,openmetrics,otlp-metrics,otlp-traces,events,steps";

/// Interrupts a load when the target has seen this many requests, of which some are slow.
fn interrupted(moment: u64, name: &str, code: i32, word: &str) {
    let target = target();
    let bench = Bench::with_steps(
        &target.url(""),
        "      - get: /ok\n        name: a\n      - think: 1ms..20ms\n      - get: /delay/100\n        name: b\n",
        "  load: { users: 3, warmup: 300ms, duration: 10m }\n",
    );
    bench.write(
        "b.yaml",
        "budgets: [p95 < 5s]\nguards: [error_rate < 50% for 2m]\n",
    );
    let child = bench.start(&["--budgets", "b.yaml", "--format", FORMATS]);
    assert!(target.wait_for("/ok", moment, PATIENCE), "{moment}");
    signal(&child, name);
    let ran = bench.ran(child.wait_with_output().unwrap());
    assert_eq!(
        ran.code,
        Some(code),
        "{name} at request {moment}: {}",
        ran.stderr
    );
    all_say(&ran, code, word);
}

/// Every format, read by its own rules.
fn all_say(ran: &Ran, code: i32, word: &str) {
    ran.all_reports();
    let line = ran.stdout.lines().last().unwrap();
    assert!(line.starts_with(word), "{line}");
    for name in ["report.html", "summary.md", "comment.md"] {
        assert!(ran.report(name).contains(word), "{name}");
    }
    let json = |name: &str| serde_json::from_str::<Value>(&ran.report(name)).unwrap();
    let result = ran.valid_result();
    assert_eq!(result["exit"]["code"], code);
    assert_eq!(result["exit"]["reason"], word.to_lowercase());
    assert!(result["run"]["stopped"].is_string(), "{result}");
    let junit = quick_junit::Report::deserialize_from_str(&ran.report("junit.xml")).unwrap();
    assert!(junit.errors >= 1, "the run is not valid");
    assert!(ran.report("results.tap").contains("\nnot ok "));
    for name in ["summary.csv", "windows.csv", "steps.csv"] {
        let text = ran.report(name);
        let mut rows = csv::Reader::from_reader(text.as_bytes());
        assert!(rows.records().all(|row| row.is_ok()), "{name}");
    }
    let metrics = ran.report("metrics.txt");
    assert!(metrics.ends_with("# EOF\n"));
    let exit = metrics
        .lines()
        .find(|l| l.starts_with("tollgate_run_exit{"));
    assert!(exit.unwrap().ends_with(&format!(" {code}")), "{exit:?}");
    assert!(json("otlp-metrics.json").is_object() && json("otlp-traces.json").is_object());
    assert!(json("load-performance.json")["metrics"].is_object());
    let events = ran.report("events.ndjson");
    let last: Value = serde_json::from_str(events.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["event"], &last["exit"]["code"]),
        (&"end".into(), &code.into())
    );
    let record = ran.record();
    assert!(record.health.conserved && record.stop.is_some());
    for entry in std::fs::read_dir(&ran.out).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!name.contains(".tmp"), "{name} was not finished");
    }
}

/// Ten moments, two at a time.
fn at_ten_moments(name: &'static str, code: i32, word: &'static str) {
    let at = |moments: [u64; 5]| moments.map(|moment| interrupted(moment, name, code, word));
    thread::scope(|scope| {
        scope.spawn(|| at([1, 4, 13, 31, 80]));
        scope.spawn(|| at([2, 7, 18, 44, 62]));
    });
}

#[test]
fn reports_are_whole_whenever_the_run_is_interrupted() {
    at_ten_moments("-INT", 130, "INTERRUPTED");
}

#[test]
fn reports_are_whole_whenever_the_run_is_terminated() {
    at_ten_moments("-TERM", 143, "TERMINATED");
}

#[test]
fn the_second_interrupt_exits_at_once() {
    let target = target();
    let steps = "      - get: /stall\n        name: a\n        timeout: 60s\n";
    let bench = Bench::with_steps(
        &target.url(""),
        steps,
        "  load: { rate: 50 req/s, duration: 10m }\npreflight: false\n",
    );
    let mut child = bench.start(&[]);
    assert!(target.wait_for("/stall", 5, PATIENCE));
    signal(&child, "-INT");
    // The first one has arrived once it was answered.
    let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(stderr.any(|line| line.unwrap().contains("stopping")));
    signal(&child, "-INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    // Who waits for what is in flight writes reports then.
    assert!(!bench.path("out/run.tg").exists());
}
