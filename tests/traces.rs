//! `trace:` through the binary: every request has a trace, some are kept, and reports lead to those that matter.

use crate::support::cli::Bench;
use crate::support::target::target;
use std::collections::BTreeSet;

const STEPS: &str = "      - get: /ok\n        name: a\n      - get: /ok\n        name: own\n        headers: { traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00 }\n      - get: /status/500\n        name: broken\n";

fn bench(target: &str, trace: &str, profiles: &str) -> Bench {
    let bench = Bench::with_steps(target, STEPS, profiles);
    let scenario = std::fs::read_to_string(bench.path("s.yaml")).unwrap();
    bench.write("s.yaml", &format!("{trace}\n{scenario}"));
    bench
}

fn parts(header: &str) -> (String, String, String) {
    let parts: Vec<&str> = header.split('-').collect();
    assert_eq!((parts.len(), parts[0]), (4, "00"), "{header}");
    assert_eq!((parts[1].len(), parts[2].len()), (32, 16), "{header}");
    (parts[1].into(), parts[2].into(), parts[3].into())
}

#[test]
fn a_smoke_test_keeps_every_trace_and_reports_lead_there() {
    let target = target();
    let trace = "trace: { sampled: 0%, url: \"https://jaeger.test/trace/{trace_id}?a=1&b=2\" }";
    let bench = bench(&target.url(""), trace, "  smoke: { passes: 1 }\n");
    let ran = bench.smoke(&["-v"]).expect(3);
    let seen = target.seen("/status/500");
    let (id, _, flags) = parts(seen[0].header("traceparent").unwrap());
    assert_eq!(flags, "01");
    let ok = target.seen("/ok");
    let ids: BTreeSet<String> = ok
        .iter()
        .map(|seen| parts(seen.header("traceparent").unwrap()).0)
        .collect();
    assert_eq!(ids.len(), 2);
    assert!(
        ids.contains("4bf92f3577b34da6a3ce929d0e0e4736"),
        "its own stays"
    );
    let link = format!("https://jaeger.test/trace/{id}?a=1&b=2");
    let result = ran.valid_result();
    let shown = &result["failures"][0]["exhibits"][0]["trace"];
    assert_eq!(shown["id"], id.as_str(), "{result}");
    assert_eq!(
        (&shown["sampled"], &shown["url"]),
        (&true.into(), &link.as_str().into())
    );
    assert_eq!(result["steps"][0]["slowest"][0]["trace"]["sampled"], true);
    assert!(
        result["steps"][1]["slowest"].is_null(),
        "its own trace is not kept"
    );
    assert!(
        ran.stdout.replace(['\n', ' '], "").contains(&id),
        "{}",
        ran.stdout
    );
    let html = ran.report("report.html");
    let escaped = link.replace('&', "&#38;");
    assert!(html.contains(&format!("<a href=\"{escaped}\"")), "{html}");
    assert!(ran.report("junit.xml").contains(&id));
    bench.run(&["judge", "out"]).expect(3);
}

#[test]
fn a_load_keeps_a_share_and_no_two_runs_share_an_id() {
    let target = target();
    let bench = bench(
        &target.url(""),
        "trace: 30%",
        "  load: { users: 4, duration: 1s }\n",
    );
    let mut ids = BTreeSet::new();
    let mut kept = 0;
    for _ in 0..2 {
        bench.smoke(&["--seed", "7"]).expect(3);
    }
    let seen = target.seen("/status/500");
    for seen in &seen {
        let (id, _, flags) = parts(seen.header("traceparent").unwrap());
        kept += u64::from(flags == "01");
        ids.insert(id);
    }
    assert_eq!(ids.len(), seen.len());
    let share = kept as f64 / seen.len() as f64;
    assert!(
        seen.len() < 100 || (0.1..0.5).contains(&share),
        "{kept} of {}",
        seen.len()
    );
}

#[test]
fn nothing_is_sent_that_nobody_asked_for() {
    let target = target();
    let bench = Bench::with_steps(
        &target.url(""),
        "      - get: /ok\n        name: a\n",
        "  smoke: { passes: 1 }\n",
    );
    let ran = bench.smoke(&[]).expect(0);
    assert_eq!(target.seen("/ok")[0].header("traceparent"), None);
    assert!(ran.result()["steps"][0]["slowest"].is_null());
}
