//! What only a whole command finds: `diagnostics/commands/*.yaml`, whose first line is the command, and beside each the
//! `*.stderr` that it must lead to. `UPDATE=1 cargo test` writes them anew; nothing is sent by any of them.

use super::given::files;
use crate::support::cli::Bench;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

#[test]
fn commands_say_what_they_find() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics/commands");
    let update = std::env::var_os("UPDATE").is_some();
    let mut wrong = String::new();
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "yaml") {
            continue;
        }
        seen += 1;
        let name = path.file_name().unwrap().to_str().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let found = outcome(name, &text);
        let golden = path.with_extension("stderr");
        if update {
            fs::write(&golden, &found).unwrap();
        }
        let expected = fs::read_to_string(&golden).unwrap_or_default();
        if found != expected {
            writeln!(wrong, "--- {name}\n{expected}--- found\n{found}").unwrap();
        }
    }
    assert!(seen >= 5, "{seen} files");
    assert!(wrong.is_empty(), "{wrong}");
}

fn outcome(name: &str, text: &str) -> String {
    let first = text.lines().next().unwrap();
    let command = first.strip_prefix("# tollgate ").unwrap();
    let bench = Bench::new(&[(name, text)]);
    for (file, content) in files(text) {
        bench.write(file, &content);
    }
    let arguments: Vec<&str> = command.split(' ').collect();
    let ran = bench.run(&arguments);
    let refused = ran.stderr.contains("error[");
    assert_eq!(
        ran.code,
        Some(if refused { 2 } else { 0 }),
        "{name}: {}",
        ran.stderr
    );
    ran.stderr
}
