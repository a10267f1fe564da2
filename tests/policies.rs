//! Policies through the binary: one rule broken at a time fails its step and names both, or warns and passes.

mod broken;

use crate::support::cli::{Bench, Ran};
use crate::support::target::{Certificate, target, target_tls_with};
use broken::BROKEN;
use form_urlencoded::byte_serialize;

const SMOKE: &str = "  smoke: { passes: 1 }\n";

/// A smoke test of one step with one policy.
fn smoke(target: &str, step: &str, policy: &str) -> (Ran, Bench) {
    let steps =
        format!("      - {step}\n        name: page\n        policies:\n          - {policy}\n");
    let bench = Bench::with_steps(target, &steps, SMOKE);
    (bench.smoke(&[]), bench)
}

/// With settings, and with one more.
fn warning(policy: &str) -> String {
    match policy.strip_suffix(" }") {
        Some(settings) => format!("{settings}, level: warn }}"),
        None => format!("{policy}: {{ level: warn }}"),
    }
}

fn encoded(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

#[test]
fn a_broken_rule_fails_its_step_or_warns() {
    for (step, policy, label, finding) in BROKEN {
        let target = target();
        let (ran, _bench) = smoke(&target.url(""), step, policy);
        let ran = ran.expect(3);
        let word = policy.split(':').next().unwrap();
        let text = format!("{label}: policy {word}: ");
        assert!(ran.stdout.contains(&text), "{text}\n{}", ran.stdout);
        let result = ran.result();
        let row = row(&result, label);
        assert_eq!(row["failed"], 1, "{row}");
        assert!(row["failure"].as_str().unwrap().contains(finding), "{row}");
        let failure = &result["failures"][0];
        assert_eq!(failure["step"], label);
        assert!(
            failure["what"]
                .as_str()
                .unwrap()
                .starts_with(&format!("{word}: "))
        );
        assert!(
            failure["exhibits"][0]["curl"]
                .as_str()
                .unwrap()
                .starts_with("curl")
        );
        let junit = ran.report("junit.xml");
        let case = junit.split(&format!("name=\"{label}\"")).nth(1).unwrap();
        assert!(
            case.split("</testcase>")
                .next()
                .unwrap()
                .contains("<failure")
        );
        assert!(ran.report("report.html").contains("id=\"policies\""));
        assert!(ran.record().health.conserved);
        assert!(!row.to_string().contains("s3cret"));

        let target = crate::support::target::target();
        let (ran, _bench) = smoke(&target.url(""), step, &warning(policy));
        let ran = ran.expect(0);
        assert!(ran.stdout.contains("WARN"), "{}", ran.stdout);
        let row = self::row(&ran.result(), label).clone();
        assert_eq!(
            (&row["warned"], &row["failed"]),
            (&1.into(), &0.into()),
            "{row}"
        );
        assert!(row["warning"].as_str().unwrap().contains(finding), "{row}");
        assert!(ran.report("junit.xml").contains("warning: "));
    }
}

#[test]
fn results_with_policies_follow_the_published_schema() {
    let schema = serde_json::from_str(tollgate::report::SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let target = target();
    for (step, policy, code) in [
        ("get: /tea", "security headers", 3),
        ("get: /tea", "security headers: { level: warn }", 0),
    ] {
        let (ran, _bench) = smoke(&target.url(""), step, policy);
        let result = ran.expect(code).result();
        let problems: Vec<String> = validator
            .iter_errors(&result)
            .map(|e| format!("{}: {e}", e.instance_path()))
            .collect();
        assert!(problems.is_empty(), "{problems:#?}");
    }
}

#[test]
fn a_step_that_is_asked_for_brings_its_policies() {
    let target = target();
    let steps = "      - get: /ok
        name: page
        policies: [uptime]
      - get: /tea
";
    let bench = Bench::with_steps(&target.url(""), steps, SMOKE);
    for name in ["page", "f/page"] {
        let ran = bench.smoke(&["--step", name]).expect(0);
        assert!(
            ran.stderr.contains("f (page → page: head)"),
            "{}",
            ran.stderr
        );
    }
    assert_eq!((target.hits("/ok"), target.hits("/tea")), (4, 0));
}

#[test]
fn an_attempt_that_is_sent_again_fails_nothing() {
    let target = target();
    let steps = "      - get: /at-first?server=Apache%2F2.4.1
        name: page
        retry: 1
        policies:
          - no sensitive data
";
    let bench = Bench::with_steps(&target.url(""), steps, SMOKE);
    let ran = bench.smoke(&[]).expect(0);
    let row = row(&ran.result(), "f/page").clone();
    assert_eq!((&row["answers"], &row["failed"]), (&1.into(), &0.into()));
    assert!(ran.stdout.contains("Flaky"), "{}", ran.stdout);
    assert!(ran.record().health.conserved);
}

fn row<'r>(result: &'r serde_json::Value, label: &str) -> &'r serde_json::Value {
    let rows = result["policies"].as_array().unwrap();
    rows.iter()
        .find(|row| row["step"] == label)
        .unwrap_or_else(|| panic!("{label}: {rows:?}"))
}

