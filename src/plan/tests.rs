//! Profiles that change while they are judged: their phases, counts, and what the command line may say.

use super::*;
use crate::scenario::{self, Environment, Scenario};
use crate::source::Source;
use std::path::Path;

const SECOND: Nanos = 1_000_000_000;

/// Two requests in a flow.
fn scenario(profile: &str) -> Scenario {
    let text = format!(
        "target: http://127.0.0.1:1\nflows:\n  f:\n    steps:\n      - {{ get: /, name: a, timeout: 1s }}\n      \
         - {{ get: /, name: b, timeout: 1s }}\nprofiles:\n  p: {profile}\n"
    );
    let source = Source::new("test.yaml", text);
    scenario::parse(source, Path::new("test.yaml"), &Environment::empty())
        .unwrap()
        .scenario
}

fn plan(profile: &str) -> Plan {
    resolve(&scenario(profile), "p", &Overrides::default(), 1).unwrap()
}

/// (name, start, end in seconds, judged).
fn phases(plan: &Plan) -> Vec<(&str, u64, u64, bool)> {
    plan.phases
        .iter()
        .map(|p| {
            (
                p.name.as_str(),
                p.start / SECOND,
                p.end / SECOND,
                p.measured,
            )
        })
        .collect()
}

/// Arrivals due within the phase, in requests.
fn requests(plan: &Plan, phase: usize) -> u64 {
    let Load::Open(pacer) = &plan.load else {
        panic!("an open model")
    };
    let Phase { start, end, .. } = plan.phases[phase];
    let due = pacer.arrivals(1).filter(|a| (start..end).contains(&a.due));
    due.count() as u64 * 2
}

#[test]
fn stairs_hold_every_rate_and_end() {
    let plan = plan(
        "{ stairs: { from: 100 req/s, to: 250 req/s, step: 100 req/s, every: 30s }, ramp: 10s, warmup: 5s, arrivals: constant }",
    );
    assert_eq!(
        phases(&plan),
        [
            ("ramp", 0, 10, false),
            ("warm-up", 10, 15, false),
            ("step 1 (100 req/s)", 15, 45, true),
            ("step 2 (200 req/s)", 45, 75, true),
            ("step 3 (250 req/s)", 75, 105, true),
        ]
    );
    let counts: Vec<u64> = (0..5).map(|phase| requests(&plan, phase)).collect();
    assert_eq!(counts, [500, 500, 3000, 6000, 7500]);
    assert_eq!(plan.measured, 15 * SECOND..105 * SECOND);
    assert_eq!(plan.peak_requests(), Some(250.0));
    assert_eq!(plan.expected_runs(0).map(f64::round), Some(8250.0));
    // The peak decides what may be in flight: 125 flows/s, two requests of 1 s.
    assert_eq!(
        plan.max_in_flight,
        (250.0 + 6.0 * 250f64.sqrt()).ceil() as u64 + 64
    );
    assert_eq!(
        plan.to_string(),
        "profile p: stairs from 100 req/s to 250 req/s by 100 req/s every 30 s: 183 req/s on average, at most 250 req/s \
         = 125 flow starts/s × 2 requests, constant arrivals, ramp 10 s (not judged), warm-up 5 s (not judged), p 90 s"
    );
}

#[test]
fn stairs_go_down_and_meet_their_last_rate() {
    for (stairs, levels) in [
        (
            "{ from: 300 req/s, to: 100 req/s, step: 100 req/s, every: 1s }",
            vec![300.0, 200.0, 100.0],
        ),
        (
            "{ from: 0.1 req/s, to: 0.3 req/s, step: 0.1 req/s, every: 1s }",
            vec![0.1, 0.2, 0.3],
        ),
        (
            "{ from: 100 req/s, to: 150 req/s, step: 100 req/s, every: 1s }",
            vec![100.0, 150.0],
        ),
    ] {
        let scenario = scenario(&format!("{{ stairs: {stairs} }}"));
        let scenario::Load::Stairs(stairs) = &scenario.profiles[0].load else {
            panic!("stairs")
        };
        let found: Vec<f64> = stairs.levels().map(|r| r.per_second).collect();
        assert_eq!(found, levels);
    }
}

