//! What smoke tests have beside load: filters, `--bail`, `--jobs`, `--watch`, `--debug`, `-v`.

mod failing;

use crate::support::cli::{Bench, signal};
use crate::support::target::target;
use std::process::Command;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);
const TWO: &str = "  a:
    steps:
      - get: /ok
        name: first
      - get: /status/200
        name: second
        check: [status == 200, duration < 20s]
      - get: /status/202
        name: third
  b:
    steps:
      - get: /status/201
        name: other
";

fn bench(target: &str, flows: &str) -> Bench {
    let text = format!(
        "scenario: s\ntarget: {target}\nflows:\n{flows}profiles:\n  smoke: {{ passes: 1 }}\n  load: {{ users: 1, duration: 1s }}\n"
    );
    Bench::new(&[("s.yaml", &text)])
}

#[test]
fn filters_keep_what_stands_before_the_step() {
    let target = target();
    let bench = bench(&target.url(""), TWO);
    let hits = || ["/ok", "/status/200", "/status/202", "/status/201"].map(|p| target.hits(p));
    let ran = bench.smoke(&["--step", "second"]).expect(0);
    assert_eq!(hits(), [1, 1, 0, 0]);
    assert!(
        ran.stderr
            .contains("selected: a (first → second); 1 of 2 flows left out"),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.result()["steps"].as_array().unwrap().len(), 2);
    bench.smoke(&["--flow", "b", "--quiet"]).expect(0);
    assert_eq!(hits(), [1, 1, 0, 1]);
    for (flag, name, expected) in [
        ("--step", "secnd", "did you mean `--step second`?"),
        ("--flow", "c", "did you mean `--flow"),
        ("--tag", "slow", "it has no tags"),
    ] {
        let ran = bench.smoke(&[flag, name]).expect(2);
        assert!(ran.stderr.contains(expected), "{}", ran.stderr);
    }
    let ran = bench.smoke(&["--flow", "b", "--profile", "load"]).expect(2);
    assert!(
        ran.stderr.contains("`--flow` is for smoke tests"),
        "{}",
        ran.stderr
    );
    assert_eq!(hits(), [1, 1, 0, 1], "nothing was sent");
}

#[test]
fn budgets_of_steps_that_were_left_out_are_not_judged() {
    let target = target();
    let bench = bench(&target.url(""), TWO);
    bench.write("b.yaml", "budgets:\n  - error_rate of other <= 0%\n");
    let ran = bench
        .smoke(&["--budgets", "b.yaml", "--step", "first"])
        .expect(0);
    assert!(
        ran.stderr.contains("budgets are not judged"),
        "{}",
        ran.stderr
    );
    bench.run(&["judge", "out"]).expect(0);
}

#[test]
fn bail_stops_at_the_first_failure_and_counts_the_rest() {
    let target = target();
    let flows = TWO.replace("/ok", "/status/500");
    let bench = bench(&target.url(""), &flows);
    bench.smoke(&[]).expect(3);
    assert_eq!(
        target.hits("/status/201"),
        1,
        "without it the next flow runs"
    );
    let ran = bench.smoke(&["--bail"]).expect(3);
    assert_eq!(target.hits("/status/201"), 1);
    assert_eq!(ran.result()["totals"]["skipped"], 3);
    assert!(ran.record().health.conserved);
    // The next file is not run either.
    let text = std::fs::read_to_string(bench.path("s.yaml")).unwrap();
    bench.write("t.yaml", &text.replace("scenario: s", "scenario: t"));
    let ran = bench
        .run(&["run", "s.yaml", "t.yaml", "--bail", "--out", "o"])
        .expect(3);
    assert!(
        ran.stderr.contains("t.yaml was not run: --bail"),
        "{}",
        ran.stderr
    );
}

