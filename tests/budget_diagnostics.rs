//! Broken budget files and what is said about them: `diagnostics/*.budgets.yaml` beside `*.budgets.stderr`.
//! `UPDATE=1 cargo test` rewrites the second.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tollgate::budget::{Place, bind, bind_servers, parse};
use tollgate::source::{Source, render_all};

/// The scenario that the files are bound to.
const STEPS: [(&str, &str); 5] = [
    ("browse", "landing"),
    ("browse", "products"),
    ("browse", "pay"),
    ("purchase", "add to cart"),
    ("purchase", "pay"),
];

/// Steps of a purchase are tagged; one of the flow before it is in a group, and one tells how busy it is.
fn place((flow, step): (&str, &str)) -> Place {
    let list = |is: bool, word: &str| is.then(|| word.to_owned()).into_iter().collect();
    Place {
        tags: list(flow == "purchase", "paying"),
        groups: list(step == "products", "catalogue"),
        host: Some("shop.test".to_owned()),
        captures: Some(list(step == "landing", "queue_depth")),
        ..Place::new(flow, step)
    }
}

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

fn diagnose(path: &Path) -> String {
    let name = path.file_name().unwrap().to_string_lossy();
    let text = fs::read_to_string(path).unwrap();
    let problems = match parse(Arc::new(Source::new(name, text))) {
        Err(problems) => problems,
        Ok(file) => {
            let mut problems = bind(
                &file,
                &STEPS.map(place),
                &names(&["smoke", "launch", "soak"]),
            );
            problems.extend(bind_servers(&file, &names(&["cpu", "queue_depth"]), false));
            problems
        }
    };
    assert!(!problems.is_empty(), "{} is not broken", path.display());
    for problem in &problems {
        // What is not YAML at all has its place and the parser's reason.
        let known = problem.help.is_some() || problem.code == "T0103";
        assert!(known, "no fix: {problem}");
    }
    render_all(&problems, false)
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics");
    let mut cases: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(".budgets.yaml"))
        .collect();
    cases.sort();
    cases
}

#[test]
fn broken_budget_files_are_explained() {
    let cases = cases();
    assert!(cases.len() >= 12, "{} cases", cases.len());
    let update = std::env::var_os("UPDATE").is_some();
    let mut wrong = Vec::new();
    for path in cases {
        let said = diagnose(&path);
        let golden = path.with_extension("stderr");
        if update {
            fs::write(&golden, &said).unwrap();
        } else if fs::read_to_string(&golden).unwrap_or_default() != said {
            wrong.push(format!("{}\n{said}", golden.display()));
        }
    }
    assert!(
        wrong.is_empty(),
        "changed, UPDATE=1 accepts:\n\n{}",
        wrong.join("\n")
    );
}