#[test]
fn a_spike_stands_in_the_middle_of_every_period() {
    let spike = "base: 50 req/s, peak: 500 req/s, rise: 4s, hold: 20s, fall: 6s";
    let one = plan(&format!(
        "{{ spike: {{ {spike} }}, duration: 70s, arrivals: constant }}"
    ));
    assert_eq!(
        phases(&one),
        [
            ("base (50 req/s)", 0, 20, true),
            ("rise", 20, 24, true),
            ("spike (500 req/s)", 24, 44, true),
            ("fall", 44, 50, true),
            ("base (50 req/s)", 50, 70, true),
        ]
    );
    let counts: Vec<u64> = (0..5).map(|phase| requests(&one, phase)).collect();
    assert_eq!(counts, [1000, 1100, 10_000, 1650, 1000]);
    // 40 s of 70 fit twice into 95: what is left is at the base; without a rise the peak is there at once.
    let two = plan(
        "{ spike: { base: 1 flows/s, peak: 2 flows/s, hold: 20s, every: 40s }, duration: 95s }",
    );
    let ends: Vec<u64> = phases(&two).iter().map(|p| p.2).collect();
    assert_eq!(ends, [10, 30, 40, 50, 70, 80, 95]);
}

#[test]
fn stages_start_from_nothing_and_may_be_warm_up() {
    let plan = plan(
        "{ stages: [{ to: 100 req/s, for: 10s, warmup: true }, { to: 100 req/s, for: 20s }, { at: 400 req/s, for: 5s }, { to: 0 req/s, for: 10s }], arrivals: constant }",
    );
    assert_eq!(
        phases(&plan),
        [
            ("stage 1 (to 100 req/s)", 0, 10, false),
            ("stage 2 (to 100 req/s)", 10, 30, true),
            ("stage 3 (at 400 req/s)", 30, 35, true),
            ("stage 4 (to nothing)", 35, 45, true),
        ]
    );
    let counts: Vec<u64> = (0..4).map(|phase| requests(&plan, phase)).collect();
    assert_eq!(counts, [500, 2000, 2000, 2000]);
    assert_eq!(plan.measured, 10 * SECOND..45 * SECOND);
    let users = self::plan("{ stages: [{ to: 30 users, for: 10s }, { at: 5 users, for: 10s }] }");
    assert_eq!((users.users(), users.max_in_flight), (Some(30), 30));
    assert!(
        users
            .to_string()
            .contains("at most 30 users (closed model)"),
        "{users}"
    );
}

#[test]
fn the_command_line_changes_only_what_a_profile_has() {
    let second = Some(Duration::from_secs(30));
    let rate = Rate::parse("5 req/s").ok();
    let options = [
        Overrides {
            rate,
            ..Overrides::default()
        },
        Overrides {
            duration: second,
            ..Overrides::default()
        },
        Overrides {
            ramp: second,
            ..Overrides::default()
        },
        Overrides {
            warmup: second,
            ..Overrides::default()
        },
    ];
    for (profile, taken) in [
        ("{ passes: 1 }", [false; 4]),
        ("{ rate: 10 req/s, duration: 1s }", [true; 4]),
        ("{ users: 10, duration: 1s }", [false, true, true, true]),
        (
            "{ stairs: { from: 1 req/s, to: 2 req/s, step: 1 req/s, every: 1s } }",
            [false, false, true, true],
        ),
        (
            "{ spike: { base: 1 req/s, peak: 2 req/s, hold: 1s }, duration: 1m }",
            [false, true, true, true],
        ),
        ("{ stages: [{ to: 1 req/s, for: 1s }] }", [false; 4]),
    ] {
        let scenario = scenario(profile);
        let found = options
            .each_ref()
            .map(|o| resolve(&scenario, "p", o, 1).is_ok());
        assert_eq!(found, taken, "{profile}");
    }
    let long = scenario("{ spike: { base: 1 req/s, peak: 2 req/s, hold: 40s }, duration: 1m }");
    let error = resolve(&long, "p", &options[1], 1).unwrap_err().to_string();
    assert_eq!(
        error,
        "profile `p`: a spike of 40 s leaves nothing of 30 s to the base rate; give a longer `--duration`"
    );
    let stages = scenario("{ stages: [{ to: 1 req/s, for: 1s }] }");
    let error = resolve(&stages, "p", &options[0], 1)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("`stages`: `--rate` cannot change it"),
        "{error}"
    );
}

