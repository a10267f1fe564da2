//! Broken files and the words that they get: `diagnostics/*.yaml` and, beside each, the `*.stderr` that it
//! must lead to. `UPDATE=1 cargo test` writes them anew; read the difference before you commit it.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use tollgate::scenario::{Environment, Problems, load};
use tollgate::source::{Severity, render_all};

const FOLDER: &str = "tests/diagnostics";

#[test]
fn broken_scenarios_say_where_and_how_to_fix() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut wrong = String::new();
    for path in scenarios() {
        let found = outcome(&path);
        let golden = path.with_extension("stderr");
        if update {
            fs::write(&golden, &found).unwrap();
        }
        let expected = fs::read_to_string(&golden).unwrap_or_default();
        if found != expected {
            writeln!(
                wrong,
                "--- {}\n{expected}--- found\n{found}",
                path.display()
            )
            .unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// What a test of the words alone would not notice: every file is refused or warned about, every message
/// has a place and a fix, and a file is about one problem unless its name says more.
#[test]
fn each_file_shows_one_problem_with_its_fix() {
    let files = scenarios();
    assert!(files.len() >= 40, "{} files", files.len());
    for path in files {
        let shown = path.display();
        let problems = match load(&path, &environment(&path)) {
            Ok(loaded) => loaded.warnings,
            Err(problems) => problems.diagnostics().to_vec(),
        };
        let name = path.file_stem().unwrap().to_string_lossy();
        let several = name.starts_with("many-");
        assert_eq!(problems.len() > 1, several, "{shown}: {problems:#?}");
        let warned = name.starts_with("warn-");
        for problem in &problems {
            assert_eq!(
                problem.severity == Severity::Warning,
                warned && !several,
                "{shown}"
            );
            assert!(problem.help.is_some(), "{shown}: no fix in {problem}");
            let first = problem.message.chars().next().unwrap();
            assert!(
                !first.is_uppercase() || problem.message.starts_with("YAML"),
                "{problem}"
            );
            assert!(!problem.message.ends_with('.'), "{problem}");
        }
    }
}

/// The scenarios of the folder; the budgets beside them have their own test.
fn scenarios() -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(FOLDER)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| Path::new(FOLDER).join(entry.file_name()))
        .filter(|path| {
            let name = path.to_string_lossy();
            name.ends_with(".yaml") && !name.ends_with(".budgets.yaml")
        })
        .collect();
    paths.sort();
    paths
}

fn outcome(path: &Path) -> String {
    match load(path, &environment(path)) {
        Ok(loaded) => render_all(&loaded.warnings, false),
        Err(Problems::Invalid(problems)) => render_all(&problems, false),
        Err(unreadable @ Problems::Unreadable { .. }) => unreadable.render(false),
    }
}

/// Nothing of the machine that runs the test. A first line `# --env NAME` chooses one of the file's environments.
fn environment(path: &Path) -> Environment {
    let environment = Environment::empty()
        .with("SHOP_PASSWORD", "correct-horse")
        .with("EMPTY", "");
    let text = fs::read_to_string(path).unwrap_or_default();
    let first = text.lines().next().unwrap_or_default();
    match first.strip_prefix("# --env ") {
        Some(name) => environment.with_chosen(name),
        None => environment,
    }
}
