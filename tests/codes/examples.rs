//! The examples of `docs/errors.md`, done: each wrong one leads to its code and to no other problem, each right one to
//! no error and not to its code. Most are a part of a file; [`completions`] says which files they may be parts of.

use super::given::files;
use crate::support::cli::Bench;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use tollgate::budget;
use tollgate::scenario::{Environment, Problems, load};
use tollgate::source::{Diagnostic, Severity, Source, codes};

/// Too large to be printed: only their right examples are done. Their goldens are whole.
const ABRIDGED: [&str; 2] = ["T0104", "T0452"];
/// Codes that the command finds, not the reader.
const OF_RUN: [&str; 1] = ["T0712"];
const OF_VALIDATE: [&str; 4] = ["T0453", "T0825", "T0827", "T0828"];

/// A certificate.
const CLIENT: &str = include_str!("../diagnostics/data/client.pem");

/// The files that every example may name.
const FILES: [(&str, &str); 10] = [
    ("budgets/shop.yaml", "budgets: [p95 < 1s]\n"),
    ("scenarios/shoppers.csv", "email,city\na@b.test,Bonn\n"),
    ("scenarios/data/shoppers.csv", "email,city\na@b.test,Bonn\n"),
    ("scenarios/users.csv", "email,city\na@b.test,Bonn\n"),
    (
        "scenarios/shoppers.jsonl",
        "{\"email\": \"a@b.test\"}\n{\"email\": \"b@b.test\"}\n",
    ),
    ("scenarios/empty.csv", "email,city\n"),
    ("scenarios/ca.pem", CLIENT),
    ("scenarios/client.pem", CLIENT),
    (
        "scenarios/client.key",
        include_str!("../diagnostics/data/client.key"),
    ),
    (
        "scenarios/encrypted.key",
        include_str!("../diagnostics/data/encrypted.key"),
    ),
];
const FLOWS: &str = "flows: { browse: { steps: [{ get: /, check: status == 200 }] } }\n";
/// What budgets are bound to.
const STEPS: [(&str, &str); 6] = [
    ("browse", "landing"),
    ("browse", "pay"),
    ("purchase", "pay"),
    ("purchase", "cart"),
    ("checkout", "checkout"),
    ("checkout", "receipt"),
];

#[test]
fn examples_are_what_the_page_says() {
    let mut odd = String::new();
    for code in codes() {
        let (_, example) = code.text.split_once("```yaml\n# wrong\n").unwrap();
        let (wrong, right) = example.split_once("# right\n").unwrap();
        let right = right.trim_end().trim_end_matches("```");
        let code = code.code;
        let refused = |seen: &Seen| seen.is_only(code);
        if !ABRIDGED.contains(&code) {
            expect(&mut odd, code, ("wrong", wrong), &refused);
        }
        let good = |seen: &Seen| seen.errors.is_empty() && !seen.others.contains(code);
        expect(&mut odd, code, ("right", right), &good);
    }
    assert!(odd.is_empty(), "{odd}");
}

fn expect(odd: &mut String, code: &str, (which, text): (&str, &str), fits: &dyn Fn(&Seen) -> bool) {
    let mut seen = completions(text)
        .into_iter()
        .map(|whole| (read(code, which, text, &whole), whole));
    let mut tried = Vec::new();
    if !seen.any(|(found, whole)| {
        let good = fits(&found);
        tried.push((found, whole));
        good
    }) {
        writeln!(odd, "{code}: the {which} example, as a part of").unwrap();
        for (found, whole) in tried {
            writeln!(odd, "{whole}  → {found:?}").unwrap();
        }
    }
}

/// The codes that one reading gave.
#[derive(Debug, Default)]
struct Seen {
    errors: BTreeSet<String>,
    /// Warnings and notes.
    others: BTreeSet<String>,
}

impl Seen {
    fn of(problems: &[Diagnostic]) -> Self {
        let mut seen = Self::default();
        for problem in problems {
            let of = match problem.severity {
                Severity::Error => &mut seen.errors,
                Severity::Warning | Severity::Note => &mut seen.others,
            };
            of.insert(problem.code.to_owned());
        }
        seen
    }

    /// From what a command printed.
    fn printed(text: &str) -> Self {
        let of = |level: &str| {
            let codes = text.split(level).skip(1).filter_map(|rest| rest.get(..5));
            codes.map(str::to_owned).collect()
        };
        Self {
            errors: of("error["),
            others: of("note[").union(&of("warning[")).cloned().collect(),
        }
    }

    fn is_only(&self, code: &str) -> bool {
        let all = |codes: &BTreeSet<String>| codes.len() == 1 && codes.contains(code);
        all(&self.errors) || (self.errors.is_empty() && self.others.contains(code))
    }
}