#[test]
fn loops_over_lists_that_are_known_are_counted_item_by_item() {
    let requests = |variables: &str, steps: &str| {
        let text = format!(
            "target: http://127.0.0.1:1\nvariables: {variables}\nflows:\n  f:\n    steps:\n{steps}profiles:\n  p: {{ rate: 60 req/s, duration: 1s }}\n"
        );
        let source = Source::new("test.yaml", text);
        let loaded = scenario::parse(source, Path::new("test.yaml"), &Environment::empty());
        let plan = resolve(&loaded.unwrap().scenario, "p", &Overrides::default(), 1).unwrap();
        assert_eq!(plan.peak_requests().map(f64::round), Some(60.0));
        (plan.requests_per_flow, plan.counted())
    };
    let get = "{ get: '/{{ x }}', name: a }";
    let each = format!("      - each: x in l\n        steps: [{get}]\n");
    let first = "      - { get: /l, name: l, capture: { l: json $ } }\n";
    let exactly = |n: f64| (n, Counted::Exactly);
    // A list that does not change.
    assert_eq!(requests("{ l: [1, 2, 3] }", &each), exactly(3.0));
    // A capture of the same name: what is captured is not known.
    let captured = format!("{first}{each}");
    assert_eq!(
        requests("{ l: [1, 2, 3] }", &captured),
        (2.0, Counted::AtLeast)
    );
    // Captured behind the loop, and the loop is done again.
    let again = format!(
        "      - repeat: 2\n        steps:\n          - each: x in l\n            steps: [{get}]\n          - {{ get: /l, name: l, capture: {{ l: json $ }} }}\n"
    );
    assert_eq!(
        requests("{ l: [1, 2, 3] }", &again),
        (4.0, Counted::AtLeast)
    );
    // A loop in a loop, and one that stops early.
    let nested = format!(
        "      - each: y in m\n        limit: 4\n        steps:\n          - {{ get: '/{{{{ y }}}}', name: b }}\n          - each: x in l\n            steps: [{get}]\n"
    );
    assert_eq!(
        requests("{ l: [1, 2, 3], m: [1, 2, 3, 4, 5] }", &nested),
        exactly(16.0)
    );
    // A value that passes through another variable.
    let passed = format!("      - set: {{ l: '{{{{ m }}}}' }}\n{each}");
    assert_eq!(requests("{ m: [1, 2] }", &passed), exactly(2.0));
    // A condition is taken to hold.
    let when =
        format!("      - when: l is not empty\n        each: x in l\n        steps: [{get}]\n");
    assert_eq!(requests("{ l: [1, 2] }", &when), (2.0, Counted::About));
}

/// Two flows with so many requests, their weights in the file, and a profile.
fn mixed(weights: [&str; 2], profile: &str) -> Scenario {
    let text = format!(
        "target: http://127.0.0.1:1\nflows:\n  a: {{ weight: {}, steps: [{{ get: / }}] }}\n  \
         b: {{ weight: {}, steps: [{{ get: /1 }}, {{ get: /2 }}, {{ get: /3 }}] }}\n  \
         c: {{ steps: [{{ get: /c }}] }}\nprofiles:\n  p: {profile}\n",
        weights[0], weights[1]
    );
    let source = Source::new("test.yaml", text);
    let loaded = scenario::parse(source, Path::new("test.yaml"), &Environment::empty());
    let mut scenario = loaded.unwrap().scenario;
    scenario.keep_to("p");
    scenario
}

