//! When requests are sent: C9, C14.

use super::*;

#[test]
fn c9_a_ramp_sends_its_area_each_arrival_at_its_instant() {
    // 0 → 200/s in 1 s: 100 arrivals, the i-th at √(i / 100) s.
    let _alone = alone();
    let server = Precise::start();
    let profile = "{ stages: [{ to: 200 req/s, for: 1s }], arrivals: constant }";
    let Some(record) = measure(&server, "/after/1", profile) else {
        return;
    };
    assert_eq!((record.counts.arrivals, tally(&record).ok), (100, 100));
    let due = |i: usize| (i as f64 / 100.0).sqrt();
    let came = server.came();
    assert_eq!(came.len(), 100);
    let mut off: Vec<f64> = came
        .iter()
        .enumerate()
        .map(|(i, came)| (came.as_secs_f64() - due(i)).abs() * 1e3)
        .collect();
    off.sort_by(f64::total_cmp);
    // Their distance from the first, which may itself have been late.
    let most = 2.0 + 2.0 * noise(&record, &server, 1.0);
    assert!(off[99] <= most, "{} ms, expected at most {most}", off[99]);
}

#[test]
fn c14_a_generator_that_was_stopped_blames_itself() {
    let _alone = alone();
    let server = Precise::start();
    let bench = bench(
        &server.url(),
        "/after/5",
        "{ rate: 500 req/s, arrivals: constant, duration: 4s }",
    );
    bench.write("b.yaml", "budgets:\n  - p99 < 100ms\n");
    let child = bench.start(&["--budgets", "b.yaml"]);
    assert!(server.wait_for(150, PATIENCE));
    signal(&child, "-STOP");
    // The stop itself is what is under test.
    thread::sleep(Duration::from_millis(510));
    signal(&child, "-CONT");
    let ran = bench.ran(child.wait_with_output().unwrap()).expect(7);
    let exit = &ran.result()["exit"];
    assert_eq!(exit["reason"], "invalid_instrument", "{exit}");
    assert!(ran.stdout.contains("schedule lag"), "{}", ran.stdout);
    let record = ran.record();
    assert_adds_up(&record);
    let tally = tally(&record);
    assert_eq!(
        tally.sent, 2000,
        "what was due in the stop is sent behind it"
    );
    assert!(record.health.lag.max().unwrap() >= 500 * MS);
    assert!(tally.latencies(Metric::Response).max().unwrap() >= 500 * MS);
    if !server_fit_or_skip(&server) {
        return;
    }
    // Response time has what was due while the generator stood; service time only what was under way.
    let over = |metric| tally.latencies(metric).count_over(400 * MS);
    let (response, service) = (over(Metric::Response), over(Metric::Service));
    assert!(response >= 40, "{response}");
    assert!(service <= 10, "{service}");
}
