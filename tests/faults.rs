//! What a server can do to a client, and how the run names it. Every fault ends the request within its timeout,
//! is counted under its own kind and leaves the run able to report.

mod frames;
mod table;

use crate::support::cli::{Bench, signal};
use crate::support::target::{Certificate, HOSTILE, target, target_tls, target_tls_with};
use tollgate::record::{Failure, What};

const SMOKE: &str = "  smoke: { passes: 1 }\n";

fn step(path: &str, more: &str) -> String {
    format!("      - get: {path}\n        name: a\n        timeout: 1s\n{more}")
}

/// The one failure of a smoke run with one step.
fn failure(target: &str, step: &str) -> What {
    let bench = Bench::with_steps(target, step, SMOKE);
    let ran = bench.smoke(&[]).expect(3);
    ran.all_reports();
    let record = ran.record();
    assert!(record.health.conserved);
    assert_eq!(record.failures.len(), 1, "{:?}", record.failures);
    assert_eq!(record.exhibits.len(), 1);
    record.failures[0].what
}

#[test]
fn broken_answers_have_their_kind() {
    let target = target();
    for (path, kind) in [
        ("/reset", Failure::Read),
        ("/close", Failure::Read),
        ("/half", Failure::Read),
        ("/garbage", Failure::Protocol),
        ("/bad-chunk", Failure::Protocol),
        ("/headers/5000", Failure::Protocol),
        ("/stall", Failure::Timeout),
        ("/slow-body?every=300", Failure::Timeout),
    ] {
        assert_eq!(
            failure(&target.url(""), &step(path, "")),
            What::Failure(kind),
            "{path}"
        );
    }
}

#[test]
fn endless_bodies_end_at_the_limit_or_the_timeout() {
    let target = target();
    let kept = step(
        "/endless",
        "        check:\n          - body contains \"never there\"\n",
    )
    .replace("1s", "20s");
    assert_eq!(
        failure(&target.url(""), &kept),
        What::Failure(Failure::BodyLimit)
    );
    let unread = failure(&target.url(""), &step("/endless", ""));
    assert!(
        matches!(unread, What::Failure(Failure::BodyLimit | Failure::Timeout)),
        "{unread:?}"
    );
}

#[test]
fn redirects_are_followed_within_their_limit_or_not_at_all() {
    let target = target();
    assert_eq!(
        failure(&target.url(""), &step("/loop", "        redirects: 5\n")),
        What::Failure(Failure::Redirect)
    );
    let bench = Bench::with_steps(
        &target.url(""),
        "      - get: /redirect/3\n        name: followed\n        redirects: 3\n        check: [status == 200]\n      - get: /redirect/3\n        name: first answer\n        check: [status == 302]\n",
        SMOKE,
    );
    bench.smoke(&[]).expect(0);
}

#[test]
fn odd_but_valid_answers_pass() {
    let target = target();
    let steps = "      - { get: /informational, name: a, check: [status == 200] }
      - { get: /chunked, name: b, check: [status == 200] }
      - { get: /gzip, name: c, check: [status == 200] }
      - { head: /ok, name: d }
      - { get: /status/204, name: e, check: [status == 204] }
      - { get: /status/304, name: f, check: [status == 304] }
";
    Bench::with_steps(&target.url(""), steps, SMOKE)
        .smoke(&[])
        .expect(0);
}

