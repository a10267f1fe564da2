//! YAML → scenario → plan of every profile → program. In: scenarios of the repository, damaged; out: nothing.

use super::{Corpus, again, fuzz};
use std::fs;
use std::path::Path;
use tempfile::TempDir;
use tollgate::load::Program;
use tollgate::plan::{Load, Overrides, resolve};
use tollgate::record::Masker;
use tollgate::scenario::{Environment, SCENARIO, parse};
use tollgate::source::{Shape, Source, Type, render_all};

const EVERYTHING: &str = include_str!("../../src/scenario/tests/everything/everything.yaml");
const LIBRARY: &str = include_str!("../../src/scenario/tests/everything/library/sign-in.yaml");

/// The folder in which the example stands, with everything it names.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("library")).unwrap();
        for (name, text) in [
            ("library/sign-in.yaml", LIBRARY),
            ("everything.budgets.yaml", ""),
            ("regions.jsonl", "{\"name\":\"eu\"}\n"),
            ("shoppers.csv", "email,city\nann@shop.test,Bern\n"),
            ("products.json", "[{\"id\": 7, \"name\": \"red\"}]"),
        ] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        Self { folder }
    }

    /// Everything that is done with a file before a request is sent.
    fn read(&self, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        // The first byte decides what else is not fixed.
        let first = bytes.first().copied().unwrap_or_default();
        let mut environment = Environment::empty().with("SHOP_PASSWORD", "hunter2: [x");
        if first.is_multiple_of(3) {
            environment = environment.with_chosen("staging");
        }
        let path = self.folder.path().join("everything.yaml");
        if first == b'i' {
            fs::write(
                self.folder.path().join("library/damaged.yaml"),
                text.as_ref(),
            )
            .unwrap();
            let main = EVERYTHING.replace("library/sign-in", "library/damaged");
            prepare(&main, &path, &environment);
        } else {
            prepare(&text, &path, &environment);
        }
    }
}

fn prepare(text: &str, path: &Path, environment: &Environment) {
    let loaded = match parse(Source::new("s.yaml", text), path, environment) {
        Ok(loaded) => loaded,
        Err(problems) => {
            assert!(!problems.render(false).is_empty());
            return;
        }
    };
    render_all(&loaded.warnings, true);
    let scenario = &loaded.scenario;
    for profile in &scenario.profiles {
        let Ok(plan) = resolve(scenario, &profile.name, &Overrides::default(), 1) else {
            continue;
        };
        assert!(!plan.to_string().is_empty());
        for flow in 0..scenario.flows.len() {
            plan.expected_runs(flow);
        }
        if let Load::Open(pacer) = &plan.load {
            let mut due = 0;
            for arrival in pacer.arrivals(1).take(1000) {
                assert!(arrival.due >= due, "arrivals in order");
                due = arrival.due;
            }
        }
    }
    let secrets = scenario.secrets.iter().map(|s| s.value.as_str());
    Program::new(scenario, &[], &Masker::new(secrets)).layout();
}

/// Every key that can stand in a file.
fn keys(shape: &Shape, words: &mut Vec<String>) {
    for key in shape.keys {
        let word = format!("{}: ", key.name);
        if !words.contains(&word) {
            words.push(word);
            inside(&key.kind, words);
        }
    }
}

fn inside(kind: &Type, words: &mut Vec<String>) {
    match kind {
        Type::Object(shape) => keys(shape, words),
        Type::List(item) | Type::MapOf(item) => inside(item, words),
        Type::Either(kinds) => kinds.iter().for_each(|kind| inside(kind, words)),
        Type::Words(list) => words.extend(list.iter().map(ToString::to_string)),
        Type::Quantity(example) => words.push((*example).to_owned()),
        _ => {}
    }
}

fn corpus() -> Corpus {
    let mut texts = vec![
        EVERYTHING.to_owned(),
        EVERYTHING.to_owned(),
        LIBRARY.to_owned(),
    ];
    for folder in ["scenarios", "tests/diagnostics"] {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "yaml") {
                texts.push(fs::read_to_string(path).unwrap());
            }
        }
    }
    texts.retain(|text| text.len() < 32 * 1024);
    // Half of all damage goes to the file that holds everything.
    for _ in 0..texts.len() {
        texts.push(EVERYTHING.to_owned());
    }
    let mut words = Vec::new();
    keys(&SCENARIO, &mut words);
    words.extend(
        tollgate::expr::vocabulary()
            .iter()
            .map(|e| e.example.to_owned()),
    );
    Corpus { texts, words }
}

#[test]
fn scenarios_are_read_whatever_they_are() {
    let place = Place::new();
    fuzz("scenarios", &corpus(), |bytes| place.read(bytes));
}

#[test]
fn findings() {
    let place = Place::new();
    // Thousands of problems, each of which was drawn with a look at the whole file.
    let start = "target: http://a.test\nflows:\n  f:\n    steps:\n";
    let cases = ["      - gt: /\n", "      - get: /{{a}}\n"]
        .map(|step| format!("{start}{}", step.repeat(2000)).into_bytes());
    again("scenarios", &cases, |bytes| place.read(bytes));
}
