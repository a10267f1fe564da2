//! Documents become scenarios. In: the documents of `tests/import`; out: the scenarios beside them, each of which is
//! valid at once and, where the shop is described, green against the shop. `UPDATE=1 cargo test import` writes them anew.

mod found;
mod hostile;
pub(crate) mod noise;

use crate::support::cli::Bench;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::{env, fs};

/// A document of `tests/import`.
fn document(name: &str) -> (PathBuf, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/import")
        .join(name);
    let text = fs::read_to_string(&path).unwrap();
    (path, text)
}

/// The scenario of a document, as the binary writes it, with what was not taken over.
#[track_caller]
fn imported(bench: &Bench, name: &str) -> (String, String) {
    let (_, text) = document(name);
    bench.write(name, &text);
    let ran = bench
        .run(&["import", name, "--out", "s.yaml", "--force"])
        .expect(0);
    (
        fs::read_to_string(bench.path("s.yaml")).unwrap(),
        ran.stderr,
    )
}

/// What `validate` says of a scenario: nothing but that it is valid.
#[track_caller]
fn valid(bench: &Bench) {
    let ran = bench.run(&["validate", "s.yaml"]).expect(0);
    assert!(
        !ran.stderr.contains("warning") && !ran.stderr.contains("error"),
        "{}",
        ran.stderr
    );
}

#[test]
fn every_document_becomes_the_scenario_beside_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import");
    let mut different = Vec::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.extension().is_some_and(|end| end == "rs") || name.contains(".scenario.") {
            continue;
        }
        let bench = Bench::new(&[]);
        let (text, _) = imported(&bench, name);
        let golden = folder.join(format!("{}.scenario.yaml", name.split('.').next().unwrap()));
        if env::var_os("UPDATE").is_some() {
            fs::write(&golden, &text).unwrap();
        } else if fs::read_to_string(&golden).unwrap_or_default() != text {
            different.push(golden.display().to_string());
        }
        valid(&bench);
        let ran = bench.run(&["import", name]).expect(0);
        assert_eq!(ran.stdout, text, "standard output is the same");
    }
    assert!(
        different.is_empty(),
        "not as committed: {different:?}; look at what changed, then `UPDATE=1 cargo test import`"
    );
}

/// A described or recorded shop, run against the shop itself: green with the password, and not without.
fn against_the_shop(document: &str, prefix: &str, at: &str) {
    let bench = Bench::new(&[]);
    let (text, _) = imported(&bench, document);
    assert!(!text.contains("never-to-be-copied"), "{text}");
    let mut shop = bench.command(&["demo", "--serve", "0"]).spawn().unwrap();
    let mut url = String::new();
    BufReader::new(shop.stdout.as_mut().unwrap())
        .read_line(&mut url)
        .unwrap();
    let url = format!("{prefix}_URL={}", url.trim());
    let password = format!("{prefix}_PASSWORD=kelp-ember-60");
    let right = bench.run(&["run", "s.yaml", "--out", "out", "-e", &url, "-e", &password]);
    let wrong = bench.run(&["run", "s.yaml", "--out", "wrong", "-e", &url]);
    shop.kill().unwrap();
    shop.wait().unwrap();
    let result = right.expect(0).valid_result();
    assert_eq!(result["exit"]["code"], 0);
    // Without the password nobody gets in, and the report says where.
    let wrong = wrong.expect(3);
    assert!(wrong.stdout.contains(at), "{}", wrong.stdout);
}

#[test]
fn the_shop_as_it_is_described_is_green() {
    against_the_shop("shop.openapi.yaml", "DEMO_SHOP", "sign in");
}

#[test]
fn the_shop_as_a_browser_recorded_it_is_green() {
    against_the_shop("demo-shop.har", "RECORDING", "post session");
}

#[test]
fn the_fifteen_operations_of_the_market_are_there() {
    let bench = Bench::new(&[]);
    let (text, told) = imported(&bench, "farmers-market.openapi.yaml");
    let verbs = ["get", "post", "put", "patch", "delete"].map(|verb| format!("      - {verb}: "));
    let steps = text
        .lines()
        .filter(|line| verbs.iter().any(|verb| line.starts_with(verb.as_str())));
    // Two flows begin with the list that gives them a product.
    assert_eq!(steps.count(), 15 + 2, "{text}");
    assert!(
        told.contains(
            "line 248, #/paths/~1products~1bestsellers/get: GET /products/bestsellers is deprecated"
        ),
        "{told}"
    );
}

#[test]
fn a_scenario_that_is_there_stays_there() {
    let (_, text) = document("shop.openapi.yaml");
    let bench = Bench::new(&[("a.yaml", &text), ("s.yaml", "mine")]);
    let ran = bench
        .run(&["import", "a.yaml", "--out", "s.yaml"])
        .expect(2);
    assert!(
        ran.stderr
            .contains("is there already; nothing was written; --force overwrites it"),
        "{}",
        ran.stderr
    );
    assert_eq!(fs::read_to_string(bench.path("s.yaml")).unwrap(), "mine");
    bench
        .run(&["import", "a.yaml", "--out", "s.yaml", "--force"])
        .expect(0);
    valid(&bench);
}

#[test]
fn the_target_is_what_the_user_says() {
    let (_, text) = document("shop.openapi.yaml");
    let bench = Bench::new(&[("a.yaml", &text)]);
    let ran = bench
        .run(&["import", "a.yaml", "--target", "https://shop.test/v2/"])
        .expect(0);
    assert!(
        ran.stdout
            .contains("target: ${DEMO_SHOP_URL:-https://shop.test}"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout.contains("- get: /v2/api/health"),
        "{}",
        ran.stdout
    );
    let ran = bench
        .run(&["import", "a.yaml", "--target", "shop.test"])
        .expect(2);
    assert!(
        ran.stderr
            .contains("`shop.test` is not an http or https URL"),
        "{}",
        ran.stderr
    );
}
