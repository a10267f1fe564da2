//! GENERATE: a plan → load on a target → a record. In: a [`Program`], a [`Plan`] and a protocol for each worker;
//! out: [`RunParts`]. Invariant: scheduled = started + dropped, sent = ok + check failed + failed + timed out +
//! aborted, checked at the end of every run.

mod auth;
mod clock;
mod exhibit;
mod flight;
mod health;
mod program;
mod stage;
mod start;
mod stop;
#[cfg(test)]
mod tests;
mod trace;
mod user;
mod worker;

pub use clock::Clock;
pub use health::{Capacity, Offer, processors};
pub use program::Program;
pub use stop::{Stop, Stopper, stop};

use crate::plan::{Load, Plan};
use crate::protocol::{ClientStats, Protocol};
use crate::record::{Counts, Health, Masker, Recorder, Timeline, Window};
use crate::units::Nanos;
use stage::Stage;
use start::Start;
use std::collections::BTreeMap;
use std::sync::{Arc, mpsc};
use std::{io, thread};
use tokio::task::LocalSet;
use tokio::time::Instant;
use worker::{Orders, WindowPart, Worker, WorkerReport};

/// Requests a second that one worker takes before another thread is worth its wake-ups.
const WORKER_RATE: f64 = 10_000.0;

/// Why the engine could not do its work: the system gave no thread, timer or runtime.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct WorkerError(#[from] io::Error);

/// Sees every second of a run while it goes: progress, streams.
pub trait Observer {
    /// The run begins at this instant.
    fn begin(&mut self, at: Instant) {
        let _ = at;
    }

    /// A second has passed.
    fn window(&mut self, window: &Window);

    /// Whether it is told, every two seconds, all that the run has brought so far. Workers copy their recorders for it.
    fn wants_all(&self) -> bool {
        false
    }

    /// All that the run has brought so far, where it wants that.
    fn so_far(&mut self, parts: RunParts) {
        let _ = parts;
    }
}

/// What the engine is told beside plan and program.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Replaces secrets in exhibits.
    pub masker: Arc<Masker>,
    /// Threads; `None` lets the plan decide.
    pub workers: Option<u64>,
    /// What the system allows: arrivals beyond it are dropped.
    pub capacity: Capacity,
    /// Tells of the wish to stop.
    pub stop: Stop,
}

/// What a run leaves, before it becomes a record.
#[derive(Debug)]
pub struct RunParts {
    /// All samples, folded.
    pub recorder: Recorder,
    /// The run over time.
    pub timeline: Timeline,
    /// Arrivals of the measured phase.
    pub counts: Counts,
    /// The generator about itself; the schedule lag is in the recorder.
    pub health: Health,
    /// From the start to the last answer.
    pub elapsed: Nanos,
}

/// Runs a plan: one thread a worker, each with the protocol that `make` gives it.
///
/// # Errors
/// When the system gives no thread, timer or runtime.
pub fn run<P, M>(
    program: &Arc<Program>,
    plan: &Arc<Plan>,
    settings: &Settings,
    make: M,
    observer: &mut dyn Observer,
) -> Result<RunParts, WorkerError>
where
    P: Protocol,
    M: Fn() -> P + Clone + Send + 'static,
{
    let workers = settings.workers.unwrap_or_else(|| workers(plan)).max(1);
    let capacity = &settings.capacity;
    let limit = plan.max_in_flight.min(capacity.room()).max(workers);
    let mut orders = Orders {
        program: Arc::clone(program),
        plan: Arc::clone(plan),
        masker: Arc::clone(&settings.masker),
        workers,
        max_in_flight: limit.div_ceil(workers),
        max_flows: plan.max_flows,
        known: program.constants.clone().into(),
        tells_all: observer.wants_all(),
    };
    let mut stage = Stage::new(&orders, make.clone(), &settings.stop)?;
    if let Some(stage) = &mut stage {
        match stage.set_up() {
            Some(known) => orders.known = known,
            // No load.
            None => orders.workers = 0,
        }
    }
    let workers = orders.workers;
    let throttled = health::throttled();
    let (sender, receiver) = mpsc::channel();
    let (gate, start) = start::gate();
    let mut threads = Vec::new();
    for id in 0..workers {
        let (orders, make, stop, sender, start) = (
            orders.clone(),
            make.clone(),
            settings.stop.clone(),
            sender.clone(),
            start.clone(),
        );
        let thread = thread::Builder::new()
            .name(format!("worker-{id}"))
            .spawn(move || thread_main(orders, id, make, stop, (sender, start)))?;
        threads.push(thread);
    }
    drop((sender, start));
    let epoch = gate.open(workers);
    observer.begin(epoch);
    let timeline = collect(&receiver, workers, observer);
    let mut reports = Vec::new();
    for thread in threads {
        reports.push(
            thread
                .join()
                .map_err(|_| io::Error::other("a worker thread panicked"))??,
        );
    }
    reports.extend(stage.map(|stage| stage.end(epoch)));
    let mut parts = merge(reports, timeline, workers)?;
    parts.health.in_flight_limit = limit;
    parts.health.in_flight_wanted = plan.max_in_flight;
    parts.health.descriptor_limit = capacity.descriptors;
    parts.health.throttled = health::throttled() - throttled;
    parts.health.peak_memory = health::peak_memory();
    Ok(parts)
}

