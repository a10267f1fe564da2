//! GitHub Actions, through the binary: what its runner would do with every line of both streams and with both files.

use crate::support::cli::{Bench, Ran};
use crate::support::target::target;
use std::collections::BTreeMap;
use tollgate::report::SUMMARY;

/// A command that the runner would carry out, by the rules of its `ActionCommandManager`.
#[derive(Debug, Clone, PartialEq)]
struct Command {
    name: String,
    properties: BTreeMap<String, String>,
    data: String,
}

/// What the runner makes of a log: commands begin lines (`##[` stands anywhere), and none counts while they are stopped.
fn commands(log: &str) -> Vec<Command> {
    let mut stopped: Option<String> = None;
    let mut found = Vec::new();
    for line in log.split(['\n', '\r']) {
        let command = parsed(line);
        match (&stopped, command) {
            (Some(token), Some(command)) if command.name == *token => stopped = None,
            (Some(_), _) | (None, None) => {
                assert!(stopped.is_some() || !line.contains("##["), "{line}");
            }
            (None, Some(command)) if command.name == "stop-commands" => {
                stopped = Some(command.data);
            }
            (None, Some(command)) => found.push(command),
        }
    }
    assert_eq!(stopped, None, "commands stay stopped");
    found
}

fn parsed(line: &str) -> Option<Command> {
    let (head, data) = line.trim_start().strip_prefix("::")?.split_once("::")?;
    let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
    let read = |text: &str| {
        text.replace("%0D", "\r")
            .replace("%0A", "\n")
            .replace("%3A", ":")
            .replace("%2C", ",")
            .replace("%25", "%")
    };
    let pairs = properties.split(',').filter_map(|p| p.split_once('='));
    Some(Command {
        name: name.to_owned(),
        properties: pairs.map(|(k, v)| (k.to_owned(), read(v))).collect(),
        data: read(data),
    })
}

/// Runs the binary as a step of a job, in the folder `repo` of its workspace; summary and outputs.
fn step(bench: &Bench, arguments: &[&str]) -> (Ran, String, String) {
    let mut command = bench.command(arguments);
    command
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_WORKSPACE", bench.path(""))
        .env("GITHUB_STEP_SUMMARY", bench.path("summary"))
        .env("GITHUB_OUTPUT", bench.path("output"));
    let ran = bench.ran(command.output().unwrap());
    let read = |name| std::fs::read_to_string(bench.path(name)).unwrap_or_default();
    (ran, read("summary"), read("output"))
}

/// The outputs of a step, as the runner reads them.
fn outputs(text: &str) -> BTreeMap<String, String> {
    let mut lines = text.lines();
    let mut found = BTreeMap::new();
    while let Some(line) = lines.next() {
        if let Some((name, end)) = line.split_once("<<") {
            let value: Vec<&str> = lines.by_ref().take_while(|l| *l != end).collect();
            found.insert(name.to_owned(), value.join("\n"));
        } else {
            let (name, value) = line.split_once('=').unwrap();
            found.insert(name.to_owned(), value.to_owned());
        }
    }
    found
}

const LIBRARY: &str = "fragments:\n  sign in:\n    steps:\n      - get: /ok\n        name: hello\n\
    \x20       check:\n          - status == 200\n          - status == 201\n";

#[test]
fn a_failed_check_is_annotated_on_its_line_and_outputs_say_what_happened() {
    let target = target();
    let bench = Bench::new(&[
        (
            "repo/s.yaml",
            &format!(
                "scenario: s\ntarget: {}\nbudgets: b.yaml\ninclude: [lib/l.yaml]\nflows:\n  one:\n    steps:\n      - use: sign in\n\
                 \x20 two:\n    steps:\n      - get: /ok\n        name: b\n        check:\n          - status == 200\n\
                 \x20         - body contains \"zzz\"\nprofiles: {{ smoke: {{ passes: 1 }} }}\n",
                target.url("")
            ),
        ),
        ("repo/lib/l.yaml", LIBRARY),
        (
            "repo/b.yaml",
            "budgets:\n  - count(5xx) < 5\n  - warn: p95 < 1us\n  - error_rate < 1%\n",
        ),
    ]);
    let (ran, summary, output) = step(&bench, &["run", "repo/s.yaml", "--out", "out"]);
    let ran = ran.expect(3);
    let told: Vec<(String, String, String, String)> = commands(&ran.stdout)
        .into_iter()
        .map(|c| {
            let part = |name: &str| c.properties.get(name).cloned().unwrap_or_default();
            (c.name.clone(), part("file"), part("line"), part("title"))
        })
        .collect();
    let expected = [
        ("error", "repo/b.yaml", "4", "error_rate < 1%"),
        ("error", "repo/lib/l.yaml", "8", "one/hello"),
        ("error", "repo/s.yaml", "15", "two/b"),
        ("warning", "repo/b.yaml", "3", "p95 < 1us"),
    ];
    let expected = expected.map(|(a, b, c, d)| (a.into(), b.into(), c.into(), d.into()));
    assert_eq!(told, expected);
    assert_eq!(commands(&ran.stderr), []);
    let outputs = outputs(&output);
    for (name, value) in [
        ("verdict", "fail"),
        ("exit-code", "3"),
        ("report-dir", "out"),
        ("report", "out/report.html"),
    ] {
        assert_eq!(outputs[name], value, "{output}");
    }
    assert!(outputs["p95-ms"].parse::<f64>().unwrap() > 0.0);
    assert!(summary.starts_with("### ❌ FAIL: s, smoke\n"), "{summary}");
    let comment = ran.report("comment.md");
    assert_eq!(comment.lines().next(), Some("<!-- tollgate:s/smoke -->"));
    assert!(comment.ends_with(&summary), "{comment}");
}

