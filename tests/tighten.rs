//! `tollgate tighten` on a stored run: the patch is what `--write` does, and nothing but numbers changes.

use crate::support::cli::Bench;
use crate::support::sample_run::{self, BUDGETS};
use std::fs;

#[test]
fn slack_is_taken_up_number_by_number() {
    let text = format!("# kept as it is\n{BUDGETS}strict: false  # this, too\n");
    let bench = Bench::new(&[("b.yaml", &text)]);
    let (mut record, _) = sample_run::pass();
    record.profiles = vec!["launch".into(), "soak".into()];
    tollgate::record::save(&record, &bench.path("run.tg")).unwrap();

    let shown = bench
        .run(&["tighten", "run.tg", "--budgets", "b.yaml"])
        .expect(0);
    assert!(
        shown.stdout.starts_with("--- b.yaml\n+++ b.yaml\n@@ "),
        "{}",
        shown.stdout
    );
    assert!(
        shown.stdout.contains("\n-  - error_rate < 1%\n"),
        "{}",
        shown.stdout
    );
    assert!(
        shown
            .stderr
            .contains("error_rate < 1%: limit 1 %, last run "),
        "{}",
        shown.stderr
    );
    assert!(!shown.stdout.contains("-# kept") && !shown.stdout.contains("-strict"));
    assert_eq!(
        fs::read_to_string(bench.path("b.yaml")).unwrap(),
        text,
        "only shown"
    );

    // The worst of several runs counts; the same run twice is the same worst.
    let twice = [
        "tighten",
        "run.tg",
        "run.tg",
        "--budgets",
        "b.yaml",
        "--write",
    ];
    let written = bench.run(&twice).expect(0);
    assert_eq!(written.stdout, shown.stdout);
    let tight = fs::read_to_string(bench.path("b.yaml")).unwrap();
    assert_eq!(tight.lines().count(), text.lines().count());
    bench
        .run(&["judge", "run.tg", "--budgets", "b.yaml", "--quiet"])
        .expect(0);
    let again = bench
        .run(&["tighten", "run.tg", "--budgets", "b.yaml"])
        .expect(0);
    assert_eq!(again.stdout, "", "{}", again.stderr);
}

#[test]
fn runs_that_say_nothing_and_runs_of_another_profile_are_no_evidence() {
    let bench = Bench::new(&[("b.yaml", BUDGETS)]);
    let (mut good, _) = sample_run::pass();
    good.profiles = vec!["launch".into(), "soak".into()];
    let (mut invalid, mut other) = (good.clone(), good.clone());
    invalid.health.conserved = false;
    other.profile = "soak".into();
    for (name, record) in [("good", good), ("invalid", invalid), ("other", other)] {
        tollgate::record::save(&record, &bench.path(&format!("{name}.tg"))).unwrap();
    }
    let tighten = |runs: &[&str], code| {
        let ran = bench.run(&[&["tighten", "--budgets", "b.yaml"], runs].concat());
        ran.expect(code)
    };
    let one = tighten(&["good.tg"], 0);
    assert!(one.stderr.contains("one run says little"), "{}", one.stderr);
    let both = tighten(&["invalid.tg", "good.tg"], 0);
    assert!(
        both.stderr
            .contains("left out: invalid.tg says nothing (invalid"),
        "{}",
        both.stderr
    );
    assert_eq!(both.stdout, one.stdout);
    let none = tighten(&["invalid.tg"], 2);
    assert!(
        none.stderr.contains("none of these runs"),
        "{}",
        none.stderr
    );
    let mixed = tighten(&["good.tg", "other.tg"], 2);
    assert!(
        mixed.stderr.contains("other.tg is a run of shop/soak"),
        "{}",
        mixed.stderr
    );
}