#[test]
fn requests_arrive_as_they_are_written() {
    let target = target();
    let steps = "      - post: /echo
        name: json
        query: { q: \"a b&c\" }
        headers: { X-Trace: \"t-1\" }
        json: { text: \"é \\\"x\\\"\", n: 1, list: [true, null] }
        capture:
          id: json $.method
      - put: /echo
        name: form
        form: { a: \"1 2\", method: \"{{ id }}\" }
      - delete: /echo
        name: text
        text: \"plain {{ id }}\"
      - get: /cookie/set
        name: set cookie
      - get: /cookie/show
        name: show cookie
";
    Bench::with_steps(&target.url(""), steps, SMOKE)
        .smoke(&[])
        .expect(0);
    let seen = target.seen("/echo");
    assert_eq!(seen[0].query, "q=a+b%26c");
    assert_eq!(seen[0].header("x-trace"), Some("t-1"));
    assert_eq!(seen[0].header("content-type"), Some("application/json"));
    assert_eq!(
        seen[0].header("host"),
        Some(target.addr.to_string().as_str())
    );
    assert_eq!(
        String::from_utf8_lossy(&seen[0].body),
        "{\"text\":\"é \\\"x\\\"\",\"n\":1,\"list\":[true,null]}"
    );
    assert_eq!(String::from_utf8_lossy(&seen[1].body), "a=1+2&method=POST");
    assert_eq!(String::from_utf8_lossy(&seen[2].body), "plain POST");
    assert!(
        target.seen("/cookie/show")[0].header("cookie").is_some(),
        "cookies come back"
    );
    assert_eq!(
        target.connections(),
        2,
        "one for the look at the target, one for the five requests"
    );
}

#[test]
fn certificates_are_verified_unless_told_otherwise() {
    let good = target_tls();
    let ca = good.ca().display().to_string();
    let run = |target: &str, tls: &str| {
        let text = format!(
            "scenario: s\ntarget: {target}\ntls: {tls}\nflows:\n  f:\n    steps:\n      - get: /ok\n        name: a\nprofiles:\n{SMOKE}"
        );
        Bench::new(&[("s.yaml", &text)]).smoke(&[])
    };
    run(&good.target.url(""), &format!("{{ ca: {ca} }}")).expect(0);
    run(&good.target.url(""), "{ insecure: true }").expect(0);
    assert!(
        run(&good.target.url(""), "{ insecure: false }")
            .expect(6)
            .stdout
            .contains("TLS")
    );
    for kind in [
        Certificate::Expired,
        Certificate::WrongHost,
        Certificate::SelfSigned,
    ] {
        let bad = target_tls_with(kind);
        run(
            &bad.target.url(""),
            &format!("{{ ca: {} }}", bad.ca().display()),
        )
        .expect(6);
        assert_eq!(bad.target.requests(), 0);
        run(&bad.target.url(""), "{ insecure: true }").expect(0);
    }
}

#[test]
fn a_target_that_dies_in_the_middle_leaves_a_whole_report() {
    let target = target();
    let bench = Bench::with_steps(
        &target.url(""),
        "      - get: /die/5\n        name: a\n      - think: 20ms\n",
        "  load: { users: 2, duration: 3s }\n",
    );
    let ran = bench.smoke(&[]).expect(3);
    ran.all_reports();
    let record = ran.record();
    assert!(record.health.conserved);
    let tally = &record.steps[0].measured;
    assert!(tally.ok < tally.sent && tally.failed > 0, "{tally:?}");
}

#[test]
fn hostile_text_stays_text_and_secrets_stay_secret() {
    let target = target();
    let text = format!(
        "scenario: s\ntarget: {}\nsecrets: [PASSWORD]\nflows:\n  f:\n    steps:\n      - post: /hostile\n        name: a\n        headers: {{ authorization: \"Bearer ${{PASSWORD}}\", x-key: \"${{PASSWORD}}\" }}\n        json: {{ password: \"${{PASSWORD}}\" }}\n        check:\n          - body contains \"never there\"\nprofiles:\n{SMOKE}",
        target.url("")
    );
    let bench = Bench::new(&[("s.yaml", &text), (".env", "PASSWORD=planted-s3cret\n")]);
    let ran = bench.smoke(&[]).expect(3);
    let mut outputs = vec![
        ("stdout", ran.stdout.clone()),
        ("stderr", ran.stderr.clone()),
    ];
    for name in [
        "report.html",
        "summary.csv",
        "windows.csv",
        "result.json",
        "junit.xml",
    ] {
        outputs.push((name, ran.report(name)));
    }
    outputs.push(("run.tg", serde_json::to_string(&ran.record()).unwrap()));
    assert!(HOSTILE.contains("<script>"));
    assert_eq!(
        target.seen("/hostile")[0].header("x-key"),
        Some("planted-s3cret"),
        "the target gets it"
    );
    for (name, text) in outputs {
        assert!(!text.contains("planted-s3cret"), "{name} shows the secret");
        assert!(
            !text.contains('\u{1b}') && !text.contains('\0'),
            "{name} has control characters"
        );
        assert!(
            name != "report.html" || !text.contains("<script>alert"),
            "{name} has the script"
        );
        assert!(
            !name.starts_with("std") || !text.lines().any(|line| line.starts_with("::")),
            "{name} talks to the CI runner"
        );
    }
}

#[test]
fn requests_without_an_answer_are_never_left_out_of_a_verdict() {
    // Every flow sends `a`, which is answered, then thinks longer than the run and its grace… the second step is
    // then never sent, and that is not a pass.
    let target = target();
    let steps = "      - get: /ok\n        name: a\n      - think: 10m\n      - get: /ok\n        name: b\n";
    let bench = Bench::with_steps(
        &target.url(""),
        steps,
        "  load: { rate: 20 req/s, duration: 1s }\n",
    );
    let child = bench.start(&[]);
    assert!(target.wait_for("/ok", 3, std::time::Duration::from_secs(20)));
    signal(&child, "-INT");
    let ran = bench.ran(child.wait_with_output().unwrap()).expect(130);
    let record = ran.record();
    // Ctrl-C wakes those who think: whoever is not woken ends with the worker, and is neither stopped nor skipped.
    let flow = &record.flows[0];
    assert!(flow.started > 0 && flow.completed == 0, "{flow:?}");
    assert_eq!(flow.stopped, flow.started, "{flow:?}");
    assert_eq!(record.steps[1].measured.skipped, flow.stopped);
}

#[test]
fn an_interrupted_smoke_test_lets_its_request_end_and_waits_no_longer() {
    let target = target();
    let steps = "      - get: /delay/700\n        name: a\n      - get: /ok\n        name: b\n";
    let bench = Bench::with_steps(&target.url(""), steps, SMOKE);
    let child = bench.start(&[]);
    assert!(target.wait_for("/delay/700", 1, std::time::Duration::from_secs(20)));
    signal(&child, "-INT");
    let ran = bench.ran(child.wait_with_output().unwrap()).expect(130);
    let record = ran.record();
    assert_eq!(
        (
            record.steps[0].measured.ok,
            record.steps[0].measured.aborted
        ),
        (1, 0)
    );
    assert_eq!(target.hits("/ok"), 0);
}

#[test]
fn secrets_in_checks_and_fresh_captures_are_masked_too() {
    let target = target();
    let steps = r#"      - post: /echo
        name: a
        json: { sid: abcdef123456789 }
        capture:
          sid: { from: 'regex "abcdef[0-9]+"', secret: true }
        check:
          - 'body contains "${WORD}"'
      - get: /ok
        name: b
        headers: { x-sid: "{{ sid }}" }
"#;
    let text = format!(
        "scenario: s\ntarget: {}\nsecrets: [WORD]\nflows:\n  f:\n    steps:\n{steps}profiles:\n{SMOKE}",
        target.url("")
    );
    let bench = Bench::new(&[("s.yaml", &text), (".env", "WORD=hunter2secret\n")]);
    let ran = bench.smoke(&[]).expect(3);
    let run = serde_json::to_string(&ran.record()).unwrap();
    for text in [
        &ran.stdout,
        &ran.report("report.html"),
        &ran.report("junit.xml"),
        &ran.report("result.json"),
        &run,
    ] {
        assert!(!text.contains("hunter2secret"), "{text}");
        assert!(!text.contains("abcdef123456789"), "{text}");
    }
}

#[test]
fn files_with_the_same_scenario_name_have_folders_of_their_own() {
    let target = target();
    let bench = Bench::with_steps(
        &target.url(""),
        "      - get: /status/404\n        name: a\n",
        SMOKE,
    );
    let second = std::fs::read_to_string(bench.path("s.yaml"))
        .unwrap()
        .replace("/status/404", "/ok");
    bench.write("t.yaml", &second);
    bench
        .run(&["run", "s.yaml", "t.yaml", "--out", "out"])
        .expect(3);
    for (folder, failures) in [("s", "failures=\"1\""), ("s-2", "failures=\"0\"")] {
        let junit =
            std::fs::read_to_string(bench.path(&format!("out/{folder}/junit.xml"))).unwrap();
        assert!(junit.contains(failures), "{folder}: {junit}");
    }
}

#[test]
fn a_profile_that_the_scenario_has_not_cannot_be_judged_by() {
    let target = target();
    let bench = Bench::with_steps(
        &target.url(""),
        "      - get: /ok\n        name: a\n",
        SMOKE,
    );
    bench.write("b.yaml", "budgets:\n  - p95 < 1us during lauch\n");
    bench.smoke(&[]).expect(0);
    bench
        .run(&["judge", "out", "--budgets", "b.yaml"])
        .expect(2);
}

#[test]
fn under_load_a_captured_host_is_not_contacted_and_not_called_a_redirect() {
    let target = target();
    let steps = r#"      - get: /echo?h=example.invalid
        name: a
        capture:
          host: 'regex "example[.]invalid"'
      - get: "http://{{ host }}/a"
        name: b
      - think: 50ms
"#;
    let bench = Bench::with_steps(
        &target.url(""),
        steps,
        "  load: { users: 1, duration: 1s }\n",
    );
    let record = bench.smoke(&[]).expect(3).record();
    let whats: Vec<What> = record.failures.iter().map(|f| f.what).collect();
    assert_eq!(whats, [What::Failure(Failure::Unsendable)]);
    assert!(
        record.exhibits[0]
            .actual
            .as_ref()
            .unwrap()
            .contains("allow:")
    );
}
