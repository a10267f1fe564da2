//! Our pages in a real browser: see docs/development.md. In: runs of every kind and size; out: what the script beside
//! this file says of their pages. Invariant: without Chromium or node nothing is tested, and that is said.

use crate::golden::rendered;
use crate::support::{extreme_runs, sample_run, sized_runs::sized};
use std::path::Path;
use std::process::Command;
use std::time::Instant;
use std::{env, fs};
use tollgate::budget::{Verdict, judge};
use tollgate::record::{RunRecord, Stop};
use tollgate::report::{Baseline, Comparison, Html, IndexRow, Listed, View, index};

fn view((record, verdict): &(RunRecord, Verdict)) -> View {
    View::new(record, verdict)
}

fn interrupted() -> View {
    let (mut record, _) = sample_run::pass();
    record.stop = Some(Stop::Interrupted);
    View::new(&record, &judge(&record, None))
}

/// Pages of every kind, by name.
fn pages() -> Vec<(String, String)> {
    let (pass, fail) = (sample_run::pass(), sample_run::fail());
    let over = view(&fail).over(Baseline::of(&pass.0));
    let mut all: Vec<(String, View)> = vec![
        ("pass".into(), view(&pass)),
        ("fail".into(), over),
        ("invalid".into(), view(&sample_run::invalid())),
        ("hostile".into(), view(&extreme_runs::hostile())),
        ("large".into(), view(&extreme_runs::large())),
        ("interrupted".into(), interrupted()),
    ];
    for (steps, seconds, name) in [
        (3, 10, "3-steps-10s"),
        (3, 7_200, "3-steps-2h"),
        (60, 10, "60-steps-10s"),
        (60, 3_600, "60-steps-1h"),
    ] {
        all.push((name.into(), view(&sized(steps, seconds))));
    }
    let mut pages = Vec::new();
    let (a, b) = (view(&pass), view(&fail));
    let mut page = Vec::new();
    Comparison::new(&a, &b, true)
        .unwrap()
        .html(&mut page)
        .unwrap();
    pages.push(("compare".into(), String::from_utf8(page).unwrap()));
    let row = |(name, view): &(String, View)| IndexRow {
        link: format!("./{name}.html"),
        run: Ok(Listed::of(view)),
    };
    let rows: Vec<IndexRow> = all.iter().map(row).collect();
    let mut page = Vec::new();
    index("reports", &rows, &mut page).unwrap();
    pages.push(("index".into(), String::from_utf8(page).unwrap()));
    pages.extend(all.iter().map(|(n, v)| (n.clone(), rendered(&Html, v))));
    pages
}

#[test]
#[ignore = "needs Chromium and node"]
fn pages_work_in_chromium() {
    let kept = env::var_os("TOLLGATE_PAGES").map(std::path::PathBuf::from);
    let temporary = tempfile::tempdir().unwrap();
    let folder = kept.unwrap_or_else(|| temporary.path().to_owned());
    fs::create_dir_all(&folder).unwrap();
    for (name, page) in pages() {
        fs::write(folder.join(format!("{name}.html")), page).unwrap();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/check.mjs");
    let ran = Command::new("node").arg(script).arg(&folder).status();
    match ran {
        Ok(status) => assert!(status.success(), "{status}"),
        Err(error) => println!("skipped: node cannot be started: {error}"),
    }
}

/// `cargo test --release -- --ignored --nocapture how_large`: the table of docs/development.md.
#[test]
#[ignore = "measures"]
fn how_large_and_how_fast() {
    for (steps, seconds) in [(3, 10), (3, 3_600), (60, 3_600), (500, 3_600), (3, 7_200)] {
        let (record, verdict) = sized(steps, seconds);
        let began = Instant::now();
        let view = View::new(&record, &verdict);
        let folded = began.elapsed();
        let page = rendered(&Html, &view);
        let all = began.elapsed();
        println!(
            "{steps} steps × {seconds} s: {} bytes, view {folded:?}, with page {all:?}",
            page.len()
        );
        assert!(page.len() < 500_000);
    }
}
