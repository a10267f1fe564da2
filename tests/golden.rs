//! The reports of two sample runs, byte by byte. `UPDATE=1 cargo test golden` writes them anew.

use crate::support::{sample_nights, sample_run};
use std::path::{Path, PathBuf};
use std::{env, fs};
use tollgate::report::{
    Console, GitLab, HistoryView, Html, Json, Junit, Markdown, OpenMetrics, Parts, Reporter,
    SUMMARY, Summary, Tap, View, Windows,
};

pub(crate) fn rendered(reporter: &dyn Reporter, view: &View) -> String {
    let mut bytes = Vec::new();
    reporter.render(view, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn compare(name: &str, view: &View) {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("reports/sample")
        .join(name);
    let console = Console {
        files: Some("reports/shop-2026-11-21T02-00-00/report.html".into()),
        ..Console::default()
    };
    let summary = Markdown {
        most: SUMMARY,
        sticky: false,
    };
    let reporters: [(&str, &dyn Reporter); 11] = [
        ("console.txt", &console),
        ("report.html", &Html),
        ("summary.csv", &Summary),
        ("windows.csv", &Windows),
        ("parts.csv", &Parts),
        ("result.json", &Json),
        ("junit.xml", &Junit),
        ("summary.md", &summary),
        ("results.tap", &Tap),
        ("load-performance.json", &GitLab),
        ("metrics.txt", &OpenMetrics),
    ];
    let mut different = Vec::new();
    for (file, reporter) in reporters {
        let (path, text) = (folder.join(file), rendered(reporter, view));
        if text.is_empty() {
            assert!(!path.exists(), "{} has nothing to say", path.display());
        } else if env::var_os("UPDATE").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, text).unwrap();
        } else if fs::read_to_string(&path).unwrap_or_default() != text {
            different.push(path.display().to_string());
        }
    }
    assert!(
        different.is_empty(),
        "not as committed: {}; look at what changed, then `UPDATE=1 cargo test golden`",
        different.join(", ")
    );
}

#[test]
fn golden_pass() {
    let (record, verdict) = sample_run::pass();
    compare("pass", &View::new(&record, &verdict));
}

#[test]
fn golden_fail() {
    let (record, verdict) = sample_run::fail();
    compare("fail", &View::new(&record, &verdict));
}

#[test]
fn golden_invalid() {
    let (record, verdict) = sample_run::invalid();
    compare("invalid", &View::new(&record, &verdict));
}

#[test]
fn golden_stairs() {
    let (record, verdict) = sample_run::stairs();
    compare("stairs", &View::new(&record, &verdict));
}

#[test]
fn golden_nightly() {
    let (record, verdict, night, digest) = sample_nights::judged();
    let history = HistoryView::judged(&night, &digest.key.to_string());
    let view = View::new(&record, &verdict).with_history(history);
    compare("nightly", &view);
    let schema = serde_json::from_str(tollgate::report::SCHEMA).unwrap();
    let result = serde_json::from_str(&rendered(&Json, &view)).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let problems: Vec<String> = validator
        .iter_errors(&result)
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect();
    assert!(problems.is_empty(), "{problems:#?}");
}
