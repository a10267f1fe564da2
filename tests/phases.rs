//! Where the time of a request goes, and how large a body is on the wire and unpacked: measured, judged and shown.

use crate::support::cli::{Bench, Ran};
use crate::support::target::{Target, target};
use serde_json::Value;
use std::ops::Deref;
use tollgate::record::{Failure, RunRecord, What};

const SMOKE: &str = "  smoke: { passes: 1 }\n";
const USERS: &str = "  load: { users: 2, duration: 1s }\n";
const ANY: &str = "budgets:\n  - error_rate < 100%\n";

/// A run, and the folder that it wrote to.
struct Done(
    Ran,
    #[expect(dead_code, reason = "it is there as long as its reports are")] Bench,
);

impl Deref for Done {
    type Target = Ran;

    fn deref(&self) -> &Ran {
        &self.0
    }
}

fn run((target, steps, profiles): (&Target, &str, &str), code: i32, budgets: &str) -> Done {
    let bench = Bench::with_steps(&target.url(""), steps, profiles);
    bench.write("b.yaml", budgets);
    let arguments = ["-v", "--budgets", "b.yaml"];
    let enough = |record: &RunRecord| record.steps[0].measured.sent >= 100;
    let ran = match profiles {
        USERS => bench.load(&arguments, None, enough),
        _ => bench.smoke(&arguments),
    };
    Done(ran.expect(code), bench)
}

/// A smoke test of `/packed/…`, and what it makes of the body.
fn smoke(path: &str, more: &str, code: i32) -> Done {
    let steps =
        format!("      - get: /packed/{path}\n        name: a\n        timeout: 5m\n{more}");
    run((&target(), &steps, SMOKE), code, ANY)
}

/// A column of `summary.csv`, of the first step.
fn cell(ran: &Ran, column: &str) -> String {
    let text = ran.report("summary.csv");
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let (head, row) = (lines.next().unwrap(), lines.next().unwrap());
    row[head.iter().position(|name| *name == column).unwrap()].to_owned()
}

fn step(ran: &Ran) -> Value {
    ran.result()["steps"][0].clone()
}

#[test]
fn each_part_of_the_time_can_be_judged() {
    let target = target();
    let url = target.url("").replace("127.0.0.1", "localhost");
    let steps = "      - post: /echo\n        name: a\n        text: hello\n        \
                 check: [write < 1m, wait not exists, status == 200]\n\
                 \x20     - post: /import\n        name: big\n        file: big\n        timeout: 5m\n";
    let bench = Bench::with_steps(&url, steps, &format!("{SMOKE}{USERS}"));
    // More than the buffers of a connection hold.
    bench.write("big", &"tea ".repeat(4 << 20));
    for (file, budgets) in [
        (
            "wide",
            "dns max < 1m, connect max < 1m, write p50 of a < 1m, body max < 1m",
        ),
        ("tight", "write max of big < 1us"),
        ("wait", "wait p95 < 5ms"),
    ] {
        bench.write(&format!("{file}.yaml"), &format!("budgets: [{budgets}]\n"));
    }
    let judged = |profile: &str, file: &str, code| {
        let file = format!("{file}.yaml");
        let arguments = ["-v", "-p", profile, "--budgets", &file];
        let each = |record: &RunRecord| record.steps.iter().all(|s| s.measured.sent >= 10);
        let ran = match profile {
            "smoke" => bench.smoke(&arguments),
            _ => bench.load(&arguments, None, each),
        };
        ran.expect(code)
    };
    let ran = judged("smoke", "wide", 0);
    let exchange = &step(&ran)["exchanges"][0];
    for phase in ["dns", "connect", "write", "ttfb", "body"] {
        assert!(
            exchange["phases_ms"][phase].is_number(),
            "{phase}: {exchange}"
        );
        assert_eq!(step(&ran)["latency_ms"][phase]["n"], 1, "{phase}");
    }
    assert!(exchange["phases_ms"]["wait"].is_null());
    assert!(ran.stdout.contains(" ms: dns "), "{}", ran.stdout);
    assert!(ran.report("report.html").contains("request written p95"));
    assert_ne!(cell(&ran, "write_p95_ms"), "");
    assert_eq!(cell(&ran, "wait_p95_ms"), "");

    let ran = judged("load", "tight", 4);
    let latency = &step(&ran)["latency_ms"];
    assert_eq!(latency["write"]["n"], latency["ttfb"]["n"]);
    assert!(ran.stdout.contains("p95, ms"), "{}", ran.stdout);
    // Nobody shares a connection, so nobody waits for one.
    let ran = judged("load", "wait", 7);
    assert!(
        ran.stdout.contains("no connection was shared"),
        "{}",
        ran.stdout
    );
}

