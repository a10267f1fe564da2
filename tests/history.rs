//! `tollgate history` and `run --history` as a user runs them.

use crate::support::cli::{Bench, Ran};
use crate::support::past_nights::{started, tally, wobble};
use crate::support::target::target;
use serde_json::Value;
use std::fs;
use tollgate::record::{Environment, FlowRecord, Health, Model, RunRecord, StepRecord, Stop};

const MS: u64 = 1_000_000;

/// The run of a day; scatter of about 2 %, `list` slower by a factor.
pub(crate) fn night(day: usize, slower: f64) -> RunRecord {
    let step = |name: &str, ms: f64| StepRecord {
        name: name.into(),
        label: format!("browse/{name}"),
        measured: tally(2_000, ms * wobble(day)),
        ..StepRecord::default()
    };
    RunRecord {
        scenario: "shop".into(),
        profile: "nightly".into(),
        target: "http://127.0.0.1:1".into(),
        started: started(day),
        elapsed: 60_000 * MS,
        seed: day as u64,
        model: Model::Closed { users: 5 },
        steps: vec![step("landing", 20.0), step("list", 50.0 * slower)],
        flows: vec![FlowRecord {
            name: "browse".into(),
            started: 2000,
            completed: 2000,
            ..FlowRecord::default()
        }],
        health: Health {
            conserved: true,
            ..Health::default()
        },
        environment: Environment {
            version: "0.1.0".into(),
            revision: Some(format!("c0ffee{day:02}")),
            ..Environment::default()
        },
        ..RunRecord::default()
    }
}

/// A folder with these nights as `n00.tg` and so on; the first `kept` of them in the history.
fn nights(slower: &[f64], kept: usize) -> Bench {
    let bench = Bench::new(&[]);
    let names: Vec<String> = (0..slower.len()).map(|d| format!("n{d:02}.tg")).collect();
    for (day, name) in names.iter().enumerate() {
        tollgate::record::save(&night(day, slower[day]), &bench.path(name)).unwrap();
    }
    let mut add = vec!["history", "add"];
    add.extend(names[..kept].iter().map(String::as_str));
    bench.run(&add).expect(0);
    bench
}

fn judged(bench: &Bench, run: &str, code: i32) -> Ran {
    bench.run(&["history", "judge", run]).expect(code)
}

#[test]
fn a_small_step_is_told_as_a_shift_with_what_it_is_short_of_and_can_be_accepted() {
    let mut slower = vec![1.0; 30];
    slower.extend([1.055; 11]);
    let bench = nights(&slower, 40);
    let young = judged(&bench, "n37.tg", 0).stdout;
    for words in [
        "shift p95 of browse/list: +5.",
        " times the scatter, a regression from 5, or if it lasts for 10 runs (8 so far)",
    ] {
        assert!(young.contains(words), "{words}: {young}");
    }
    assert!(!young.contains("regression p95"), "{young}");
    let shifts = young.matches("  shift ").count();
    let clause = format!("; {shifts} series shifted");
    assert!(young.lines().next().unwrap().ends_with(&clause), "{young}");
    let json = bench.run(&["history", "judge", "n37.tg", "--format", "json"]);
    let json: Value = serde_json::from_str(&json.expect(0).stdout).unwrap();
    let first = &json["night"]["findings"][0];
    assert_eq!(first["standing"], "shift");
    assert!(first["scatters"].as_f64().unwrap() < 5.0, "{first}");
    let lasting = judged(&bench, "n39.tg", 5).stdout;
    assert!(
        lasting.contains("regression p95 of browse/list: +5."),
        "{lasting}"
    );

    let bench = nights(&slower[..38], 38);
    bench
        .run(&["history", "accept", "--reason", "a longer list"])
        .expect(0);
    let accepted = bench.run(&["history", "judge", "n37.tg"]).expect(0).stdout;
    assert!(!accepted.contains("shift p95"), "{accepted}");
}

