//! What the documentation says of the promises. In: the rows; out: the tables of docs/systems.md and of the README.
//! Invariant: every row links to the line that states the promise and to the test that breaks it.

use super::{Promise, Proof, farmers_market, pourtrait, reboot, root, uvis, vivr};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use systems::System;

const PROOFS: [&Proof; 5] = [
    &vivr::PROOF,
    &pourtrait::PROOF,
    &reboot::PROOF,
    &uvis::PROOF,
    &farmers_market::PROOF,
];

/// Where the table of the README begins and ends.
const BEGIN: &str = "<!-- promises: written by UPDATE=1 cargo test proof -->\n";
const END: &str = "<!-- end of promises -->\n";

/// `scenarios/vivr.yaml` and the number of the line with this.
fn place(system: System, line: &str) -> (String, usize) {
    let files = ["scenarios", "budgets"].map(|folder| format!("{folder}/{}.yaml", system.name()));
    let found = files
        .into_iter()
        .find_map(|file| Some((number(&file, line)?, file)));
    let Some((number, file)) = found else {
        panic!("{}: no line has `{line}`", system.name());
    };
    (file, number)
}

/// The number of the first line of a file that has this.
fn number(file: &str, part: &str) -> Option<usize> {
    let text = fs::read_to_string(root().join(file)).unwrap();
    text.lines().position(|l| l.contains(part)).map(|n| n + 1)
}

/// A row of docs/systems.md.
fn row(system: System, p: &Promise) -> String {
    let (file, line) = place(system, p.line);
    // Two backticks: what is printed has single ones.
    let says: Vec<String> = p.says.iter().map(|s| format!("`` {s} ``")).collect();
    let says = says.join(" … ").replace('|', "\\|");
    let place = format!("[{file}:{line}](../{file}#L{line})");
    let (promise, switch, profile, exit) = (p.promise, p.switch, p.profile, p.exit);
    format!("| {promise} | {place} | `{switch}` | {profile} | {exit} | {says} |\n")
}

/// Rows of the README: promise, line, test; a promise that several switches break stands there once.
fn rows(proof: &Proof) -> String {
    let name = proof.system.name();
    let test = format!("tests/proof/{}.rs", name.replace('-', "_"));
    let mut text = String::new();
    let mut last = "";
    for p in proof
        .all()
        .filter(|p| std::mem::replace(&mut last, p.promise) != p.promise)
    {
        let (file, line) = place(proof.system, p.line);
        // Long sentences are written over two lines of the test: its beginning is enough.
        let start: String = p.promise.chars().take(24).collect();
        let at = number(&test, &start.replace('"', "\\\"")).unwrap();
        let promise = p.promise;
        let _ = writeln!(
            text,
            "| {name} | {promise} | [{file}:{line}]({file}#L{line}) | [{test}:{at}]({test}#L{at}) |"
        );
    }
    text
}

#[test]
fn the_mutation_table_is_in_the_docs() {
    let head = fs::read_to_string(root().join("tests/proof/systems.head.md")).unwrap();
    let mut text = head.trim_end().to_owned() + "\n";
    for proof in PROOFS {
        let name = proof.system.name();
        let _ = writeln!(text, "\n## {name}\n");
        text +=
            "| promise | where | switch | profile | exit | printed |\n|---|---|---|---|---|---|\n";
        text.extend(proof.all().map(|p| row(proof.system, p)));
    }
    golden(&root().join("docs/systems.md"), &text);
}

#[test]
fn the_readme_links_promises_to_lines_and_tests() {
    let path = root().join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let rows: String = PROOFS.into_iter().map(rows).collect();
    let table = format!("| system | promise | stated | proven |\n|---|---|---|---|\n{rows}");
    golden(&path, &format!("{before}{BEGIN}\n{table}\n{END}{after}"));
}

/// `UPDATE=1` writes it anew.
fn golden(path: &Path, text: &str) {
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, text).unwrap();
    }
    let kept = fs::read_to_string(path).unwrap_or_default();
    assert_eq!(kept, text, "{}: UPDATE=1 writes it anew", path.display());
}