#[test]
fn every_coding_and_several_are_unpacked() {
    let check =
        "        check: [json $.text starts with \"tea tea\", decoded > 69KB, size < 1KB]\n";
    for codings in [
        "gzip",
        "deflate",
        "br",
        "zstd",
        "br,gzip",
        "zstd,br",
        "gzip,gzip",
    ] {
        let ran = smoke(&format!("{codings}?bytes=70000"), check, 0);
        let step = step(&ran);
        assert_eq!(step["decoded_bytes"], 70_011, "{codings}");
        assert_eq!(cell(&ran, "decoded_bytes"), "70011");
        assert!(step["received_bytes"].as_u64() < Some(1_000), "{codings}");
        assert!(ran.stdout.contains("unpacked: 70"), "{}", ran.stdout);
    }
}

#[test]
fn what_is_wrong_with_a_body_is_said() {
    let check = "        check: [json $.text exists]\n";
    for (path, failure, detail) in [
        (
            "gzip?cut=3",
            Failure::Protocol,
            "the gzip body ends too early",
        ),
        ("br?cut=3", Failure::Protocol, "the br body ends too early"),
        (
            "zstd?more=5",
            Failure::Protocol,
            "the zstd body has 5 B behind its end",
        ),
        (
            "br,gzip?more=5",
            Failure::Protocol,
            "the gzip body has 5 B behind its end",
        ),
        (
            "gzip,gzip,gzip?bytes=17000000",
            Failure::BodyLimit,
            "the gzip body unpacks to more than",
        ),
        (
            "zstd?bytes=17000000",
            Failure::BodyLimit,
            "the zstd body unpacks to more than",
        ),
        (
            "br?bytes=17000000",
            Failure::BodyLimit,
            "the br body unpacks to more than",
        ),
    ] {
        let ran = smoke(path, check, 3);
        assert_eq!(
            ran.record().failures[0].what,
            What::Failure(failure),
            "{path}"
        );
        assert!(ran.stdout.contains(detail), "{path}: {}", ran.stdout);
    }
    // What nobody looks into does no harm.
    smoke("gzip?cut=3", "", 0);
    let ran = smoke(
        "exi",
        "        check: [json $.text contains \"coffee\"]\n",
        3,
    );
    let why = "the body came packed as `exi`, which cannot be unpacked";
    assert!(ran.report("result.json").contains(why), "{}", ran.stdout);
}

#[test]
fn under_load_bodies_are_unpacked_where_somebody_asks() {
    let packed = "      - get: /packed/gzip?bytes=7000\n        name: a\n";
    let plain = "      - get: /ok\n        name: a\n";
    let load = |steps, budgets, code| run((&target(), steps, USERS), code, budgets);
    let ran = load(packed, ANY, 0);
    assert!(step(&ran)["decoded_bytes"].is_null());
    assert_eq!(cell(&ran, "decoded_bytes"), "");
    assert!(ran.report("report.html").contains("not measured"));
    let ran = load(plain, ANY, 0);
    assert_eq!(step(&ran)["decoded_bytes"], step(&ran)["received_bytes"]);

    let within = "budgets:\n  - decoded p50 of a < 8kB\n  - decoded max < 8kB\n";
    let ran = load(packed, within, 0);
    let step = step(&ran);
    assert_eq!(step["decoded_bytes"], step["ok"].as_u64().unwrap() * 7_011);
    load(packed, "budgets:\n  - decoded mean < 1kB\n", 4);
    load(plain, "budgets:\n  - decoded max < 1kB\n", 0);
}