#[test]
fn five_slow_nights_are_exit_5_with_the_step_named_and_can_be_accepted() {
    let mut slower = vec![1.0; 20];
    slower.extend([1.2; 6]);
    let bench = nights(&slower, 24);
    let first = judged(&bench, "n20.tg", 0).stdout;
    assert!(first.contains("suspect p95 of browse/list"), "{first}");
    assert!(first.contains("expected by chance"), "{first}");
    let (sentence, rest) = first.split_once('\n').unwrap();
    let suspects = rest.matches("  suspect ").count();
    let clause = format!("; {suspects} series suspect");
    assert!(
        sentence.starts_with("PASS") && sentence.ends_with(&clause),
        "{first}"
    );
    assert!(first.contains("  power: a step of +"), "{first}");
    let third = judged(&bench, "n22.tg", 0).stdout;
    let words = "out of line for 3 runs on end, since 2026-01-21 02:00 (c0ffee20)";
    assert!(third.contains(words), "{third}");
    let found = judged(&bench, "n24.tg", 5).stdout;
    for words in [
        "regression p95 of browse/list: +",
        "since 2026-01-21 02:00",
        "(c0ffee20)",
    ] {
        assert!(found.contains(words), "{words}: {found}");
    }
    assert!(!found.contains("of browse/landing"), "{found}");
    let json = bench.run(&["history", "judge", "n24.tg", "--format", "json"]);
    let json: Value = serde_json::from_str(&json.expect(5).stdout).unwrap();
    assert_eq!(json["exit"]["reason"], "regression");
    assert_eq!(json["night"]["findings"][0]["standing"], "regression");

    bench.run(&["history", "accept", "--reason", " "]).expect(2);
    bench.run(&["history", "add", "n24.tg"]).expect(0);
    let accepted = bench.run(&["history", "accept", "--reason", "new search"]);
    assert!(
        accepted
            .expect(0)
            .stdout
            .contains("p95 of browse/list (regression)")
    );
    let after = judged(&bench, "n25.tg", 0).stdout;
    assert!(after.contains("accepted p95 of browse/list"), "{after}");
    assert!(after.contains("new search"), "{after}");
    let twice = bench.run(&["history", "accept", "--reason", "again"]);
    assert!(twice.expect(2).stderr.contains("nothing to accept"));
}

#[test]
fn four_runs_are_no_baseline_and_quiet_nights_are_in_line() {
    let bench = nights(&[1.0; 20], 4);
    let few = judged(&bench, "n04.tg", 0).stdout;
    assert!(few.contains("no baseline yet, fewer than 5 runs"), "{few}");
    let bench = nights(&[1.0; 20], 19);
    let quiet = judged(&bench, "n19.tg", 0).stdout;
    assert!(quiet.contains("series in line"), "{quiet}");
    assert!(
        !quiet.contains("suspect p") && !quiet.contains("series suspect"),
        "{quiet}"
    );
}

#[test]
fn lists_prunes_and_exports_what_trend_reads() {
    let mut slower = vec![1.0; 20];
    slower.extend([1.3; 6]);
    let bench = nights(&slower, 26);
    let list = bench.run(&["history"]).expect(0).stdout;
    assert!(list.contains("26 runs, 2026-01-01T02:00:00Z"), "{list}");
    let runs = bench.run(&["history", "list", "--runs"]).expect(0).stdout;
    assert!(runs.contains("c0ffee03  p50 "), "{runs}");
    let part = ["history", "export", "--part", "browse/list"];
    let csv = bench.run(&part).expect(0).stdout;
    assert!(csv.starts_with("metric,run,commit,value,environment\nbrowse/list p50 ms,2026"));
    bench.write("list.csv", &csv);
    let trend = bench.run(&["trend", "list.csv"]).expect(5).stdout;
    assert!(trend.contains("browse/list p95 ms: 26 runs"), "{trend}");
    let dry = ["history", "prune", "--keep", "10", "--dry-run"];
    assert_eq!(bench.run(&dry).expect(0).stdout.lines().count(), 16);
    bench.run(&["history", "prune", "--keep", "10"]).expect(0);
    let list = bench.run(&["history"]).expect(0).stdout;
    assert!(list.contains("10 runs, 2026-01-17"), "{list}");
    bench
        .run(&["history", "export", "--environment", "no"])
        .expect(2);
    bench.run(&["history", "--history", "nowhere"]).expect(2);
}

#[test]
fn runs_of_other_environments_are_not_compared() {
    let bench = nights(&[1.0; 8], 8);
    let mut other = night(9, 1.0);
    other.environment.host.processor = "another".into();
    tollgate::record::save(&other, &bench.path("other.tg")).unwrap();
    let alone = judged(&bench, "other.tg", 0).stdout;
    assert!(alone.contains("history: 0 runs before this one"), "{alone}");
    let named = ["history", "judge", "n07.tg", "--runner", "large"];
    assert!(
        bench
            .run(&named)
            .expect(0)
            .stdout
            .contains("history: 0 runs")
    );
}

#[test]
fn a_run_that_says_nothing_does_not_enter_and_two_jobs_may_write_at_once() {
    let bench = nights(&[1.0; 12], 1);
    let mut cut = night(13, 1.0);
    cut.stop = Some(Stop::Interrupted);
    tollgate::record::save(&cut, &bench.path("cut.tg")).unwrap();
    let refused = bench.run(&["history", "add", "n01.tg", "cut.tg"]).expect(2);
    assert!(
        refused.stderr.contains("cut.tg says nothing"),
        "{}",
        refused.stderr
    );
    assert!(bench.run(&["history"]).stdout.contains("1 runs"));
    let jobs: Vec<_> = (0..12)
        .map(|day| {
            let run = format!("n{day:02}.tg");
            bench.command(&["history", "add", &run]).spawn().unwrap()
        })
        .collect();
    for job in jobs {
        bench.ran(job.wait_with_output().unwrap()).expect(0);
    }
    assert!(bench.run(&["history"]).stdout.contains("12 runs"));
}