#[test]
fn files_run_at_the_same_time_with_one_exit_code_and_whole_summaries() {
    let target = target();
    let bench = bench(&target.url(""), TWO);
    let text = std::fs::read_to_string(bench.path("s.yaml")).unwrap();
    let names = ["t", "u", "v"];
    for name in names {
        let other = text.replace("scenario: s", &format!("scenario: {name}"));
        bench.write(&format!("{name}.yaml"), &other);
    }
    let broken = text
        .replace("scenario: s", "scenario: w")
        .replace("/ok", "/status/404");
    bench.write("w.yaml", &broken);
    let files = ["s.yaml", "t.yaml", "u.yaml", "v.yaml", "w.yaml"];
    let arguments = [&["run", "--jobs", "3", "--out", "out"], &files[..]].concat();
    let ran = bench.run(&arguments).expect(3);
    assert_eq!(target.hits("/status/201"), 5);
    // A verdict ends a summary before the next begins.
    let heads: Vec<&str> = ran
        .stdout
        .lines()
        .filter(|line| {
            line.contains(" · profile smoke")
                || line.starts_with("PASS")
                || line.starts_with("FAIL")
        })
        .collect();
    assert_eq!(heads.len(), 10, "{}", ran.stdout);
    for pair in heads.chunks(2) {
        assert!(
            pair[0].contains("profile") && !pair[1].contains("profile"),
            "{heads:?}"
        );
    }
}

#[test]
fn verbose_shows_every_check() {
    let target = target();
    let flows = TWO.replace(
        "status == 200, duration",
        "status == 200, status == 204, duration",
    );
    let bench = bench(&target.url(""), &flows);
    let ran = bench.smoke(&["-v"]).expect(3);
    for line in [
        "ok          status == 200",
        "FAIL        status == 204",
        "ok          duration < 20s",
    ] {
        assert!(ran.stdout.contains(line), "{line} in\n{}", ran.stdout);
    }
    bench.smoke(&["-v", "-q"]).expect(2);
}

