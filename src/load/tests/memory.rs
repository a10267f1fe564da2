//! What a run keeps does not grow with its length, once its windows are all in use (after ten minutes).

use super::*;
use crate::record::{self, RunRecord};

/// Five requests a second, a quarter of which fail in one of three ways. Gives what is kept: windows, bytes of their
/// histograms in memory, bytes of the whole run on disk, exhibits, and the most requests in flight.
fn kept(minutes: u64) -> [usize; 5] {
    let scenario = scenario(
        &format!("{{ rate: 5 req/s, arrivals: constant, duration: {minutes}m }}"),
        "      - { get: /, name: a, timeout: 1s, check: [status == 200] }\n",
    );
    let parts = run(&scenario, |k, _| match k % 12 {
        0 => Reply::after(3600 * SECOND),
        1 => Reply {
            failure: Some(Failure::Read),
            ..Reply::after(MS)
        },
        2 => Reply {
            status: 500,
            ..Reply::after(10 * MS)
        },
        _ => Reply::after((k * 31 % 8 + 1) * MS),
    });
    assert!(parts.health.conserved);
    let in_flight = parts.health.in_flight;
    let windows = parts.timeline.windows();
    let sent: u64 = windows.iter().map(|w| w.counts.sent).sum();
    let memory: usize = windows.iter().map(|w| w.response.footprint()).sum();
    let mut record = RunRecord {
        timeline: parts.timeline,
        ..RunRecord::default()
    };
    let recorded = parts.recorder.finish();
    record.steps = recorded.steps;
    record.flows = recorded.flows;
    record.failures = recorded.failures;
    record.exhibits = recorded.exhibits;
    record.health.lag = recorded.lag;
    assert_eq!(record.steps[0].measured.sent, sent);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.tg");
    record::save(&record, &path).unwrap();
    let stored = std::fs::metadata(path).unwrap().len();
    [
        record.timeline.windows().len(),
        memory,
        usize::try_from(stored).unwrap(),
        record.exhibits.len(),
        usize::try_from(in_flight).unwrap(),
    ]
}

#[test]
fn memory_and_run_file_stay_as_they_are_however_long_the_run() {
    let [windows, memory, stored, exhibits, in_flight] = kept(9);
    let long = kept(120);
    assert!((530..=600).contains(&windows), "{windows} windows");
    assert!(long[0] <= 600, "{long:?}");
    // Windows of sixteen seconds have more of the few buckets in use than those of one.
    assert!(long[1] <= 3 * memory, "{memory} {long:?}");
    assert!(long[2] < 2 * stored, "{stored} {long:?}");
    assert_eq!(long[3], exhibits, "exhibits");
    assert!(long[4] <= 2 * in_flight + 10, "{in_flight} {long:?}");
}
