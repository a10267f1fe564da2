//! One big example that uses every key. In: nothing; out: its files and the scenario they make. Invariant: it is read
//! without a warning.

use super::*;

pub(super) const LIBRARY: &str = include_str!("everything/library/sign-in.yaml");

pub(super) const EVERYTHING: &str = include_str!("everything/everything.yaml");

/// Loads the example with this library.
pub(super) fn with(library: &str) -> Result<Loaded, Problems> {
    let folder = folder();
    let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    std::fs::create_dir(folder.path().join("library")).unwrap();
    file("library/sign-in.yaml", library);
    file("everything.budgets.yaml", "");
    file("regions.jsonl", "{\"name\":\"eu\"}\n");
    file("everything.yaml", EVERYTHING);
    load(
        &folder.path().join("everything.yaml"),
        &Environment::empty(),
    )
}

pub(super) fn everything() -> Scenario {
    let loaded = with(LIBRARY).unwrap_or_else(|p| panic!("{}", p.render(false)));
    let warnings = render_all(&loaded.warnings, false);
    assert!(warnings.is_empty(), "{warnings}");
    loaded.scenario
}
