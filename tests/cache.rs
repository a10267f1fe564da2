//! What caches say, from the headers of a server to the verdict and the reports.

use crate::support::cli::{Bench, Ran};
use crate::support::serve::serve;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tollgate::record::RunRecord;

/// A server behind a cache: of ten answers to `/page` one is a miss and one is stale; `/plain` says nothing, and
/// `/account` is never cached.
fn cached() -> String {
    let count = Arc::new(AtomicU64::new(0));
    serve(move |request| {
        let said = match request.line.as_str() {
            "GET /page" => match count.fetch_add(1, Ordering::Relaxed) % 10 {
                0 => "\r\nx-cache-status: MISS",
                5 => "\r\nx-cache-status: STALE",
                _ => "\r\nx-cache-status: HIT",
            },
            "GET /account" => "\r\ncf-cache-status: DYNAMIC",
            _ => "",
        };
        (format!("200 OK{said}"), "x".into())
    })
}

/// A short load on one path, judged by budgets.
fn load(url: &str, path: &str, budgets: &str) -> (Bench, Ran) {
    let steps = format!("      - get: {path}\n        name: images\n      - think: 1ms\n");
    let profile = "  smoke: { passes: 1 }\n  load: { users: 4, duration: 1s }\n";
    let bench = Bench::with_steps(url, &steps, profile);
    bench.write("b.yaml", &format!("budgets:\n{budgets}"));
    let arguments = ["--budgets", "b.yaml", "-p", "load"];
    let enough = |record: &RunRecord| record.steps[0].measured.sent >= 300;
    let ran = bench.load(&arguments, None, enough);
    (bench, ran)
}

#[test]
fn hit_rates_are_judged_and_shown() {
    let url = cached();
    let (bench, ran) = load(&url, "/page", "  - cache_hit_rate of images > 80%\n");
    let ran = ran.expect(0);
    let record = ran.record();
    let cache = record.steps[0].measured.cache;
    assert!(
        cache.hit > 5 * cache.miss && cache.stale > 0 && cache.miss > 0,
        "{cache:?}"
    );
    assert_eq!(cache.cacheable(), record.steps[0].measured.ok);
    assert_eq!(ran.result()["steps"][0]["cache_hit"], cache.hit);
    assert_eq!(ran.result()["totals"]["cache_miss"], cache.miss);
    for report in [
        &ran.stdout,
        &ran.report("report.html"),
        &ran.report("junit.xml"),
    ] {
        assert!(
            report.contains("cache hit") && report.contains("cache stale"),
            "{report}"
        );
    }
    assert!(
        ran.report("summary.csv")
            .contains("cache_hit,cache_stale,cache_miss,cache_bypass")
    );
    // The counts are stored: another budget needs no other run.
    bench.write("strict.yaml", "budgets:\n  - cache_hit_rate > 95%\n");
    bench
        .run(&["judge", "out", "--budgets", "strict.yaml"])
        .expect(4);
}

#[test]
fn nothing_said_is_no_data_and_passing_by_is_no_miss() {
    let url = cached();
    for (path, left_out) in [
        ("/plain", "say nothing of a cache"),
        ("/account", "passed a cache by"),
    ] {
        let (_bench, ran) = load(&url, path, "  - cache_hit_rate > 1%\n");
        let ran = ran.expect(7);
        let note = ran.result()["budgets"][0]["note"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(
            note.contains("whether a cache gave it") && note.contains(left_out),
            "{note}"
        );
    }
    // Nobody asks, so nobody looks.
    let (_bench, ran) = load(&url, "/page", "  - error_rate < 1%\n");
    assert_eq!(
        ran.expect(0).record().steps[0].measured.cache.cacheable(),
        0
    );
}

#[test]
fn checks_read_the_same_words() {
    let url = cached();
    let steps = "      - get: /page
        name: first
        check: cache == \"miss\"
      - get: /page
        name: second
        check: cache in [\"hit\", \"stale\"]
      - get: /account
        name: account
        check: cache == \"bypass\"
      - get: /plain
        name: plain
        check: cache not exists
      - get: /plain
        name: wrong
        check: cache == \"hit\"
";
    let bench = Bench::with_steps(&url, steps, "  smoke: { passes: 1 }\n");
    bench.write("b.yaml", "budgets:\n  - cache_hit_rate of second > 80%\n");
    let ran = bench.smoke(&["--budgets", "b.yaml"]).expect(3);
    assert!(
        ran.stdout
            .contains("no header says whether a cache answered"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("NOT RUN"), "{}", ran.stdout);
    assert_eq!(ran.result()["checks"].as_array().unwrap().len(), 1);
}
