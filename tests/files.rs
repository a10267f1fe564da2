//! The files that users copy: every one is valid, plans, and says what it takes.

use crate::support::cli::Bench;
use std::fs;
use std::path::Path;

/// What some scenarios have no default for: secrets, and where their environments are.
const ASKED_FOR: [&str; 14] = [
    "FARMERS_MARKET_PASSWORD",
    "PAGERDUTY_KEY",
    "POURTRAIT_PASSWORD",
    "POURTRAIT_SLACK",
    "POURTRAIT_ALERTMANAGER",
    "REBOOT_PREVIEW",
    "REBOOT_STAGING",
    "REBOOT_PRODUCTION",
    "REBOOT_WEBHOOK",
    "REBOOT_OTLP",
    "SLACK_WEBHOOK",
    "UVIS_EXPIRED_TOKEN",
    "VIVR_STAGING",
    "VIVR_URL",
];

#[test]
fn every_scenario_of_the_repository_is_valid_and_plans() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ca = fs::read_to_string(root.join("tests/diagnostics/data/client.pem")).unwrap();
    let bench = Bench::new(&[("ca.pem", &ca)]);
    let run = |arguments: &[&str]| {
        let mut command = bench.command(arguments);
        command.env("EDGE_CA", bench.path("ca.pem"));
        command.env("UVIS_CA", bench.path("ca.pem"));
        // A value of its own each: one is a secret, and another the target.
        let values = (4711..).map(|port| format!("http://127.0.0.1:{port}"));
        command.envs(ASKED_FOR.into_iter().zip(values));
        bench.ran(command.output().unwrap()).expect(0)
    };
    let mut seen = 0;
    for entry in fs::read_dir(root.join("scenarios")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "yaml") {
            continue;
        }
        seen += 1;
        let file = path.display().to_string();
        let ran = run(&["validate", &file]);
        assert!(
            ran.stderr.is_empty(),
            "{file} has warnings:\n{}",
            ran.stderr
        );
        for profile in ran
            .stdout
            .split("profiles ")
            .nth(1)
            .unwrap()
            .split(", ")
            .map(str::trim)
        {
            if profile.contains(' ') {
                break;
            }
            let plan = run(&["plan", &file, "--profile", profile, "--seed", "1"]);
            // So many passes are no evidence, and need not be.
            let passes = plan.stdout.contains(": every flow ");
            assert!(
                !plan.stdout.contains("CANNOT DECIDE") || passes,
                "{file} {profile}:\n{}",
                plan.stdout
            );
        }
    }
    assert!(seen >= 3);
}

#[test]
fn what_init_writes_runs_green_against_the_demo() {
    let bench = Bench::new(&[]);
    let written = bench.run(&["init"]).expect(0);
    assert!(written.stdout.contains("scenarios/shop.yaml"));
    bench.run(&["init"]).expect(2);
    let shop = tollgate::demo::Shop::spawn_thread().unwrap();
    let target = format!("http://{}", shop.addr);
    let ran = bench
        .run(&[
            "run",
            "scenarios/shop.yaml",
            "--target",
            &target,
            "--out",
            "out",
        ])
        .expect(0);
    ran.all_reports();
}

#[test]
fn schemas_and_completions_are_printed() {
    let bench = Bench::new(&[]);
    for (arguments, expected) in [
        (&["schema"][..], "additionalProperties"),
        (&["schema", "budgets"], "additionalProperties"),
        (&["schema", "result"], "tollgate.result/1"),
        (&["completions", "bash"], "_tollgate"),
        (&["--help"], "Exit codes:"),
        (&["--version"], env!("CARGO_PKG_VERSION")),
    ] {
        let ran = bench.run(arguments).expect(0);
        assert!(ran.stdout.contains(expected), "{arguments:?}");
        assert!(ran.stderr.is_empty());
    }
}

#[test]
fn every_link_of_a_page_leads_to_a_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = vec![root.join("README.md"), root.join("benches/README.md")];
    let docs = fs::read_dir(root.join("docs")).unwrap();
    pages.extend(docs.map(|entry| entry.unwrap().path()));
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        let links = text.split("](").skip(1);
        let links = links.filter_map(|rest| rest.split([')', '#', ' ', '\n']).next());
        for link in links.filter(|link| !link.is_empty() && !link.contains(['"', '`', '$', ':'])) {
            let file = page.parent().unwrap().join(link);
            assert!(file.exists(), "{} links to {link}", page.display());
        }
    }
}
