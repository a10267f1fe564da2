//! The files under `ci/`: what they type is what the command line takes, and what they read is what a run leaves.

use crate::support::cli::Bench;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    let nested = entries.map(|path| {
        if path.is_dir() {
            files(&path)
        } else {
            vec![path]
        }
    });
    nested.flatten().collect()
}

/// Every file under `ci/` with its text.
fn all() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("ci");
    let files = files(&root).into_iter();
    let named = files.map(|path| {
        let name = path.strip_prefix(&root).unwrap().display().to_string();
        let text = fs::read_to_string(path).unwrap();
        (name, text)
    });
    named.collect()
}

/// Words that begin with two dashes where the line, or one around it, is about tollgate; not those of other programs.
fn flags(text: &str) -> BTreeSet<&str> {
    let others = [
        "cargo ",
        "apk ",
        "gh ",
        "--jq",
        "docker ",
        "COPY ",
        "--target shell",
    ];
    let lines = text
        .lines()
        .filter(|line| !others.iter().any(|o| line.contains(o)));
    lines
        .flat_map(|line| line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')))
        .filter(|word| word.starts_with("--") && word.len() > 3)
        .collect()
}

#[test]
fn every_flag_is_one_of_the_command_line() {
    let bench = Bench::new(&[]);
    let help: String = ["run", "trend", "judge", "report"]
        .map(|verb| bench.run(&[verb, "--help"]).expect(0).stdout)
        .concat();
    let known: BTreeSet<&str> = help
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
        .filter(|word| word.starts_with("--"))
        .collect();
    let mut seen = 0;
    for (name, text) in all() {
        if name.starts_with("grafana/") {
            continue;
        }
        let flags = flags(&text);
        seen += flags.len();
        let unknown: Vec<_> = flags.difference(&known).collect();
        assert!(unknown.is_empty(), "{name}: {unknown:?}");
    }
    assert!(seen >= 12, "{seen}");
}

#[test]
fn every_file_that_is_read_is_one_that_a_run_leaves() {
    let target = crate::support::target::target();
    let steps = "      - get: /ok\n        name: a\n";
    let bench = Bench::with_steps(&target.url(""), steps, "  smoke: { passes: 1 }\n");
    let formats = "markdown,comment,tap,gitlab,openmetrics,otlp-metrics,otlp-traces,events,steps";
    let ran = bench.smoke(&["--format", formats]).expect(0);
    ran.all_reports();
    let written: BTreeSet<String> = fs::read_dir(&ran.out)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(written.len(), 6 + 9);
    for (name, text) in all() {
        for path in text.split("tollgate-report/").skip(1) {
            let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
            let end = path.find(|c| !word(c)).unwrap_or(path.len());
            let file = path[..end].trim_end_matches('.');
            assert!(file.is_empty() || written.contains(file), "{name}: {file}");
        }
    }
}

#[test]
fn what_the_action_passes_on_is_what_tollgate_writes() {
    let (_, action) = all()
        .into_iter()
        .find(|(name, _)| name == "github/action.yml")
        .unwrap();
    for output in action.split("steps.run.outputs.").skip(1) {
        let end = output.find(' ').unwrap();
        let known = [
            "verdict",
            "exit-code",
            "sentence",
            "p95-ms",
            "report-dir",
            "report",
        ];
        assert!(known.contains(&&output[..end]), "{}", &output[..end]);
    }
}
