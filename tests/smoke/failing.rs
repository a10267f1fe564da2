//! What a red smoke test shows: every check of the answer, what a page says, failures first, and a flow that goes on behind a
//! failed policy.

use super::bench;
use crate::support::target::target;
use serde_json::json;

const THREE: &str = "  a:
    steps:
      - get: /echo
        name: first
        capture: { method: json $.method }
        check:
          - status == 201
          - json $.method == \"GET\"
          - json $.nothing exists
          - duration < 20s
      - get: /ok
        name: second
";

#[test]
fn every_check_of_an_answer_is_evaluated_and_shown() {
    let target = target();
    let bench = bench(&target.url(""), THREE);
    let ran = bench.smoke(&["-v"]).expect(3);
    assert_eq!(target.hits("/ok"), 0, "the flow ends there");
    for line in [
        "FAIL        status == 201",
        "ok          json $.method == \"GET\"",
        "FAIL        json $.nothing exists",
        "ok          duration < 20s",
        "not reached capture method",
        "a/first: check status == 201",
        "a/first: check json $.nothing exists",
    ] {
        assert!(ran.stdout.contains(line), "{line} in\n{}", ran.stdout);
    }
    // Both are of one answer, which is shown once.
    assert_eq!(ran.stdout.matches("       curl").count(), 1);
    assert_eq!(ran.stdout.matches("       answer").count(), 1);
    let result = ran.result();
    let failures = result["failures"].as_array().unwrap();
    assert_eq!(failures.len(), 2, "{result}");
    let checks = &failures[0]["exhibits"][0]["checks"];
    let held: Vec<_> = checks
        .as_array()
        .unwrap()
        .iter()
        .map(|c| &c["held"])
        .collect();
    assert_eq!(held, [false, true, false, true]);
    let second = &failures[1]["exhibits"][0];
    assert_eq!(second["same_as"], "status == 201");
    assert!(
        second["actual"]
            .as_str()
            .is_some_and(|text| !text.is_empty())
    );
    assert_eq!(second["response_body"], "");
    let step = &result["steps"][0];
    assert_eq!((&step["n"], &step["check_failed"]), (&json!(1), &json!(1)));
    let junit = ran.report("junit.xml");
    assert!(
        junit.contains("message=\"status == 201: 1 of 1 request; json $.nothing exists\""),
        "{junit}"
    );
    assert!(
        ran.report("report.html")
            .contains("The same answer as of status == 201.")
    );
    assert!(ran.record().health.conserved);
}

#[test]
fn a_load_stops_at_the_first_check() {
    let target = target();
    let bench = bench(&target.url(""), THREE);
    let ran = bench.smoke(&["--profile", "load"]);
    let result = ran.result();
    assert_eq!(result["failures"].as_array().unwrap().len(), 1, "{result}");
}

#[test]
fn the_flow_goes_on_behind_a_failed_policy() {
    let target = target();
    let flows = "  a:
    steps:
      - get: /echo
        name: first
        policies: [security headers]
        capture: { method: json $.method }
      - get: /ok?m={{ method }}
        name: second
";
    let bench = bench(&target.url(""), flows);
    let ran = bench.smoke(&[]).expect(3);
    assert_eq!(target.hits("/ok"), 1, "{}", ran.stdout);
    let result = ran.result();
    assert_eq!(result["totals"]["skipped"], 0);
    assert_eq!(result["steps"][0]["check_failed"], 1);
    assert_eq!(result["steps"][1]["ok"], 1);
    assert!(ran.record().health.conserved);
    bench.smoke(&["--bail"]).expect(3);
    assert_eq!(target.hits("/ok"), 1, "not with --bail");
}

#[test]
fn a_failing_page_says_what_it_says() {
    let target = target();
    let flows = "  a:
    steps:
      - get: /crash
        name: first
  b:
    steps:
      - get: /crash/short
        name: other
";
    let bench = bench(&target.url(""), flows);
    let ran = bench.smoke(&[]).expect(3);
    for line in [
        "title     Server Error",
        "body      Whoops Undefined variable $cart <script>alert(1)</script>",
        "body      <html><p>short</p></html>",
    ] {
        assert!(ran.stdout.contains(line), "{line} in\n{}", ran.stdout);
    }
    assert!(!ran.stdout.contains("p { color"), "{}", ran.stdout);
    let result = ran.result();
    let exhibit = &result["failures"][0]["exhibits"][0];
    assert_eq!(exhibit["page"]["title"], "Server Error");
    let body = exhibit["response_body"].as_str().unwrap();
    assert!(body.contains("Undefined variable"), "{body}");
    assert_eq!(exhibit["response_cut"], true);
    let page = ran.report("report.html");
    assert!(page.contains("Undefined variable") && !page.contains("<script>alert(1)"));
    // As much of the trace as anybody may want to read, and no more.
    let lines = page.matches("app.php:17").count();
    assert!((2_000..6_000).contains(&lines), "{lines}");
    assert!(page.len() < 500_000, "{}", page.len());
    let junit = ran.report("junit.xml");
    assert!(junit.contains("title: Server Error"), "{junit}");
    assert!(junit.len() < 10_000, "{}", junit.len());
}

#[test]
fn failures_come_first_and_budgets_take_a_line() {
    let target = target();
    let flows = "  a:
    steps:
      - get: /ok
        name: fine
      - get: /status/500
        name: wrong
";
    let bench = bench(&target.url(""), flows);
    bench.write(
        "b.yaml",
        "budgets:\n  - p95 < 20s\n  - p50 < 20s\nguards:\n  - error_rate < 5% for 2h\n",
    );
    let ran = bench.smoke(&["--budgets", "b.yaml"]).expect(3);
    let at = |part: &str| {
        let place = ran.stdout.find(part);
        place.unwrap_or_else(|| panic!("{part} in\n{}", ran.stdout))
    };
    assert!(at("\nFailures\n") < at("\nSteps\n"));
    assert!(at("\nSteps\n") < at("\nBudgets\n"));
    at("p95 < 20s  50 % failed");
    at("1 budget is broken by the failures above alone");
    at("2 requests: a smoke pass, not evidence");
    at("NOT WATCHED");
    assert!(at("FAIL  `status < 400` in 1 of 1 request of a/wrong") > at("NOT WATCHED"));
    for part in ["HELD", "p99", "bounds", "response p50"] {
        assert!(!ran.stdout.contains(part), "{part} in\n{}", ran.stdout);
    }
}
