//! The engine on virtual time: known answers (Schroeder's open and closed models, Little's law, a server that
//! freezes), exact to a histogram's bucket. No socket and no second of real waiting.

use super::worker::{Orders, Worker, WorkerReport};
use super::{Clock, Program, RunParts, Stop, Stopper, collect, merge, stop};
use crate::plan::{Overrides, resolve};
use crate::protocol::scripted::{Reply, Scripted};
use crate::protocol::{Call, Protocol};
use crate::record::{Failure, Masker, Metric, Quantile, Recorded, Tally, Window};
use crate::scenario::{self, Environment, Scenario};
use crate::source::Source;
use crate::units::Nanos;
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use tokio::task::LocalSet;
use tokio::time::Instant;

const MS: Nanos = 1_000_000;
const SECOND: Nanos = 1000 * MS;

mod behaviour;
mod blocks;
mod conservation;
mod conversations;
mod identity;
mod known_answers;
mod memory;
mod queues;
mod setup;
mod streams;

struct Nobody;

impl super::Observer for Nobody {
    fn window(&mut self, _: &Window) {}
}

fn scenario(profile: &str, steps: &str) -> Scenario {
    let text = format!(
        "scenario: test\ntarget: http://127.0.0.1:1\nflows:\n  shop:\n    steps:\n{steps}\nprofiles:\n  test: {profile}\n"
    );
    let source = Source::new("test.yaml", text);
    scenario::parse(source, Path::new("test.yaml"), &Environment::empty())
        .unwrap()
        .scenario
}

const ONE: &str = "      - get: /\n        name: a\n";

fn orders(scenario: &Scenario, workers: u64) -> Orders {
    let plan = Arc::new(resolve(scenario, "test", &Overrides::default(), 1).unwrap());
    Orders {
        tells_all: false,
        program: Arc::new(Program::new(scenario, &[], &Masker::new([]))),
        max_in_flight: plan.max_in_flight.div_ceil(workers),
        max_flows: plan.max_flows,
        plan,
        masker: Arc::new(Masker::new([])),
        known: scenario.constants.clone().into(),
        workers,
    }
}

/// Runs a profile of a scenario with one worker on a paused clock.
fn run(scenario: &Scenario, reply: impl Fn(u64, Nanos) -> Reply + 'static) -> RunParts {
    let (_stopper, stop) = stop();
    run_until(scenario, reply, stop, |_| {})
}

fn run_until(
    scenario: &Scenario,
    reply: impl Fn(u64, Nanos) -> Reply + 'static,
    stop: Stop,
    also: impl FnOnce(&LocalSet),
) -> RunParts {
    let reply = Rc::new(reply);
    run_split(scenario, 1, move |n, now| reply(n, now), (stop, also))
}

/// The same with several workers, all on one paused clock. Each has a server of its own, so the answers must not
/// depend on the number of the request.
fn run_split(
    scenario: &Scenario,
    workers: u64,
    reply: impl Fn(u64, Nanos) -> Reply + Clone + 'static,
    stop: (Stop, impl FnOnce(&LocalSet)),
) -> RunParts {
    let protocol = move |epoch| {
        let reply = reply.clone();
        Scripted::new(epoch, move |_: &Call, n, now| reply(n, now))
    };
    run_on(scenario, workers, protocol, stop)
}

/// The same against any protocol.
fn run_on<P: Protocol>(
    scenario: &Scenario,
    workers: u64,
    protocol: impl Fn(Instant) -> P,
    (stop, also): (Stop, impl FnOnce(&LocalSet)),
) -> RunParts {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let orders = orders(scenario, workers);
    let (sender, receiver) = mpsc::channel();
    let local = LocalSet::new();
    also(&local);
    let reports: Vec<WorkerReport> = local.block_on(&runtime, async {
        let epoch = Instant::now();
        let tasks: Vec<_> = (0..workers)
            .map(|id| {
                let protocol = protocol(epoch);
                let clock = Clock::coarse(epoch);
                let worker = Worker::new(&orders, id, protocol, clock, stop.clone());
                tokio::task::spawn_local(worker.work(sender.clone()))
            })
            .collect();
        let mut reports = Vec::new();
        for task in tasks {
            reports.push(task.await.unwrap());
        }
        reports
    });
    // The tasks that are left hold the other end of the channel.
    drop((local, sender));
    let timeline = collect(&receiver, workers, &mut Nobody);
    merge(reports, timeline, workers).unwrap()
}

fn tally(parts: RunParts) -> Tally {
    assert!(parts.health.conserved);
    parts.recorder.finish().steps.remove(0).measured
}

/// Within one bucket of a three-digit histogram.
fn about(quantile: Quantile, expected: Nanos) -> bool {
    matches!(quantile, Quantile::Value(v) if v >= expected && v <= expected + expected / 900)
}

fn assert_percentiles(tally: &Tally, metric: Metric, expected: &[(f64, Nanos)]) {
    for (q, value) in expected {
        let actual = tally.quantile(metric, *q);
        assert!(
            about(actual, *value),
            "{} p{}: {actual:?}, expected {value}",
            metric.name(),
            q * 100.0
        );
    }
}

#[test]
fn workers_share_the_connections_that_are_opened_ahead() {
    let elsewhere = "      - get: http://127.0.0.1:2/\n        name: a\n";
    for (profile, steps, workers, expected) in [
        ("{ passes: 3 }", ONE, 1, vec![0]),
        ("{ users: 5, duration: 1s }", ONE, 2, vec![3, 2]),
        ("{ users: 1, duration: 1s }", ONE, 2, vec![1, 0]),
        ("{ rate: 1 req/s, duration: 1s }", ONE, 1, vec![1]),
        ("{ rate: 210 req/s, duration: 1s }", ONE, 1, vec![11]),
        ("{ rate: 200 req/s, duration: 1s }", ONE, 3, vec![4, 3, 3]),
        (
            "{ rate: 90000 req/s, duration: 1s }",
            ONE,
            2,
            vec![256, 256],
        ),
        (
            "{ rate: 900 req/s, duration: 1s, max_in_flight: 7 }",
            ONE,
            1,
            vec![7],
        ),
        ("{ users: 5, duration: 1s }", elsewhere, 1, vec![0]),
    ] {
        let scenario = scenario(profile, steps);
        let orders = orders(&scenario, workers);
        let shares: Vec<u64> = (0..workers)
            .map(|id| super::start::connections(&orders, id))
            .collect();
        assert_eq!(shares, expected, "{profile}");
    }
}
