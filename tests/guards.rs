//! Guards and the webhook, through the binary: the run stops, its reports are written, somebody is told.

use crate::support::cli::Bench;
use crate::support::target::{Target, refused, target};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest as Metrics;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest as Traces;
use prost::Message as _;
use serde_json::Value;
use tollgate::notify::{SIGNATURE, signature};
use tollgate::record::RunRecord;

const FAILING: &str = "      - get: /status/500\n        name: a\n";
const GUARD: &str = "budgets: [error_rate < 100%]\nguards:\n  - error_rate < 5% for 2s\n";

/// A bench whose load would take ten minutes.
fn bench(target: &str, steps: &str, hook: &str) -> Bench {
    let bench = Bench::with_steps(target, steps, "  load: { users: 2, duration: 10m }\n");
    let scenario = std::fs::read_to_string(bench.path("s.yaml")).unwrap();
    bench.write("s.yaml", &format!("{hook}{scenario}"));
    bench.write("g.yaml", GUARD);
    bench
}

#[test]
fn what_hangs_behind_the_schedule_trips_no_guard() {
    let target = target();
    // Nothing has failed when the schedule ends after three seconds; what is left then only times out, for two more.
    let steps = "      - think: 0s..2s\n      - get: /ok\n        name: a\n      - get: /stall\n        name: b\n        timeout: 4s\n";
    let load = "  load: { users: 60, duration: 3s }\n";
    let bench = Bench::with_steps(&target.url(""), steps, load);
    let guard = "budgets: [error_rate < 99%]\nguards:\n  - error_rate < 20% for 1s\n";
    bench.write("g.yaml", guard);
    let ran = bench.smoke(&["--budgets", "g.yaml"]).expect(0);
    let result = ran.result();
    assert_eq!(
        result["guards"][0]["tripped_s"],
        Value::Null,
        "{}",
        ran.stdout
    );
    assert!(
        result["totals"]["timed_out"].as_u64().unwrap() >= 20,
        "{}",
        ran.stdout
    );
}

#[test]
fn eight_when_a_guard_trips_and_the_webhook_gets_one_signed_event() {
    let (target, hook) = (target(), target());
    let notify = format!(
        "secrets: [HOOK_SECRET]\nnotify: {{ webhook: \"{}\", secret: \"${{HOOK_SECRET}}\" }}\n",
        hook.url("/ok?key=k-kelp")
    );
    let bench = bench(&target.url(""), FAILING, &notify);
    bench.write(".env", "HOOK_SECRET=s-kelp-s-kelp\n");
    let ran = bench.smoke(&["--budgets", "g.yaml"]).expect(8);
    ran.all_reports();
    assert!(ran.stdout.contains("STOPPED"), "{}", ran.stdout);
    assert!(ran.stdout.contains("g.yaml:3"), "{}", ran.stdout);
    let result = ran.result();
    let guard = &result["guards"][0];
    let seconds = |key: &str| guard[key].as_f64().unwrap();
    assert_eq!(seconds("broken_since_s"), 0.0, "{guard}");
    assert!((2.0..=20.0).contains(&seconds("tripped_s")), "{guard}");
    assert!(ran.report("junit.xml").contains("type=\"guard\""));
    assert!(ran.report("report.html").contains("TRIPPED"));
    assert!(!ran.report("report.html").contains("k-kelp"));
    assert!(!ran.stderr.contains("kelp"), "{}", ran.stderr);

    let [told] = hook.seen("/ok").try_into().unwrap();
    assert_eq!(told.method, "POST");
    assert_eq!(
        told.header(SIGNATURE),
        Some(signature("s-kelp-s-kelp", &told.body).as_str())
    );
    let event: Value = serde_json::from_slice(&told.body).unwrap();
    assert_eq!(event["schema"], "tollgate.event/1");
    assert_eq!(
        (&event["code"], &event["severity"]),
        (&8.into(), &"critical".into())
    );
    assert_eq!(event["context"]["guards"][0], "error_rate < 5% for 2s");
    assert_eq!(event["environment"], format!("{}/", target.url("")));
    // What is stored says the same again.
    bench
        .run(&["judge", "out", "--budgets", "g.yaml"])
        .expect(8);
}