/// The files that a text may be a part of: itself, a file without its target and flows, steps, one step, a flow, a
/// profile, a feeder, a setting.
fn completions(text: &str) -> Vec<String> {
    let has = |key: &str| text.lines().any(|line| line.starts_with(key));
    if has("budgets: [") {
        return vec![text.into()];
    }
    let target = if has("target:") {
        ""
    } else {
        "target: http://127.0.0.1:8080\n"
    };
    let flows = if has("flows:") { "" } else { FLOWS };
    let inside = |depth: usize| {
        let indent = " ".repeat(depth);
        text.lines()
            .fold(String::new(), |all, line| all + &indent + line + "\n")
    };
    let steps = format!("{target}flows:\n  browse:\n    steps:\n");
    let one = if has("steps:") {
        ""
    } else {
        "    steps: [{ get: / }]\n"
    };
    vec![
        text.into(),
        format!("{text}{target}{flows}"),
        format!("{steps}{}", inside(6)),
        format!("{steps}      -\n{}", inside(8)),
        format!("{steps}      - post: /\n{}", inside(8)),
        format!("{target}flows:\n  browse:\n{}{one}", inside(4)),
        format!("{target}{FLOWS}profiles:\n{}", inside(2)),
        format!("{target}{FLOWS}data:\n{}", inside(2)),
        format!(
            "{target}{FLOWS}data:\n  shopper:\n    csv: shoppers.csv\n{}",
            inside(4)
        ),
        format!("{target}{FLOWS}tls:\n{}", inside(2)),
    ]
}

/// Reads one of them, beside the files that the example names.
fn read(code: &str, which: &str, example: &str, whole: &str) -> Seen {
    let bench = Bench::new(&FILES);
    for (name, content) in files(example) {
        bench.write(&format!("scenarios/{name}"), &content);
    }
    bench.write("scenarios/s.yaml", whole);
    if example.lines().any(|line| line.starts_with("budgets: [")) {
        return budgets(&bench, code, whole);
    }
    let path = bench.path("scenarios/s.yaml");
    match code {
        _ if OF_VALIDATE.contains(&code) => printed(&bench, &["validate", "scenarios/s.yaml"]),
        _ if OF_RUN.contains(&code) && which == "wrong" => {
            let profile = "profiles: { launch: { users: 1, duration: 1s } }\n";
            fs::write(&path, format!("{whole}{profile}")).unwrap();
            printed(&bench, &["run", "scenarios/s.yaml", "-p", "launch"])
        }
        _ => scenario(&path, example),
    }
}

fn printed(bench: &Bench, arguments: &[&str]) -> Seen {
    Seen::printed(&bench.run(arguments).stderr)
}

fn scenario(path: &Path, example: &str) -> Seen {
    let set = ["SHOP_PASSWORD", "SHOP_BASIC", "API_KEY", "TOKEN"];
    let given = set.iter().fold(Environment::empty(), |given, name| {
        given.with(*name, "correct-horse")
    });
    let chosen = example
        .split("# --env ")
        .nth(1)
        .and_then(|rest| rest.lines().next());
    let environment = match chosen {
        Some(name) => given.with_chosen(name),
        None => given,
    };
    match load(path, &environment) {
        Ok(loaded) => Seen::of(&loaded.warnings),
        Err(Problems::Invalid(problems)) => Seen::of(&problems),
        Err(unreadable @ Problems::Unreadable { .. }) => panic!("{unreadable}"),
    }
}

fn budgets(bench: &Bench, code: &str, text: &str) -> Seen {
    if OF_VALIDATE.contains(&code) {
        let scenario = "target: http://127.0.0.1:8080\nflows:\n  browse:\n    steps:\n      - { get: /, name: landing }\n      - { get: /products, name: products }\n  hostile:\n    weight: 0\n    steps: [{ get: /search, name: search }]\nprofiles: { smoke: { passes: 1 }, launch: { users: 1, duration: 1s }, few: { passes: 1, flows: hostile } }\n";
        bench.write("scenarios/s.yaml", scenario);
        bench.write("scenarios/s.budgets.yaml", text);
        return printed(bench, &["validate", "scenarios/s.yaml"]);
    }
    let names = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    match budget::parse(Arc::new(Source::new("b.yaml", text))) {
        Err(problems) => Seen::of(&problems),
        Ok(file) => {
            let places = STEPS.map(|(flow, step)| budget::Place {
                captures: Some(vec!["queue_depth".to_owned()]),
                ..budget::Place::new(flow, step)
            });
            let mut problems = budget::bind(&file, &places, &names(&["smoke", "launch"]));
            problems.extend(budget::bind_servers(&file, &names(&["cpu"]), false));
            Seen::of(&problems)
        }
    }
}
