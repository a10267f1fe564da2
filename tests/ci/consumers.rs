//! `junit.xml` by the rules of those who read it: mikepenz/action-junit-report on GitHub, GitLab, Jenkins' junit plugin.
//! Each is ported as far as it decides what is red, under which name and where.

use crate::golden::rendered;
use crate::support::{extreme_runs, sample_run};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus};
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

fn report(view: &View) -> Report {
    Report::deserialize_from_str(&rendered(&Junit, view)).unwrap()
}

fn cases(report: &Report) -> impl Iterator<Item = &TestCase> {
    report.test_suites.iter().flat_map(|s| &s.test_cases)
}

fn class(case: &TestCase) -> &str {
    case.classname.as_ref().unwrap().as_str()
}

fn shown(case: &TestCase) -> Shown {
    match &case.status {
        TestCaseStatus::Success { .. } => Shown::Passed,
        TestCaseStatus::Skipped { .. } => Shown::Skipped,
        TestCaseStatus::NonSuccess {
            kind,
            message,
            description,
            ..
        } => {
            let text = format!(
                "{}\n{}",
                message.as_ref().map_or("", |m| m.as_str()),
                description.as_ref().map_or("", |d| d.as_str())
            );
            match kind {
                NonSuccessKind::Failure => Shown::Failed(text),
                NonSuccessKind::Error => Shown::Error(text),
            }
        }
    }
}

/// GitLab: cases by name within a suite (which is the class), the first one wins; failure before error before skipped.
fn gitlab(report: &Report) -> BTreeMap<(String, String), Shown> {
    let mut seen = BTreeMap::new();
    for case in cases(report) {
        let key = (class(case).to_owned(), case.name.as_str().to_owned());
        seen.entry(key).or_insert_with(|| shown(case));
    }
    seen
}

/// Jenkins: the package is the class up to its last dot; class and name are the identity.
fn jenkins(report: &Report) -> BTreeMap<(String, String, String), Shown> {
    let mut seen = BTreeMap::new();
    for case in cases(report) {
        let (package, class) = class(case).rsplit_once('.').unwrap();
        let key = (
            package.to_owned(),
            class.to_owned(),
            case.name.as_str().to_owned(),
        );
        assert!(seen.insert(key, shown(case)).is_none(), "{case:?}");
    }
    seen
}

/// The GitHub action: name, class and file are the identity; what is red is annotated at `file` and `line`.
fn github(report: &Report) -> Vec<(String, String, u64)> {
    let red = cases(report).filter(|c| matches!(shown(c), Shown::Failed(_) | Shown::Error(_)));
    red.map(|case| {
        let extra = |name: &str| case.extra.get(name).map(|v| v.as_str().to_owned());
        let line = extra("line").map_or(0, |l| l.parse().unwrap());
        let file = extra("file").unwrap_or_default();
        (case.name.as_str().to_owned(), file, line)
    })
    .collect()
}

#[test]
fn all_three_count_the_same_cases() {
    for (name, view) in views() {
        let report = report(&view);
        let (gitlab, jenkins) = (gitlab(&report), jenkins(&report));
        assert_eq!(
            (gitlab.len(), jenkins.len()),
            (report.tests, report.tests),
            "{name}"
        );
        let all: Vec<Shown> = cases(&report).map(shown).collect();
        let count = |is: fn(&Shown) -> bool| all.iter().filter(|s| is(s)).count();
        assert_eq!(
            count(|s| matches!(s, Shown::Failed(_))),
            report.failures,
            "{name}"
        );
        assert_eq!(
            count(|s| matches!(s, Shown::Error(_))),
            report.errors,
            "{name}"
        );
        assert_eq!(count(|s| *s == Shown::Skipped), report.skipped, "{name}");
        assert_eq!(
            github(&report).len(),
            report.failures + report.errors,
            "{name}"
        );
        let green = report.failures + report.errors == 0;
        assert_eq!(green, view.exit.code == 0, "{name}");
        for package in jenkins.keys().map(|k| &k.0) {
            assert_eq!(
                package, "tollgate.shop",
                "one package, whatever names hold dots"
            );
        }
    }
}

#[test]
fn what_is_red_has_a_place_and_a_text_within_limits() {
    for (name, view) in views() {
        let text = rendered(&Junit, &view);
        assert!(text.len() < 30_000_000, "{name}: GitLab takes 30 MB");
        let report = report(&view);
        for (case, file, line) in github(&report) {
            let run = case == "the run is valid";
            assert!(run || (!file.is_empty() && line > 0), "{name}: {case}");
        }
        for case in cases(&report) {
            if let Shown::Failed(text) | Shown::Error(text) = shown(case) {
                assert!(!text.trim().is_empty(), "{name}: {case:?}");
            }
            assert!(case.time.is_some(), "{name}: {case:?}");
        }
        for suite in &report.test_suites {
            assert!(suite.timestamp.is_some(), "{name}");
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
