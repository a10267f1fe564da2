//! Whole verdicts: exit codes, evidence and the sentence.

use super::*;
use crate::record::{Failure, FailureCount, What};
use proptest::prelude::*;

fn exits(verdict: &Verdict) -> (u8, Reason) {
    (verdict.exit.code, verdict.exit.reason)
}

#[test]
fn under_load_failures_are_exit_3_unless_a_budget_judges_them() {
    let checks = landing(mixed(29_990, 10, 0, 0));
    let refused = landing(mixed(29_990, 0, 10, 0));
    let mut dropped = landing(passed(30_000));
    dropped.steps[0].measured.dropped = 10;
    for (record, budget, code) in [
        (&checks, "p95 < 500ms", 3),
        (&checks, "error_rate < 0.1%", 0),
        (&checks, "success_rate of landing > 99.9%", 0),
        (&checks, "check_rate of browse > 99.9%", 0),
        (&checks, "error_rate of products < 50%", 3),
        (&checks, "error_rate < 0.1% during soak", 3),
        (&checks, "error_rate < 0.01%", 4),
        (&refused, "p95 < 500ms", 3),
        (&refused, "check_rate > 99.9%", 3),
        (&refused, "error_rate < 0.1%", 0),
        (&dropped, "p95 < 500ms", 0),
        (&dropped, "max < 500ms", 4),
        (&dropped, "p95 < 500ms during soak", 3),
    ] {
        let verdict = verdict(record, &[budget]);
        let expected = if budget.contains("products") {
            // The other step has no data besides.
            vec![3]
        } else {
            vec![code]
        };
        assert_eq!(
            vec![verdict.exit.code],
            expected,
            "{budget}: {}",
            verdict.sentence
        );
    }
    assert_eq!(judge(&checks, None).exit.code, 3);
    assert_eq!(judge(&dropped, None).exit.code, 3);
    assert_eq!(judge(&landing(passed(10)), None).exit.code, 0);
}

#[test]
fn in_a_smoke_pass_checks_decide() {
    let record = run(PASSES, [passed(1), passed(1), slow(1, 0)]);
    let budgets = [
        "p99 of pay < 500ms",
        "error_rate < 0.1%",
        "throughput > 500 req/s",
    ];
    let fine = verdict(&record, &budgets);
    assert_eq!(exits(&fine), (0, Reason::Pass));
    assert_eq!(
        fine.judgements[0].outcome,
        Outcome::Marginal { passed: true }
    );
    assert_eq!(
        fine.judgements[0].note.as_deref(),
        Some("n=1: a smoke pass, not evidence")
    );
    assert_eq!(
        fine.sentence,
        "PASS: 2 of 2 budgets hold, marginally; 3 requests, 0 failed"
    );
    // A failed check is exit 3 whatever the budgets allow.
    let broken = run(PASSES, [mixed(0, 1, 0, 0), passed(1), passed(1)]);
    let said = verdict(&broken, &["error_rate < 90%"]);
    assert_eq!(exits(&said), (3, Reason::CheckFailed));
    assert_eq!(
        said.sentence,
        "FAIL: `status == 200` in 1 of 1 request of browse/landing"
    );
    // Strict files are for load; and a slow answer still breaks its budget.
    let mut strict = file(&budgets);
    strict.strict = true;
    assert_eq!(judge(&record, Some(&strict)).exit.code, 0);
    let slow = run(PASSES, [slow(1, 1), passed(1), passed(1)]);
    assert_eq!(verdict(&slow, &["p95 of landing < 500ms"]).exit.code, 4);
}

