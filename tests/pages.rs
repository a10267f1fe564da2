//! Pages about more than one run: byte by byte, whom they refuse, and what they make of hostile text.

use crate::support::cli::Bench;
use crate::support::{extreme_runs, sample_nights, sample_run};
use std::path::Path;
use std::{env, fs};
use tollgate::budget::Verdict;
use tollgate::history::nights::{Chronicle, Digest, Effect, Figure, Measure, Nights};
use tollgate::record::{RunRecord, save};
use tollgate::report::{Comparison, IndexRow, Listed, View, chronicles, index};

fn view((record, verdict): &(RunRecord, Verdict)) -> View {
    View::new(record, verdict)
}

fn compared(a: &View, b: &View) -> String {
    let mut page = Vec::new();
    let both = Comparison::new(a, b, true).unwrap();
    both.html(&mut page).unwrap();
    String::from_utf8(page).unwrap()
}

fn listed(rows: &[IndexRow]) -> String {
    let mut page = Vec::new();
    index("reports", rows, &mut page).unwrap();
    String::from_utf8(page).unwrap()
}

fn row(name: &str, view: &View) -> IndexRow {
    IndexRow {
        link: format!("./{name}/report.html"),
        run: Ok(Listed::of(view)),
    }
}

fn golden(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/sample");
    let path = path.join(file);
    if env::var_os("UPDATE").is_some() {
        fs::write(path, text).unwrap();
        return;
    }
    let same = fs::read_to_string(&path).unwrap_or_default() == text;
    assert!(same, "{file} is not as committed: UPDATE=1 cargo test");
}

#[test]
fn golden_pages() {
    let runs = [
        sample_run::pass(),
        sample_run::fail(),
        sample_run::invalid(),
    ];
    let [pass, fail, invalid] = [&runs[0], &runs[1], &runs[2]].map(view);
    golden("compare.html", &compared(&pass, &fail));
    let unreadable = IndexRow {
        link: "./old/report.html".into(),
        run: Err("old/run.tg is not a run of tollgate, or it is damaged".into()),
    };
    let rows = [
        row("pass", &pass),
        row("fail", &fail),
        row("invalid", &invalid),
        unreadable,
    ];
    golden("index.html", &listed(&rows));
}

#[test]
fn incomparable_runs_are_refused_with_every_reason() {
    let (mut other, verdict) = sample_run::pass();
    other.profile = "nightly".into();
    other.scenario = "forum".into();
    let (a, b) = (view(&sample_run::pass()), View::new(&other, &verdict));
    let reasons = Comparison::new(&a, &b, false).unwrap_err();
    assert_eq!(
        reasons,
        [
            "the scenario differs: shop in A, forum in B",
            "the profile differs: launch in A, nightly in B"
        ]
    );
    let both = Comparison::new(&a, &b, true).unwrap();
    assert_eq!(both.cautions, reasons);
    let nothing = tollgate::budget::judge(&RunRecord::default(), None);
    let nothing = View::new(&RunRecord::default(), &nothing);
    let reasons = Comparison::new(&a, &nothing, true).unwrap_err();
    assert_eq!(reasons[0], "B measured no request");
}

#[test]
fn hostile_texts_are_texts() {
    let hostile = view(&extreme_runs::hostile());
    let rows = [row("a", &hostile)];
    for page in [compared(&hostile, &hostile), listed(&rows)] {
        assert!(page.contains("default-src 'none'"));
        let lower = page.to_lowercase().replacen("<script>// tables", "", 1);
        for tag in ["<script", "<img", "<!--", "<iframe", "javascript:", "src="] {
            assert!(!lower.contains(tag), "{tag}");
        }
        let acts = |c: char| c.is_control() && c != '\n';
        assert!(!page.contains(acts));
    }
}

#[test]
fn large_runs_fit_into_a_page() {
    let large = view(&extreme_runs::large());
    let page = compared(&large, &large);
    assert!(page.len() < 500_000, "{} bytes", page.len());
    let rows: Vec<IndexRow> = (0..2_000).map(|i| row(&i.to_string(), &large)).collect();
    let page = listed(&rows);
    assert!(page.len() < 500_000, "{} bytes", page.len());
    assert!(page.contains("1500 older ones are not shown"));
}

