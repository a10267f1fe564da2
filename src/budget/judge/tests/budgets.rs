//! One budget at a time.

use super::*;

const MARGINAL_PASS: Outcome = Outcome::Marginal { passed: true };
const MARGINAL_FAIL: Outcome = Outcome::Marginal { passed: false };

#[test]
fn zones_of_an_error_rate() {
    for (k, outcome) in [
        (0, Outcome::Pass),
        (20, Outcome::Pass),
        (21, MARGINAL_PASS),
        (29, MARGINAL_PASS),
        (30, MARGINAL_FAIL),
        (39, MARGINAL_FAIL),
        (40, Outcome::Fail),
    ] {
        let record = landing(mixed(30_000 - k, k / 2, k - k / 2, 0));
        let said = one(&record, "error_rate < 0.1%");
        assert_eq!(said.outcome, outcome, "{k} of 30,000");
        assert_eq!((said.n, said.violations), (30_000, Some(k)));
        assert_eq!(said.needed, Some(2_995));
        let mirrored = one(&record, "success_rate > 99.9%");
        assert_eq!(mirrored.outcome, outcome, "{k} of 30,000");
        // The share itself is within "at most".
        let at_most = if k == 30 { MARGINAL_PASS } else { outcome };
        assert_eq!(one(&record, "error_rate <= 0.1%").outcome, at_most, "{k}");
    }
}

#[test]
fn zones_of_a_percentile() {
    for (n, k, budget, outcome) in [
        (30_000, 1_437, "p95 < 500ms", Outcome::Pass),
        (30_000, 1_438, "p95 < 500ms", MARGINAL_PASS),
        (30_000, 1_500, "p95 < 500ms", MARGINAL_PASS),
        (30_000, 1_501, "p95 < 500ms", MARGINAL_FAIL),
        (30_000, 1_563, "p95 < 500ms", Outcome::Fail),
        (299, 0, "p99 < 500ms", Outcome::Pass),
        (298, 0, "p99 < 500ms", Outcome::Undecided),
        (298, 3, "p99 < 500ms", Outcome::Undecided),
        (200, 10, "p99 < 500ms", Outcome::Fail),
        (1, 0, "p95 < 500ms", Outcome::Undecided),
        (3, 3, "p50 < 500ms", Outcome::Undecided),
        (5, 5, "p50 < 500ms", Outcome::Fail),
        (5, 0, "p50 < 500ms", Outcome::Pass),
    ] {
        let said = one(&landing(slow(n, k)), budget);
        assert_eq!(said.outcome, outcome, "{budget}: {k} of {n}");
        assert_eq!((said.n, said.violations, said.exact), (n, Some(k), true));
    }
}

#[test]
fn hit_rates_are_of_what_a_cache_could_have_given() {
    let cached = |hit, stale, miss, bypass| {
        let mut tally = passed(1_000);
        tally.cache = CacheCount {
            hit,
            stale,
            miss,
            bypass,
        };
        tally
    };
    let budget = "cache_hit_rate of landing > 80%";
    for (tally, outcome, actual, n) in [
        (cached(850, 50, 100, 0), Outcome::Pass, Some("90 %"), 1_000),
        (cached(450, 0, 50, 500), Outcome::Pass, Some("90 %"), 500),
        (cached(600, 0, 400, 0), Outcome::Fail, Some("60 %"), 1_000),
        (cached(0, 0, 0, 1_000), Outcome::Undecided, None, 0),
        (cached(0, 0, 0, 0), Outcome::Undecided, None, 0),
        (cached(3, 0, 0, 0), Outcome::Undecided, Some("100 %"), 3),
    ] {
        let said = one(&landing(tally), budget);
        assert_eq!((said.outcome, said.n), (outcome, n), "{said:?}");
        assert_eq!(said.actual.as_deref(), actual);
    }
    let mut dropped = cached(850, 0, 0, 0);
    dropped.dropped = 300;
    assert_eq!(one(&landing(dropped), budget).outcome, Outcome::Fail);
    let mut smoke = landing(cached(0, 0, 1, 0));
    smoke.model = PASSES;
    assert_eq!(one(&smoke, budget).outcome, Outcome::NotRun);
}

