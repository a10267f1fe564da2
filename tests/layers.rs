//! Who may use whom: the table of the architecture against the code's own imports.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Stage → stages it may use; everyone may use these three.
const EVERYONE: [&str; 3] = ["units", "source", "expr"];
const LAYERS: [(&str, &[&str]); 16] = [
    ("units", &[]),
    ("source", &[]),
    ("expr", &[]),
    ("scenario", &[]),
    ("record", &[]),
    ("demo", &[]),
    ("plan", &["scenario"]),
    ("protocol", &["scenario", "record"]),
    ("import", &["scenario"]),
    ("load", &["plan", "scenario", "protocol", "record"]),
    ("observe", &["scenario", "protocol", "record"]),
    ("budget", &["record"]),
    ("history", &["record", "budget"]),
    ("report", &["record", "budget", "history"]),
    ("notify", &["record", "budget"]),
    (
        "cli",
        &[
            "scenario", "plan", "load", "protocol", "record", "budget", "history", "report",
            "notify", "observe", "demo", "import",
        ],
    ),
];

fn source_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(source_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files
}

/// The stages that a file names, in code or in `use`; comments and its own stage left out.
fn uses(text: &str) -> BTreeSet<String> {
    let code = text.lines().filter(|l| !l.trim_start().starts_with("//"));
    code.flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| {
            rest.chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect()
        })
        .collect()
}

#[test]
fn every_stage_uses_only_what_the_architecture_allows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for path in source_files(&root) {
        let inside = path.strip_prefix(&root).unwrap();
        let stage = inside
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_str()
            .unwrap()
            .trim_end_matches(".rs")
            .to_owned();
        if stage == "lib" || stage == "main" {
            continue;
        }
        let (_, allowed) = LAYERS
            .iter()
            .find(|(name, _)| *name == stage)
            .unwrap_or_else(|| panic!("{stage} has no layer"));
        for used in uses(&fs::read_to_string(&path).unwrap()) {
            let known = LAYERS.iter().any(|(name, _)| *name == used);
            let fine = used == stage
                || EVERYONE.contains(&used.as_str())
                || allowed.contains(&used.as_str());
            if known && !fine {
                wrong.push(format!("{} uses crate::{used}", inside.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn files_stay_readable() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let long: Vec<String> = ["src", "tests"]
        .iter()
        .flat_map(|folder| source_files(&root.join(folder)))
        .filter(|path| fs::read_to_string(path).unwrap().lines().count() > 500)
        .map(|path| path.display().to_string())
        .collect();
    assert!(long.is_empty(), "over 500 lines: {long:#?}");
}

#[test]
fn every_property_draws_what_the_seed_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut luck = Vec::new();
    for path in ["src", "tests"]
        .iter()
        .flat_map(|f| source_files(&root.join(f)))
    {
        let text = fs::read_to_string(&path).unwrap();
        for (opens, seeded) in [
            (concat!("proptest", "! {"), "#![proptest_config("),
            (concat!("TestRunner", "::"), "new("),
        ] {
            let drawn = text.split(opens).skip(1).map(|rest| {
                let config = rest.trim_start().strip_prefix(seeded);
                config
                    .and_then(|config| config.split_once('('))
                    .map(|(name, _)| name)
            });
            let chance = drawn.filter(|name| !name.is_some_and(|name| name.ends_with("cases")));
            luck.extend(chance.map(|_| path.display().to_string()));
        }
    }
    assert!(
        luck.is_empty(),
        "without `cases(N)` of tests/support/properties.rs: {luck:#?}"
    );
}