#[test]
fn strict_files_want_evidence() {
    let record = landing(mixed(29_975, 25, 0, 0));
    let mut budgets = file(&["error_rate < 0.1%"]);
    assert_eq!(judge(&record, Some(&budgets)).exit.code, 0);
    budgets.strict = true;
    let said = judge(&record, Some(&budgets));
    assert_eq!(exits(&said), (7, Reason::Undecided));
    assert!(said.sentence.contains("strict"), "{}", said.sentence);
    // Decided ones stay what they are, on either side, and a warning is no budget of the run.
    for (failed, level, plain, strict) in [
        (20, Level::Fail, 0, 0),
        (35, Level::Fail, 4, 7),
        (40, Level::Fail, 4, 4),
        (35, Level::Warn, 3, 3),
    ] {
        let record = landing(mixed(30_000 - failed, failed, 0, 0));
        let mut budgets = file(&["error_rate < 0.1%"]);
        budgets.budgets[0].level = level;
        let code = |budgets: &BudgetFile| judge(&record, Some(budgets)).exit.code;
        assert_eq!(code(&budgets), plain, "{failed}");
        budgets.strict = true;
        assert_eq!(code(&budgets), strict, "{failed}");
    }
}

#[test]
fn ends_before_the_plan() {
    let mut record = landing(slow(1_000, 900));
    record.elapsed = 12 * SECOND;
    record.stop = Some(Stop::Interrupted);
    let said = verdict(&record, &["p95 < 500ms", "p99 of pay < 1s"]);
    assert_eq!(exits(&said), (130, Reason::Interrupted));
    assert_eq!(said.exit.also, [Reason::BudgetFailed, Reason::Undecided]);
    assert_eq!(
        said.sentence,
        "INTERRUPTED after 12 s: 0 of 2 budgets hold; 1,000 requests, 0 failed"
    );
    record.stop = Some(Stop::Terminated);
    assert_eq!(verdict(&record, &["p95 < 1s"]).exit.code, 143);
    let down = RunRecord {
        unreachable: Some("connection refused by 127.0.0.1:9".into()),
        ..run(OPEN, Default::default())
    };
    let said = verdict(&down, &["p95 < 500ms"]);
    assert_eq!(
        (exits(&said), said.exit.also.len()),
        ((6, Reason::Unreachable), 0)
    );
    assert_eq!(
        said.sentence,
        "UNREACHABLE: connection refused by 127.0.0.1:9; start it, or name another with --target"
    );
}

#[test]
fn nothing_measured_is_undecided_even_without_budgets() {
    let said = judge(&run(OPEN, Default::default()), None);
    assert_eq!(exits(&said), (7, Reason::Undecided));
    assert_eq!(said.sentence, "INVALID: no request was measured");
    assert_eq!(judge(&RunRecord::default(), None).exit.code, 7);
}

#[test]
fn budgets_of_other_profiles_are_shown_and_not_judged() {
    let said = verdict(&landing(passed(10)), &["p95 < 1ms during soak"]);
    assert_eq!(said.judgements[0].outcome, Outcome::NotRun);
    assert_eq!(exits(&said), (0, Reason::Pass));
    assert_eq!(
        said.sentence,
        "PASS: every check holds; no budget is judged in profile launch; 10 requests, 0 failed"
    );
    let none = judge(&landing(passed(1)), None);
    assert_eq!(
        none.sentence,
        "PASS: every check holds; no budgets were given; 1 request, 0 failed"
    );
}

