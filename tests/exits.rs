//! One test per row of the exit code table, through the real binary.

use crate::support::cli::Bench;
use crate::support::target::{refused, target};
use tollgate::record::RunRecord;

const SMOKE: &str = "  smoke: { passes: 1 }\n";

#[test]
fn zero_when_everything_holds() {
    let target = target();
    let bench = Bench::with_steps(
        &target.url(""),
        "      - get: /ok\n        name: a\n",
        SMOKE,
    );
    let ran = bench.smoke(&[]).expect(0);
    ran.all_reports();
    assert_eq!(ran.result()["exit"]["code"], 0);
    assert_eq!(target.hits("/ok"), 1);
}

#[test]
fn one_when_a_report_cannot_be_written() {
    let target = target();
    let bench = Bench::with_steps(
        &target.url(""),
        "      - get: /ok\n        name: a\n",
        SMOKE,
    );
    // The disk is full by the time the report is written, not when the run starts.
    bench.write("out/keep", "");
    std::os::unix::fs::symlink("/dev/full", bench.path("out/report.tmp")).unwrap();
    let ran = bench.smoke(&[]).expect(1);
    assert!(ran.stderr.contains("report.html"), "{}", ran.stderr);
    assert!(!bench.path("out/report.html").exists());
    assert!(
        ran.report("junit.xml").contains("testsuites"),
        "the others are written all the same"
    );
}

#[test]
fn two_for_bad_arguments_files_and_folders_and_nothing_is_sent() {
    let target = target();
    let good = "      - get: /ok\n        name: a\n";
    let bench = Bench::with_steps(&target.url(""), good, SMOKE);
    bench.write("broken.yaml", "scenario: x\nflows: 3\n");
    bench.write("bad-budget.yaml", "budgets:\n  - p95 of nothing < 5ms\n");
    bench.write("file", "");
    for arguments in [
        &["run"][..],
        &["run", "s.yaml", "--wrong"],
        &["run", "missing.yaml"],
        &["run", "broken.yaml"],
        &["run", "s.yaml", "broken.yaml"],
        &["run", "s.yaml", "--profile", "smoek"],
        &["run", "s.yaml", "--budgets", "missing.yaml"],
        &["run", "s.yaml", "--budgets", "bad-budget.yaml"],
        &["run", "s.yaml", "--out", "file"],
        &["run", "s.yaml", "--out", "/proc/none"],
        &["judge", "s.yaml"],
    ] {
        let ran = bench.run(arguments).expect(2);
        assert!(!ran.stderr.is_empty(), "{arguments:?} says why");
    }
    assert_eq!(target.requests(), 0);
}

#[test]
fn three_when_a_check_fails() {
    let target = target();
    let steps = "      - get: /status/500\n        name: a\n      - get: /ok\n        name: b\n";
    let bench = Bench::with_steps(&target.url(""), steps, SMOKE);
    let ran = bench.smoke(&[]).expect(3);
    ran.all_reports();
    assert!(ran.stdout.contains("status < 400"), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("s.yaml:6"),
        "the step's line: {}",
        ran.stdout
    );
    assert!(ran.report("junit.xml").contains("<skipped"));
    assert_eq!(target.hits("/ok"), 0, "a failed step ends its flow");
}

#[test]
fn four_when_a_budget_fails_and_judging_again_can_change_that() {
    let target = target();
    let steps = "      - get: /delay/20\n        name: a\n";
    let bench = Bench::with_steps(
        &target.url(""),
        steps,
        // Users, not a rate: a machine that is late must not decide a test of budgets.
        "  load: { users: 3, duration: 3s }\n",
    );
    bench.write("tight.yaml", "budgets:\n  - p95 < 1ms\n");
    bench.write("wide.yaml", "budgets:\n  - p95 < 9s\n");
    let enough = |record: &RunRecord| record.steps[0].measured.sent >= 100;
    let ran = bench
        .load(&["--budgets", "tight.yaml"], None, enough)
        .expect(4);
    ran.all_reports();
    let before = target.requests();
    bench
        .run(&["judge", "out", "--budgets", "wide.yaml"])
        .expect(0);
    bench.run(&["judge", "out"]).expect(4);
    std::fs::remove_file(bench.path("out/report.html")).unwrap();
    bench.run(&["report", "out"]).expect(0);
    ran.all_reports();
    assert_eq!(
        target.requests(),
        before,
        "judging and rendering send nothing"
    );
}