#[test]
fn a_guard_that_holds_says_how_near_it_came_and_nobody_is_told_of_a_pass() {
    let (target, hook) = (target(), target());
    let notify = format!("notify: {{ webhook: \"{}\" }}\n", hook.url("/ok"));
    let steps = "      - get: /flaky\n        name: a\n";
    let bench = Bench::with_steps(
        &target.url(""),
        steps,
        "  load: { users: 2, duration: 3s }\n",
    );
    let scenario = std::fs::read_to_string(bench.path("s.yaml")).unwrap();
    bench.write("s.yaml", &format!("{notify}{scenario}"));
    bench.write(
        "g.yaml",
        "budgets: [error_rate < 99%]\nguards: [error_rate < 5% for 2m, success_rate > 0.1% for 1s]\n",
    );
    let ran = bench.smoke(&["--budgets", "g.yaml"]).expect(0);
    let result = ran.result();
    let longest = result["guards"][0]["longest_broken_s"].as_f64().unwrap();
    assert!(longest >= 2.0, "{result}");
    assert_eq!(result["guards"][1]["longest_broken_s"], 0.0);
    assert!(ran.stdout.contains("HELD"), "{}", ran.stdout);
    assert_eq!(hook.requests(), 0);
}

#[test]
fn a_webhook_that_fails_is_a_warning_and_a_refusal_is_not_asked_again() {
    let target = target();
    let gone = refused();
    for (url, why, asked) in [
        (target.url("/status/404?key=k-kelp"), "it answered 404", 1),
        (format!("http://{}/x?key=k-kelp", gone.addr), "refused", 1),
    ] {
        let notify = format!("notify: {{ webhook: \"{url}\", on: [fail, pass] }}\n");
        let steps = "      - get: /ok\n        name: a\n";
        let bench = Bench::with_steps(&target.url(""), steps, "  smoke: { passes: 1 }\n");
        let scenario = std::fs::read_to_string(bench.path("s.yaml")).unwrap();
        bench.write("s.yaml", &format!("{notify}{scenario}"));
        let ran = bench.smoke(&[]).expect(0);
        assert!(
            ran.stderr.contains("warning: the webhook at 127.0.0.1"),
            "{}",
            ran.stderr
        );
        assert!(ran.stderr.contains(why), "{}", ran.stderr);
        assert!(!ran.stderr.contains("k-kelp"), "{}", ran.stderr);
        assert_eq!(target.hits("/status/404"), asked);
    }
}

/// A load that ends as soon as its budgets are decided, of twenty minutes otherwise.
fn decided(path: &str, budgets: &str, code: i32) -> (String, RunRecord) {
    let target = target();
    let steps = format!("      - think: 20ms\n      - get: {path}\n        name: a\n");
    let profile = "  load: { users: 4, duration: 20m, stop: when decided }\n";
    let bench = Bench::with_steps(&target.url(""), &steps, profile);
    bench.write("b.yaml", budgets);
    let ran = bench.smoke(&["--budgets", "b.yaml"]).expect(code);
    ran.all_reports();
    let result = ran.result();
    assert_eq!(result["run"]["stopped"], "ended early: decided");
    assert!(ran.record().health.conserved);
    // What is stored is judged in the same way.
    bench
        .run(&["judge", "out", "--budgets", "b.yaml"])
        .expect(code);
    (ran.stdout.clone(), ran.record())
}

#[test]
fn a_run_ends_at_once_when_nothing_works() {
    let (stdout, record) = decided("/status/500", "budgets: [error_rate < 1%, p95 < 1s]\n", 4);
    let last = stdout.lines().last().unwrap();
    assert!(last.starts_with("FAIL"), "{last}");
    assert!(last.contains("of 20 min, the rest was not run"), "{last}");
    let seen = record.decided.unwrap();
    assert_eq!(seen.broken.as_deref(), Some("error_rate < 1%"));
}