#[test]
fn sentences() {
    let record = run(
        OPEN,
        [slow(1_000, 200), slow(1_000, 0), mixed(3_000, 1, 0, 0)],
    );
    for (budgets, sentence) in [
        (
            &["error_rate < 1%", "p50 < 500ms"][..],
            "PASS: 2 of 2 budgets hold; 5,001 requests, 1 failed",
        ),
        (
            &["success_rate > 99%"],
            "PASS: the budget holds; 5,001 requests, 1 failed",
        ),
        (
            &["error_rate < 1%", "p95 of landing < 500ms"],
            "FAIL: p95 of browse/landing is 900 ms, limit 500 ms",
        ),
        (
            &["error_rate < 1%", "max < 100ms", "p95 of browse < 500ms"],
            "FAIL: max is 900 ms, limit 100 ms; 1 more budget does not hold",
        ),
        (
            &[
                "error_rate < 1%",
                "p95 of landing < 1s",
                "p90 of landing < 500ms",
            ],
            "FAIL: p90 of browse/landing is 900 ms, limit 500 ms",
        ),
        (
            &["p95 of landing < 500ms"],
            "FAIL: `status == 200` in 1 of 3,001 requests of purchase/pay; 1 budget does not hold",
        ),
        (
            &["error_rate < 1%", "p99.9 of products < 500ms"],
            "INVALID: `p99.9 of products < 500ms` is undecided: 1,000 requests can never show p99.9; needs 2,995",
        ),
    ] {
        assert_eq!(verdict(&record, budgets).sentence, sentence);
    }
    let dead = verdict(
        &landing(mixed(0, 0, 100, 0)),
        &["error_rate < 1%", "p95 < 1s"],
    );
    assert_eq!(
        dead.sentence,
        "FAIL: error_rate is 100 %, limit 1 %; 1 more budget does not hold"
    );
    let dead = verdict(
        &landing(mixed(0, 0, 100, 0)),
        &["p95 < 1s", "error_rate < 100%"],
    );
    assert!(
        dead.sentence
            .starts_with("FAIL: p95 is over every limit: 100 % failed, limit 1 s"),
        "{}",
        dead.sentence
    );
}

#[test]
fn failures_are_listed_once_each_with_their_reason() {
    let mut record = run(OPEN, [mixed(90, 3, 2, 1), passed(5), passed(5)]);
    record.steps[0].measured.dropped = 4;
    let failure = |what, label: &str| FailureCount {
        step: 0,
        what,
        label: label.into(),
        count: 9,
        first: 0,
        last: 0,
    };
    record.failures = vec![
        failure(What::Check(0), "status == 200"),
        failure(
            What::Failure(Failure::Connect),
            "connection refused or unreachable",
        ),
        failure(What::Failure(Failure::Timeout), "timed out"),
    ];
    let said = judge(&record, Some(&file(&["check_rate > 50%"])));
    let list: Vec<(&str, u64, u64, bool)> = said
        .checks
        .iter()
        .map(|c| (c.what.as_str(), c.count, c.n, c.budgeted))
        .collect();
    assert_eq!(
        list,
        [
            ("status == 200", 3, 100, true),
            ("connection refused or unreachable", 2, 100, false),
            ("timed out", 1, 100, false),
            ("not sent, its arrival was dropped", 4, 100, true),
        ]
    );
    assert!(
        said.sentence.ends_with("; 1 more kind of failure"),
        "{}",
        said.sentence
    );
}

#[test]
fn counts_that_do_not_add_up_are_nobodys_verdict() {
    for model in [OPEN, CLOSED, PASSES] {
        let mut record = run(model, [passed(10), passed(10), passed(10)]);
        assert_eq!(judge(&record, None).exit.code, 0);
        record.steps[1].measured.sent += 1;
        assert_eq!(exits(&judge(&record, None)), (7, Reason::InvalidInstrument));
        record.steps[1].measured.sent -= 1;
        record.health.conserved = false;
        assert_eq!(exits(&judge(&record, None)), (7, Reason::InvalidInstrument));
    }
}

#[test]
fn one_hiccup_of_a_short_run_is_forgiven() {
    let mut record = landing(passed(100));
    let mut hiccup = times(96, MS / 20);
    hiccup.merge(&times(4, 80 * MS));
    record.health.lag = hiccup;
    let said = judge(&record, None);
    assert_eq!(said.exit.code, 0, "{}", said.sentence);
    let lag = said.evidence.iter().find(|e| e.name.contains("lag p99"));
    assert_eq!(lag.unwrap().value, "80 ms (4 late of 100: a hiccup)");
    record.health.lag.record(80 * MS);
    assert_eq!(exits(&judge(&record, None)), (7, Reason::InvalidInstrument));
}