#[test]
fn a_run_is_judged_and_enters_and_a_broken_history_sends_nothing() {
    let target = target();
    let steps = "      - get: /ok\n        name: a\n";
    let bench = Bench::with_steps(&target.url(""), steps, "  smoke: { passes: 40 }\n");
    for before in 0..3 {
        let ran = bench.smoke(&["--history", "past"]).expect(0);
        let words = format!("history: {before} runs before this one of s/smoke");
        assert!(ran.stdout.contains(&words), "{}", ran.stdout);
        let json: Value = serde_json::from_str(&ran.report("history.json")).unwrap();
        assert_eq!(json["night"]["before"], before);
        assert_eq!(json["night"]["findings"][0]["standing"], "no_baseline");
    }
    let list = bench
        .run(&["history", "--history", "past"])
        .expect(0)
        .stdout;
    assert!(list.contains("3 runs"), "{list}");
    let sent = target.requests();
    bench.write("bad/x/y.json", "{");
    let refused = bench.smoke(&["--history", "bad"]).expect(2);
    assert!(refused.stderr.contains("y.json"), "{}", refused.stderr);
    let refused = bench.smoke(&["--history", "s.yaml"]).expect(2).stderr;
    let file = "history s.yaml: this is a file, and a history is a directory; name another place";
    assert!(refused.contains(file), "{refused}");
    let refused = bench.smoke(&["--history", "s.yaml/past"]).expect(2).stderr;
    let below = "history s.yaml/past: cannot make this directory: ";
    assert!(
        refused.contains(below) && refused.contains("; name one in a place"),
        "{refused}"
    );
    assert_eq!(target.requests(), sent);
    for what in [
        &["list"][..],
        &["plot"],
        &["export"],
        &["prune", "--keep", "3"],
        &["accept", "--reason", "x"],
        &["judge", "out"],
    ] {
        let at = |place| {
            bench
                .run(&[&["history", "--history", place], what].concat())
                .expect(2)
                .stderr
        };
        assert!(
            at("nope").contains("history nope: there is no such directory; name the one that"),
            "{what:?}"
        );
        assert!(at("s.yaml").contains(file), "{what:?}");
    }
    assert!(!bench.path("nope").exists());
}

#[test]
fn a_failed_run_keeps_its_exit_and_an_unreachable_target_does_not_enter() {
    let steps = "      - get: /ok\n        name: a\n";
    let refused = crate::support::target::refused();
    let url = format!("http://{}", refused.addr);
    let bench = Bench::with_steps(&url, steps, "  load: { users: 1, duration: 1s }\n");
    let ran = bench
        .smoke(&["--profile", "load", "--history", "past"])
        .expect(6);
    assert!(
        ran.stderr.contains("not compared, not added"),
        "{}",
        ran.stderr
    );
    assert!(fs::read_dir(bench.path("past")).unwrap().next().is_none());
}

#[test]
fn a_stored_run_is_judged_as_the_run_was() {
    let target = target();
    // The first run fails, beside what the runs before say; the others pass.
    let steps = "      - get: /sequence/500,200\n        name: a\n";
    let bench = Bench::with_steps(&target.url(""), steps, "  smoke: { passes: 1 }\n");
    bench.write("b.yaml", "budgets:\n  - error_rate < 1%\n");
    for name in ["r0", "r1", "r2"] {
        let run = [
            "run",
            "s.yaml",
            "--budgets",
            "b.yaml",
            "--history",
            "past",
            "--out",
            name,
        ];
        let ran = bench.run(&run);
        let own = bench.path(name);
        let said = |file: &str| fs::read_to_string(own.join(file)).unwrap();
        let judge = ["history", "judge", name, "--history", "past"];
        let code = ran.code.unwrap();
        let json = bench.run(&[&judge[..], &["--format", "json"]].concat());
        assert_eq!(json.expect(code).stdout, said("history.json"));
        let text = bench.run(&[&judge[..], &["--out", "again"]].concat());
        let text = text.expect(code).stdout;
        let result: Value = serde_json::from_str(&said("result.json")).unwrap();
        let (word, history) = text.split_once('\n').unwrap();
        assert!(
            word.ends_with(result["sentence"].as_str().unwrap()),
            "{text}"
        );
        assert!(ran.stdout.contains(history.trim_end()), "{text}");
        for file in ["result.json", "junit.xml", "report.html", "history.json"] {
            let again = fs::read_to_string(bench.path("again").join(file)).unwrap();
            assert_eq!(again, said(file), "{file}");
        }
    }
    let list = bench
        .run(&["history", "--history", "past"])
        .expect(0)
        .stdout;
    assert!(list.contains("3 runs"), "{list}");
}

