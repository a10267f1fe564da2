//! What a report is laid over: the runs before it, while it runs and again from its file.

use crate::support::cli::Bench;
use crate::support::target::target;
use std::fs;

const OVER: &str = "Latency by percentile, over the baseline";

/// A scenario with so many runs in its history, and the page of the last.
fn runs(count: usize) -> (Bench, String) {
    let target = target();
    let steps = "      - get: /ok\n        name: a\n";
    let profiles = "  smoke: { passes: 240, history: past }\n";
    let bench = Bench::with_steps(&target.url(""), steps, profiles);
    let page = |_, _| bench.smoke(&[]).report("report.html");
    let last = (0..count).fold(String::new(), page);
    (bench, last)
}

#[test]
fn a_run_with_a_history_is_laid_over_the_usual_of_the_runs_before() {
    let (bench, last) = runs(6);
    for part in [
        OVER,
        "Baseline: the usual of 5 runs before, at p50 and p95.",
        ">baseline</text>",
        "Against the runs before",
    ] {
        assert!(last.contains(part), "{part}");
    }
    // The same again from the file, judged by the runs before it, and nothing is added.
    let ran = bench.run(&["report", "out", "--out", "plain"]).expect(0);
    let page = |ran: &str| fs::read_to_string(bench.path(ran.trim())).unwrap();
    assert!(!page(&ran.stdout).contains(OVER));
    let again = ["report", "out", "--history", "past", "--out", "again"];
    let ran = bench.run(&again).expect(0);
    let page = page(&ran.stdout);
    let history = |page: &str| {
        let from = page.find("<section id=\"history\">").unwrap();
        let rest = &page[from..];
        rest[..rest.find("</section>").unwrap()].to_owned()
    };
    assert_eq!(history(&page), history(&last));
    assert!(page.contains(OVER));
    let list = bench.run(&["history", "--history", "past"]).expect(0);
    assert!(list.stdout.contains("6 runs"), "{}", list.stdout);
    // A history that is not there is not made.
    let nowhere = ["report", "out", "--history", "nowhere", "--out", "again"];
    bench.run(&nowhere).expect(2);
    assert!(!bench.path("nowhere").exists());
}