#[test]
fn what_is_sound_passes_and_is_counted() {
    for (step, policy, requests) in [
        (
            "get: /careful",
            "security headers: { https: true, trusted types: on }",
            1,
        ),
        ("get: /careful", "cookies: { https: true }", 1),
        ("get: /with?server=nginx", "no sensitive data", 1),
        ("get: /gzip", "compressed: { above: 0 B }", 1),
        ("get: /with?x-cache=MISS", "cache", 1),
        (
            "get: /with?x-vercel-cache=STALE",
            "cache: { accept: [hit, stale] }",
            1,
        ),
        ("get: /with?server=nginx", "cache", 1),
        (
            "get: /cors?allow=https://a.test",
            "cors: { allowed: [https://a.test], refused: [https://evil.test], credentials: true }",
            5,
        ),
        (
            "post: /cors?allow=https://a.test",
            "cors: { allowed: [https://a.test], methods: [POST, PUT] }",
            3,
        ),
        ("get: /ok", "uptime", 2),
        ("get: /limited/3", "rate limited: { within: 4 }", 4),
        (
            "get: /limited/2?after=Sun%2C+06+Nov+1994+08%3A49%3A37+GMT",
            "rate limited: { within: 4 }",
            3,
        ),
    ] {
        let target = target();
        let (ran, _bench) = smoke(&target.url(""), step, policy);
        let ran = ran.expect(0);
        assert_eq!(target.requests(), requests, "{policy}");
        let result = ran.result();
        assert_eq!(result["totals"]["sent"], requests, "{policy}");
        assert_eq!(result["totals"]["ok"], requests, "{policy}");
        assert!(ran.record().health.conserved);
        assert!(
            !ran.stdout.contains("WARN") && ran.stdout.contains("Policies"),
            "{}",
            ran.stdout
        );
    }
}

#[test]
fn a_policy_on_caches_has_the_hit_ratio_counted() {
    let target = target();
    let (ran, _bench) = smoke(&target.url(""), "get: /with?x-cache=HIT", "cache");
    let ran = ran.expect(0);
    assert_eq!(ran.record().steps[0].measured.cache.hit, 1);
    let (ran, _bench) = smoke(&target.url(""), "get: /with?server=nginx", "cache");
    let ran = ran.expect(0);
    // No header is no data: nothing was judged, nothing is counted.
    assert_eq!(row(&ran.result(), "f/page")["nothing_to_judge"], 1);
    assert_eq!(ran.record().steps[0].measured.cache.cacheable(), 0);
}