#[test]
fn no_data_is_never_a_pass() {
    let record = landing(passed(1_000));
    for budget in [
        "p95 of pay < 1s",
        "p50 of purchase < 1h",
        "mean of pay < 1s",
        "max of pay < 1s",
        "error_rate of pay < 99%",
        "error_rate of pay <= 0%",
        "success_rate of pay > 1%",
        "check_rate of pay >= 1%",
        "connect p50 < 1h",
        "tls max < 1h",
        "p95 of nowhere < 1s",
    ] {
        for model in [OPEN, PASSES, Model::Closed { users: 3 }, Model::None] {
            let mut record = record.clone();
            record.model = model;
            let verdict = verdict(&record, &[budget]);
            let said = &verdict.judgements[0];
            assert_eq!(said.outcome, Outcome::Undecided, "{budget} {model:?}");
            assert_eq!((said.n, &said.actual), (0, &None), "{budget}");
            assert!(said.note.is_some(), "{budget}");
            assert_eq!(verdict.exit.code, 7, "{budget}");
        }
    }
    for model in [OPEN, Model::Closed { users: 3 }, Model::None] {
        let nothing = RunRecord {
            model,
            ..RunRecord::default()
        };
        assert_eq!(
            one(&nothing, "throughput > 1 req/s").outcome,
            Outcome::Undecided
        );
    }
}

#[test]
fn timed_out_requests_stand_beyond_the_last_answer() {
    // 2 % never answer, timeout 1 s: p95 is as ever, p99 is at least the timeout.
    let record = landing(mixed(29_400, 0, 0, 600));
    let p95 = one(&record, "p95 < 500ms");
    assert_eq!(
        (p95.outcome, p95.actual.as_deref()),
        (Outcome::Pass, Some("100 ms"))
    );
    let p99 = one(&record, "p99 < 500ms");
    assert_eq!(
        (p99.outcome, p99.actual.as_deref()),
        (Outcome::Fail, Some("≥ 1 s"))
    );
    assert_eq!(p99.headroom, Some(-1.0));
    // A limit beyond the timeout does not turn a timeout into an answer.
    let lenient = one(&record, "p99 < 5s");
    assert_eq!(
        (lenient.outcome, lenient.headroom),
        (Outcome::Fail, Some(0.0))
    );
}

#[test]
fn failed_requests_have_no_latency_and_never_help() {
    // A target that refuses a tenth of the requests at once is not fast.
    let record = landing(mixed(9_000, 500, 500, 0));
    let said = one(&record, "p95 < 500ms");
    assert_eq!(said.outcome, Outcome::Fail);
    assert_eq!(
        said.actual.as_deref(),
        Some("over every limit: 10 % failed")
    );
    assert!(said.by_failures);
    assert_eq!((said.headroom, said.violations), (None, Some(1_000)));
    assert_eq!(one(&record, "p50 < 500ms").outcome, Outcome::Pass);
    for metric in ["service", "ttfb"] {
        assert_eq!(
            one(&record, &format!("{metric} p95 < 500ms")).outcome,
            Outcome::Fail
        );
    }
    // Where one that passed is too slow, the failures alone do not explain it.
    let mut both = slow(1_000, 200);
    (both.sent, both.failed) = (both.sent + 100, 100);
    for tally in [slow(1_000, 200), both] {
        let said = one(&landing(tally), "p95 < 500ms");
        assert_eq!((said.outcome, said.by_failures), (Outcome::Fail, false));
    }
}

