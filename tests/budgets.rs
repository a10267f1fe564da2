//! The page on budgets, and what only a run can record: answers of a status and captured numbers, through the binary.

use crate::support::cli::{Bench, Ran};
use crate::support::serve::serve;
use std::sync::Arc;
use tollgate::budget::parse;
use tollgate::record::RunRecord;
use tollgate::source::Source;

#[test]
fn every_example_of_the_page_is_read() {
    let page = include_str!("../docs/budgets.md");
    let blocks: Vec<&str> = page.split("```yaml\n").skip(1).collect();
    assert!(blocks.len() >= 5);
    for block in blocks {
        let text = block.split("```").next().unwrap();
        let read = parse(Arc::new(Source::new("budgets.md", text)));
        assert!(read.is_ok(), "{text}\n{:?}", read.err());
    }
}

/// Sentences in tables are read, too: what stands before a comma in backquotes and has a limit.
#[test]
fn every_sentence_of_the_tables_is_read() {
    let page = include_str!("../docs/budgets.md");
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let mut read = 0;
    for row in rows {
        let cell = row.trim_start_matches("| ").split(" | ").next().unwrap();
        for text in cell.split('`').filter(|t| t.contains(['<', '>'])) {
            assert!(tollgate::budget::parse_sentence(text).is_ok(), "{text}");
            read += 1;
        }
    }
    assert!(read > 15, "{read}");
}

/// `/queue` is 3 deep, `/odd` tells no number, everything else is not there.
fn bench(budgets: &str) -> Bench {
    let url = serve(|asked| match asked.line.as_str() {
        "GET /queue" => ("200 OK".into(), "{\"depth\": 3}".into()),
        "GET /odd" => ("200 OK".into(), "{\"depth\": \"many\"}".into()),
        _ => ("404 Not Found".into(), String::new()),
    });
    let steps = "      - get: /queue\n        name: queue\n        tags: [work]\n        capture: { depth: json $.depth }\n      - get: /nothing\n        name: nothing\n        check: status == 404\n      - get: /odd\n        name: odd\n        capture: { depth: json $.depth }\n";
    let bench = Bench::with_steps(&url, steps, "  load: { users: 1, duration: 1s }\n");
    bench.write("b.yaml", budgets);
    bench
}

/// As much as the budgets need.
fn load(bench: &Bench) -> Ran {
    let enough = |record: &RunRecord| record.steps.iter().all(|s| s.measured.sent >= 60);
    bench.load(&["--budgets", "b.yaml"], None, enough)
}

#[test]
fn numbers_and_statuses_are_recorded_where_a_budget_asks() {
    let asked = "budgets:\n  - capture depth max of queue < 4\n  - p90 of 2xx of tag work < 5s\n  - error_rate of 404 < 50%\n  - error_rate < 50%\n";
    let bench = bench(asked);
    let ran = load(&bench).expect(0);
    assert!(
        ran.stdout.contains("capture depth max of queue < 4"),
        "{}",
        ran.stdout
    );
    let judge = |name: &str, budgets: &str, code| {
        bench.write(name, budgets);
        bench.run(&["judge", "out", "--budgets", name]).expect(code)
    };
    // What was counted can be asked otherwise, what was not is not made up.
    judge(
        "less.yaml",
        "budgets: [capture depth max of queue < 3, error_rate < 50%]",
        4,
    );
    let none = judge(
        "new.yaml",
        "budgets: [p90 of 5xx < 1s, error_rate < 50%]",
        7,
    );
    assert!(
        none.stdout.contains("run it again with this budget"),
        "{}",
        none.stdout
    );
    let mut former = vec!["judge", "out", "--budgets", "b.yaml", "--out", "again"];
    former.extend(["--former", "out", "--former", "out"]);
    bench.run(&former).expect(0);
    let beside = std::fs::read_to_string(bench.path("again/result.json")).unwrap();
    assert!(beside.contains("last 2 runs ≤ 3"), "{beside}");
}

#[test]
fn a_value_that_is_no_number_breaks_the_budget() {
    let bench = bench("budgets: [capture depth max < 4, error_rate < 50%]\n");
    let ran = load(&bench).expect(4);
    assert!(ran.stdout.contains("captured no number"), "{}", ran.stdout);
}

#[test]
fn a_number_that_nobody_captures_is_found_before_anything_is_sent() {
    let bench = bench("budgets: [capture dept max < 4]\n");
    let ran = bench.smoke(&["--budgets", "b.yaml"]).expect(2);
    assert!(
        ran.stderr.contains("did you mean `depth`?"),
        "{}",
        ran.stderr
    );
}