#[test]
fn nothing_that_a_server_says_is_a_command() {
    let target = target();
    let bench = Bench::with_steps(
        &target.url(""),
        "      - get: /hostile\n        name: a\n        check: body contains \"zzz\"\n",
        "  smoke: { passes: 1 }\n",
    );
    for more in [&[][..], &["-v"], &["--debug"]] {
        let arguments = [&["run", "s.yaml", "--out", "out"], more].concat();
        let (ran, summary, output) = step(&bench, &arguments);
        let ran = ran.expect(3);
        let [error] = commands(&ran.stdout).try_into().unwrap();
        assert_eq!(
            (error.name.as_str(), error.properties["title"].as_str()),
            ("error", "f/a")
        );
        assert_eq!(commands(&ran.stderr), []);
        assert!(summary.len() < 1 << 20);
        assert_eq!(outputs(&output)["verdict"], "fail");
    }
}

#[test]
fn a_file_with_problems_is_annotated_and_nothing_is_said_where_ci_is_off() {
    let bench = Bench::new(&[("s.yaml", "target: http://127.0.0.1:1\nflowz: {}\n")]);
    for verb in ["run", "validate"] {
        let (ran, summary, output) = step(&bench, &[verb, "s.yaml"]);
        let told = commands(&ran.expect(2).stdout);
        let unknown = told.iter().find(|c| c.properties["line"] == "2").unwrap();
        assert!(unknown.data.contains("did you mean `flows`"), "{told:?}");
        assert_eq!(summary, "");
        assert_eq!(outputs(&output)["exit-code"], "2");
    }
    std::fs::remove_file(bench.path("output")).unwrap();
    let (ran, _, output) = step(&bench, &["validate", "s.yaml", "--ci", "off"]);
    assert_eq!((ran.expect(2).stdout.as_str(), output.as_str()), ("", ""));
}

#[test]
fn a_secret_that_a_fork_has_not_is_a_warning_and_no_failure() {
    let target = target();
    let scenario = format!(
        "scenario: s\ntarget: {}\nsecrets: [SLACK]\nnotify:\n  slack: ${{SLACK}}\nflows: {{ f: {{ steps: [{{ get: /ok, name: a }}] }} }}\n",
        target.url("")
    );
    let bench = Bench::new(&[("s.yaml", &scenario), (".env", "SLACK=\n")]);
    let (ran, summary, output) = step(&bench, &["run", "s.yaml", "--out", "out"]);
    let [warning] = commands(&ran.expect(0).stdout).try_into().unwrap();
    let part = |name: &str| warning.properties[name].as_str();
    assert_eq!((warning.name.as_str(), part("line")), ("warning", "5"));
    assert!(warning.data.contains("`SLACK` is empty"), "{warning:?}");
    assert!(summary.contains("not told slack"), "{summary}");
    assert_eq!(outputs(&output)["verdict"], "pass");
}

#[test]
fn several_runs_are_one_step_with_ten_errors_at_most() {
    let target = target();
    let flow = |i| format!("  f{i}: {{ steps: [{{ get: /status/500, name: a }}] }}\n");
    let flows = (0..8).map(flow).collect::<Vec<_>>().concat();
    let text = |name: &str| {
        format!(
            "scenario: {name}\ntarget: {}\nflows:\n{flows}profiles: {{ smoke: {{ passes: 1 }} }}\n",
            target.url("")
        )
    };
    let bench = Bench::new(&[("a.yaml", &text("a")), ("b.yaml", &text("b"))]);
    let (ran, summary, output) = step(
        &bench,
        &["run", "a.yaml", "b.yaml", "--out", "out", "-j", "2"],
    );
    let told = commands(&ran.expect(3).stdout);
    assert_eq!(told.len(), 10);
    assert_eq!(told[9].data, "7 more errors, in the summary of the job");
    assert_eq!(summary.matches("### ❌ FAIL: ").count(), 2);
    let dirs = &outputs(&output)["report-dir"];
    let mut dirs: Vec<&str> = dirs.lines().collect();
    dirs.sort_unstable();
    assert_eq!(dirs, ["out/a", "out/b"]);
}

#[test]
fn ten_thousand_failures_keep_to_what_github_takes() {
    let target = target();
    let flow =
        |i| format!("  f{i}: {{ steps: [{{ get: /hostile, name: a, check: status == {i} }}] }}\n");
    let flows = (1_000..2_000).map(flow).collect::<Vec<_>>().concat();
    let text = format!(
        "scenario: s\ntarget: {}\nflows:\n{flows}profiles: {{ smoke: {{ passes: 10 }} }}\n",
        target.url("")
    );
    let budget = |i| format!("  - count(200) < {i}\n");
    let budgets = (1..=50).map(budget).collect::<Vec<_>>().concat();
    let bench = Bench::new(&[
        ("s.yaml", &text),
        ("b.yaml", &format!("budgets:\n{budgets}")),
    ]);
    let arguments = ["run", "s.yaml", "--budgets", "b.yaml", "--out", "out"];
    let (ran, summary, output) = step(&bench, &arguments);
    let ran = ran.expect(3);
    assert_eq!(target.hits("/hostile"), 10_000);
    let told = commands(&ran.stdout);
    assert_eq!(told.len(), 10, "nine and one that counts the others");
    assert_eq!(told[9].data, "1,041 more errors, in the summary of the job");
    assert!(told.iter().all(|c| c.data.len() < 4_096));
    assert!(
        summary.len() <= SUMMARY && SUMMARY < 1 << 20,
        "{}",
        summary.len()
    );
    let comment = ran.report("comment.md");
    assert!(comment.chars().count() < 65_536, "{}", comment.len());
    assert!(output.len() < 10_000, "{}", output.len());
}
