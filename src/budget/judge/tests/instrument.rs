//! Faults of the generator, one by one: exit 7 and a sentence.

use super::*;
use crate::record::{Failure, FailureCount, Histogram, Platform, What};

/// Lag of 100,000 requests: `late` of them by `by`.
fn lag(late: u64, by: Nanos) -> Histogram {
    let mut lag = times(100_000 - late, MS / 20);
    lag.merge(&times(late, by));
    lag
}

fn exhausted(count: u64) -> FailureCount {
    FailureCount {
        step: 0,
        what: What::Failure(Failure::Exhausted),
        label: String::new(),
        count,
        first: 0,
        last: 0,
    }
}

/// What is wrong, lag (requests of 100,000, by how much), CPU, throttled, dropped, model, exit code.
type Fault = (&'static str, (u64, Nanos), f64, u64, u64, Model, u8);

#[rustfmt::skip]
const FAULTS: [Fault; 13] = [
    ("fine", (0, 0), 0.3, 0, 0, OPEN, 0),
    ("1 % late is allowed", (1_000, 40 * MS), 0.3, 0, 0, OPEN, 0),
    ("more is not", (1_001, 12 * MS), 0.3, 0, 0, OPEN, 7),
    ("a tenth of the limit", (1_001, 6 * MS), 0.3, 0, 0, OPEN, 7),
    ("below it", (50_000, 4 * MS), 0.3, 0, 0, OPEN, 0),
    ("closed models have no lag", (50_000, SECOND), 0.3, 0, 0, CLOSED, 0),
    ("nor passes", (50_000, SECOND), 1.0, 9, 0, PASSES, 0),
    ("drops of a busy generator", (0, 0), 0.81, 0, 1, OPEN, 7),
    ("drops of a slow target", (0, 0), 0.8, 0, 1, OPEN, 0),
    ("throttled and idle", (0, 0), 0.3, 9, 0, OPEN, 0),
    ("throttled and busy", (0, 0), 0.9, 9, 0, OPEN, 7),
    ("throttled and busy, closed", (0, 0), 0.9, 9, 0, CLOSED, 7),
    ("busy", (0, 0), 1.0, 0, 0, OPEN, 0),
];

#[test]
fn when_the_generator_is_at_fault() {
    // The tightest limit on response time is 50 ms: ttfb and other profiles do not count.
    let budgets = [
        "error_rate < 5%",
        "max of landing < 50ms",
        "mean < 1ms during soak",
        "ttfb p50 < 5ms",
    ];
    let mut fast = passed(3_000);
    fast.response = times(3_000, MS);
    fast.ttfb = times(3_000, MS);
    for (name, (late, by), cpu_share, throttled, dropped, model, code) in FAULTS {
        let mut record = run(model, [fast.clone(), Tally::default(), Tally::default()]);
        record.health.lag = lag(late, by);
        record.health.cpu_share = cpu_share;
        record.health.throttled = throttled;
        record.counts.dropped_in_flight = dropped;
        let said = verdict(&record, &budgets);
        assert_eq!(said.exit.code, code, "{name}: {}", said.sentence);
        let invalid = said.sentence.starts_with("INVALID: ");
        assert_eq!(invalid, code == 7, "{name}: {}", said.sentence);
    }
}

#[test]
fn each_fault_of_the_instrument_is_one_sentence_with_its_limit_and_what_to_do() {
    type Broken = fn(&mut RunRecord);
    #[rustfmt::skip]
    let faults: [(&str, Broken, &str, &str); 8] = [
        ("lag", |r| r.health.lag = lag(2_000, 40 * MS),
            "schedule lag p99: 40 ms, limit 10 ms", "lower the rate"),
        ("drops", |r| { r.health.cpu_share = 0.95; r.counts.dropped_in_flight = 7; },
            "arrivals dropped by a busy generator: 7 at 95 % CPU, limit 0 above 80 % CPU", "more processors"),
        ("files or ports", |r| {
            r.counts.dropped_in_flight = 7;
            (r.health.in_flight_limit, r.health.in_flight_wanted, r.health.descriptor_limit) = (64, 2_000, 128);
        }, "too few connections: 7 with room for 64 of 2,000, limit 0", "open files (128)"),
        ("own ports", |r| r.failures.push(exhausted(12)),
            "this machine had no port or no file left: 12, limit 0", "ip_local_port_range"),
        ("quota", |r| { r.health.cpu_share = 0.9; r.health.throttled = 3; },
            "stopped by a CPU quota: 3 times at 90 % CPU", "raise the CPU limit of the container"),
        ("quota and lag", |r| { r.health.lag = lag(2_000, 40 * MS); r.health.throttled = 3; },
            "schedule lag p99: 40 ms", "more processors"),
        ("data", |r| { r.model = CLOSED; r.counts.dropped_data = 2; },
            "users that ran out of data: 2, limit 0", "add rows to the feeder"),
        ("counts", |r| r.health.conserved = false,
            "counts add up: no, limit yes", "report it"),
    ];
    for (name, breaks, says, advises) in faults {
        let mut record = landing(passed(3_000));
        assert_eq!(judge(&record, None).exit.code, 0, "{name}");
        breaks(&mut record);
        let said = judge(&record, None);
        assert_eq!(
            (said.exit.code, said.exit.reason),
            (7, Reason::InvalidInstrument),
            "{name}: {}",
            said.sentence
        );
        let sentence = said.sentence.strip_prefix("INVALID: ").unwrap();
        assert!(sentence.contains(says), "{name}: {sentence}");
        assert!(sentence.contains(advises), "{name}: {sentence}");
        assert!(
            !sentence.contains(". ") && !sentence.contains('\n'),
            "{name}: {sentence}"
        );
    }
    // A target that stalls drops arrivals, too: with room for all that the plan needs it is not our fault.
    let mut record = landing(passed(3_000));
    record.counts.dropped_in_flight = 7;
    (
        record.health.in_flight_limit,
        record.health.in_flight_wanted,
    ) = (2_000, 2_000);
    assert_ne!(judge(&record, None).exit.code, 7);
}

#[test]
fn what_a_platform_answered_is_no_evidence_about_the_application() {
    let refused = |wall: u64, before: u64, platforms: u64| {
        let mut tally = mixed(3_000 - wall - platforms, wall + platforms, 0, 0);
        tally.refused.wall = wall;
        tally.refused.before = before;
        if platforms > 0 {
            tally.refused.platforms.insert(Platform::Vercel, platforms);
        }
        tally
    };
    let budget = ["error_rate < 90%"];
    #[rustfmt::skip]
    let rows: [(&str, Tally, u8); 8] = [
        ("3 of 3,000 challenged", refused(0, 0, 3), 0),
        ("4 of 3,000 challenged", refused(0, 0, 4), 7),
        ("a wall behind half of them", refused(1_500, 1_500, 0), 7),
        ("a rate limit that lets some through", refused(1_200, 60, 0), 7),
        ("every fourth from the beginning", refused(750, 4, 0), 0),
        ("a few in the end", refused(19, 2_980, 0), 0),
        ("one in ten since the half", refused(150, 1_500, 0), 0),
        ("refused from the beginning", refused(2_000, 0, 0), 0),
    ];
    for (name, tally, code) in rows {
        for model in [OPEN, CLOSED] {
            let record = run(model, [tally.clone(), Tally::default(), Tally::default()]);
            let said = verdict(&record, &budget);
            assert_eq!(said.exit.code, code, "{name}: {}", said.sentence);
        }
    }
    // What passed while warming up passed before, too.
    let mut record = landing(refused(3_000, 0, 0));
    record.steps[0].unmeasured = passed(500);
    let said = verdict(&record, &budget);
    assert!(
        said.sentence.contains("after 500 that passed"),
        "{}",
        said.sentence
    );
    // A smoke test says it by its checks.
    let mut smoke = landing(refused(0, 0, 4));
    smoke.model = PASSES;
    assert_eq!(verdict(&smoke, &budget).exit.code, 3);
}

#[test]
fn what_was_polled_for_and_never_came_is_not_a_pass_however_loose_the_budgets() {
    let code = |said: &Verdict| (said.exit.code, said.exit.reason);
    let polled = |held: u64, failed: u64| {
        let mut tally = passed(2_600);
        (tally.ok, tally.check_failed) = (2_600 - failed, failed);
        let count = |passed| CheckCount { passed, failed };
        tally.checks = vec![
            CheckCount {
                passed: 2_600,
                failed: 0,
            },
            count(held),
        ];
        let mut record = landing(tally);
        record.steps[0].checks = vec!["status < 400".into(), "body contains \"paid\"".into()];
        verdict(&record, &["error_rate < 40%"])
    };
    let said = polled(0, 200);
    assert_eq!(code(&said), (3, Reason::CheckFailed));
    assert!(
        said.sentence
            .contains("`body contains \"paid\"` in 200 of 2,600"),
        "{}",
        said.sentence
    );
    assert_eq!(code(&polled(1, 200)), (0, Reason::Pass));
    // Polls that a decided run did not wait for.
    let said = polled(0, 0);
    assert_eq!(code(&said), (7, Reason::Undecided));
    assert!(
        said.sentence.contains("was polled 2,600 times"),
        "{}",
        said.sentence
    );
}
