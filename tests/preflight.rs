//! The request that each host gets before a load: how many, which, and what becomes of a run without an answer.

use crate::support::cli::{Bench, signal};
use crate::support::target::{Target, target};
use std::time::Duration;

const LOAD: &str = "  load: { users: 2, duration: 300ms }\n";
const ONE: &str = "      - get: /ok\n        name: a\n      - think: 50ms\n";

fn heads(target: &Target, path: &str) -> Vec<String> {
    let seen = target.seen(path);
    let heads = seen.iter().filter(|seen| seen.method == "HEAD");
    heads
        .map(|seen| seen.header("user-agent").unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn a_load_asks_every_host_once_and_does_not_count_it() {
    let (target, other) = (target(), target());
    let steps = format!(
        "{ONE}      - post: {}\n        name: b\n",
        other.url("/echo")
    );
    let bench = Bench::with_steps(&target.url(""), &steps, LOAD);
    let ran = bench.smoke(&[]);
    let (ours, theirs) = (heads(&target, "/ok"), heads(&other, "/"));
    assert_eq!((ours.len(), theirs.len()), (1, 1));
    assert!(ours[0].ends_with("(preflight)"), "{ours:?}");
    let sent: u64 = ran.record().steps.iter().map(|s| s.measured.sent).sum();
    assert_eq!(target.requests() + other.requests(), sent + 2);
}

#[test]
fn a_smoke_test_and_a_scenario_that_says_so_ask_nothing() {
    for (profile, top) in [
        ("  smoke: { passes: 1 }\n", ""),
        (LOAD, "preflight: false\n"),
    ] {
        let target = target();
        Bench::with_steps(&target.url(""), ONE, &format!("{profile}{top}")).smoke(&[]);
        assert!(heads(&target, "/ok").is_empty(), "{profile}{top}");
        assert!(target.requests() > 0);
    }
}

#[test]
fn any_status_is_an_answer_and_what_is_no_http_is_not() {
    for (path, code) in [
        ("/status/503", 3),
        ("/garbage", 6),
        ("/half-head", 6),
        ("/close", 6),
        ("/half", 3),
    ] {
        let target = target();
        let steps = format!("      - get: {path}\n        name: a\n      - think: 50ms\n");
        let bench = Bench::with_steps(&target.url(""), &steps, LOAD);
        let ran = bench.smoke(&[]).expect(code);
        ran.all_reports();
        let told = format!("`HEAD {path}` before the load; `preflight: false`");
        assert_eq!(ran.stdout.contains(&told), code == 6, "{}", ran.stdout);
        let record = ran.record();
        let sent: u64 = record.steps.iter().map(|s| s.measured.sent).sum();
        assert_eq!(sent == 0, code == 6, "no load without an answer");
    }
}

#[test]
fn a_target_that_takes_connections_and_answers_nobody_can_be_interrupted() {
    let target = target();
    let steps = "      - get: /stall\n        name: a\n";
    let bench = Bench::with_steps(&target.url(""), steps, LOAD);
    let child = bench.start(&[]);
    assert!(target.wait_for("/stall", 1, Duration::from_secs(20)));
    signal(&child, "-INT");
    let ran = bench.ran(child.wait_with_output().unwrap()).expect(130);
    ran.all_reports();
    assert_eq!(target.requests(), 1, "no load was sent");
}
