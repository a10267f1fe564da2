//! The page on budgets, and what only a run can record: answers of a status and captured numbers, through the binary.

use crate::support::cli::Bench;
use crate::support::serve::serve;
use std::sync::Arc;
use tollgate::budget::parse;
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

#[test]
fn numbers_and_statuses_are_recorded_where_a_budget_asks() {
    let asked = "budgets:\n  - capture depth max of queue < 4\n  - p90 of 2xx of tag work < 5s\n  - error_rate of 404 < 50%\n  - error_rate < 50%\n";
    let bench = bench(asked);
    let ran = bench.smoke(&["--budgets", "b.yaml"]).expect(0);
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
    let ran = bench.smoke(&["--budgets", "b.yaml"]).expect(4);
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
