//! What servers say of themselves, through the binary: pages read beside the load, a Prometheus server asked after it,
//! and budgets on both in the one verdict.

use crate::support::cli::{Bench, Ran};
use crate::support::serve::serve;
use crate::support::target::{Target, refused, target};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const STEPS: &str = "      - get: /ok\n        name: a\n";
const LOAD: &str = "  load: { users: 1, duration: 2s }\n";
const HOSTILE: &str = "<script>alert(1)</script>\\u001b[2J\\n::error::";

/// A server with pages about itself; its counter grows by one with every look.
fn server() -> String {
    let looks = Arc::new(AtomicU64::new(0));
    serve(move |asked| {
        let looks = looks.fetch_add(1, Ordering::Relaxed);
        let text = |text: String| ("200 OK".to_owned(), text);
        match asked.line.as_str() {
            "GET /metrics" => text(format!(
                "# TYPE looks counter\nlooks {looks}\n# TYPE jobs gauge\n\
                 jobs{{queue=\"mail\"}} 30\njobs{{queue=\"print\"}} 12\ncpu_ratio 0.93\nbad NaN\nbroken{{ 1\n"
            )),
            "GET /health" => {
                text("{\"pool\":{\"active\":7},\"ok\":true,\"name\":\"x\"}".to_owned())
            }
            "GET /hostile" => text(format!("{{\"a\":\"{HOSTILE}\"}}")),
            _ => ("404 Not Found".to_owned(), String::new()),
        }
    })
}

/// A run of one second, with `observe:` and budgets.
fn bench(target: &Target, observe: &str, budgets: &str) -> Bench {
    let bench = Bench::with_steps(&target.url(""), STEPS, LOAD);
    let scenario = std::fs::read_to_string(bench.path("s.yaml")).unwrap();
    bench.write(
        "s.yaml",
        &format!("observe:\n  every: 100ms\n{observe}{scenario}"),
    );
    bench.write("b.yaml", budgets);
    bench
}

fn observed(server: &str) -> String {
    format!(
        "  metrics:\n    url: {server}/metrics\n    values:\n      looks: looks\n      mail: jobs{{queue=\"mail\"}}\n      \
         jobs: jobs\n      cpu: cpu_ratio\n  health: {{ url: \"{server}/health\", values: {{ pool: $.pool.active, ok: $.ok }} }}\n"
    )
}

fn budget<'a>(result: &'a Value, text: &str) -> &'a Value {
    let budgets = result["budgets"].as_array().unwrap();
    budgets.iter().find(|b| b["text"] == text).unwrap()
}

fn judged(ran: &Ran, text: &str) -> (String, String) {
    let result = ran.result();
    let one = budget(&result, text);
    let word = |key: &str| one[key].as_str().unwrap_or("none").to_owned();
    (word("outcome"), word("actual"))
}

#[test]
fn pages_beside_the_load_are_in_every_report_and_in_the_verdict() {
    let target = target();
    let budgets = "budgets:\n  - error_rate < 100%\n  - server mail < 31\n  - server jobs mean <= 42\n  - server cpu p95 < 95%\n  \
                   - server pool last < 8\n  - server ok min >= 1\n  - server looks > 0\n";
    let bench = bench(&target, &observed(&server()), budgets);
    let ran = bench.smoke(&["--budgets", "b.yaml"]).expect(0);
    ran.all_reports();
    let result = ran.valid_result();
    let names: Vec<&str> = result["server"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["looks", "mail", "jobs", "cpu", "pool", "ok"]);
    assert_eq!(
        judged(&ran, "server mail < 31"),
        ("pass".into(), "30".into())
    );
    assert_eq!(judged(&ran, "server jobs mean <= 42").1, "42");
    assert_eq!(judged(&ran, "server cpu p95 < 95%").1, "93 %");
    let worst = budget(&result, "server cpu p95 < 95%")["worst"]
        .as_str()
        .unwrap();
    assert!(worst.contains("of the measured phase"), "{worst}");
    assert!(ran.stdout.contains("Server\n"), "{}", ran.stdout);
    assert!(
        ran.report("report.html")
            .contains("<section id=\"server\">")
    );
    assert!(
        ran.report("server.csv")
            .starts_with("name,from,at_s,value\n")
    );
    assert!(ran.report("junit.xml").contains("server cpu p95"));
    // The budgets are judged again, and others, without the server.
    bench.write(
        "other.yaml",
        "budgets: [server cpu < 90%, error_rate < 100%]\n",
    );
    let again = bench
        .run(&["judge", "out", "--budgets", "other.yaml"])
        .expect(4);
    assert!(
        again
            .stdout
            .contains("max of server cpu is 93 %, limit 90 %"),
        "{}",
        again.stdout
    );
    let unknown = "budgets: [server gone < 90%]\n";
    bench.write("other.yaml", unknown);
    bench
        .run(&["judge", "out", "--budgets", "other.yaml"])
        .expect(2);
}

