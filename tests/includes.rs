//! `include:` of more than fragments, through the real binary. In: a scenario and what it shares with others; out: the
//! same as if all stood in one file, with places that point into the right one.

use crate::support::cli::Bench;
use crate::support::target::target;

const OWN: &str = "scenario: s
include: common/team.yaml
defaults: { headers: { x-team: own } }
flows:
  list:
    steps:
      - get: /echo?{{ row.n }}
        name: list
        headers: { x-page: \"{{ page }}\" }
profiles:
  launch: { duration: 20s }
";

const TEAM: &str = "target: http://127.0.0.1:9
include: [rest.yaml, limits.yaml]
secrets: [KEY]
variables: { page: 7, unread: 1 }
data:
  row: { csv: rows.csv }
  other: { csv: rows.csv }
defaults: { timeout: 3s, headers: { x-team: team, x-key: \"${KEY}\" } }
environments:
  staging: { variables: { page: 8 }, profiles: { launch: { rate: 10 req/s } } }
";

const REST: &str = "# more of it
flows:
  alive:
    weight: 3
    steps:
      - get: /status/200
        name: alive
        check: status == 204
profiles:
  smoke: { passes: 1 }
  launch: { rate: 40 req/s, duration: 10s, arrivals: constant }
";

const LIMITS: &str = "budgets: team.budgets.yaml\n";

fn bench() -> Bench {
    Bench::new(&[
        ("s.yaml", OWN),
        ("common/team.yaml", TEAM),
        ("common/rest.yaml", REST),
        ("common/limits.yaml", LIMITS),
        ("common/team.budgets.yaml", "budgets: [error_rate < 100%]\n"),
        ("common/rows.csv", "n\nfirst\n"),
    ])
}

const KEY: [&str; 2] = ["-e", "KEY=correct-horse"];

#[test]
fn a_run_uses_what_is_shared_and_its_failures_point_into_the_shared_file() {
    let target = target();
    let bench = bench();
    let url = target.url("");
    let ran = bench.smoke(&[&KEY[..], &["--target", &url]].concat());
    let ran = ran.expect(3);
    let seen = target.seen("/echo");
    let headers = |name: &str| seen[0].header(name).map(str::to_owned);
    let sent = ["x-team", "x-key", "x-page"].map(headers);
    let sent: Vec<&str> = sent.iter().flatten().map(String::as_str).collect();
    assert_eq!(sent, ["own", "correct-horse", "7"]);
    assert_eq!(seen[0].query, "first");
    let junit = ran.report("junit.xml");
    assert!(junit.contains("common/rest.yaml"), "{junit}");
    assert!(ran.stdout.contains("common/rest.yaml:8"), "{}", ran.stdout);
    // What others may use is no idle feeder, and no idle constant.
    assert!(!ran.stderr.contains("warning[T0"), "{}", ran.stderr);
}

#[test]
fn all_in_one_file_plans_the_same() {
    let parted = bench();
    let whole = "scenario: s
target: http://127.0.0.1:9
secrets: [KEY]
budgets: common/team.budgets.yaml
variables: { page: 7 }
data: { row: { csv: common/rows.csv } }
defaults: { timeout: 3s, headers: { x-team: own, x-key: \"${KEY}\" } }
flows:
  list: { steps: [{ get: \"/echo?{{ row.n }}\", name: list, headers: { x-page: \"{{ page }}\" } }] }
  alive: { weight: 3, steps: [{ get: /status/200, name: alive, check: status == 204 }] }
profiles:
  smoke: { passes: 1 }
  launch: { rate: 40 req/s, duration: 20s, arrivals: constant }
environments:
  staging: { variables: { page: 8 }, profiles: { launch: { rate: 10 req/s } } }
";
    let one = bench();
    one.write("s.yaml", whole);
    for more in [
        &["-p", "smoke"][..],
        &["-p", "launch"],
        &["-p", "launch", "--env", "staging"],
    ] {
        let plan = ["plan", "s.yaml", "--no-measure", "--seed", "1"];
        let all = [&plan[..], &KEY, more].concat();
        let (parted, one) = (parted.run(&all).expect(0), one.run(&all).expect(0));
        assert_eq!(parted.stdout, one.stdout, "{more:?}");
        assert_eq!(parted.stderr, one.stderr, "{more:?}");
    }
}

#[test]
fn validate_and_config_know_the_file_of_each_value() {
    let bench = bench();
    let valid = bench.run(&[&["validate", "s.yaml"][..], &KEY].concat());
    let valid = valid.expect(0).stdout;
    assert!(valid.contains("2 flows"), "{valid}");
    assert!(valid.contains("environments staging"), "{valid}");
    let config = ["config", "s.yaml", "--env", "staging"];
    let config = bench.run(&[&config[..], &KEY].concat()).expect(0).stdout;
    let lines: Vec<String> = config
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    for line in [
        "scenario s s.yaml:1:11",
        "target http://127.0.0.1:9 common/team.yaml:1:9",
        "budgets team.budgets.yaml common/limits.yaml:1:10",
        "defaults.timeout 3s common/team.yaml:8:22",
        "defaults.headers.x-team own s.yaml:3:32",
        "variables.page 8 environment staging, common/team.yaml:10:33",
        "profiles.launch.rate 10 req/s environment staging, common/team.yaml:10:66",
        "profiles.launch.duration 20s s.yaml:11:23",
        "profiles.launch.arrivals constant common/rest.yaml:11:54",
    ] {
        assert!(lines.iter().any(|l| l == line), "{line}:\n{config}");
    }
    assert!(!config.contains("correct-horse"), "{config}");
}
