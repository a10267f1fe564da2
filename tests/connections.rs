//! Whose connections are used again, which are there before the run, and what is refused or warned about because
//! of them.

use crate::support::cli::{Bench, Ran};
use crate::support::target::{Target, refused, target, target_tls};
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use tollgate::record::{Failure, What};

const SMOKE: &str = "  smoke: { passes: 1 }\n";
const ONE: &str = "      - get: /ok\n        name: a\n";
/// Two requests of one user, marked as such, with a pause that keeps the number of sessions small.
const TWO: &str = "      - get: /ok?u={{ user() }}-{{ iteration() }}\n        name: a\n\
                   \x20     - think: 40ms\n\
                   \x20     - post: /echo?u={{ user() }}-{{ iteration() }}\n        name: b\n";
const USERS: &str = "  load: { users: 3, duration: 1s }\n";

/// A scenario with a line more at the top.
fn scenario(target: &Target, top: &str, steps: &str, profiles: &str) -> Bench {
    let bench = Bench::with_steps(&target.url(""), steps, profiles);
    let text = std::fs::read_to_string(bench.path("s.yaml")).unwrap();
    bench.write("s.yaml", &format!("{top}\n{text}"));
    bench
}

/// The connections that each session used.
fn sessions(target: &Target) -> BTreeMap<String, BTreeSet<u64>> {
    let mut sessions: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for seen in target.seen("/ok").iter().chain(&target.seen("/echo")) {
        let used = sessions.entry(seen.query.clone()).or_default();
        used.insert(seen.connection);
    }
    sessions
}

fn new_connections(ran: &Ran) -> u64 {
    let record = ran.record();
    assert!(record.health.conserved);
    record
        .steps
        .iter()
        .map(|s| s.measured.new_connections)
        .sum()
}

#[test]
fn users_of_their_own_connections_keep_them_for_a_session() {
    let target = target();
    let bench = scenario(&target, "connections: per user", TWO, USERS);
    assert!(bench.smoke(&[]).record().failures.is_empty());
    let sessions = sessions(&target);
    assert!(sessions.len() >= 6, "{sessions:?}");
    let connections: BTreeSet<u64> = sessions.values().flatten().copied().collect();
    assert!(
        sessions.values().all(|used| used.len() == 1),
        "{sessions:?}"
    );
    assert_eq!(connections.len(), sessions.len(), "nobody shares");
    // One more looked whether the target is there; none was opened ahead.
    assert_eq!(target.connections(), sessions.len() as u64 + 1);
}

#[test]
fn users_of_the_open_model_have_their_own_connections_too() {
    let target = target();
    let load = "  load: { rate: 40 req/s, duration: 1s }\n";
    scenario(&target, "connections: per user", TWO, load).smoke(&[]);
    let sessions = sessions(&target);
    assert!(sessions.len() > 3);
    assert_eq!(target.connections(), sessions.len() as u64 + 1);
}

#[test]
fn without_keep_alive_every_request_has_its_connection() {
    let target = target();
    let bench = scenario(&target, "keep_alive: false", TWO, USERS);
    let ran = bench.smoke(&[]);
    assert!(ran.record().failures.is_empty());
    let seen: Vec<_> = [target.seen("/ok"), target.seen("/echo")].concat();
    assert!(
        seen.iter()
            .all(|seen| seen.header("connection") == Some("close"))
    );
    let connections: BTreeSet<u64> = seen.iter().map(|seen| seen.connection).collect();
    assert_eq!(connections.len(), seen.len());
    assert_eq!(target.connections(), seen.len() as u64 + 1);
    assert_eq!(ran.record().health.reused, 0);
}

#[test]
fn redirects_keep_to_the_same_rules() {
    for (top, connections) in [
        ("connections: shared", 1),
        ("connections: per user", 1),
        ("keep_alive: false", 3),
    ] {
        let target = target();
        let steps = "      - get: /redirect/2\n        name: a\n        redirects: 5\n";
        scenario(&target, top, steps, SMOKE).smoke(&[]).expect(0);
        assert_eq!(target.requests(), 3);
        assert_eq!(target.connections(), connections + 1, "{top}");
    }
}

#[test]
fn connections_of_all_users_are_there_before_the_first_request() {
    let plain = target();
    let secure = target_tls();
    // A pause, so that the test does not take a whole processor.
    let steps = format!("{ONE}      - think: 50ms\n");
    let ca = format!("tls: {{ ca: {} }}", secure.ca().display());
    for (target, top) in [
        (&plain, "connections: shared"),
        (&secure.target, ca.as_str()),
    ] {
        for workers in ["1", "2"] {
            let before = target.connections();
            let load = "  load: { users: 5, duration: 200ms }\n";
            let bench = scenario(target, top, &steps, load);
            let ran = bench.smoke(&["--workers", workers]);
            assert_eq!(target.connections() - before, 5 + 1, "{workers} workers");
            assert_eq!(new_connections(&ran), 0, "no request waited for one");
            assert_eq!(ran.record().health.connections, 5);
        }
    }
}

