//! One worker: one thread, one current-thread runtime, its share of the arrivals. In: the program, the plan, a
//! protocol; out: a recorder full of samples and a window a second. Invariant: a late wake-up releases every
//! arrival that is due, each with its own intended instant; nothing is skipped silently.

mod closed;
mod count;
mod drain;
mod open;
mod passes;
mod session;
mod window;

use super::clock::Clock;
use super::flight::Flights;
use super::program::Program;
use super::stop::Stop;
use super::user::{Captured, User};
use crate::load::trace::Tracer;
use crate::plan::{Load, Plan};
use crate::protocol::{ClientStats, Protocol};
use crate::record::{Counts, Layout, Masker, Recorder, Window};
use crate::scenario::policy::Earlier;
use crate::units::Nanos;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tokio::sync::Notify;

const SECOND: Nanos = 1_000_000_000;
/// Flows that were started may go on for this long behind the end of the schedule.
const GRACE: Duration = Duration::from_secs(30);
/// Above this rate a worker wakes at most every [`BATCH`]: finer costs a core and gains nothing. Half of it is added to
/// the usual lateness.
const FINE_RATE: f64 = 10_000.0;
const BATCH: Nanos = 25_000;

/// What all workers share.
#[derive(Debug, Clone)]
pub(super) struct Orders {
    pub(super) program: Arc<Program>,
    pub(super) plan: Arc<Plan>,
    pub(super) masker: Arc<Masker>,
    pub(super) workers: u64,
    /// For one worker.
    pub(super) max_in_flight: u64,
    /// Slot → value that every user begins with.
    pub(super) known: Arc<[Captured]>,
    /// Somebody looks at all that was recorded while the run goes.
    pub(super) tells_all: bool,
}

/// One worker's part of a second.
#[derive(Debug)]
pub(super) struct WindowPart {
    pub(super) index: u64,
    pub(super) window: Window,
    /// The worker has ended.
    pub(super) last: bool,
    /// All that it has done, where somebody looks at that.
    pub(super) so_far: Option<Box<WorkerReport>>,
}

/// What a worker leaves behind.
#[derive(Debug)]
pub(super) struct WorkerReport {
    pub(super) recorder: Recorder,
    pub(super) counts: Counts,
    pub(super) stats: ClientStats,
    pub(super) in_flight: u64,
    pub(super) elapsed: Nanos,
    pub(super) cpu: Duration,
}

pub(super) struct Worker<P> {
    pub(super) program: Arc<Program>,
    pub(super) protocol: P,
    pub(super) clock: Clock,
    pub(super) masker: Arc<Masker>,
    pub(super) recorder: RefCell<Recorder>,
    pub(super) flights: RefCell<Flights>,
    pub(super) tracer: RefCell<Tracer>,
    plan: Arc<Plan>,
    known: Arc<[Captured]>,
    id: u64,
    workers: u64,
    max_in_flight: u64,
    users: RefCell<Vec<User>>,
    /// Answers that requests of policies are compared with, by step: in smoke tests, where there is one user.
    pub(super) earlier: RefCell<BTreeMap<usize, Earlier>>,
    /// Answers of each step that policies could look at.
    pub(super) answers: RefCell<Vec<u64>>,
    /// Virtual users on a journey.
    active: Cell<u64>,
    tells_all: bool,
    counts: Cell<Counts>,
    last_done: Cell<Nanos>,
    /// Seconds whose windows were sent.
    ticked: Cell<u64>,
    stop: Stop,
    /// No request is sent any more, because the run is over.
    closing: Cell<bool>,
    /// Nobody listens any more: the schedule has ended, or the run is being stopped.
    ended: Cell<bool>,
    /// Wakes the users who listen, then.
    ending: Notify,
    /// Wakes the users who think, when the run is over.
    cut: Notify,
    /// Wakes whoever waits for users to leave.
    changed: Notify,
}