#[test]
fn dropped_arrivals_violate_every_budget() {
    let mut tally = passed(1_000);
    tally.connect = times(10, MS);
    tally.dropped = 9_000;
    let record = landing(tally);
    for budget in [
        "p50 < 10s",
        "service p50 < 10s",
        "connect p50 < 10s",
        "max < 10s",
        "mean < 10s",
        "error_rate < 50%",
        "success_rate > 50%",
        "check_rate > 50%",
        "throughput > 400 req/s",
    ] {
        assert_eq!(one(&record, budget).outcome, Outcome::Fail, "{budget}");
    }
}

#[test]
fn aborted_requests_are_left_out() {
    let mut tally = slow(1_000, 0);
    tally.sent += 50;
    tally.aborted = 50;
    let said = one(&landing(tally), "p95 < 500ms");
    assert_eq!(
        (said.n, said.violations, said.outcome),
        (1_000, Some(0), Outcome::Pass)
    );
}

#[test]
fn limits_nobody_counted_come_from_the_histogram() {
    let record = landing(slow(3_000, 20));
    let counted = one(&record, "p99 < 500ms");
    let read = one(&record, "p99 < 600ms");
    assert_eq!((counted.exact, read.exact), (true, false));
    assert_eq!(
        (counted.outcome, read.outcome),
        (Outcome::Pass, Outcome::Pass)
    );
    assert_eq!((counted.violations, read.violations), (Some(20), Some(20)));
    assert!(counted.note.is_none() && read.note.unwrap().contains("histogram"));
    // Service time also has the requests that failed a check: they are not counted twice beyond all requests.
    let mut tally = mixed(100, 100, 0, 0);
    tally.service = times(200, SECOND);
    assert_eq!(
        one(&landing(tally), "service p50 < 1ms").violations,
        Some(200)
    );
}

#[test]
fn connections_are_judged_by_those_that_were_opened() {
    let mut tally = mixed(10_000, 50, 0, 0);
    tally.connect = times(95, 2 * MS);
    tally.connect.merge(&times(5, 40 * MS));
    let record = landing(tally);
    let said = one(&record, "connect p95 < 10ms");
    assert_eq!((said.n, said.violations, said.exact), (100, Some(5), false));
    assert_eq!(said.outcome, MARGINAL_PASS);
    assert_eq!(
        one(&record, "connect max < 10ms").actual.as_deref(),
        Some("40 ms")
    );
}

#[test]
fn means_and_maxima() {
    let fine = landing(slow(10, 1));
    let mean = one(&fine, "mean < 200ms");
    assert_eq!(
        (mean.outcome, mean.actual.as_deref()),
        (Outcome::Pass, Some("180 ms"))
    );
    assert!((mean.headroom.unwrap() - 0.1).abs() < 1e-9 && mean.violations.is_none());
    for (budget, outcome) in [
        ("max < 900ms", Outcome::Fail),
        ("max <= 900ms", Outcome::Pass),
        ("max < 1s", Outcome::Pass),
        ("service max < 1s", Outcome::Pass),
        ("mean < 180ms", Outcome::Fail),
    ] {
        assert_eq!(one(&fine, budget).outcome, outcome, "{budget}");
    }
    // Of 100 requests one has no answer: it counts at the timeout of 1 s, or at the limit.
    for (tally, mean, max) in [
        (mixed(99, 0, 0, 1), "≥ 109 ms", "≥ 1 s"),
        (
            mixed(99, 0, 1, 0),
            "≥ 104 ms",
            "over every limit: 1 % failed",
        ),
    ] {
        let record = landing(tally);
        let said = one(&record, "mean < 500ms");
        assert_eq!(
            (said.outcome, said.actual.as_deref()),
            (Outcome::Pass, Some(mean))
        );
        let said = one(&record, "max < 5s");
        assert_eq!(
            (said.outcome, said.actual.as_deref()),
            (Outcome::Fail, Some(max))
        );
    }
    let said = one(&landing(mixed(98, 0, 1, 1)), "mean < 1h");
    assert_eq!(
        (said.outcome, said.actual.as_deref()),
        (Outcome::Fail, Some("over every limit: 2 % failed"))
    );
    let dead = landing(mixed(0, 0, 10, 0));
    let said = one(&dead, "mean < 5s");
    assert_eq!(
        (said.outcome, said.actual.as_deref()),
        (Outcome::Fail, Some("over every limit: 100 % failed"))
    );
}