#[test]
fn the_instrument_goes_before_failures_and_those_before_undecided() {
    let mut record = run(OPEN, [slow(1_000, 900), mixed(5, 5, 0, 0), passed(1)]);
    let budgets = ["p95 of landing < 500ms", "p99 of pay < 1s"];
    let said = verdict(&record, &budgets);
    assert_eq!(exits(&said), (3, Reason::CheckFailed));
    assert_eq!(said.exit.also, [Reason::BudgetFailed, Reason::Undecided]);
    record.health.lag = times(100, SECOND);
    let said = verdict(&record, &budgets);
    assert_eq!(exits(&said), (7, Reason::InvalidInstrument));
    let sentence = "INVALID: schedule lag p99: 1 s, limit 50 ms; run tollgate on a machine";
    assert!(said.sentence.starts_with(sentence), "{}", said.sentence);
}

#[test]
fn lines_and_json() {
    let said = verdict(
        &landing(slow(1_000, 900)),
        &["p95 < 500ms", "error_rate < 1%"],
    );
    assert_eq!(
        said.judgements.iter().map(|j| j.line).collect::<Vec<_>>(),
        [2, 3]
    );
    let json = serde_json::to_value(&said).unwrap();
    assert_eq!(json["exit"]["reason"], "budget_failed");
    assert_eq!(json["judgements"][0]["outcome"]["kind"], "fail");
    assert_eq!(serde_json::from_value::<Verdict>(json).unwrap(), said);
}

proptest! {
    #![proptest_config(crate::properties::cases(256))]

    /// Whatever the counts: nothing panics, no pass without data, and the exit code follows the judgements.
    #[test]
    fn verdicts_are_consistent(
        ok in 0u64..300, check_failed in 0u64..20, failed in 0u64..20, timed_out in 0u64..20, dropped in 0u64..20,
        budget in prop::sample::select(vec![
            "p95 < 500ms", "p99.9 of landing <= 50ms", "mean < 1s", "service max < 1s", "error_rate < 5%",
            "success_rate >= 100%", "check_rate > 90%", "throughput >= 490 req/s",
            "connect p50 < 1s",
        ]),
        model in prop::sample::select(vec![OPEN, PASSES, Model::Closed { users: 2 }, Model::None]),
    ) {
        let mut tally = mixed(ok, check_failed, failed, timed_out);
        tally.dropped = dropped;
        let record = run(model, [tally, Tally::default(), Tally::default()]);
        let said = verdict(&record, &[budget]);
        let judgement = &said.judgements[0];
        prop_assert!(judgement.n > 0 || !judgement.outcome.holds());
        prop_assert_eq!(judgement.actual.is_some(), judgement.n > 0);
        prop_assert_eq!(judgement.outcome.broken(), said.exit.reason == Reason::BudgetFailed || said.exit.also.contains(&Reason::BudgetFailed));
        prop_assert_eq!(said.passed(), said.sentence.starts_with("PASS: "));
        if let (Some(k), Some(_)) = (judgement.violations, &judgement.actual) {
            prop_assert!(k <= judgement.n);
        }
    }
}

#[test]
fn a_budget_that_only_schedule_lag_breaks_accuses_the_generator() {
    // Frozen for half a second in a run of a minute: 0.9 % of the requests went out late, so the lag rules hold,
    // but p99 of response time is over its limit while the target answered everything in 90 ms.
    let mut tally = passed(29_600);
    tally.sent += 400;
    tally.ok += 400;
    tally.response.merge(&times(400, 600 * MS));
    tally.service.merge(&times(400, 90 * MS));
    let mut record = landing(tally);
    record.health.lag = times(29_730, MS);
    record.health.lag.merge(&times(270, 300 * MS));
    let verdict = verdict(&record, &["p99 < 500ms"]);
    assert_eq!(
        verdict.exit.reason,
        Reason::InvalidInstrument,
        "{verdict:#?}"
    );
    assert!(verdict.sentence.contains("lag"), "{}", verdict.sentence);
    // The same latencies without lag are the target's own.
    let mut slow = slow(30_000, 400);
    slow.service = slow.response.clone();
    let verdict = self::verdict(&landing(slow), &["p99 < 500ms"]);
    assert_eq!(verdict.exit.reason, Reason::BudgetFailed, "{verdict:#?}");
}