#[test]
fn a_rate_in_requests_is_converted_with_the_mix_of_its_profile() {
    for (flows, shares, each, words) in [
        ("", "a 0.4 b 0.4 c 0.2", 1.8, ""),
        (
            ", flows: { a: 6, b: 2 }",
            "a 0.75 b 0.25",
            1.5,
            ", flows a 75 %, b 25 %",
        ),
        (
            ", flows: [b, a]",
            "a 0.5 b 0.5",
            2.0,
            ", flows a 50 %, b 50 %",
        ),
        (", flows: b", "b 1", 3.0, ", flows b 100 %"),
        (
            ", flows: { c: 0.5, b: 1.5 }",
            "b 0.75 c 0.25",
            2.5,
            ", flows b 75 %, c 25 %",
        ),
    ] {
        let profile = format!("{{ rate: 90 req/s, duration: 10s, arrivals: constant{flows} }}");
        let scenario = mixed(["2", "2"], &profile);
        let plan = resolve(&scenario, "p", &Overrides::default(), 1).unwrap();
        let of = |flow: &PlannedFlow| format!("{} {}", flow.name, flow.share);
        let found: Vec<String> = plan.flows.iter().map(of).collect();
        assert_eq!(found.join(" "), shares, "{flows}");
        assert!((plan.requests_per_flow - each).abs() < 1e-9, "{flows}");
        assert_eq!(plan.peak_requests().map(f64::round), Some(90.0), "{flows}");
        let Load::Open(pacer) = &plan.load else {
            panic!("an open model")
        };
        assert!((pacer.shape.peak() - 90.0 / each).abs() < 1e-9, "{flows}");
        // What a history keeps apart: equal plans, equal text.
        let end = format!("p 10 s{words}");
        assert!(plan.to_string().ends_with(&end), "{plan}");
    }
}

#[test]
fn weights_say_the_same_in_a_profile_as_in_the_file() {
    for weights in [["1", "1"], ["7", "3"], ["0.5", "2"], ["1", "0"]] {
        let [a, b] = weights;
        for load in ["rate: 50 req/s", "users: 4", "rate: 9 flows/s"] {
            let inside = if b == "0" {
                format!("a: {a}, c: 1")
            } else {
                format!("a: {a}, b: {b}, c: 1")
            };
            let own = mixed(weights, &format!("{{ {load}, duration: 10s }}"));
            let given = mixed(
                ["1", "5"],
                &format!("{{ {load}, duration: 10s, flows: {{ {inside} }} }}"),
            );
            let plan = |scenario| resolve(scenario, "p", &Overrides::default(), 3).unwrap();
            let (own, given) = (plan(&own), plan(&given));
            assert!(!own.named && given.named);
            let unnamed = Plan {
                named: false,
                ..given
            };
            assert_eq!(own, unnamed, "{weights:?} {load}");
            assert_eq!(own.to_string(), unnamed.to_string());
        }
    }
}

#[test]
fn passes_say_which_flows_they_go_through() {
    for (profile, words) in [
        ("{ passes: 1 }", "profile p: every flow once"),
        ("{ passes: 1, flows: [c, a] }", "profile p: a, c once"),
        ("{ passes: 3, flows: b }", "profile p: b 3 times"),
    ] {
        let scenario = mixed(["0", "1"], profile);
        let plan = resolve(&scenario, "p", &Overrides::default(), 1).unwrap();
        assert_eq!(plan.to_string(), words);
        assert!(plan.flows.iter().all(|flow| flow.share.is_finite()));
    }
    let only = mixed(["0", "1"], "{ passes: 1, flows: a }");
    let plan = resolve(&only, "p", &Overrides::default(), 1).unwrap();
    assert!(plan.flows[0].share.abs() < 1e-9 && plan.requests_per_flow.is_finite());
}