#[test]
fn scenarios_say_how_bodies_may_be_packed() {
    let steps = "      - { get: /catalogue, name: a, check: header content-encoding not exists }
      - { get: /catalogue, name: b, compression: auto, check: header content-encoding == \"zstd\" }
      - { get: /catalogue, name: c, compression: [br, gzip], check: [header content-encoding == \"gzip\", body contains \"tea\"] }
      - { get: /catalogue, name: d, headers: { accept-encoding: br }, check: [body contains \"tea\", size < 1KB] }
";
    let target = target();
    let ran = run((&target, steps, SMOKE), 0, ANY);
    let sent: Vec<_> = target
        .seen("/catalogue")
        .iter()
        .map(|seen| seen.header("accept-encoding").map(str::to_owned))
        .collect();
    let auto = "gzip, deflate, br, zstd";
    let wanted = [None, Some(auto), Some("br, gzip"), Some("br")];
    assert_eq!(sent, wanted.map(|w| w.map(str::to_owned)));
    assert!(
        ran.stdout
            .contains(" --compressed -H 'accept-encoding: br, gzip'"),
        "{}",
        ran.stdout
    );
}

#[test]
fn defaults_hold_where_a_step_says_nothing() {
    let target = target();
    let text = format!(
        "target: {}\ndefaults: {{ compression: gzip, compress: gzip }}\nflows:\n  f:\n    steps:\n\
        \x20     - {{ get: /catalogue, name: a, check: body contains \"tea\" }}\n\
        \x20     - {{ get: /catalogue, name: b, compression: off }}\n\
        \x20     - {{ get: /catalogue, name: c, headers: {{ accept-encoding: zstd }} }}\n\
        \x20     - {{ post: /import, name: d, json: {{ a: 1 }}, check: json $.packed == true }}\n\
        \x20     - {{ post: /import, name: e, json: {{ a: 1 }}, compress: off, check: json $.packed == false }}\n\
        profiles:\n{SMOKE}",
        target.url("")
    );
    Bench::new(&[("s.yaml", &text)]).smoke(&[]).expect(0);
    let seen = target.seen("/catalogue");
    let sent: Vec<_> = seen.iter().map(|s| s.header("accept-encoding")).collect();
    assert_eq!(sent, [Some("gzip"), None, Some("zstd")]);
    assert!(seen.iter().all(|s| s.header("content-encoding").is_none()));
}

#[test]
fn bodies_go_out_packed() {
    let steps = "      - post: /import
        name: fixed
        text: hello hello hello
        compress: gzip
        check: [json $.packed == true, json $.text == \"hello hello hello\", json $.coding == \"gzip\"]
      - set: { who: \"it's \" }
      - post: /import
        name: rendered
        json: { hello: \"{{ who }}\" }
        compress: gzip
        check: json $.text == \"{\\\"hello\\\":\\\"it's \\\"}\"
      - { post: /import, name: br, text: hello, compress: br, check: json $.coding == \"br\" }
      - { post: /import, name: zstd, text: hello, compress: zstd, check: json $.coding == \"zstd\" }
";
    let target = target();
    let ran = run((&target, steps, SMOKE), 0, ANY);
    for line in [
        "printf 'hello hello hello' | gzip -c | curl -i ",
        "printf hello | brotli -c | curl -i ",
        "printf hello | zstd -c | curl -i ",
    ] {
        assert!(ran.stdout.contains(line), "{line}: {}", ran.stdout);
    }
    for seen in target.seen("/import") {
        let length = seen.header("content-length").unwrap();
        assert_eq!(length, seen.body.len().to_string());
    }
}
