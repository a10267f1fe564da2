//! `flows:` of a profile, through the real binary: what is planned, sent, judged and told. In: scenarios with three flows
//! and a target that counts; out: which of them were asked for.

use crate::support::cli::Bench;
use crate::support::target::{Target, target};

const PROFILES: &str = "profiles:
  smoke: { passes: 1 }
  few: { passes: 1, flows: [buy, look] }
  people: { users: 1, duration: 1s, flows: { look: 2 } }
  launch: { rate: 40 req/s, duration: 10s, flows: { look: 3, buy: 1 } }
environments:
  staging:
    profiles: { launch: { flows: { buy: 1 } } }
";

fn bench(url: &str) -> Bench {
    let text = format!(
        "scenario: s
target: {url}
flows:
  look: {{ tags: [quick], steps: [{{ get: /status/200, name: look }}] }}
  buy: {{ steps: [{{ get: /status/201, name: buy }}] }}
  admin: {{ weight: 0, tags: [rare], steps: [{{ get: /status/202, name: admin }}] }}
{PROFILES}"
    );
    Bench::new(&[("s.yaml", &text)])
}

fn asked(target: &Target) -> [bool; 3] {
    ["200", "201", "202"].map(|code| target.hits(&format!("/status/{code}")) > 0)
}

#[test]
fn a_profile_sends_the_flows_that_it_names_and_the_command_line_wins() {
    for (arguments, sent) in [
        (&["-p", "smoke"][..], [true, true, true]),
        (&["-p", "few"], [true, true, false]),
        (&["-p", "few", "--flow", "admin"], [false, false, true]),
        (&["-p", "few", "--tag", "quick"], [true, false, false]),
    ] {
        let target = target();
        let bench = bench(&target.url(""));
        bench.smoke(arguments).expect(0);
        assert_eq!(asked(&target), sent, "{arguments:?}");
    }
    let target = target();
    let bench = bench(&target.url(""));
    let said = bench.smoke(&["-p", "few", "--tag", "rare"]).expect(2);
    let words = "profile `few` starts no flow that has what was asked for";
    assert!(said.stderr.contains(words), "{}", said.stderr);
    assert_eq!(asked(&target), [false; 3]);
}

#[test]
fn what_a_profile_leaves_out_is_undecided_and_told_before_anything_is_sent() {
    for (profile, budget, code) in [
        ("people", "max of buy < 50s", 7),
        ("people", "max of buy < 50s during launch", 0),
        ("few", "max of admin < 50s", 7),
        ("few", "max of admin < 50s during smoke", 0),
    ] {
        let target = target();
        let bench = bench(&target.url(""));
        bench.write(
            "b.yaml",
            &format!("budgets:\n  - max < 50s\n  - {budget}\n"),
        );
        let ran = bench.smoke(&["-p", profile, "--budgets", "b.yaml"]);
        let ran = ran.expect(code);
        let told = format!("warning: profile `{profile}` never sends what `{budget}` is about");
        assert_eq!(ran.stderr.contains(&told), code == 7, "{}", ran.stderr);
        assert_eq!(target.hits("/status/201") > 0, profile == "few");
        let plan = ["plan", "s.yaml", "-p", profile, "--budgets", "b.yaml"];
        let plan = bench.run(&plan).expect(0).stdout;
        assert_eq!(plan.contains("CANNOT DECIDE"), code == 7, "{plan}");
    }
}

#[test]
fn plan_validate_and_config_show_the_mix_and_environments_have_their_own() {
    let bench = bench("http://127.0.0.1:9");
    let plan = |more: &[&str]| {
        let plan = ["plan", "s.yaml", "-p", "launch", "--no-measure"];
        bench.run(&[&plan[..], more].concat()).expect(0).stdout
    };
    let whole = plan(&[]);
    for part in [
        "= 40 flow starts/s",
        ", flows look 75 %, buy 25 %",
        "about 300 of each: look",
        "about 100 of each: buy",
        "  left out by this profile: admin\n",
    ] {
        assert!(whole.contains(part), "{part}: {whole}");
    }
    let staging = plan(&["--env", "staging"]);
    assert!(staging.contains("about 400 of each: buy"), "{staging}");
    assert!(
        staging.contains("left out by this profile: look, admin\n"),
        "{staging}"
    );
    let valid = bench.run(&["validate", "s.yaml"]).expect(0).stdout;
    let profiles =
        "profiles smoke, few (buy, look), people (look 2), launch (look 3, buy 1), no budgets";
    assert!(valid.contains(profiles), "{valid}");
    let config = ["config", "s.yaml", "-p", "launch", "--env", "staging"];
    let config = bench.run(&config).expect(0).stdout;
    for part in [
        "profiles.launch.flows.buy",
        "environment staging, s.yaml:14:41",
        "flows buy 100 %",
    ] {
        assert!(config.contains(part), "{part}: {config}");
    }
    assert!(!config.contains("launch.flows.look"), "{config}");
}
