//! Targets that protect themselves: a load that did not reach the application is INVALID, a smoke test says who answered.

use crate::support::cli::{Bench, Ran};
use crate::support::serve::serve;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tollgate::record::RunRecord;

/// An application that answers well so many times, and then like this.
fn turning(after: u64, then: &'static str, page: &'static str) -> String {
    let count = Arc::new(AtomicU64::new(0));
    serve(move |request| {
        let asked = !request.line.starts_with("HEAD");
        if count.fetch_add(u64::from(asked), Ordering::Relaxed) < after {
            return ("200 OK".into(), "fine".into());
        }
        (then.into(), page.into())
    })
}

const CHALLENGE: &str = "403 Forbidden\r\ncf-mitigated: challenge\r\ncontent-type: text/html";
const WALL: &str = "429 Too Many Requests\r\nretry-after: 1";

/// A short load on `/`, with an error budget that any of these breaks.
fn load(server: impl Fn() -> String, check: &str) -> (Bench, Ran) {
    let steps = format!("      - get: /\n        name: landing\n{check}      - think: 1ms\n");
    let profile = "  smoke: { passes: 1 }\n  load: { users: 4, duration: 1s }\n";
    let bench = Bench::with_steps("http://127.0.0.1:1", &steps, profile);
    bench.write("b.yaml", "budgets:\n  - error_rate < 1%\n");
    // One that turns has done so for long, and one that does not has shown it.
    let arguments = ["--budgets", "b.yaml", "-p", "load"];
    let enough = |record: &RunRecord| record.steps[0].measured.sent >= 500;
    let ran = bench.load(&arguments, Some(&server), enough);
    (bench, ran)
}

#[test]
fn a_load_that_is_challenged_halfway_is_invalid_and_says_what_to_do() {
    let (bench, ran) = load(|| turning(100, CHALLENGE, "<p>just a moment"), "");
    let ran = ran.expect(7);
    let sentence = ran.result()["sentence"].as_str().unwrap().to_owned();
    for words in [
        "answers that Cloudflare gave in the application's place: ",
        "limit 0.1 %",
        "WAF rule with the action Skip",
    ] {
        assert!(sentence.contains(words), "{sentence}");
    }
    let report = ran.report("report.html");
    assert!(report.contains("not the application"), "{report}");
    // The record holds it: judging again says the same.
    bench
        .run(&["judge", "out", "--budgets", "b.yaml"])
        .expect(7);
}

#[test]
fn a_wall_that_nobody_declared_is_invalid_and_a_declared_one_is_not() {
    let (_bench, ran) = load(|| turning(100, WALL, ""), "");
    let ran = ran.expect(7);
    let sentence = ran.result()["sentence"].as_str().unwrap().to_owned();
    assert!(
        sentence.contains("403 or 429 that no check declares"),
        "{sentence}"
    );
    assert!(sentence.contains("after 100 that passed"), "{sentence}");
    assert!(sentence.contains("f/landing"), "{sentence}");

    let declared = "        check: status in [200, 403, 429]\n";
    load(|| turning(100, WALL, ""), declared).1.expect(0);
    load(|| turning(100, CHALLENGE, ""), declared).1.expect(0);
    // Refused from the beginning: that is how the application answers, and the budget judges it.
    load(|| turning(0, WALL, ""), "").1.expect(4);
    // Another failure halfway is no protection.
    load(|| turning(100, "503 Service Unavailable", "overloaded"), "")
        .1
        .expect(4);
}

#[test]
fn a_smoke_test_says_who_answered() {
    for (then, page, who) in [
        (CHALLENGE, "", "Cloudflare"),
        (
            "202 Accepted\r\nx-amzn-waf-action: challenge",
            "",
            "AWS WAF",
        ),
        (
            "200 OK\r\ncontent-type: text/html",
            "<title>Vercel Security Checkpoint</title>",
            "Vercel",
        ),
    ] {
        let check = if page.is_empty() {
            ""
        } else {
            "        check: json $.ok == true\n"
        };
        let steps = format!("      - get: /\n        name: landing\n{check}");
        let bench = Bench::with_steps(&turning(0, then, page), &steps, "  smoke: { passes: 1 }\n");
        let ran = bench.smoke(&[]).expect(3);
        let bare: String = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        let words = format!("a challenge or a block of {who}, not the application");
        assert!(bare.contains(&words), "{}", ran.stdout);
    }
}