#[test]
fn debug_prints_exchanges_masked() {
    let target = target();
    let flows = "  a:
    steps:
      - post: /echo
        name: first
        headers: { authorization: Bearer abc-hunter2, x-key: \"${KEY}\" }
        text: \"key ${KEY} and \\e[31m::error::\"
        capture: { again: { from: body, secret: true } }
      - get: /ok
        name: second
        headers: { x-again: \"{{ again }}\" }
";
    let bench = bench(&target.url(""), flows);
    let secret = format!(
        "secrets: [KEY]\n{}",
        std::fs::read_to_string(bench.path("s.yaml")).unwrap()
    );
    bench.write("s.yaml", &secret);
    let ran = bench.smoke(&["--debug", "-e", "KEY=hunter2"]);
    for line in [
        "* a/first\n> POST http://",
        "> authorization: •••\n",
        "> x-key: •••{KEY}\n",
        "< 200 OK after ",
    ] {
        assert!(ran.stderr.contains(line), "{line} in\n{}", ran.stderr);
    }
    assert!(
        !ran.stderr.contains("hunter2") && !ran.stderr.contains('\u{1b}'),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.lines().any(|l| l.trim_start().starts_with("::")));
}

#[test]
fn watch_runs_again_when_a_file_changes_until_it_is_interrupted() {
    let target = target();
    let bench = bench(&target.url(""), TWO);
    let child = bench.start(&["--watch"]);
    assert!(target.wait_for("/status/201", 1, PATIENCE));
    // A change in the middle of a run counts, and so does one of a broken file.
    let text = std::fs::read_to_string(bench.path("s.yaml")).unwrap();
    bench.write("s.yaml", &text.replace("/status/201", "/status/203"));
    assert!(target.wait_for("/status/203", 1, PATIENCE));
    bench.write(
        "s.yaml",
        &text.replace("/status/201", "/status/204?and=more"),
    );
    assert!(target.wait_for("/status/204", 1, PATIENCE));
    signal(&child, "-INT");
    let ran = bench.ran(child.wait_with_output().unwrap()).expect(130);
    assert!(ran.stderr.contains("watching 2 files"), "{}", ran.stderr);
    ran.all_reports();
}

#[test]
fn the_curl_line_of_a_failure_can_be_run_and_holds_no_secret() {
    let target = target();
    let flows = "  a:
    steps:
      - put: /status/500
        name: first
        headers: { x-key: \"${KEY}\", authorization: \"Bearer ${KEY}\", x-odd: \"it's $(id) `id`\" }
        json: { a: \"$HOME\" }
";
    let bench = bench(&target.url(""), flows);
    let text = std::fs::read_to_string(bench.path("s.yaml")).unwrap();
    bench.write("s.yaml", &format!("secrets: [KEY]\n{text}"));
    let ran = bench.smoke(&["-e", "KEY=hunter2"]).expect(3);
    let line = ran
        .stdout
        .lines()
        .find_map(|line| line.trim().strip_prefix("curl "))
        .unwrap_or_else(|| panic!("{}", ran.stdout));
    for report in [
        ran.report("result.json"),
        ran.report("junit.xml"),
        ran.report("report.html"),
    ] {
        assert!(report.contains("curl -i") && !report.contains("hunter2"));
    }
    assert!(!ran.stdout.contains("hunter2"));
    // A curl that only says what it was given.
    let output = Command::new("sh")
        .args([
            "-c",
            &format!("curl() {{ printf '%s\\n' \"$@\"; }}; {}", line.trim()),
        ])
        .env("KEY", "hunter2")
        .output()
        .unwrap();
    let given = String::from_utf8(output.stdout).unwrap();
    for argument in [
        "PUT",
        "x-key: hunter2",
        "authorization: Bearer hunter2",
        "x-odd: it's $(id) `id`",
        "{\"a\":\"$HOME\"}",
    ] {
        assert!(
            given.lines().any(|l| l == argument),
            "{argument} in\n{given}\nof {line}"
        );
    }
}

/// What a line gives to curl, and what it sends to its input.
fn given(line: &str) -> String {
    let script = format!("curl() {{ printf '%s\\n' \"$@\"; cat; }}; {line}");
    let output = Command::new("sh")
        .args(["-c", &script])
        .env("KEY", "hunter2")
        .env("COOKIE", "session=1")
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{line}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_passed_is_shown_with_a_curl_line_that_runs() {
    let target = target();
    let flows = "  a:
    steps:
      - get: /cookie/set
        name: sign in
      - post: /echo
        name: lines
        text: \"a\\n%s 'b' \\\\ ${KEY}\\u200b\\n\"
        check: [status == 200]
      - post: /echo
        name: upload
        multipart: { title: 'x; \"y\"', note: '@home', cat: { file: cat.png, type: image/png, filename: c.png } }
      - put: /echo
        name: blob
        file: cat.png
";
    let bench = bench(&target.url(""), flows);
    let text = std::fs::read_to_string(bench.path("s.yaml")).unwrap();
    bench.write("s.yaml", &format!("secrets: [KEY]\n{text}"));
    bench.write("cat.png", "no cat");
    let ran = bench.smoke(&["-v", "-e", "KEY=hunter2"]).expect(0);
    let result = ran.result();
    let exchange = |step: usize| &result["steps"][step]["exchanges"][0];
    assert_eq!(
        exchange(1)["checks"],
        serde_json::json!([{ "check": "status == 200", "held": true, "expected": "== 200", "actual": "number 200" }])
    );
    let curl = |step: usize| exchange(step)["curl"].as_str().unwrap();
    for (step, expected) in [
        (1, "cookie: session=1\n"),
        (1, "--data-binary\n@-\na\n%s 'b' \\ hunter2\u{200b}\n"),
        (
            2,
            "-F\ntitle=\"x; \\\"y\\\"\"\n-F\nnote=\"@home\"\n-F\ncat=@cat.png;type=image/png;filename=c.png\n",
        ),
        (3, "--data-binary\n@cat.png\n"),
    ] {
        let given = given(curl(step));
        assert!(given.contains(expected), "{expected} in\n{given}");
        assert!(ran.stdout.contains(curl(step)), "{}", ran.stdout);
    }
    for line in ["ok          status == 200", "time      "] {
        assert!(ran.stdout.contains(line), "{line} in\n{}", ran.stdout);
    }
    let html = ran.report("report.html");
    for part in [
        "<summary>a/upload",
        "<span class=\"word\">ok</span> status == 200",
    ] {
        assert!(html.contains(part), "{part}");
    }
    for text in [
        &ran.stdout,
        &html,
        &result.to_string(),
        &ran.report("junit.xml"),
    ] {
        assert!(!text.contains("hunter2") && !text.contains("session=1"));
    }
}

#[test]
fn attempts_of_flaky_steps_and_bodies_of_failures_are_shown() {
    let target = target();
    let flows = "  a:
    steps:
      - get: /sequence/500,200
        name: shaky
        retry: 1
      - get: /status/404
        name: gone
";
    let bench = bench(&target.url(""), flows);
    let ran = bench.smoke(&[]).expect(3);
    for line in [
        "a/shaky: 1 flaky",
        "attempt   status < 400",
        "body      turn 0",
        "body      status 404",
    ] {
        assert!(ran.stdout.contains(line), "{line} in\n{}", ran.stdout);
    }
    let result = ran.result();
    let attempt = &result["steps"][0]["exchanges"][0];
    assert_eq!(
        (&attempt["retried"], &attempt["status"]),
        (&true.into(), &500.into())
    );
    assert_eq!(result["failures"].as_array().unwrap().len(), 1);
    let junit = ran.report("junit.xml");
    assert!(
        junit.contains("sent again at s.yaml:6: status &lt; 400"),
        "{junit}"
    );
    assert!(ran.report("report.html").contains("a/shaky <b>flaky</b>"));
}

#[test]
fn members_of_variables_are_sent_and_a_path_into_nothing_is_told() {
    let target = target();
    let flows = "  a:
    steps:
      - get: /status/20{{ shop.lines[0].n }}
        name: first
        check: status == \"20{{ shop.lines[0].n }}\"
      - set: { line: \"{{ shop.lines[0] }}\" }
      - get: /ok?sku={{ line.sku }}
        name: second
      - get: /ok?sku={{ shop.lines[3].sku }}
        name: third
";
    let bench = bench(&target.url(""), flows);
    let text = std::fs::read_to_string(bench.path("s.yaml")).unwrap();
    let variables = "variables: { shop: { lines: [{ sku: a1, n: 2 }] } }\n";
    bench.write("s.yaml", &format!("{variables}{text}"));
    let ran = bench.smoke(&["-v"]).expect(3);
    assert_eq!((target.hits("/status/202"), target.hits("/ok")), (1, 1));
    assert!(ran.stdout.contains("/ok?sku=a1"), "{}", ran.stdout);
    let actual = ran.result()["failures"][0]["exhibits"][0]["actual"].clone();
    assert_eq!(
        actual,
        "`shop.lines[3].sku` finds nothing: `shop` holds object {\"lines\":[{\"sku\":\"a1\",\"n\":2}]}"
    );
}

#[test]
fn a_flow_without_weight_is_of_smoke_tests_only() {
    let target = target();
    let text = format!(
        "target: {}\nflows:\n  browse:\n    steps: [{{ get: /ok }}]\n  probes:\n    weight: 0\n    steps: [{{ get: /ok, name: probe }}]\nprofiles:\n  smoke: {{ passes: 1 }}\n  load: {{ users: 1, duration: 300ms }}\n",
        target.url("")
    );
    let bench = Bench::new(&[("s.yaml", &text)]);
    for (profile, steps) in [("smoke", 2), ("load", 1)] {
        let ran = bench.smoke(&["--profile", profile]);
        assert!(matches!(ran.code, Some(0 | 7)), "{}", ran.stdout);
        let result = ran.result();
        assert_eq!(
            result["steps"].as_array().unwrap().len(),
            steps,
            "{profile}"
        );
    }
}
