//! The examples of `docs/scenario.md` and `docs/policies.md`, run. In: its blocks of YAML; out: the exit code of a smoke test of each.
//! An example is completed with what it does not say: a list becomes the steps of a flow.

use super::page;
use crate::support::cli::Bench;
use crate::support::target::{target, target_tls};
use crate::way::servers::relay;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use tollgate::demo::Shop;
use tollgate::plan::{Overrides, resolve};
use tollgate::scenario::{Environment, load};

/// A block of YAML, completed to a scenario.
pub(super) struct Example {
    /// Its line on the page.
    line: usize,
    pub(super) file: String,
}

const SMOKE: &str = "profiles:\n  smoke: { passes: 1 }\n";
const PASSWORD: &str = "SHOP_PASSWORD";

/// The blocks of YAML with their lines.
fn blocks() -> Vec<(usize, String)> {
    let pages = super::PAGES.iter();
    pages.flat_map(|name| blocks_of(name)).collect()
}

fn blocks_of(name: &str) -> Vec<(usize, String)> {
    let page = page(name);
    let mut blocks = Vec::new();
    let mut inside = false;
    for (number, line) in page.lines().enumerate() {
        match line {
            "```yaml" => blocks.push((number + 1, String::new())),
            "```" => {}
            line if inside => blocks.last_mut().unwrap().1.extend([line, "\n"]),
            _ => {}
        }
        inside = line == "```yaml" || inside && line != "```";
    }
    blocks
}

/// A block that is a file of its own: its first line has its name.
fn named(block: &str) -> Option<&str> {
    let first = block.lines().next()?;
    first
        .strip_prefix("# ")
        .filter(|name| Path::new(name).extension().is_some_and(|e| e == "yaml"))
}

fn complete(block: &str) -> String {
    let has = |key: &str| block.lines().any(|line| line.starts_with(key));
    if block.starts_with("- ") {
        let steps: Vec<String> = block
            .lines()
            .map(|line| format!("      {line}\n"))
            .collect();
        return format!(
            "target: http://127.0.0.1:8080\nsecrets: [{PASSWORD}]\nflows:\n  f:\n    steps:\n{}{SMOKE}",
            steps.concat()
        );
    }
    let mut file = block.to_owned();
    if !has("target:") {
        file += "target: http://127.0.0.1:8080\n";
    }
    if block.contains(PASSWORD) && !block.contains("secrets:") {
        writeln!(file, "secrets: [{PASSWORD}]").unwrap();
    }
    if !has("flows:") {
        file += "flows: { f: { steps: [{ get: /ok }] } }\n";
    }
    if !has("profiles:") {
        file += SMOKE;
    }
    file
}

pub(super) fn examples() -> Vec<Example> {
    let blocks = blocks()
        .into_iter()
        .filter(|(_, block)| named(block).is_none());
    blocks
        .map(|(line, block)| Example {
            line,
            file: complete(&block),
        })
        .collect()
}

/// A folder with all that the examples name.
fn bench() -> Bench {
    let bench = Bench::new(&[
        ("budgets/tea.yaml", "budgets:\n  - error_rate < 100%\n"),
        ("data/shoppers.csv", "email\nann@shop.test\nbob@shop.test\n"),
        ("data/products.json", "[{\"id\": 17}]\n"),
        ("data/accounts.jsonl", "{\"number\": 1}\n"),
        ("img/cup.png", "PNG"),
        ("client.pem", include_str!("../diagnostics/data/client.pem")),
        ("client.key", include_str!("../diagnostics/data/client.key")),
    ]);
    for (_, block) in blocks() {
        if let Some(name) = named(&block) {
            bench.write(name, &block);
        }
    }
    bench
}

#[test]
fn examples_plan_and_run_green() {
    let tls = target_tls();
    // The only one that speaks HTTP/2.
    let shop = Shop::spawn_thread().unwrap();
    let mut wrong = Vec::new();
    for example in examples() {
        let plain = target();
        let secure = example.file.contains("127.0.0.1:8443");
        let url = if secure {
            tls.target.url("")
        } else if example.file.contains("\nhttp: 2\n") {
            shop.url()
        } else {
            plain.url("")
        };
        let bench = bench();
        bench.write("ca.pem", &fs::read_to_string(tls.ca()).unwrap());
        let local = example.file.replace("http://127.0.0.1:8080", &url);
        bench.write("s.yaml", &local.replace("https://127.0.0.1:8443", &url));
        if example.file.contains("app.sock") {
            relay(&bench.path("app.sock"), plain.addr);
        }
        let mut command = bench.command(&["run", "s.yaml", "--out", "out"]);
        let output = command.env(PASSWORD, "correct horse").output().unwrap();
        let ran = bench.ran(output);
        if ran.code != Some(0) {
            wrong.push(format!(
                "line {}:\n{}{}",
                example.line, ran.stdout, ran.stderr
            ));
        }
        let environment = Environment::empty().with(PASSWORD, "correct horse");
        let Ok(loaded) = load(&bench.path("s.yaml"), &environment) else {
            continue;
        };
        for profile in &loaded.scenario.profiles {
            let plan = resolve(&loaded.scenario, &profile.name, &Overrides::default(), 1);
            if let Err(error) = plan {
                // Two rows of `unique` data are enough for the page, not for an hour.
                wrong.push(format!("line {}: {error}", example.line));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