#[test]
fn a_run_ends_early_when_its_error_rates_are_decided() {
    let (_, record) = decided("/ok", "budgets: [error_rate < 2%, check_rate > 97%]\n", 0);
    assert!(record.decided.unwrap().measured >= 20_000_000_000);
}

fn a_collector_was_told(hooks: &Target) {
    let body = |path: &str| {
        let seen = hooks.seen(path).pop().unwrap();
        assert_eq!(seen.header("content-type"), Some("application/x-protobuf"));
        seen.body
    };
    let metrics = Metrics::decode(body("/echo/v1/metrics").as_slice()).unwrap();
    let metrics = &metrics.resource_metrics[0].scope_metrics[0];
    assert_eq!(metrics.scope.as_ref().unwrap().name, "tollgate");
    let spans = Traces::decode(body("/echo/v1/traces").as_slice()).unwrap();
    assert!(spans.resource_spans[0].scope_spans[0].spans.len() >= 2);
}

#[test]
fn everybody_is_told_in_their_own_form_and_a_pass_ends_what_a_failure_began() {
    let (target, hooks) = (target(), target());
    let notify = format!(
        "secrets: [KEY]\nnotify:\n  slack: \"{0}?key=${{KEY}}\"\n  alertmanager: {1}\n  pagerduty: {{ key: \"${{KEY}}\", url: \"{2}\" }}\n\
         \x20 otlp: {1}\n  file: told.ndjson\n  on: [fail, pass]\n",
        hooks.url("/ok"),
        hooks.url("/echo"),
        hooks.url("/status/200")
    );
    for (page, code, action) in [("/status/500", 3, "trigger"), ("/ok", 0, "resolve")] {
        let steps = format!(
            "      - get: {page}\n        name: a\n        headers: {{ x-key: \"${{KEY}}\", authorization: \"Bearer ${{KEY}}\" }}\n\
             \x20     - post: /echo\n        name: b\n        json: {{ key: \"${{KEY}}\" }}\n"
        );
        let bench = Bench::with_steps(&target.url(""), &steps, "  smoke: { passes: 1 }\n");
        let scenario = std::fs::read_to_string(bench.path("s.yaml")).unwrap();
        bench.write("s.yaml", &format!("{notify}{scenario}"));
        bench.write(".env", "KEY=k-kelp-k-kelp\n");
        let all = "markdown,comment,tap,gitlab,openmetrics,otlp-metrics,otlp-traces,events,steps";
        let ran = bench.smoke(&["--format", all, "-v"]).expect(code);
        assert!(!ran.stderr.contains("kelp"), "{}", ran.stderr);
        assert!(!ran.stdout.contains("kelp"), "{}", ran.stdout);
        for file in std::fs::read_dir(&ran.out).unwrap() {
            let path = file.unwrap().path();
            let text = std::fs::read(&path).unwrap();
            let text = String::from_utf8_lossy(&text);
            assert!(!text.contains("kelp"), "{}", path.display());
        }
        let body = |path: &str| -> Value {
            let seen = hooks
                .seen(path)
                .pop()
                .unwrap_or_else(|| panic!("{path}: {}", ran.stderr));
            assert_eq!(
                (seen.method.as_str(), seen.header("content-type")),
                ("POST", Some("application/json"))
            );
            serde_json::from_slice(&seen.body).unwrap()
        };
        assert!(
            body("/ok")["text"]
                .as_str()
                .unwrap()
                .starts_with("tollgate: ")
        );
        assert_eq!(body("/status/200")["event_action"], action);
        assert_eq!(body("/status/200")["routing_key"], "k-kelp-k-kelp");
        assert_eq!(body("/echo/api/v2/alerts")[0]["labels"]["scenario"], "s");
        a_collector_was_told(&hooks);
        let line: Value =
            serde_json::from_str(&std::fs::read_to_string(bench.path("told.ndjson")).unwrap())
                .unwrap();
        assert_eq!(line["code"], code);
    }
}