#[test]
fn throughput_of_an_open_model_is_that_of_the_drawn_schedule() {
    for (answered, offered, limit, outcome, actual) in [
        // The draw came out short; every request was answered.
        (
            4_930,
            4_930,
            "500 req/s",
            Outcome::Pass,
            "500 req/s of 500 planned",
        ),
        (
            4_930,
            4_970,
            "500 req/s",
            Outcome::Pass,
            "496 req/s of 500 planned",
        ),
        (
            4_900,
            5_000,
            "500 req/s",
            Outcome::Fail,
            "490 req/s of 500 planned",
        ),
        (
            4_900,
            5_000,
            "490 req/s",
            Outcome::Pass,
            "490 req/s of 500 planned",
        ),
        (
            5_100,
            5_100,
            "501 req/s",
            Outcome::Fail,
            "500 req/s of 500 planned",
        ),
    ] {
        let mut record = landing(mixed(answered, 0, 0, offered - answered));
        record.counts.offered = offered;
        let said = one(&record, &format!("throughput >= {limit}"));
        assert_eq!(
            (said.outcome, said.actual.as_deref()),
            (outcome, Some(actual)),
            "{answered} of {offered}, {limit}"
        );
        assert_eq!(said.n, offered);
    }
    let short = one(&landing(passed(10)), "throughput > 600 req/s");
    assert_eq!(
        short.note.as_deref(),
        Some("the profile offers only 500 req/s")
    );
    assert_eq!(
        one(&landing(passed(10)), "throughput > 500 req/s").outcome,
        Outcome::Pass
    );
}

#[test]
fn what_think_times_put_behind_the_end_is_not_missed() {
    // Those that think times put behind the end could not be answered in time by any target.
    for (in_time, within, outcome) in [(750, 750, Outcome::Pass), (700, 700, Outcome::Fail)] {
        let mut record = landing(mixed(in_time, 0, 0, 1_000 - in_time));
        record.counts.offered = 1_000;
        record.counts.beyond = 250;
        (record.counts.in_time, record.counts.ended_within) = (in_time, within);
        let said = one(&record, "throughput >= 500 req/s");
        assert_eq!(said.outcome, outcome, "{in_time}: {said:?}");
    }
}

#[test]
fn throughput_of_a_closed_model_and_of_passes() {
    let mut record = run(
        Model::Closed { users: 5 },
        [passed(900), passed(100), passed(1)],
    );
    record.counts.ended_within = 1_000;
    assert_eq!(
        one(&record, "throughput >= 100 req/s").outcome,
        Outcome::Pass
    );
    assert_eq!(
        one(&record, "throughput > 100 req/s").outcome,
        Outcome::Fail
    );
    record.model = PASSES;
    assert_eq!(
        one(&record, "throughput >= 100 req/s").outcome,
        Outcome::NotRun
    );
}

#[test]
fn a_rate_of_zero_speaks_of_these_requests() {
    let said = one(&landing(passed(30)), "check_rate >= 100%");
    assert_eq!((said.outcome, said.needed), (Outcome::Pass, Some(1)));
    assert!(said.note.unwrap().contains("no number of them"));
    assert_eq!(
        one(&landing(mixed(30_000, 1, 0, 0)), "error_rate <= 0%").outcome,
        Outcome::Fail
    );
}

