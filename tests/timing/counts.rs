//! Nothing is lost, and connections are counted: C17, C21.

use super::*;
use crate::support::target::{refused, target};

#[test]
fn c17_connections_are_opened_when_the_server_closes_them_and_kept_when_not() {
    let profile = "{ rate: 200 req/s, arrivals: constant, duration: 1s }";
    let run = |path: &str| {
        let server = Precise::start();
        let record = patient(&server.url(), path, "1m", profile)
            .smoke(&[])
            .record();
        assert_adds_up(&record);
        let tally = tally(&record).clone();
        assert_eq!((tally.sent, tally.ok), (200, 200), "{:?}", record.failures);
        assert_eq!(tally.connect.count(), tally.new_connections);
        assert!(tally.connect.min().is_none_or(|connect| connect > 0));
        // The look at the target before the load is one more.
        let opened = record.health.connections;
        assert_eq!(server.connections(), opened + 1);
        // 200 req/s × 50 ms: ten are opened ahead, the others on the path of a request.
        assert_eq!(opened, tally.new_connections + 10);
        assert_eq!(record.health.reused, 200 - tally.new_connections);
        (opened, record.health.in_flight)
    };
    assert_eq!(run("/close").0, 200);
    let (opened, in_flight) = run("/after/5");
    assert!(
        opened <= in_flight.max(10),
        "{opened} for {in_flight} in flight"
    );
}

#[test]
fn c21_nothing_is_lost_when_a_run_is_interrupted() {
    let server = Precise::start();
    let profile = "{ rate: 200 req/s, duration: 10m }";
    let bench = patient(&server.url(), "/after/50", "1m", profile);
    let child = bench.start(&[]);
    assert!(server.wait_for(50, PATIENCE));
    signal(&child, "-INT");
    let record = bench
        .ran(child.wait_with_output().unwrap())
        .expect(130)
        .record();
    assert_adds_up(&record);
    let tally = tally(&record);
    assert_eq!(
        (tally.ok, tally.aborted),
        (tally.sent, 0),
        "what was under way is waited for"
    );
    assert_eq!(server.requests(), tally.sent);
}

#[test]
fn c21_nothing_is_lost_when_the_target_dies() {
    let target = target();
    let profile = "{ rate: 200 req/s, arrivals: constant, duration: 1s }";
    let bench = patient(&target.url(""), "/die/50", "1m", profile);
    let ran = bench.smoke(&[]);
    let record = ran.record();
    assert_adds_up(&record);
    assert_eq!((record.counts.arrivals, record.counts.started), (200, 200));
    let tally = tally(&record);
    assert_eq!((tally.sent, tally.ok), (200, 49));
    assert_eq!(tally.failed, 151, "{:?}", record.failures);
    assert_ne!(ran.code, Some(0));
}

#[test]
fn c21_nothing_is_lost_when_there_is_no_target() {
    let refused = refused();
    let record = bench(
        &format!("http://{}", refused.addr),
        "/",
        "{ rate: 200 req/s, duration: 1s }",
    )
    .smoke(&[])
    .expect(6)
    .record();
    assert_adds_up(&record);
    assert_eq!((record.counts.arrivals, tally(&record).sent), (0, 0));
}