#[test]
fn a_step_of_a_load_that_was_never_sent_is_not_a_pass() {
    let mut record = landing(passed(10_000));
    record.counts.arrivals = 10_000;
    let said = judge(&record, None);
    assert_eq!(said.exit.reason, Reason::Undecided);
    assert!(
        said.sentence.contains("browse/products was never sent"),
        "{}",
        said.sentence
    );
    // An interrupted run says that already, and what failed says more.
    record.stop = Some(Stop::Interrupted);
    assert_eq!(judge(&record, None).exit.reason, Reason::Interrupted);
}

#[test]
fn what_was_polled_for_and_never_came_is_not_a_pass_however_loose_the_budgets() {
    use crate::record::CheckCount;
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
    assert_eq!(exits(&said), (3, Reason::CheckFailed));
    assert!(
        said.sentence
            .contains("`body contains \"paid\"` in 200 of 2,600"),
        "{}",
        said.sentence
    );
    assert_eq!(exits(&polled(1, 200)), (0, Reason::Pass));
    // Polls that a decided run did not wait for.
    let said = polled(0, 0);
    assert_eq!(exits(&said), (7, Reason::Undecided));
    assert!(
        said.sentence.contains("was polled 2,600 times"),
        "{}",
        said.sentence
    );
}

#[test]
fn a_backlog_worked_off_after_the_end_was_not_held() {
    // 400 offered in the phase, 200 answered by its end, the others later.
    let mut record = landing(passed(400));
    record.counts.in_time = 200;
    assert_eq!(
        one(&record, "throughput >= 500 req/s").outcome,
        Outcome::Fail
    );
    // Answers that take long, behind a warm-up that filled the pipe: as many within the phase as were offered.
    record.counts.ended_within = 398;
    assert_eq!(
        one(&record, "throughput >= 500 req/s").outcome,
        Outcome::Pass
    );
}

#[test]
fn a_step_whose_condition_never_held_is_no_missing_step() {
    let mut record = run(OPEN, [passed(1_000), Tally::default(), passed(1_000)]);
    record.counts.arrivals = 1_000;
    assert_eq!(exits(&judge(&record, None)).0, 7);
    record.steps[1].measured.not_taken = 1_000;
    assert_eq!(exits(&judge(&record, None)).0, 0);
    // A budget that names it has no data.
    let named = verdict(&record, &["p95 of products < 500ms"]);
    assert_eq!(exits(&named), (7, Reason::Undecided));
}

#[test]
fn what_fails_around_the_load_is_exit_3_and_in_no_budget() {
    let mut record = run(OPEN, [passed(1_000), passed(1_000), Tally::default()]);
    record.flows[1].outside = true;
    record.counts.arrivals = 1_000;
    record.steps[2].unmeasured = passed(1);
    let held = verdict(&record, &["error_rate < 1%"]);
    assert_eq!((exits(&held).0, held.judgements[0].n), (0, 2_000));
    let tally = &mut record.steps[2].unmeasured;
    (tally.sent, tally.failed) = (2, 1);
    let failed = verdict(&record, &["error_rate < 1%"]);
    assert_eq!(exits(&failed), (3, Reason::CheckFailed));
    assert!(
        failed.sentence.contains("1 of 2 requests of purchase/pay"),
        "{}",
        failed.sentence
    );
}

#[test]
fn time_of_earlier_attempts_is_no_lag() {
    let mut tally = slow(1_000, 900);
    tally.service = times(1_000, MS);
    let mut record = landing(tally);
    assert_eq!(exits(&verdict(&record, &["p95 < 500ms"])).0, 7);
    let tally = &mut record.steps[0].measured;
    tally.sent += 900;
    tally.retried = 900;
    assert_eq!(exits(&verdict(&record, &["p95 < 500ms"])).0, 4);
}