#[test]
fn texts_come_compressed_or_the_step_fails() {
    let target = target();
    let long = format!("get: /with?body={}", "x".repeat(1_001));
    let (ran, _bench) = smoke(&target.url(""), &long, "compressed");
    let ran = ran.expect(3);
    assert!(
        ran.stdout.contains("came without a content-encoding"),
        "{}",
        ran.stdout
    );
    assert_eq!(
        target.seen("/with")[0].header("accept-encoding"),
        Some("gzip")
    );
    smoke(&target.url(""), &long, "compressed: { above: 2 kB }")
        .0
        .expect(0);
    let own = format!("{long}\n        headers: {{ accept-encoding: identity }}");
    smoke(&target.url(""), &own, "compressed").0.expect(0);
    assert_eq!(
        target.seen("/with")[2].header("accept-encoding"),
        Some("identity")
    );
}

#[test]
fn secrets_of_an_answer_are_in_no_report() {
    let key = "AKIAIOSFODNN7QWERTYU";
    let body = format!("the key is {key} and postgres://shop:hunter22@db/shop");
    let target = target();
    let step = format!("get: \"/with?body={}\"", encoded(&body));
    for (policy, code) in [
        ("no sensitive data", 3),
        ("no sensitive data: { level: warn }", 0),
    ] {
        // The URL holds the key, too: what is asked for is in the reports.
        let (ran, _bench) = smoke(&target.url(""), &step, policy);
        let ran = ran.expect(code);
        let row = row(&ran.result(), "f/page").clone();
        let found = if code == 3 {
            &row["failure"]
        } else {
            &row["warning"]
        };
        let found = found.as_str().unwrap();
        assert!(
            found.contains("an AWS access key in line 1 of the body: AKIA•••"),
            "{found}"
        );
        assert!(
            found.contains("a connection string with a password"),
            "{found}"
        );
        for name in ["junit.xml", "result.json", "report.html"] {
            let text = ran.report(name);
            assert!(
                !text.contains("hunter22@") && !text.contains(&format!("is {key}")),
                "{name}"
            );
        }
    }
}

#[test]
fn certificates_are_seen_to_end() {
    for (days, policy, code, found) in [
        (31, "certificate", 0, "failed"),
        (29, "certificate", 0, "warned"),
        (6, "certificate", 3, "failed"),
        (6, "certificate: { level: warn }", 0, "warned"),
        (
            6,
            "certificate: { warn: 5 days, fail: 3 days }",
            0,
            "failed",
        ),
    ] {
        let tls = target_tls_with(Certificate::EndsIn(days));
        let text = format!(
            "scenario: s\ntarget: {}\ntls: {{ ca: {} }}\npolicies:\n  - {policy}\nflows: {{ f: {{ steps: [{{ get: /ok, name: page }}] }} }}\n",
            tls.target.url(""),
            tls.ca().display()
        );
        let bench = Bench::new(&[("s.yaml", &text)]);
        let ran = bench.smoke(&[]).expect(code);
        let result = ran.result();
        let row = row(&result, "f/page");
        let expected = u64::from(code == 3 || found == "warned");
        assert_eq!(row[found], expected, "{days} {policy}: {row}");
    }
    let plain = target();
    let (ran, _bench) = smoke(&plain.url(""), "get: /ok", "certificate");
    let ran = ran.expect(0);
    assert_eq!(row(&ran.result(), "f/page")["nothing_to_judge"], 1);
}