#[test]
fn six_when_the_target_is_down_before_the_start() {
    let refused = refused();
    let bench = Bench::with_steps(
        &format!("http://{}", refused.addr),
        "      - get: /\n        name: a\n",
        SMOKE,
    );
    let ran = bench.smoke(&[]).expect(6);
    ran.all_reports();
    assert!(ran.stdout.contains("refused"), "{}", ran.stdout);
}

#[test]
fn seven_when_there_are_too_few_requests_to_say() {
    let target = target();
    let bench = Bench::with_steps(
        &target.url(""),
        "      - get: /ok\n        name: a\n",
        "  load: { rate: 20 req/s, duration: 1s }\n",
    );
    bench.write("b.yaml", "budgets:\n  - p99 < 5s\n");
    let ran = bench.smoke(&["--budgets", "b.yaml"]).expect(7);
    assert_eq!(ran.result()["exit"]["code"], 7);
    let plan = bench
        .run(&["plan", "s.yaml", "--budgets", "b.yaml"])
        .expect(0);
    assert!(
        plan.stdout.contains("299"),
        "plan says so beforehand: {}",
        plan.stdout
    );
}

#[test]
fn several_files_have_one_combined_code() {
    let target = target();
    let bench = Bench::with_steps(
        &target.url(""),
        "      - get: /ok\n        name: a\n",
        SMOKE,
    );
    let failing = std::fs::read_to_string(bench.path("s.yaml"))
        .unwrap()
        .replace("/ok", "/status/404")
        .replace("scenario: s", "scenario: t");
    bench.write("t.yaml", &failing);
    let last = std::fs::read_to_string(bench.path("s.yaml")).unwrap();
    bench.write("u.yaml", &last.replace("scenario: s", "scenario: u"));
    // Neither the first nor the last one decides.
    let ran = bench
        .run(&["run", "s.yaml", "t.yaml", "u.yaml", "--out", "out"])
        .expect(3);
    assert_eq!(
        (target.hits("/ok"), target.hits("/status/404")),
        (2, 1),
        "{}",
        ran.stdout
    );
    for name in ["s", "t", "u"] {
        assert!(bench.path(&format!("out/{name}/report.html")).exists());
    }
}

#[test]
fn a_run_leaves_nothing_of_the_run_before_in_its_folder_but_what_is_not_ours() {
    let target = target();
    let steps = "      - get: /ok\n        name: a\n";
    let bench = Bench::with_steps(&target.url(""), steps, "  smoke: { passes: 1 }\n");
    bench.smoke(&["--format", "comment,tap"]).expect(0);
    std::fs::write(bench.path("out/history.json"), "{}").unwrap();
    std::fs::write(bench.path("out/notes.md"), "mine").unwrap();
    let here = |name: &str| bench.path(&format!("out/{name}")).exists();
    assert!(here("comment.md") && here("results.tap"));
    bench.smoke(&["--format", "tap"]).expect(0);
    assert!(here("results.tap") && here("report.html") && here("notes.md"));
    assert!(!here("comment.md") && !here("history.json"));
}

/// `tollgate … | head`: who stops reading ends no run and changes no verdict. A disk that is full does.
#[test]
fn a_reader_that_is_gone_changes_nothing() {
    let target = target();
    let steps = "      - get: /ok\n        name: a\n        check: status == 201\n";
    let bench = Bench::with_steps(&target.url(""), steps, "  smoke: { passes: 1 }\n");
    bench.write("bad.yaml", "flowz: {}\n");
    let gone = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        writer
    };
    for (arguments, code) in [
        (&["validate", "s.yaml"][..], 0),
        (&["validate", "bad.yaml"], 2),
        (&["explain"], 0),
        (&["schema"], 0),
        (&["run", "s.yaml", "--out", "out"], 3),
        (&["run", "s.yaml", "--out", "quiet", "-q"], 3),
    ] {
        let mut command = bench.command(arguments);
        let ended = command.stdout(gone()).stderr(gone()).status().unwrap();
        assert_eq!(ended.code(), Some(code), "{arguments:?}");
    }
    assert!(bench.path("out/report.html").exists());
    // What is lost otherwise is an error.
    let full = std::fs::File::options().write(true).open("/dev/full");
    let ended = bench
        .command(&["validate", "s.yaml"])
        .stdout(full.unwrap())
        .status();
    assert_eq!(ended.unwrap().code(), Some(1));
}