#[test]
fn connections_for_the_peak_rate_are_there_before_the_first_request() {
    let target = target();
    let load = "  load: { rate: 200 req/s, duration: 300ms }\n";
    let bench = scenario(&target, "", ONE, load);
    let ran = bench.smoke(&[]);
    // 200 req/s × 50 ms; a late generator may have needed more.
    let opened = ran.record().health.connections;
    assert_eq!(opened, 10 + new_connections(&ran));
}

#[test]
fn a_smoke_test_opens_nothing_ahead() {
    let target = target();
    let bench = scenario(&target, "", ONE, SMOKE);
    let ran = bench.smoke(&[]).expect(0);
    assert_eq!((target.connections(), new_connections(&ran)), (2, 1));
}

/// The binary with so few files that not everything fits.
fn with_files(bench: &Bench, files: u64, arguments: &str) -> Ran {
    let binary = env!("CARGO_BIN_EXE_tollgate");
    let mut shell = Command::new("/bin/sh");
    shell
        .args([
            "-c",
            &format!("ulimit -n {files} && exec {binary} {arguments}"),
        ])
        .current_dir(bench.path(""));
    bench.ran(shell.output().unwrap())
}

#[test]
fn too_few_files_are_told_before_the_run_and_drops_are_counted() {
    let target = target();
    let steps = "      - get: /stall\n        name: a\n        timeout: 1s\n";
    let load = "  load: { rate: 200 req/s, duration: 1s }\n";
    let bench = scenario(&target, "preflight: false", steps, load);
    let warning = "connections will not fit: the system allows 128 open files, room for 64; raise it with `ulimit -n";
    let plan = with_files(&bench, 128, "plan s.yaml").expect(0);
    assert!(plan.stdout.contains(warning), "{}", plan.stdout);
    assert_eq!(target.connections(), 0);
    let ran = with_files(&bench, 128, "run s.yaml --out out");
    assert!(ran.stderr.contains(warning), "{}", ran.stderr);
    let record = ran.record();
    assert!(record.health.conserved);
    assert_eq!(record.health.in_flight_limit, 64);
    assert!(record.counts.dropped_in_flight > 0, "{:?}", record.counts);
    let failed: Vec<_> = record.failures.iter().map(|f| f.what).collect();
    assert!(
        !failed.contains(&What::Failure(Failure::Connect)),
        "{failed:?}"
    );
    let enough = with_files(&bench, 1024, "plan s.yaml").expect(0);
    assert!(!enough.stdout.contains("warning"), "{}", enough.stdout);
}

#[test]
fn six_when_another_host_that_a_step_names_is_down() {
    let (target, other) = (target(), refused());
    let steps = format!(
        "{ONE}      - get: http://{}/x\n        name: b\n",
        other.addr
    );
    let bench = scenario(&target, "", &steps, SMOKE);
    let ran = bench.smoke(&[]).expect(6);
    ran.all_reports();
    let named = format!("{}, which f/b calls", other.addr.ip());
    assert!(ran.stdout.contains(&named), "{}", ran.stdout);
    assert!(
        ran.stdout.contains(&other.addr.to_string()),
        "{}",
        ran.stdout
    );
    assert_eq!(target.requests(), 0);
}

#[test]
fn other_hosts_that_steps_name_are_looked_at_once() {
    let (target, other) = (target(), target());
    let url = other.url("/ok");
    let steps =
        format!("{ONE}      - get: {url}\n        name: b\n      - get: {url}\n        name: c\n");
    scenario(&target, "", &steps, SMOKE).smoke(&[]).expect(0);
    assert_eq!((other.hits("/ok"), other.connections()), (2, 2));
}

#[test]
fn two_when_a_step_leads_load_to_another_host() {
    let target = target();
    let elsewhere = "      - get: https://pay.example.com/x\n        name: b\n";
    let bench = scenario(&target, "", &format!("{ONE}{elsewhere}"), USERS);
    let ran = bench.smoke(&[]).expect(2);
    for words in [
        "T0712",
        "s.yaml:9:",
        "pay.example.com",
        "allow: [pay.example.com]",
    ] {
        assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
    }
    assert_eq!(target.connections(), 0);
}

#[test]
fn hosts_made_by_templates_are_refused_under_way() {
    let target = target();
    let steps = "      - get: http://pay.example.com/{{ uuid() }}\n        name: a\n";
    let load = "  load: { rate: 60 req/s, duration: 200ms }\n";
    let bench = scenario(&target, "", steps, load);
    let ran = bench.smoke(&[]);
    assert!(
        ran.record()
            .failures
            .iter()
            .all(|f| f.what == What::Failure(Failure::Unsendable))
    );
    assert!(!ran.record().failures.is_empty());
}