#[test]
fn inner_policies_win_and_setup_has_its_own() {
    let target = target();
    let text = format!(
        "scenario: s\ntarget: {}\npolicies:\n  - security headers\n  - cookies\nsetup:\n  - get: /cookie/set\n    name: prepare\nflows:\n  f:\n    policies: [cookies: off]\n    steps:\n      - get: /careful\n        name: page\n      - get: /tea\n        name: tea\n        policies:\n          - security headers: {{ level: warn }}\n          - no sensitive data\n      - group: assets\n        steps:\n          - get: /ok\n            name: a\n            policies: [security headers: off, uptime]\n          - get: /ok\n            name: b\n            policies: [security headers: off]\n",
        target.url("")
    );
    let bench = Bench::new(&[("s.yaml", &text)]);
    let ran = bench.smoke(&[]).expect(0);
    let result = ran.result();
    let rows = result["policies"].as_array().unwrap();
    let named =
        |row: &serde_json::Value| format!("{} {} {}", row["step"], row["policy"], row["level"]);
    let names: Vec<String> = rows.iter().map(named).collect();
    assert_eq!(
        names,
        [
            "\"f/page\" \"security headers\" \"fail\"",
            "\"f/tea\" \"security headers\" \"warn\"",
            "\"f/tea\" \"no sensitive data\" \"fail\"",
            "\"f/a: head\" \"uptime\" \"fail\"",
        ]
    );
    assert_eq!(rows[3]["looked_at"], 1);
    assert_eq!(rows[3]["nothing_to_judge"], 0, "compared with its own step");
}

#[test]
fn load_takes_samples_and_says_so() {
    let target = target();
    let steps = "      - get: /careful?without=referrer-policy\n        name: page\n        policies:\n          - security headers: { level: warn }\n          - uptime\n          - cors: { refused: [https://evil.test] }\n          - rate limited\n";
    let bench = Bench::with_steps(
        &target.url(""),
        steps,
        "  load: { users: 2, duration: 1s }\n",
    );
    let plan = bench
        .run(&["plan", "s.yaml", "-p", "load", "--no-measure"])
        .expect(0);
    assert!(
        plan.stdout
            .contains("4 requests of policies are sent in smoke tests only"),
        "{}",
        plan.stdout
    );
    let ran = bench.smoke(&["--workers", "1"]);
    assert!(matches!(ran.code, Some(0 | 7)), "{}", ran.stdout);
    let result = ran.result();
    assert_eq!(result["steps"].as_array().unwrap().len(), 1);
    let row = row(&result, "f/page");
    let (answers, looked) = (
        row["answers"].as_u64().unwrap(),
        row["looked_at"].as_u64().unwrap(),
    );
    assert_eq!(
        looked,
        (0..answers).filter(|n| *n < 20 || n % 100 == 0).count() as u64
    );
    assert_eq!(row["warned"], looked);
    assert!(ran.stdout.contains("looked at"), "{}", ran.stdout);
    assert_eq!(
        target
            .seen("/careful")
            .iter()
            .filter(|s| s.method == "OPTIONS" || s.header("origin").is_some())
            .count(),
        0
    );
}

#[test]
fn findings_under_load_are_failed_checks_that_budgets_judge() {
    let target = target();
    let steps = "      - get: /tea\n        name: page\n        policies: [security headers]\n";
    let bench = Bench::with_steps(
        &target.url(""),
        steps,
        "  load: { users: 1, duration: 1s }\n",
    );
    let ran = bench.smoke(&[]).expect(3);
    assert!(
        ran.stdout
            .contains("security headers: no x-content-type-options"),
        "{}",
        ran.stdout
    );
    assert!(ran.record().health.conserved);
    bench.write("b.yaml", "budgets:\n  - check_rate > 1%\n");
    bench.smoke(&["--budgets", "b.yaml"]).expect(0);
}

#[test]
fn the_demo_shop_keeps_the_policies_of_its_example() {
    let shop = tollgate::demo::Shop::spawn_thread().unwrap();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/policies.yaml");
    let ran = Bench::new(&[])
        .run(&["run", file, "--target", &shop.url(), "--out", "out", "-v"])
        .expect(0);
    for word in tollgate::scenario::POLICIES {
        assert!(ran.stdout.contains(word), "{word}\n{}", ran.stdout);
    }
    assert!(!ran.stdout.contains("FAIL"), "{}", ran.stdout);
}
