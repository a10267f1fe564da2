//! `junit.xml` by the rules of those who read it: mikepenz/action-junit-report on GitHub, GitLab, Jenkins' junit plugin.
//! Each is ported as far as it decides what is red, under which name and where. They read elements and attributes of
//! plain XML, so that nothing is shared with the library that writes it.

use crate::golden::rendered;
use crate::support::{extreme_runs, sample_run};
use roxmltree::{Document, Node};
use std::collections::BTreeMap;
use tollgate::report::{Junit, View};

/// What a consumer makes of a case.
#[derive(Debug, Clone, PartialEq)]
enum Shown {
    Passed,
    Skipped,
    /// The text that people see.
    Failed(String),
    Error(String),
}

fn views() -> Vec<(&'static str, View)> {
    [
        ("pass", sample_run::pass()),
        ("fail", sample_run::fail()),
        ("invalid", sample_run::invalid()),
        ("hostile", extreme_runs::hostile()),
    ]
    .map(|(name, (record, verdict))| (name, View::new(&record, &verdict)))
    .into()
}

fn cases<'a>(report: &'a Document<'a>) -> impl Iterator<Item = Node<'a, 'a>> {
    report.descendants().filter(|n| n.has_tag_name("testcase"))
}

fn attribute<'a>(node: Node<'a, 'a>, name: &str) -> &'a str {
    node.attribute(name).unwrap_or_default()
}

/// The first child of the first of these names, with its message and its text.
fn shown(case: Node<'_, '_>, order: [&str; 3]) -> Shown {
    let child = |name: &&str| case.children().find(|n| n.has_tag_name(*name));
    let Some(child) = order.iter().find_map(child) else {
        return Shown::Passed;
    };
    let message = child.attribute("message").unwrap_or_default();
    let text = format!("{message}\n{}", child.text().unwrap_or_default());
    match child.tag_name().name() {
        "skipped" => Shown::Skipped,
        "failure" => Shown::Failed(text),
        _ => Shown::Error(text),
    }
}

/// GitLab: cases by name within a suite (which is the class), the first one wins; failure before error before skipped. It
/// fetches a file for a line of the output.
fn gitlab(report: &Document<'_>) -> BTreeMap<(String, String), Shown> {
    let mut seen = BTreeMap::new();
    for case in cases(report) {
        let key = ["classname", "name"].map(|name| attribute(case, name).to_owned());
        let shown = shown(case, ["failure", "error", "skipped"]);
        seen.entry(key.into()).or_insert(shown);
        let outputs: Vec<_> = case
            .children()
            .filter(|n| n.has_tag_name("system-out"))
            .collect();
        assert!(outputs.len() <= 1, "only one is read");
        for output in outputs {
            assert!(!output.text().unwrap_or_default().contains("[[ATTACHMENT|"));
        }
    }
    seen
}

/// Jenkins: the package is the class up to its last dot; class and name are the identity; skipped before error before
/// failure.
fn jenkins(report: &Document<'_>) -> BTreeMap<(String, String, String), Shown> {
    let mut seen = BTreeMap::new();
    for case in cases(report) {
        let (package, class) = attribute(case, "classname").rsplit_once('.').unwrap();
        let key = (package.into(), class.into(), attribute(case, "name").into());
        let shown = shown(case, ["skipped", "error", "failure"]);
        assert!(seen.insert(key, shown).is_none(), "{case:?}");
    }
    seen
}

/// The GitHub action: name, class and file are the identity; what is red is annotated at `file` and `line`, once for each
/// failure.
fn github(report: &Document<'_>) -> Vec<(String, String, u64)> {
    let red = |n: &Node<'_, '_>| n.has_tag_name("failure") || n.has_tag_name("error");
    let all = cases(report).flat_map(|case| case.children().filter(red).map(move |_| case));
    all.map(|case| {
        let line = attribute(case, "line").parse().unwrap_or_default();
        (
            attribute(case, "name").into(),
            attribute(case, "file").into(),
            line,
        )
    })
    .collect()
}

/// A sum over the suites, and what the whole says it is.
fn counted(report: &Document<'_>, name: &str) -> usize {
    let number = |n: Node<'_, '_>| n.attribute(name).unwrap_or("0").parse::<usize>().unwrap();
    let suites = report.descendants().filter(|n| n.has_tag_name("testsuite"));
    let sum = suites.map(number).sum();
    let root = report.root_element();
    assert!(
        root.attribute(name).is_none() || number(root) == sum,
        "{name}"
    );
    sum
}

#[test]
fn all_three_count_the_same_cases() {
    for (name, view) in views() {
        let text = rendered(&Junit, &view);
        let report = Document::parse(&text).unwrap();
        let (gitlab, jenkins) = (gitlab(&report), jenkins(&report));
        let tests = counted(&report, "tests");
        assert_eq!((gitlab.len(), jenkins.len()), (tests, tests), "{name}");
        let failures = counted(&report, "failures");
        let errors = counted(&report, "errors");
        for all in [
            gitlab.values().collect::<Vec<_>>(),
            jenkins.values().collect(),
        ] {
            let count = |is: fn(&Shown) -> bool| all.iter().filter(|s| is(s)).count();
            assert_eq!(count(|s| matches!(s, Shown::Failed(_))), failures, "{name}");
            assert_eq!(count(|s| matches!(s, Shown::Error(_))), errors, "{name}");
            let skipped = counted(&report, "skipped");
            assert_eq!(count(|s| *s == Shown::Skipped), skipped, "{name}");
            for shown in all {
                let (Shown::Failed(text) | Shown::Error(text)) = shown else {
                    continue;
                };
                assert!(!text.trim().is_empty(), "{name}");
            }
        }
        assert_eq!(github(&report).len(), failures + errors, "{name}");
        assert_eq!(failures + errors == 0, view.exit.code == 0, "{name}");
        for package in jenkins.keys().map(|k| &k.0) {
            assert_eq!(
                package, "tollgate.shop",
                "one package, whatever names hold dots"
            );
        }
    }
}

#[test]
fn what_is_red_has_a_place_and_everything_a_time() {
    for (name, view) in views() {
        let text = rendered(&Junit, &view);
        assert!(text.len() < 30_000_000, "{name}: GitLab takes 30 MB");
        let report = Document::parse(&text).unwrap();
        for (case, file, line) in github(&report) {
            let run = case == "the run is valid";
            assert!(run || (!file.is_empty() && line > 0), "{name}: {case}");
        }
        for case in cases(&report) {
            let time: f64 = attribute(case, "time").parse().unwrap();
            assert!(time >= 0.0, "{name}: {case:?}");
        }
        for suite in report.descendants().filter(|n| n.has_tag_name("testsuite")) {
            let at: Result<jiff::Timestamp, _> = attribute(suite, "timestamp").parse();
            assert!(at.is_ok(), "{name}: {suite:?}");
        }
    }
}

#[test]
fn five_hundred_steps_are_far_from_what_gitlab_refuses() {
    let (record, verdict) = extreme_runs::large();
    let text = rendered(&Junit, &View::new(&record, &verdict));
    // GitLab stops at 250,000 objects of XML: elements, attributes and texts.
    let objects = text.matches(['<', '=']).count();
    assert!(objects < 100_000, "{objects}");
    assert!(text.len() < 5_000_000, "{}", text.len());
}