#[test]
fn the_commands_write_their_pages_and_say_where() {
    let bench = Bench::new(&[("runs/c/run.tg", "no run")]);
    for (name, mut story) in [("a", sample_run::pass()), ("b", sample_run::fail())] {
        story.0.profiles = vec!["launch".into(), "soak".into()];
        bench.write(&format!("runs/{name}/note"), "");
        save(&story.0, &bench.path(&format!("runs/{name}/run.tg"))).unwrap();
    }
    let ran = bench.run(&["compare", "runs/a", "runs/b"]).expect(0);
    assert_eq!(ran.stdout, "runs/b/compare.html\n");
    let page = fs::read_to_string(bench.path("runs/b/compare.html")).unwrap();
    assert!(page.contains("purchase/pay"));

    let ran = bench.run(&["index", "runs"]).expect(0);
    assert_eq!(ran.stdout, "runs/index.html\n");
    let page = fs::read_to_string(bench.path("runs/index.html")).unwrap();
    for part in ["./a/report%2Ehtml", "./b/report%2Ehtml", "UNREADABLE"] {
        assert!(page.contains(part), "{part}");
    }

    let (mut other, _) = sample_run::pass();
    other.scenario = "forum".into();
    other.profiles = vec!["launch".into(), "soak".into()];
    save(&other, &bench.path("runs/a/run.tg")).unwrap();
    let ran = bench.run(&["compare", "runs/a", "runs/b"]).expect(2);
    assert!(
        ran.stderr.contains("the scenario differs: forum in A"),
        "{}",
        ran.stderr
    );
    bench
        .run(&["compare", "runs/a", "runs/b", "--force"])
        .expect(0);
    bench.write("empty/note", "");
    bench.run(&["index", "empty"]).expect(2);
}

fn drawn(title: &str, all: &[Chronicle]) -> String {
    let mut page = Vec::new();
    chronicles(title, all, &mut page).unwrap();
    String::from_utf8(page).unwrap()
}

#[test]
fn golden_history() {
    let (_, mut nights, tonight) = sample_nights::nights();
    nights.runs.push(tonight);
    let all = Chronicle::of("shop-launch-0", &nights, Effect::default(), 200);
    let page = drawn("shop/launch", &[all.unwrap()]);
    // One is near enough to be drawn, the other is named.
    assert!(page.contains(">budget 30 ms<") && page.contains("p99: regression, budget 800 ms"));
    golden("history.html", &page);
}

/// So many runs of so many steps; every fourth became slower in the end. Names are hostile.
fn many(runs: usize, steps: usize) -> Nights {
    let digest = |day: usize| {
        let figure = |step: usize, measure: Measure| {
            let slow = if step.is_multiple_of(4) && day + 8 > runs {
                1.3
            } else {
                1.0
            };
            let wobble = 1.0 + ((day * 7 + step * 3) % 11) as f64 / 200.0;
            Figure {
                part: format!("flow/<b>step {step}</b>"),
                measure,
                value: 123.456 * slow * wobble,
                n: 12_345,
            }
        };
        let figures = (0..steps).flat_map(|step| Measure::ALL.map(|m| figure(step, m)));
        Digest {
            id: format!(
                "2026{:02}{:02}T020000.000000Z-{day:08x}",
                1 + day / 28,
                1 + day % 28
            ),
            started: String::new(),
            revision: Some("0123456789ab".into()),
            key: tollgate::history::nights::Key::default(),
            release: Some(format!("<i>{}</i>", day / 10)),
            limits: Vec::new(),
            figures: figures.collect(),
        }
    };
    Nights {
        runs: (0..runs).map(digest).collect(),
        accepted: Vec::new(),
    }
}

#[test]
fn a_history_of_many_steps_is_one_small_page_and_says_what_it_leaves_out() {
    let chronicle = |runs, steps| Chronicle::of("many", &many(runs, steps), Effect::default(), 200);
    let page = drawn("many", &[chronicle(60, 60).unwrap()]);
    assert!(page.len() < 500_000, "{}", page.len());
    assert!(page.contains("more series without a chart"));
    assert!(!page.contains("<b>step") && !page.contains("<i>1"));
    let page = drawn(
        "many",
        &[chronicle(300, 4).unwrap(), chronicle(1, 4).unwrap()],
    );
    assert!(page.len() < 500_000, "{}", page.len());
    assert!(page.contains("100 older ones are not shown"));
}