impl<P: Protocol> Worker<P> {
    pub(super) fn new(orders: &Orders, id: u64, protocol: P, clock: Clock, stop: Stop) -> Rc<Self> {
        Rc::new(Self {
            recorder: RefCell::new(Recorder::new(orders.program.layout())),
            program: Arc::clone(&orders.program),
            tracer: RefCell::new(Tracer::new(orders.plan.seed, id)),
            plan: Arc::clone(&orders.plan),
            known: Arc::clone(&orders.known),
            masker: Arc::clone(&orders.masker),
            protocol,
            clock,
            flights: RefCell::default(),
            id,
            workers: orders.workers,
            max_in_flight: orders.max_in_flight,
            users: RefCell::default(),
            earlier: RefCell::default(),
            answers: RefCell::default(),
            active: Cell::new(0),
            tells_all: orders.tells_all,
            counts: Cell::default(),
            last_done: Cell::new(0),
            ticked: Cell::new(0),
            stop,
            closing: Cell::new(false),
            ended: Cell::new(false),
            ending: Notify::new(),
            cut: Notify::new(),
            changed: Notify::new(),
        })
    }

    /// Does the worker's share of the plan. Must run in a `LocalSet`.
    pub(super) async fn work(self: Rc<Self>, windows: mpsc::Sender<WindowPart>) -> WorkerReport {
        let spent = super::health::thread_cpu();
        // The run begins for all workers at the same instant.
        self.clock.sleep_until(0).await;
        let ticks = tokio::task::spawn_local(Rc::clone(&self).tick(windows.clone()));
        let mut stop = self.stop.clone();
        tokio::select! {
            () = self.offer() => {}
            () = stop.requested() => {}
        }
        self.drain().await;
        ticks.abort();
        let now = self.clock.now();
        self.abort_flights(now);
        // Ticks and the end of the run wake up at the same instant: whatever no tick has taken is in this one.
        let index = self.ticked.get();
        windows
            .send(WindowPart {
                index,
                window: self.window(index * SECOND, now.max(index * SECOND)),
                last: true,
                so_far: None,
            })
            .ok();
        WorkerReport {
            cpu: super::health::thread_cpu().saturating_sub(spent),
            ..self.report()
        }
    }

    /// What it has done so far; it records nothing from then on.
    pub(super) fn report(&self) -> WorkerReport {
        WorkerReport {
            recorder: self.recorder.replace(Recorder::new(&Layout::default())),
            counts: self.counts.get(),
            stats: self.protocol.stats(),
            in_flight: self.flights.borrow().peak(),
            elapsed: self.last_done.get(),
            cpu: Duration::ZERO,
        }
    }

    /// What it has done so far; it goes on.
    fn so_far(&self) -> WorkerReport {
        WorkerReport {
            recorder: self.recorder.borrow().clone(),
            counts: self.counts.get(),
            stats: self.protocol.stats(),
            in_flight: self.flights.borrow().peak(),
            elapsed: self.last_done.get(),
            cpu: super::health::thread_cpu(),
        }
    }

    async fn offer(self: &Rc<Self>) {
        let plan = Arc::clone(&self.plan);
        match &plan.load {
            Load::Passes(passes) => self.passes(*passes).await,
            Load::Open(pacer) => self.open(pacer).await,
            Load::Closed(users) => self.closed(users).await,
        }
    }

    async fn all_left(&self) {
        while self.active.get() > 0 {
            self.changed.notified().await;
        }
    }

    fn left(&self) {
        self.active.set(self.active.get() - 1);
        self.changed.notify_one();
    }

    /// A smoke test: what passed is shown, too.
    pub(super) fn shows_passes(&self) -> bool {
        matches!(self.plan.load, Load::Passes(_))
    }

    pub(super) fn stopping(&self) -> bool {
        self.closing.get() || self.stopped()
    }

    /// The run was stopped: nobody waits for it to end by itself.
    pub(super) fn stopped(&self) -> bool {
        self.stop.reason().is_some()
    }
}
