//! What a run does: phases, thinking, failing, stopping.

use super::*;

#[test]
fn a_rate_in_requests_is_divided_by_the_requests_of_a_flow() {
    let scenario = scenario(
        "{ rate: 300 req/s, arrivals: constant, duration: 10s }",
        "      - { get: /a, name: a }\n      - { get: /b, name: b }\n      - { get: /c, name: c }\n",
    );
    let parts = run(&scenario, |_, _| Reply::after(MS));
    assert_eq!((parts.counts.arrivals, parts.counts.offered), (1000, 3000));
    let steps = parts.recorder.finish().steps;
    assert!(steps.iter().all(|s| s.measured.ok == 1000));
}

#[test]
fn ramp_and_warm_up_are_counted_apart() {
    let scenario = scenario(
        "{ rate: 100 req/s, arrivals: constant, ramp: 2s, warmup: 3s, duration: 5s }",
        ONE,
    );
    let parts = run(&scenario, |_, _| Reply::after(MS));
    let windows: u64 = parts.timeline.windows().iter().map(|w| w.counts.sent).sum();
    let step = parts.recorder.finish().steps.remove(0);
    // Ramp: 2 s · 100/s / 2 = 100; warm-up: 300.
    assert_eq!(
        (step.unmeasured.ok, step.measured.ok, windows),
        (400, 500, 900)
    );
}

#[test]
fn think_time_moves_the_intended_start_not_the_response() {
    let scenario = scenario(
        "{ users: 1, duration: 10s }",
        "      - { get: /a, name: a }\n      - think: 1s\n      - { get: /b, name: b }\n",
    );
    let parts = run(&scenario, |_, _| Reply::after(10 * MS));
    let Recorded { steps, flows, .. } = parts.recorder.finish();
    assert_percentiles(&steps[1].measured, Metric::Response, &[(1.0, 10 * MS)]);
    // 1.02 s a round: the tenth starts at 9.18 s and is still measured.
    assert_eq!(flows[0].completed, 10);
}

#[test]
fn a_failed_step_ends_its_flow_and_the_rest_is_skipped() {
    let scenario = scenario(
        "{ passes: 2 }",
        "      - { get: /a, name: a }\n      - { get: /b, name: b }\n",
    );
    let parts = run(&scenario, |k, _| Reply {
        status: if k == 0 { 500 } else { 200 },
        ..Reply::after(MS)
    });
    assert!(parts.health.conserved);
    let Recorded {
        steps,
        flows,
        failures,
        exhibits,
        ..
    } = parts.recorder.finish();
    assert_eq!(
        (
            steps[0].measured.check_failed,
            steps[1].measured.skipped,
            steps[1].measured.ok
        ),
        (1, 1, 1)
    );
    assert_eq!(
        (flows[0].started, flows[0].completed, flows[0].stopped),
        (2, 1, 1)
    );
    assert_eq!(failures[0].label, "status < 400");
    assert_eq!(exhibits[0].actual.as_deref(), Some("number 500"));
}

#[test]
fn failures_are_data_and_the_run_goes_on() {
    let scenario = scenario(
        "{ rate: 100 req/s, arrivals: constant, duration: 10s }",
        ONE,
    );
    let tally = tally(run(&scenario, |k, _| Reply {
        failure: (k % 10 == 0).then_some(Failure::Read),
        ..Reply::after(MS)
    }));
    assert_eq!((tally.sent, tally.ok, tally.failed), (1000, 900, 100));
}

