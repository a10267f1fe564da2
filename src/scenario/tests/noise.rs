//! Texts that nobody meant: whatever they hold, they are a scenario or problems with a place.

use super::example::EVERYTHING;
use super::*;
use crate::source::Severity;
use proptest::prelude::*;

/// Lines of scenarios in any order and depth, and noise.
fn yaml() -> impl Strategy<Value = String> {
    let lines: Vec<&'static str> = SHOP.lines().chain(EVERYTHING.lines()).collect();
    let line = prop_oneof![
        6 => proptest::sample::select(lines).prop_map(str::to_owned),
        2 => (0usize..12, "[a-z]{1,6}", "[ -~é{}$:]{0,20}").prop_map(|(n, key, value)| format!("{}{key}: {value}", " ".repeat(n))),
        1 => "[ -~]{0,30}",
        1 => "\\PC{0,20}",
    ];
    proptest::collection::vec(line, 0..40).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(crate::properties::cases(512))]

    #[test]
    fn any_text_is_a_scenario_or_problems(text in yaml()) {
        let path = Path::new("no/such/folder/x.yaml");
        if let Err(problems) = parse(Source::new("x.yaml", text), path, &Environment::empty()) {
            prop_assert!(problems.diagnostics().iter().any(|p| p.severity == Severity::Error));
            prop_assert!(!problems.render(false).is_empty());
        }
    }

    /// One damaged line: the rest of the file is still read.
    #[test]
    fn a_damaged_scenario_is_told_with_a_place(line in 1usize..190, at in 0usize..60, noise in "[ -~é]{1,8}") {
        let text = if line % 2 == 0 { SHOP } else { EVERYTHING };
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let index = line % lines.len();
        let cut = at.min(lines[index].len());
        lines[index].insert_str(cut, &noise);
        let path = Path::new("no/such/folder/x.yaml");
        let problems = parse(Source::new("x.yaml", lines.join("\n")), path, &Environment::empty());
        // The data files are not there, so there is always something to tell.
        let problems = problems.unwrap_err();
        prop_assert!(problems.diagnostics().iter().all(|p| p.help.is_some()), "{}", problems.render(false));
    }
}