/// A fragment that two flows use, a group, and a host: what is planned for them is what is judged.
#[test]
fn fragments_groups_and_hosts_are_planned_and_judged_alike() {
    let url = serve(|_| ("200 OK".into(), "{}".into()));
    let host = url.trim_start_matches("http://");
    let scenario = format!(
        "scenario: s\ntarget: {url}\nfragments:\n  sign-in:\n    steps:\n      - get: /session\n        name: log in\n        tags: [auth]\nflows:\n  buy:\n    steps:\n      - use: sign-in\n      - group: assets\n        steps:\n          - get: /a.css\n          - get: /b.css\n  browse:\n    steps:\n      - use: sign-in\nprofiles:\n  load: {{ rate: 100 req/s, duration: 10s }}\n  smoke: {{ passes: 1 }}\n"
    );
    let budgets = format!(
        "budgets:\n  - p90 of tag auth < 5s\n  - p90 of group assets < 5s\n  - p90 of host {host} < 5s\n  - mean of host 127.0.0.1 < 5s\n"
    );
    let bench = Bench::new(&[("s.yaml", &scenario), ("b.yaml", &budgets)]);
    let plan = ["plan", "s.yaml", "--profile", "load", "--budgets", "b.yaml"];
    let planned = bench.run(&plan).expect(0).stdout;
    // 50 flow starts a second, half of each: 500 sign-ins in 10 s, and half of the requests are of the group.
    for line in [
        "p90 of tag auth < 5s                         can decide: about 500 requests, needs 29",
        "p90 of group assets < 5s                     can decide: about 500 requests, needs 29",
        "can decide: about 1,000 requests, needs 29; a system at half the limit passes clearly in",
    ] {
        assert!(planned.contains(line), "{line}\n{planned}");
    }
    let run = [
        "run",
        "s.yaml",
        "--profile",
        "smoke",
        "--budgets",
        "b.yaml",
        "--out",
        "out",
    ];
    bench.run(&run).expect(0);
    let text = std::fs::read_to_string(bench.path("out/result.json")).unwrap();
    let result: serde_json::Value = serde_json::from_str(&text).unwrap();
    let judged = result["budgets"].as_array().unwrap();
    let n: Vec<_> = judged.iter().map(|b| b["n"].as_u64().unwrap()).collect();
    assert_eq!(n, [2, 2, 4, 4], "{judged:?}");
}

#[test]
fn what_a_load_cannot_decide_is_told_before_it() {
    let url = serve(|_| ("200 OK".into(), String::new()));
    let steps = "      - get: /queue\n        name: queue\n      - get: /odd\n        name: odd\n";
    let load = "  load: { rate: 20 req/s, duration: 1s }\n";
    let bench = Bench::with_steps(&url, steps, load);
    let budgets =
        "budgets:\n  - p99.9 of queue < 5s\n  - p99 of odd < 5s\n  - error_rate of queue < 50%\n";
    bench.write("b.yaml", budgets);
    let run = ["run", "s.yaml", "--profile", "load", "--budgets", "b.yaml"];
    // Undecided, or held up by this machine.
    let told = bench.run(&run).expect(7).stderr;
    let words = "warning: this load cannot decide `p99.9 of queue < 5s` (about 10 requests, 2,995 are needed), nor 1 more";
    assert!(told.contains(words), "{told}");
    assert_eq!(told.matches("cannot decide").count(), 1, "{told}");
}

/// Flows without weight are of smoke tests: a load cannot judge them, and says so; what is meant for another profile does
/// not keep a run from being judged again.
#[test]
fn what_a_profile_never_sends_is_undecided_for_that_reason_unless_the_budget_is_meant_for_another()
{
    let url = serve(|_| ("200 OK".into(), "{}".into()));
    let scenario = format!(
        "scenario: s\ntarget: {url}\nflows:\n  browse: {{ steps: [{{ get: /, name: a }}] }}\n  hostile: {{ weight: 0, steps: [{{ get: /b, name: b }}] }}\nprofiles:\n  smoke: {{ passes: 1 }}\n  load: {{ users: 1, duration: 300ms }}\n"
    );
    let why = "this profile never sends it; name one that does in the budget: `during smoke`";
    for (budget, code) in [
        ("max of hostile < 50s", 7),
        ("max of hostile < 50s during smoke", 0),
    ] {
        let budgets = format!("budgets:\n  - max < 50s\n  - {budget}\n");
        let bench = Bench::new(&[("s.yaml", &scenario), ("b.yaml", &budgets)]);
        let load = ["--profile", "load", "--budgets", "b.yaml"];
        let plan = bench.run(&[&["plan", "s.yaml", "--no-measure"][..], &load].concat());
        let told = [
            plan.expect(0).stdout,
            bench.smoke(&load).expect(code).stdout,
        ];
        let again = bench.run(&["judge", "out"]).expect(code).stdout;
        for text in told.iter().chain([&again]) {
            assert_eq!(text.contains(why), code == 7, "{budget}: {text}");
        }
        if code == 0 {
            bench
                .run(&["judge", "out", "--budgets", "b.yaml"])
                .expect(0);
        }
    }
}

#[test]
fn a_budget_file_alone_is_checked_as_far_as_that_goes() {
    let bench = Bench::new(&[
        (
            "good.yaml",
            "budgets:\n  - p95 < 1s\n  - p95 of pay < 1s during launch\n  - server cpu < 70%\n  - capture depth max < 9\n\
             guards:\n  - error_rate of pay < 5% for 2m\n",
        ),
        (
            "plain.yaml",
            "budgets: [p95 < 1s, p95 < 2s during warm-up]\n",
        ),
        ("bad.yaml", "budgets:\n  - p95 < 1\nguard: []\n"),
    ]);
    let ran = bench.run(&["validate", "good.yaml"]).expect(0);
    assert_eq!(
        ran.stdout,
        "good.yaml: valid: 4 budgets, 1 guard\n  not checked without a scenario: steps, flows, groups, tags or hosts pay; \
         profiles launch; captures depth; values of `observe` cpu\n  `tollgate validate SCENARIO --budgets good.yaml` checks them\n"
    );
    assert_eq!(ran.stderr, "");
    let ran = bench.run(&["validate", "plain.yaml"]).expect(0);
    assert_eq!(ran.stdout, "plain.yaml: valid: 2 budgets\n");
    let ran = bench.run(&["validate", "plain.yaml", "bad.yaml"]).expect(2);
    assert!(ran.stdout.contains("plain.yaml: valid"), "{}", ran.stdout);
    for part in [
        "bad.yaml:2:11",
        "unknown key `guard`",
        "tollgate explain T0",
    ] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
    // Where a scenario stands it is told what it is.
    for command in ["run", "plan", "config"] {
        let ran = bench.run(&[command, "good.yaml"]).expect(2);
        let words = "good.yaml is a budget file, not a scenario; name the scenario";
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
    }
}
