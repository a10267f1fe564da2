//! `tollgate plan` as people read it. In: `plan/loops.yaml`; out: `plan/*.txt`, one for each profile, but for what the
//! machine allows. `UPDATE=1 cargo test plan` writes them anew.

use crate::support::cli::Bench;
use std::fs;
use std::path::Path;

#[test]
fn a_plan_says_what_it_counts_and_what_it_assumes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plan");
    let file = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let names = ["loops.yaml", "loops.budgets.yaml", "probes.csv"];
    let texts = names.map(file);
    let files: Vec<_> = names
        .into_iter()
        .zip(texts.iter().map(String::as_str))
        .collect();
    let bench = Bench::new(&files);
    for profile in ["smoke", "load", "people"] {
        let arguments = [
            "plan",
            "loops.yaml",
            "-p",
            profile,
            "--seed",
            "1",
            "--no-measure",
        ];
        let planned = bench.run(&arguments).expect(0).stdout;
        let of_machine = |line: &&str| !line.contains("the system allows");
        let lines: Vec<&str> = planned.lines().filter(of_machine).collect();
        let text = lines.join("\n") + "\n";
        let golden = folder.join(format!("{profile}.txt"));
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&golden, &text).unwrap();
        }
        assert_eq!(
            text,
            fs::read_to_string(&golden).unwrap_or_default(),
            "{profile}"
        );
    }
}

#[test]
fn a_load_that_would_send_nothing_is_refused() {
    let text = "target: http://127.0.0.1:1\nvariables: { none: [] }\nflows:\n  f:\n    steps:\n      - each: one in none\n        steps: [{ get: \"/{{ one }}\", name: a }]\nprofiles:\n  load: { rate: 1 req/s, duration: 1s }\n";
    let bench = Bench::new(&[("s.yaml", text)]);
    let said = bench.run(&["plan", "s.yaml"]).expect(2).stderr;
    assert!(said.contains("profile `load` would send nothing"), "{said}");
}
