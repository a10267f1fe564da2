//! Every code that the source can give has a section in `docs/errors.md` and a golden diagnostic, and no section is
//! about a code that nothing gives.

mod commands;
mod examples;
mod given;

use crate::support::cli::Bench;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use tollgate::source::codes;

/// `"T0204"` in every file below a folder.
fn quoted(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            quoted(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let codes = text.split('"').filter(|word| {
                word.len() == 5
                    && word.starts_with('T')
                    && word[1..].bytes().all(|b| b.is_ascii_digit())
            });
            found.extend(codes.map(str::to_owned));
        }
    }
}

#[test]
fn every_code_is_explained_and_shown() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut used = BTreeSet::new();
    quoted(&root.join("src"), &mut used);
    let explained: BTreeSet<String> = codes().map(|c| c.code.to_owned()).collect();
    let missing: Vec<_> = used.difference(&explained).collect();
    assert!(
        missing.is_empty(),
        "add a section to docs/errors.md for {missing:?}"
    );
    let unused: Vec<_> = explained.difference(&used).collect();
    assert!(
        unused.is_empty(),
        "docs/errors.md explains {unused:?}, which nothing gives"
    );
    let mut goldens = String::new();
    for folder in ["tests/diagnostics", "tests/diagnostics/commands"] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "stderr") {
                goldens.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    let unseen: Vec<_> = explained
        .iter()
        .filter(|code| !goldens.contains(&format!("[{code}]")))
        .collect();
    assert!(
        unseen.is_empty(),
        "add a file to tests/diagnostics for {unseen:?}"
    );
}

#[test]
fn explain_prints_a_code_lists_them_all_and_knows_what_was_meant() {
    let bench = Bench::new(&[("s.yaml", "target: x\nflows: {}\n")]);
    let ran = bench.run(&["explain", "t0204"]).expect(0);
    for part in [
        "T0204: not a boolean here",
        "Fix: write",
        "    insecure: true",
    ] {
        assert!(ran.stdout.contains(part), "{}", ran.stdout);
    }
    let ran = bench.run(&["explain"]).expect(0);
    assert_eq!(ran.stdout.lines().count(), codes().count());
    let ran = bench.run(&["explain", "T0240"]).expect(2);
    assert!(ran.stderr.contains("did you mean `T0"), "{}", ran.stderr);
    bench.run(&["explain", "::x"]).expect(2);
    // Broken files say where to read on, once.
    let ran = bench.run(&["validate", "s.yaml"]).expect(2);
    assert_eq!(
        ran.stderr.matches("tollgate explain").count(),
        1,
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr
            .trim_end()
            .ends_with("`tollgate explain T0705` says more"),
        "{}",
        ran.stderr
    );
}