#[test]
fn a_check_rate_is_of_answered_requests() {
    let record = landing(mixed(900, 100, 1_000, 1_000));
    let said = one(&record, "check_rate > 85%");
    assert_eq!(
        (said.n, said.violations, said.outcome),
        (1_000, Some(100), Outcome::Pass)
    );
    assert_eq!(said.actual.as_deref(), Some("90 %"));
    assert!((said.headroom.unwrap() - 1.0 / 3.0).abs() < 1e-9);
}

#[test]
fn scopes_and_their_worst_step() {
    let record = run(OPEN, [slow(1_000, 10), slow(1_000, 200), slow(100, 0)]);
    let all = one(&record, "p95 < 500ms");
    assert_eq!((all.scope.as_str(), all.n), ("all requests", 2_100));
    assert_eq!(all.worst.as_deref(), Some("browse/products 900 ms"));
    let flow = one(&record, "p95 of browse < 500ms");
    assert_eq!((flow.scope.as_str(), flow.n), ("flow browse", 2_000));
    let step = one(&record, "p95 of pay < 500ms");
    assert_eq!(
        (step.scope.as_str(), step.n, step.worst),
        ("purchase/pay", 100, None)
    );
    let failing = run(OPEN, [mixed(90, 10, 0, 0), mixed(95, 5, 0, 0), passed(3)]);
    let rate = one(&failing, "success_rate > 50%");
    assert_eq!(rate.worst.as_deref(), Some("browse/landing 90 %"));
    let max = one(&failing, "max < 1s");
    assert_eq!(max.worst.map(|w| w.ends_with(" 100 ms")), Some(true));
    let clean = run(OPEN, [passed(90), passed(5), passed(3)]);
    assert_eq!(one(&clean, "error_rate < 10%").worst, None);
}

#[test]
fn intervals_stand_on_the_side_that_the_evidence_decides() {
    let said = one(&landing(slow(3_000, 20)), "p99 < 500ms");
    assert_eq!(said.interval, Some(("100 ms".into(), "100 ms".into())));
    let said = one(&landing(slow(3_000, 30)), "p99 < 500ms");
    assert_eq!(said.interval, Some(("100 ms".into(), "900 ms".into())));
    let said = one(&landing(slow(200, 0)), "p99 < 500ms");
    assert_eq!(
        said.interval,
        Some(("100 ms".into(), "no upper bound".into()))
    );
    let rate = one(&landing(mixed(95, 5, 0, 0)), "error_rate < 20%");
    assert_eq!(rate.interval, Some(("1.99 %".into(), "10.2 %".into())));
    let mirrored = one(&landing(mixed(95, 5, 0, 0)), "success_rate > 80%");
    assert_eq!(mirrored.interval, Some(("89.8 %".into(), "98.01 %".into())));
}

#[test]
fn slow_steps_are_in_no_latency_budget_that_names_no_part() {
    let mut record = run(OPEN, [passed(1_000), passed(1_000), slow(1_000, 900)]);
    record.steps[2].tags = vec!["checkout".into(), "slow".into()];
    for (budget, n, holds) in [
        ("p95 < 500ms", 2_000, true),
        ("max < 500ms", 2_000, true),
        ("p95 of pay < 500ms", 1_000, false),
        ("p95 of purchase < 500ms", 1_000, false),
        ("error_rate < 1%", 3_000, true),
    ] {
        let judgement = one(&record, budget);
        assert_eq!(
            (judgement.n, judgement.outcome.holds()),
            (n, holds),
            "{budget}"
        );
    }
}

#[test]
fn throughput_is_of_what_flows_turned_out_to_want() {
    // Half of what was planned was wanted: 250 of 500 req/s, all answered.
    let mut record = landing(passed(5_000));
    record.counts.planned = 2 * record.counts.offered;
    let judgement = one(&record, "throughput >= 500 req/s");
    assert!(judgement.outcome.broken(), "{judgement:?}");
    record.counts.planned = record.counts.offered;
    assert!(one(&record, "throughput >= 500 req/s").outcome.holds());
}
