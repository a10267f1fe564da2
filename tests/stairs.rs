//! Stairs against a target with a limiter: the run stays INVALID, and says which rates held before the wall.

use crate::support::cli::Bench;
use crate::support::serve::serve;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const STAIRS: &str = "  smoke: { passes: 1 }
  limit: { stairs: { from: 20 req/s, to: 60 req/s, step: 20 req/s, every: 2s }, arrivals: constant }
";

/// An application behind a limiter that has had enough after so many requests.
fn limited(after: u64) -> String {
    let count = Arc::new(AtomicU64::new(0));
    serve(move |request| {
        let asked = !request.line.starts_with("HEAD");
        if count.fetch_add(u64::from(asked), Ordering::Relaxed) < after {
            return ("200 OK".into(), "fine".into());
        }
        ("429 Too Many Requests".into(), String::new())
    })
}

/// Everything here holds on a machine too slow to offer the load, too: then the generator is at fault somewhere.
#[test]
fn a_limiter_ends_the_stairs_and_the_ones_before_it_keep_their_word() {
    let steps = "      - get: /\n        name: landing\n";
    let bench = Bench::with_steps(&limited(90), steps, STAIRS);
    bench.write("b.yaml", "budgets:\n  - p50 < 10s\n  - error_rate < 40%\n");
    let ran = bench
        .smoke(&["--budgets", "b.yaml", "-p", "limit"])
        .expect(7);
    let result = ran.result();
    let parts = result["parts"].as_array().unwrap();
    let names: Vec<&str> = parts.iter().map(|p| p["name"].as_str().unwrap()).collect();
    let expected = [
        "step 1 (20 req/s)",
        "step 2 (40 req/s)",
        "step 3 (60 req/s)",
    ];
    assert_eq!(names, expected);
    let planned: Vec<&Value> = parts.iter().map(|p| &p["planned_per_second"]).collect();
    assert_eq!(planned, [20.0, 40.0, 60.0]);
    let n: u64 = parts.iter().map(|p| p["n"].as_u64().unwrap()).sum();
    assert_eq!(Some(n), result["totals"]["n"].as_u64());
    let outcomes: Vec<&str> = parts
        .iter()
        .map(|p| p["outcome"].as_str().unwrap())
        .collect();
    let walled = ["refused", "generator_at_fault"];
    assert!(walled.contains(&outcomes[2]), "{outcomes:?}");
    let statement = result["statement"].as_str().unwrap();
    if outcomes == ["holds", "refused", "refused"] {
        let begins = "the last stair that holds is 20 req/s; at 40 req/s something in front of the target begins to refuse";
        assert!(statement.starts_with(begins), "{statement}");
    }

    let words: Vec<&str> = statement.split(' ').take(3).collect();
    let said = ran.stdout.split_once("\nStairs\n").unwrap().1;
    assert!(said.starts_with(&words.join(" ")), "{said}");
    assert_eq!(ran.report("parts.csv").lines().count(), 4);
    assert!(ran.report("report.html").contains("<h2>Stairs</h2>"));
    assert!(
        ran.report("junit.xml")
            .contains("<property name=\"stairs\"")
    );

    // The record holds it: judging again says the same; budgets that cannot be asked of a stair say so.
    bench
        .run(&["judge", "out", "--budgets", "b.yaml"])
        .expect(7);
    assert_eq!(ran.result()["parts"], result["parts"]);
    assert_eq!(ran.result()["statement"], result["statement"]);
}