#[test]
fn four_when_a_server_says_that_it_suffers() {
    let target = target();
    let budgets =
        "budgets:\n  - error_rate < 100%\n  - server mail < 30\n  - warn: server cpu < 50%\n";
    let bench = bench(&target, &observed(&server()), budgets);
    let ran = bench.smoke(&["--budgets", "b.yaml"]).expect(4);
    assert_eq!(
        judged(&ran, "server mail < 30"),
        ("fail".into(), "30".into())
    );
    assert!(ran.stdout.contains("FAIL"), "{}", ran.stdout);
}

#[test]
fn seven_and_a_warning_when_a_server_cannot_be_read() {
    let (target, server, gone) = (target(), server(), refused());
    for (observe, why) in [
        (
            format!("  metrics: {{ url: \"{server}/metrics\", values: {{ x: bad }} }}\n"),
            "its value was NaN",
        ),
        (
            format!("  metrics: {{ url: \"{server}/metrics\", values: {{ x: broken }} }}\n"),
            "no line of its format",
        ),
        (
            format!("  metrics: {{ url: \"{server}/metrics\", values: {{ x: absent }} }}\n"),
            "no series `absent`",
        ),
        (
            format!("  metrics: {{ url: \"{server}/nowhere\", values: {{ x: cpu }} }}\n"),
            "it answered 404",
        ),
        (
            format!("  health: {{ url: \"{server}/health\", values: {{ x: $.gone }} }}\n"),
            "json $.gone",
        ),
        (
            format!("  health: {{ url: \"{server}/health\", values: {{ x: $.name }} }}\n"),
            "is no number",
        ),
        (
            format!("  health: {{ url: \"{server}/hostile\", values: {{ x: $.a }} }}\n"),
            "is no number",
        ),
        (
            format!(
                "  health: {{ url: \"http://{}/h\", values: {{ x: $.a }} }}\n",
                gone.addr
            ),
            "refused",
        ),
    ] {
        let bench = bench(
            &target,
            &observe,
            "budgets:\n  - error_rate < 100%\n  - server x < 1\n",
        );
        let ran = bench.smoke(&["--budgets", "b.yaml"]).expect(7);
        ran.valid_result();
        assert_eq!(judged(&ran, "server x < 1").0, "undecided", "{observe}");
        assert!(
            ran.stderr.contains("readings of `x` failed"),
            "{}",
            ran.stderr
        );
        assert!(ran.stderr.contains(why), "{why}: {}", ran.stderr);
        assert!(!ran.report("report.html").contains("<script>alert"));
        for shown in [&ran.stderr, &ran.stdout] {
            assert!(
                !shown.contains('\u{1b}') && !shown.contains("\n::error"),
                "{shown}"
            );
        }
    }
}

/// A Prometheus API: `up` is 0.5 at every asked second, `two` has two series, `bad` is refused.
fn prometheus() -> String {
    serve(|asked| {
        let form: Vec<(String, String)> = form_urlencoded::parse(asked.body.as_bytes())
            .into_owned()
            .collect();
        let field = |name: &str| {
            let found = form.iter().find(|(own, _)| own == name);
            found.map_or(String::new(), |(_, value)| value.clone())
        };
        let ok = "200 OK\r\ncontent-type: application/json".to_owned();
        let series = |value: &str| {
            let (start, end): (f64, f64) = (
                field("start").parse().unwrap(),
                field("end").parse().unwrap(),
            );
            let step: f64 = field("step").parse().unwrap();
            let count = ((end - start) / step).floor() as u64 + 1;
            let values = (0..count).map(|i| format!("[{},\"{value}\"]", start + i as f64 * step));
            let values = values.collect::<Vec<_>>().join(",");
            format!("{{\"metric\":{{}},\"values\":[{values}]}}")
        };
        let matrix = |series: &str| {
            format!(
                "{{\"status\":\"success\",\"data\":{{\"resultType\":\"matrix\",\"result\":[{series}]}}}}"
            )
        };
        assert_eq!(asked.line, "POST /base/api/v1/query_range");
        assert_eq!(asked.header("authorization"), "Bearer t-kelp");
        match field("query").as_str() {
            "up" => (ok, matrix(&series("0.5"))),
            "nan" => (ok, matrix(&series("NaN"))),
            "none" => (ok, matrix("")),
            "two" => (ok, matrix(&[series("1"), series("2")].join(","))),
            "page" => (ok, "<html>".to_owned()),
            _ => (
                "400 Bad Request".to_owned(),
                "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"parse error\"}"
                    .to_owned(),
            ),
        }
    })
}