#[test]
fn a_stored_run_that_says_nothing_ends_as_it_did() {
    let bench = nights(&[1.0; 2], 2);
    let mut cut = night(13, 1.0);
    cut.stop = Some(Stop::Interrupted);
    tollgate::record::save(&cut, &bench.path("cut.tg")).unwrap();
    let said = judged(&bench, "cut.tg", 130).stdout;
    assert!(said.contains("not compared, not added"), "{said}");
    let json = bench.run(&["history", "judge", "cut.tg", "--format", "json"]);
    let json = json.expect(130);
    assert_eq!(json.stdout, "");
    assert!(json.stderr.contains("not compared"), "{}", json.stderr);
}

/// An application that answers after so many milliseconds.
fn application(ms: u64) -> String {
    crate::support::serve::serve(move |_| {
        std::thread::sleep(std::time::Duration::from_millis(ms));
        ("200 OK".into(), "ok".into())
    })
}

/// Six quick nights of a scenario whose profile names its history.
fn six_quick_nights(profile: &str) -> Bench {
    let quick = application(10);
    let steps = "      - get: /ok\n        name: a\n";
    let bench = Bench::with_steps(&quick, steps, &format!("  smoke: {profile}\n"));
    // As they would have been on a machine that does nothing else: one run, and nights like it.
    let model = bench.smoke(&["--no-history"]).expect(0).record();
    let names: Vec<String> = (0..6).map(|day| format!("n{day}.tg")).collect();
    for (day, name) in names.iter().enumerate() {
        let mut night = RunRecord {
            started: started(day),
            ..model.clone()
        };
        night.steps[0].measured = tally(2_000, 10.0 + 0.1 * day as f64);
        tollgate::record::save(&night, &bench.path(name)).unwrap();
    }
    let mut add = vec!["history", "add", "--history", "past"];
    add.extend(names.iter().map(String::as_str));
    bench.run(&add).expect(0);
    let list = bench.run(&["history", "--history", "past"]).expect(0);
    assert!(list.stdout.contains("6 runs"), "{}", list.stdout);
    bench
}

#[test]
fn a_profile_names_its_history_and_pairs_with_the_base_confirm_a_suspect() {
    let bench = six_quick_nights("{ passes: 20, history: past }");
    let (slow, quick) = (application(100), application(10));
    let confirm = ["--history", "past", "--compare-to", &quick, "--pairs", "5"];
    let found = bench.smoke(&[&["--target", &slow], &confirm[..]].concat());
    let found = found.expect(5);
    for words in ["regression p50 of f/a: ", "; 5 pairs beside the base: +"] {
        assert!(found.stdout.contains(words), "{words}: {}", found.stdout);
    }
    assert!(found.stderr.contains("pair 5 of 5"), "{}", found.stderr);
    let result = found.valid_result();
    assert_eq!(result["exit"]["reason"], "regression");
    let first = &result["history"]["findings"][0];
    assert_eq!(
        (&first["standing"], &first["pairs"]["pairs"]),
        (&"regression".into(), &5.into())
    );
    let page = found.report("report.html");
    assert!(page.contains("5 pairs beside the base"));
    // Nothing is compared, and nothing enters.
    let quiet = bench.smoke(&["--target", &slow, "--no-history"]).expect(0);
    assert!(!quiet.stdout.contains("history: "), "{}", quiet.stdout);
    let list = bench.run(&["history", "--history", "past"]).expect(0);
    assert!(list.stdout.contains("7 runs"), "{}", list.stdout);
}

#[test]
fn a_slow_night_that_is_slow_for_the_base_too_is_not_confirmed() {
    let slower = application(60);
    let profile =
        format!("{{ passes: 20, history: {{ in: past, confirm: \"{slower}\", pairs: 5 }} }}");
    let bench = six_quick_nights(&profile);
    let found = bench.smoke(&["--target", &application(30)]).expect(0);
    assert!(
        found.stdout.contains("not confirmed p50 of f/a: "),
        "{}",
        found.stdout
    );
    assert!(!found.stdout.contains("  suspect "), "{}", found.stdout);
    let nobody = crate::support::target::refused();
    let nobody = format!("http://{}", nobody.addr);
    let arguments = [
        "--target",
        &application(200),
        "--history",
        "past",
        "--compare-to",
        &nobody,
    ];
    let found = bench.smoke(&arguments).expect(0);
    assert!(
        found.stderr.contains("neither confirmed nor dispelled"),
        "{}",
        found.stderr
    );
    assert!(
        found.stdout.contains("  suspect p50 of f/a: "),
        "{}",
        found.stdout
    );
}
