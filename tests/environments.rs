//! `environments:`, `--env` and `tollgate config`, through the real binary.

use crate::support::cli::Bench;
use crate::support::target::target;
use serde_json::Value;

/// A scenario whose shared target is nobody, and whose `staging` is the test's.
fn bench(staging: &str) -> Bench {
    let bench = Bench::new(&[]);
    bench.write(
        "s.yaml",
        &format!(
            "scenario: s
target: http://127.0.0.1:9
secrets: [SHOP_KEY]
defaults: {{ headers: {{ x-a: one, x-key: \"${{SHOP_KEY}}\" }} }}
data:
  user: {{ csv: u.csv }}
flows:
  f:
    steps:
      - get: \"/status/{{{{ user.code }}}}\"
        name: a
        check: [status == 200]
environments:
  staging:
    target: {staging}
    secrets: [STAGING_KEY]
    defaults: {{ headers: {{ x-staging: \"${{STAGING_KEY}}\" }} }}
    data: {{ user: {{ json: u.json }} }}
  production:
    target: ${{SHOP_PRODUCTION}}
profiles:
  smoke: {{ passes: 1 }}
"
        ),
    );
    bench.write("u.csv", "code\n500\n");
    bench.write("u.json", "[{\"code\": 200}, {\"code\": 500}]");
    bench
}

const KEYS: [&str; 4] = [
    "-e",
    "SHOP_KEY=shop-hunter2",
    "-e",
    "STAGING_KEY=stag-hunter2",
];

#[test]
fn the_chosen_environment_is_what_runs_and_every_report_names_it() {
    let target = target();
    let bench = bench(&target.url(""));
    let ran = bench
        .smoke(&[&["--env", "staging"], &KEYS[..]].concat())
        .expect(0);
    assert_eq!(target.hits("/status/200"), 1, "the environment's data");
    assert_eq!(ran.record().env.as_deref(), Some("staging"));
    assert_eq!(ran.result()["run"]["environment"], "staging");
    for text in [
        ran.report("report.html"),
        ran.report("junit.xml"),
        ran.stdout.clone(),
    ] {
        assert!(text.contains("staging"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn unknown_environments_are_refused_with_the_nearest() {
    let bench = bench("http://127.0.0.1:9");
    for command in ["run", "validate", "plan", "config"] {
        let ran = bench
            .run(&[&[command, "s.yaml", "--env", "stagin"], &KEYS[..]].concat())
            .expect(2);
        assert!(
            ran.stderr.contains("did you mean `--env staging`?"),
            "{}",
            ran.stderr
        );
    }
    let ran = bench.run(&["run", "s.yaml", "--env", "A=b"]).expect(2);
    assert!(ran.stderr.contains("`-e A=b`"), "{}", ran.stderr);
}

#[test]
fn validate_checks_every_environment_and_tells_each_problem_once() {
    let bench = bench("http://127.0.0.1:9");
    let ran = bench
        .run(&[&["validate", "s.yaml"], &KEYS[..]].concat())
        .expect(0);
    assert!(
        ran.stdout.contains("environments staging, production"),
        "{}",
        ran.stdout
    );
    // Set where production is run, not here.
    assert!(ran.stderr.contains("warning[T0701]"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("with `--env production`"),
        "{}",
        ran.stderr
    );
    bench
        .run(&[&["validate", "s.yaml", "--env", "production"], &KEYS[..]].concat())
        .expect(2);
    // Everywhere: an error, once.
    let ran = bench
        .run(&["validate", "s.yaml", "-e", "STAGING_KEY=abc"])
        .expect(2);
    assert_eq!(
        ran.stderr.matches("`SHOP_KEY` is not set").count(),
        1,
        "{}",
        ran.stderr
    );
    // In one environment only.
    let text = std::fs::read_to_string(bench.path("s.yaml")).unwrap();
    bench.write(
        "s.yaml",
        &text.replace("json: u.json", "json: missing.json"),
    );
    let ran = bench
        .run(&[&["validate", "s.yaml"], &KEYS[..]].concat())
        .expect(2);
    assert!(
        ran.stderr.contains("missing.json, with `--env staging`"),
        "{}",
        ran.stderr
    );
}

#[test]
fn budgets_of_an_environment_are_bound_by_validate() {
    let bench = Bench::new(&[
        (
            "s.yaml",
            "flows: { f: { steps: [{ get: /, name: a, check: status == 200 }] } }\nenvironments:\n  one: { target: http://a.test, budgets: one.yaml }\n  two: { target: http://b.test, budgets: two.yaml }\n",
        ),
        ("one.yaml", "budgets: [p95 of a < 1s]\n"),
        ("two.yaml", "budgets: [p95 of b < 1s]\n"),
    ]);
    let ran = bench.run(&["validate", "s.yaml"]).expect(2);
    assert!(ran.stderr.contains("two.yaml:1:18"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("needs `target:`"), "{}", ran.stderr);
    let ran = bench.run(&["run", "s.yaml"]).expect(2);
    assert!(ran.stderr.contains("`--env one`"), "{}", ran.stderr);
}

#[test]
fn config_shows_every_value_and_where_it_came_from() {
    let bench = bench("http://127.0.0.1:9");
    bench.write(".env", "STAGING_KEY=stag-hunter2\n");
    let given = ["-e", "SHOP_KEY=shop-hunter2", "--env", "staging"];
    let ran = bench
        .run(&[&["config", "s.yaml"], &given[..]].concat())
        .expect(0);
    for line in [
        "environment staging, s.yaml:15:13",
        "${SHOP_KEY}",
        "SHOP_KEY from -e",
        "STAGING_KEY from .env",
        "profiles.smoke.passes",
        "2, columns code",
        "default",
    ] {
        assert!(ran.stdout.contains(line), "{line} in\n{}", ran.stdout);
    }
    assert!(!ran.stdout.contains("hunter2"), "{}", ran.stdout);
    let more = [
        "--format",
        "json",
        "--target",
        "http://127.0.0.1:7",
        "--profile",
        "smoke",
    ];
    let ran = bench
        .run(&[&["config", "s.yaml"], &given[..], &more].concat())
        .expect(0);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["environment"], "staging");
    let settings = document["settings"].as_array().unwrap();
    let find = |key: &str| settings.iter().find(|s| s["key"] == key).unwrap();
    assert_eq!(find("target")["from"], "--target");
    assert_eq!(find("target")["value"], "http://127.0.0.1:7/");
    assert_eq!(
        find("defaults.headers.x-staging")["variables"][0]["from"],
        ".env"
    );
    assert_eq!(find("defaults.timeout")["from"], "default");
    assert_eq!(find("plan")["from"], "derived");
    bench
        .run(&[&["config", "s.yaml", "--profile", "smoek"], &given[..]].concat())
        .expect(2);
}