/// How many workers a plan gets where nobody says how many.
pub fn workers(plan: &Plan) -> u64 {
    let cores = processors().floor().max(1.0) as u64;
    match &plan.load {
        Load::Passes(_) => 1,
        Load::Closed(_) => cores.min(plan.users().unwrap_or_default()),
        Load::Open(_) => {
            let wanted = (plan.peak_requests().unwrap_or(0.0) / WORKER_RATE).ceil() as u64;
            wanted.clamp(1, cores)
        }
    }
}

fn thread_main<P: Protocol>(
    orders: Orders,
    id: u64,
    make: impl FnOnce() -> P + 'static,
    mut stop: Stop,
    (windows, start): (mpsc::Sender<WindowPart>, Start),
) -> io::Result<WorkerReport> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let work = async move {
        let protocol = make();
        tokio::select! {
            () = protocol.open_ahead(start::connections(&orders, id)) => {}
            () = stop.requested() => {}
        }
        let clock = Clock::precise(start.agreed().await?)?;
        let worker = Worker::new(&orders, id, protocol, clock, stop);
        // Whoever waits for it is polled at every wake-up, and moves room for it about.
        Ok(Box::new(worker.work(windows).await))
    };
    // As a task: the set itself is polled whenever any task is, and would poll it along.
    let report = LocalSet::new().block_on(&runtime, async move {
        tokio::task::spawn_local(work)
            .await
            .map_err(io::Error::other)?
    });
    report.map(|report| *report)
}

/// Puts the workers' parts of each second together, in order, and shows them to the observer.
fn collect(
    parts: &mpsc::Receiver<WindowPart>,
    workers: u64,
    observer: &mut dyn Observer,
) -> Timeline {
    let mut timeline = Timeline::default();
    let mut waiting: BTreeMap<u64, (Window, u64)> = BTreeMap::new();
    let mut reports: BTreeMap<u64, Vec<WorkerReport>> = BTreeMap::new();
    let mut ended: Vec<u64> = Vec::new();
    for part in parts {
        ended.extend(part.last.then_some(part.index));
        if let Some(report) = part.so_far {
            reports.entry(part.index).or_default().push(*report);
        }
        let (window, seen) = waiting.entry(part.index).or_insert_with(|| {
            (
                Window {
                    start: part.window.start,
                    ..Window::default()
                },
                0,
            )
        });
        window.merge(&part.window);
        window.in_flight += part.window.in_flight;
        window.length = window.length.max(part.window.length);
        *seen += 1;
        while let Some(first) = waiting.first_entry() {
            // A worker that has ended sends no parts behind its last one.
            let gone = ended.iter().filter(|last| *last < first.key()).count() as u64;
            if first.get().1 + gone < workers {
                break;
            }
            let (index, (window, _)) = first.remove_entry();
            observer.window(&window);
            timeline.push(window);
            let whole = reports.remove(&index).filter(|r| r.len() as u64 == workers);
            if let Some(Ok(parts)) = whole.map(|all| merge(all, timeline.clone(), workers)) {
                observer.so_far(parts);
            }
        }
    }
    for (window, _) in waiting.into_values() {
        timeline.push(window);
    }
    timeline
}

fn merge(reports: Vec<WorkerReport>, timeline: Timeline, workers: u64) -> io::Result<RunParts> {
    let mut merged: Option<Recorder> = None;
    let mut counts = Counts::default();
    let mut stats = ClientStats::default();
    let mut health = Health {
        workers,
        processors: processors(),
        ..Health::default()
    };
    let mut elapsed = 0;
    let mut busiest: f64 = 0.0;
    for report in reports {
        counts = counts.plus(report.counts);
        stats.opened += report.stats.opened;
        stats.reused += report.stats.reused;
        stats.reconnects += report.stats.reconnects;
        health.answers += report.stats.answers;
        health.over_http2 += report.stats.over_http2;
        health.in_flight += report.in_flight;
        health.cpu_seconds += report.cpu.as_secs_f64();
        busiest = busiest.max(report.cpu.as_secs_f64());
        elapsed = elapsed.max(report.elapsed);
        match &mut merged {
            Some(recorder) => recorder.merge(report.recorder),
            None => merged = Some(report.recorder),
        }
    }
    let seconds = (elapsed as f64 / 1e9).max(0.001);
    // One worker at its limit is a limit, however idle the other processors are.
    health.cpu_share = (busiest / seconds)
        .max(health.cpu_seconds / seconds / health.processors)
        .min(1.0);
    health.connections = stats.opened;
    health.reused = stats.reused;
    health.reconnects = stats.reconnects;
    let recorder = merged.ok_or_else(|| io::Error::other("no worker ran"))?;
    health.conserved = recorder.conserved() && counts.conserved();
    Ok(RunParts {
        recorder,
        timeline,
        counts,
        health,
        elapsed,
    })
}
