//! Our pages in a real browser: see docs/development.md. In: runs of every kind and size; out: what the script beside
//! this file says of their pages. Invariant: without Chromium or node nothing is tested, and that is said.

use crate::golden::rendered;
use crate::support::{extreme_runs, sample_nights, sample_run, sized_runs::sized};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;
use std::{env, fs};
use tollgate::budget::{Verdict, judge, parse};
use tollgate::history::nights::{Chronicle, Effect};
use tollgate::record::{GuardRecord, RunRecord, ServerSeries, ServerSource, Stop};
use tollgate::report::{
    Baseline, Comparison, HistoryView, Html, IndexRow, Listed, LiveHtml, View, chronicles, index,
};
use tollgate::source::Source;

fn view((record, verdict): &(RunRecord, Verdict)) -> View {
    View::new(record, verdict)
}

fn interrupted() -> View {
    let (mut record, _) = sample_run::pass();
    record.stop = Some(Stop::Interrupted);
    View::new(&record, &judge(&record, None))
}

/// The page of a run that goes: a guard is broken, a server is asked, another will be.
fn live() -> String {
    let (mut record, _) = sample_run::fail();
    let second = |at: u64| at * 1_000_000_000;
    record.elapsed = second(52);
    let guard = |text: &str, since| GuardRecord {
        text: text.into(),
        line: 12,
        since,
        share: since.map(|_| 0.062),
        longest: second(13),
        worst: 0.07,
        ..GuardRecord::default()
    };
    record.guards = vec![
        guard("error_rate of purchase/pay < 5% for 2m", Some(second(39))),
        guard("p95 < 2s for 30s", None),
    ];
    let series = |name: &str, from, what: &str| ServerSeries {
        name: name.into(),
        from,
        what: what.into(),
        ..ServerSeries::default()
    };
    let mut pool = series("pool", ServerSource::Health, "$.pool.active");
    let mut cpu = series("cpu", ServerSource::Metrics, "cpu_ratio{host=\"shop-1\"}");
    for at in 0..52 {
        pool.push(second(at), Some(if at < 38 { 7.0 } else { 20.0 }));
        cpu.push(second(at), (at != 30).then_some(0.31 + at as f64 / 100.0));
    }
    let mut asked = series("database", ServerSource::Prometheus, "max(pg_locks)");
    asked.problem = Some("Prometheus is asked when the run has ended".into());
    record.server = vec![pool, cpu, asked];
    let text =
        "budgets: [p95 < 250ms, server pool < 20, server cpu mean < 80%, server database < 9]\n";
    let budgets = parse(Arc::new(Source::new("budgets/shop.yaml", text))).unwrap();
    let view = View::new(&record, &judge(&record, Some(&budgets)));
    let live = LiveHtml {
        sentence: "52 s of 1 min 5 s; 1 of 4 budgets do not hold so far".into(),
    };
    rendered(&live, &view)
}

fn history() -> String {
    let (_, mut nights, tonight) = sample_nights::nights();
    nights.runs.push(tonight);
    let all = Chronicle::of("shop-launch-0", &nights, Effect::default(), 200);
    let mut page = Vec::new();
    chronicles("shop/launch", &[all.unwrap()], &mut page).unwrap();
    String::from_utf8(page).unwrap()
}

fn nightly() -> View {
    let (record, verdict, night, digest) = sample_nights::judged();
    let history = HistoryView::judged(&night, &digest.key.to_string());
    View::new(&record, &verdict).with_history(history)
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
        ("nightly".into(), nightly()),
    ];
    for (steps, seconds, name) in [
        (3, 10, "3-steps-10s"),
        (3, 7_200, "3-steps-2h"),
        (60, 10, "60-steps-10s"),
        (60, 3_600, "60-steps-1h"),
    ] {
        all.push((name.into(), view(&sized(steps, seconds))));
    }
    let mut pages = vec![("live".into(), live()), ("history".into(), history())];
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