#[test]
fn stopping_drains_aborts_and_conserves() {
    // Stopped at 2.5 s: requests that end within 5 s are counted, those that never end are aborted.
    let scenario = scenario(
        "{ rate: 100 req/s, arrivals: constant, duration: 60s }",
        "      - { get: /, name: a, timeout: 60s }\n",
    );
    let (stopper, stop): (Stopper, Stop) = stop();
    let stop_later = |local: &LocalSet| {
        local.spawn_local(async move {
            tokio::time::sleep(std::time::Duration::from_millis(2500)).await;
            stopper.stop(crate::record::Stop::Interrupted);
        });
    };
    let never_or = |k: u64, _| {
        Reply::after(if k.is_multiple_of(5) {
            59 * SECOND
        } else {
            SECOND
        })
    };
    let parts = run_until(&scenario, never_or, stop, stop_later);
    let tally = tally(parts);
    assert!((250..=251).contains(&tally.sent), "{}", tally.sent);
    assert_eq!(tally.aborted, tally.sent.div_ceil(5));
    assert_eq!(tally.ok, tally.sent - tally.aborted);
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let scenario = scenario("{ rate: 200 req/s, duration: 10s }", ONE);
    let run = || tally(run(&scenario, |k, _| Reply::after(k % 7 * MS)));
    assert_eq!(run(), run());
}

#[test]
fn stages_of_users_come_and_go() {
    // A request takes 100 ms: ten a second for each user there is.
    let scenario = scenario(
        "{ stages: [{ to: 20 users, for: 10s, warmup: true }, { to: 20 users, for: 5s }, { at: 5 users, for: 5s }] }",
        ONE,
    );
    let parts = run(&scenario, |_, _| Reply::after(100 * MS));
    let per_second: Vec<u64> = parts
        .timeline
        .windows()
        .iter()
        .map(|w| w.counts.sent)
        .collect();
    let sent = |seconds: std::ops::Range<usize>| per_second[seconds].iter().sum::<u64>();
    // User k comes at k · 0.5 s; give or take what the first and last request of each overlaps.
    assert!(sent(0..10).abs_diff(1050) <= 20, "{per_second:?}");
    assert!(sent(10..15).abs_diff(1000) <= 20, "{per_second:?}");
    assert!(sent(15..20).abs_diff(250) <= 20, "{per_second:?}");
    let tally = tally(parts);
    assert!(tally.sent.abs_diff(1250) <= 40, "{}", tally.sent);
}

#[test]
fn a_limit_of_the_profile_counts_unfinished_flows_wherever_they_are() {
    let scenario = scenario(
        "{ rate: 40 flows/s, arrivals: constant, duration: 8s, max_in_flight: 10 }",
        "      - { get: /a, name: a }\n      - think: 3s\n      - { get: /b, name: b }\n",
    );
    let parts = run(&scenario, |_, _| Reply::after(MS));
    // Ten at a time for 3 s each: those who think are not done.
    let counts = parts.counts;
    assert_eq!((counts.started, counts.dropped_in_flight), (30, 290));
    assert_eq!(parts.recorder.finish().flows[0].completed, 30);
}

#[test]
fn a_limit_of_the_profile_is_shared_by_the_workers() {
    let scenario = scenario(
        "{ rate: 100 flows/s, arrivals: constant, duration: 1s, max_in_flight: 10 }",
        "      - { get: /a, name: a, timeout: 60s }\n",
    );
    let (_stopper, stop) = stop();
    let slow = |_, _| Reply::after(10 * SECOND);
    let parts = run_split(&scenario, 4, slow, (stop, |_: &LocalSet| {}));
    assert_eq!((parts.counts.started, parts.health.in_flight), (10, 10));
}

#[test]
fn arrivals_of_one_late_wake_up_keep_to_the_limit_together() {
    // The paused clock wakes once a millisecond, for five arrivals.
    let scenario = scenario(
        "{ rate: 5000 flows/s, arrivals: constant, duration: 1s }",
        "      - { get: /a, name: a, timeout: 60s }\n",
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let mut orders = orders(&scenario, 1);
    (orders.max_in_flight, orders.max_flows) = (3, None);
    let report = LocalSet::new().block_on(&runtime, async {
        let epoch = Instant::now();
        let protocol = Scripted::new(epoch, |_: &Call, _, _| Reply::after(10 * SECOND));
        let (_stopper, stop) = stop();
        let worker = Worker::new(&orders, 0, protocol, Clock::coarse(epoch), stop);
        let (sender, _receiver) = mpsc::channel();
        worker.work(sender).await
    });
    assert_eq!((report.counts.started, report.in_flight), (3, 3));
    assert_eq!(report.counts.dropped_in_flight, 4997);
}