#[test]
fn prometheus_is_asked_for_the_measured_time() {
    let target = target();
    let observe = format!(
        "  prometheus:\n    url: {}/base/\n    headers: {{ authorization: Bearer t-kelp }}\n    values: {{ ratio: up }}\n",
        prometheus()
    );
    let sentence = |sentence: &str, code: u8, outcome: &str, said: &str| {
        let budgets = format!("budgets:\n  - error_rate < 100%\n  - {sentence}\n");
        let bench = bench(&target, &observe, &budgets);
        let ran = bench.smoke(&["--budgets", "b.yaml"]).expect(code.into());
        let result = ran.result();
        let one = &result["budgets"][1];
        assert_eq!(one["outcome"], outcome, "{sentence}: {one}");
        let told = format!("{} {}", one["actual"], one["note"]);
        assert!(told.contains(said), "{sentence}: {told}");
        assert!(!ran.stdout.contains("kelp"));
        bench
    };
    sentence("\"prometheus cpu: 'up' < 70%\"", 0, "pass", "50 %");
    sentence("prometheus cpu p95: up < 0.6", 0, "pass", "0.5");
    sentence("prometheus db: up < 600ms", 0, "pass", "500 ms");
    sentence("server ratio last >= 0.5", 0, "pass", "0.5");
    let bench = sentence("prometheus cpu: up < 40%", 4, "fail", "50 %");
    // Another limit on what was asked; nothing is known of what was not.
    bench.write(
        "o.yaml",
        "budgets: [\"prometheus c: 'up' < 60%\", error_rate < 100%]\n",
    );
    bench
        .run(&["judge", "out", "--budgets", "o.yaml"])
        .expect(0);
    bench.write(
        "o.yaml",
        "budgets: [\"prometheus c: 'down' < 60%\", error_rate < 100%]\n",
    );
    bench
        .run(&["judge", "out", "--budgets", "o.yaml"])
        .expect(7);
    for (query, why) in [
        ("nan", "no value for a part"),
        ("none", "gives no series"),
        ("two", "gives 2 series"),
        ("page", "not that of a Prometheus server"),
        ("rate(x[1s]", "it answered 400: parse error"),
    ] {
        sentence(
            &format!("\"prometheus x: '{query}' < 1\""),
            7,
            "undecided",
            why,
        );
    }
}

#[test]
fn two_when_nothing_would_be_read() {
    let target = target();
    let bench = bench(
        &target,
        &observed(&server()),
        "budgets: [server cpuu < 1]\n",
    );
    let ran = bench.smoke(&["--budgets", "b.yaml"]).expect(2);
    assert!(ran.stderr.contains("did you mean `cpu`?"), "{}", ran.stderr);
    bench.write("b.yaml", "budgets: [\"prometheus cpu: 'up' < 1\"]\n");
    let ran = bench.smoke(&["--budgets", "b.yaml"]).expect(2);
    assert!(ran.stderr.contains("T0841"), "{}", ran.stderr);
    assert_eq!(target.requests(), 0);
}

#[test]
fn a_smoke_pass_is_judged_on_what_was_read() {
    let target = target();
    let bench = bench(
        &target,
        &observed(&server()),
        "budgets: [server cpu < 95%, server looks > 0, error_rate < 1%]\n",
    );
    let scenario = std::fs::read_to_string(bench.path("s.yaml")).unwrap();
    bench.write(
        "s.yaml",
        &scenario.replace(LOAD, "  smoke: { passes: 1 }\n"),
    );
    bench.smoke(&["--budgets", "b.yaml"]).expect(0);
}

#[test]
fn durations_that_servers_give_are_kept_where_somebody_asks() {
    let url = serve(|_| {
        let head = "200 OK\r\nserver-timing: db;dur=0.5;desc=\"a, b\", cache;desc=hit\r\nserver-timing: <b>total;dur=1";
        (head.to_owned(), "x".to_owned())
    });
    for (key, profile, names) in [
        ("", "  smoke: { passes: 2 }\n", &["db", "<b>total"][..]),
        ("server_timing: [db, gone]\n", LOAD, &["db"]),
        ("", LOAD, &[]),
    ] {
        let bench = Bench::with_steps(&url, STEPS, profile);
        let scenario = std::fs::read_to_string(bench.path("s.yaml")).unwrap();
        bench.write("s.yaml", &format!("{key}{scenario}"));
        let ran = bench.smoke(&["-v"]).expect(0);
        let result = ran.valid_result();
        let step = &result["steps"][0];
        let none = Vec::new();
        let timings = step["server_timing"].as_array().unwrap_or(&none);
        let found: Vec<&str> = timings
            .iter()
            .map(|t| t["name"].as_str().unwrap())
            .collect();
        assert_eq!(found, names, "{key}");
        for timing in timings {
            assert_eq!(timing["time_ms"]["n"], step["ok"]);
            assert_eq!(timing["rest_ms"]["n"], step["ok"]);
        }
        let html = ran.report("report.html");
        assert_eq!(
            html.contains("From the header server-timing"),
            !names.is_empty()
        );
        assert!(!html.contains("<b>total"));
    }
}
