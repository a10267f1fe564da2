//! One worker: one thread, one current-thread runtime, its share of the arrivals. In: the program, the plan, a
//! protocol; out: a recorder full of samples and a window a second. Invariant: a late wake-up releases every
//! arrival that is due, each with its own intended instant; nothing is skipped silently.

use super::clock::Clock;
use super::flight::Flights;
use super::program::Program;
use super::stop::{DRAIN, Stop};
use super::user::{Journey, User};
use crate::plan::pacer::Pacer;
use crate::plan::{Load, Plan, choose};
use crate::protocol::{ClientStats, Protocol};
use crate::record::{Counts, Layout, Masker, Outcome, Recorder, Sample, Window};
use crate::scenario::Draw;
use crate::units::{Nanos, nanos};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tokio::sync::Notify;

const SECOND: Nanos = 1_000_000_000;
/// Flows that were started may go on for this long behind the end of the schedule.
const GRACE: Duration = Duration::from_secs(30);
/// Above this rate a worker wakes at most every [`BATCH`]: finer costs a core and gains nothing.
const FINE_RATE: f64 = 5_000.0;
const BATCH: Nanos = 100_000;

/// What all workers share.
#[derive(Debug, Clone)]
pub(super) struct Orders {
    pub(super) program: Arc<Program>,
    pub(super) plan: Arc<Plan>,
    pub(super) masker: Arc<Masker>,
    pub(super) workers: u64,
    /// For one worker.
    pub(super) max_in_flight: u64,
}

/// One worker's part of a second.
#[derive(Debug)]
pub(super) struct WindowPart {
    pub(super) index: u64,
    pub(super) window: Window,
    /// The worker has ended.
    pub(super) last: bool,
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
    plan: Arc<Plan>,
    id: u64,
    workers: u64,
    max_in_flight: u64,
    users: RefCell<Vec<User>>,
    /// Virtual users on a journey.
    active: Cell<u64>,
    counts: Cell<Counts>,
    last_done: Cell<Nanos>,
    /// Seconds whose windows were sent.
    ticked: Cell<u64>,
    stop: Stop,
    /// No request is sent any more, because the run is over.
    closing: Cell<bool>,
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
            plan: Arc::clone(&orders.plan),
            masker: Arc::clone(&orders.masker),
            protocol,
            clock,
            flights: RefCell::default(),
            id,
            workers: orders.workers,
            max_in_flight: orders.max_in_flight,
            users: RefCell::default(),
            active: Cell::new(0),
            counts: Cell::default(),
            last_done: Cell::new(0),
            ticked: Cell::new(0),
            stop,
            closing: Cell::new(false),
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
            })
            .ok();
        WorkerReport {
            recorder: self.recorder.replace(Recorder::new(&Layout::default())),
            counts: self.counts.get(),
            stats: self.protocol.stats(),
            in_flight: self.flights.borrow().peak(),
            elapsed: self.last_done.get(),
            cpu: super::health::thread_cpu().saturating_sub(spent),
        }
    }

    async fn offer(self: &Rc<Self>) {
        let plan = Arc::clone(&self.plan);
        match &plan.load {
            Load::Passes(passes) => self.passes(*passes).await,
            Load::Open(pacer) => self.open(pacer).await,
            Load::Closed(users) => self.closed(*users).await,
        }
    }

    /// Smoke: every flow in order, on the first worker.
    async fn passes(self: &Rc<Self>, passes: u64) {
        if self.id == 0 {
            self.active.set(self.active.get() + 1);
            let worker = Rc::clone(self);
            tokio::task::spawn_local(async move {
                worker.pass_through(passes).await;
                worker.left();
            });
        }
        self.all_left().await;
    }

    async fn pass_through(&self, passes: u64) {
        let mut user = User::new(self.program.variables);
        let mut uses = vec![0; self.program.feeders.len()];
        let flows = 0..self.program.flows.len();
        for (number, flow) in (0..passes).flat_map(|_| flows.clone()).enumerate() {
            if self.stopping() {
                return;
            }
            user.become_new(self.plan.seed, number as u64, 0);
            self.arrived(flow, true);
            // A smoke test is one user.
            let draw = |feeder: usize| Draw::of(uses[feeder], 0);
            if user.feed(&self.program, flow, self.plan.seed, draw) {
                self.started(flow, true);
                let journey = Journey {
                    flow,
                    due: None,
                    measured: true,
                    think: false,
                };
                if self.plan.bail && self.recorder.borrow().failed() {
                    let all = self.program.flows[flow].requests.start;
                    self.cut_off(journey, all, self.clock.now());
                } else {
                    self.journey(&mut user, journey).await;
                }
            } else {
                self.dropped(flow, true, |c| c.dropped_data += 1);
            }
            for feeder in &self.program.flows[flow].feeders {
                uses[*feeder] += 1;
            }
        }
    }

    /// Open model: this worker's arrivals, each at its instant.
    async fn open(self: &Rc<Self>, pacer: &Pacer) {
        let seed = self.plan.seed;
        let fine = pacer.shape.peak() / self.workers as f64 <= FINE_RATE;
        let mut uses = vec![0; self.program.feeders.len()];
        for arrival in pacer.arrivals(seed) {
            let flow = choose(
                seed,
                arrival.index,
                self.program.flows.iter().map(|f| f.share),
            );
            if arrival.index % self.workers == self.id {
                let now = self.clock.now();
                if now < arrival.due {
                    let wake = if fine {
                        arrival.due
                    } else {
                        arrival.due.max(now + BATCH)
                    };
                    self.clock.sleep_until(wake).await;
                }
                self.admit(flow, arrival.index, arrival.due, &uses);
            }
            // Every worker counts every arrival, so that each knows which rows the others take.
            for feeder in &self.program.flows[flow].feeders {
                uses[*feeder] += 1;
            }
        }
        self.clock.sleep_until(nanos(pacer.shape.duration())).await;
    }

    /// Starts an arrival, or counts why it could not be.
    fn admit(self: &Rc<Self>, flow: usize, index: u64, due: Nanos, uses: &[u64]) {
        let measured = self.measured(due);
        self.arrived(flow, measured);
        if self.flights.borrow().count() >= self.max_in_flight {
            return self.dropped(flow, measured, |c| c.dropped_in_flight += 1);
        }
        let pooled = self.users.borrow_mut().pop();
        let mut user = pooled.unwrap_or_else(|| User::new(self.program.variables));
        user.become_new(self.plan.seed, index, 0);
        let draw = |feeder: usize| Draw::arrival(uses[feeder]);
        if !user.feed(&self.program, flow, self.plan.seed, draw) {
            self.users.borrow_mut().push(user);
            return self.dropped(flow, measured, |c| c.dropped_data += 1);
        }
        self.started(flow, measured);
        self.active.set(self.active.get() + 1);
        let worker = Rc::clone(self);
        tokio::task::spawn_local(async move {
            worker
                .journey(
                    &mut user,
                    Journey {
                        flow,
                        due: Some(due),
                        measured,
                        think: true,
                    },
                )
                .await;
            user.leave();
            worker.users.borrow_mut().push(user);
            worker.left();
        });
    }

    /// Closed model: this worker's users, started evenly over the ramp.
    async fn closed(self: &Rc<Self>, users: u64) {
        let ramp = self
            .plan
            .phases
            .iter()
            .find(|p| p.name == "ramp")
            .map_or(0, |p| p.end);
        let end = nanos(self.plan.duration());
        for number in (0..users).filter(|n| n % self.workers == self.id) {
            self.active.set(self.active.get() + 1);
            let worker = Rc::clone(self);
            tokio::task::spawn_local(async move {
                worker.clock.sleep_until(ramp / users * number).await;
                worker.use_until(end, number, users).await;
                worker.left();
            });
        }
        self.clock.sleep_until(end).await;
    }

    /// One user of the closed model, starting over until the end. Rows of feeders go by iteration: which flows the
    /// other users' iterations take is not known here.
    async fn use_until(&self, end: Nanos, number: u64, users: u64) {
        let mut user = User::new(self.program.variables);
        for iteration in 0.. {
            let now = self.clock.now();
            if now >= end || self.stopping() {
                return;
            }
            let index = iteration * users + number;
            let flow = choose(
                self.plan.seed,
                index,
                self.program.flows.iter().map(|f| f.share),
            );
            let measured = self.measured(now);
            user.become_new(self.plan.seed, number, iteration);
            self.arrived(flow, measured);
            let draw = Draw::of(index, number);
            if !user.feed(&self.program, flow, self.plan.seed, |_| draw) {
                return self.dropped(flow, measured, |c| c.dropped_data += 1);
            }
            self.started(flow, measured);
            self.journey(
                &mut user,
                Journey {
                    flow,
                    due: None,
                    measured,
                    think: true,
                },
            )
            .await;
            // A journey that never had to wait must not keep the others from theirs.
            tokio::task::yield_now().await;
        }
    }

    /// Lets what was started end. An undisturbed run waits for its flows, then, once the grace is over, for the
    /// requests in flight, each of which ends by its own timeout: nothing that was sent is left out of a verdict.
    /// A stopped run waits for the requests in flight as long as [`DRAIN`] says.
    async fn drain(&self) {
        let mut stop = self.stop.clone();
        let grace = self.clock.now() + nanos(GRACE);
        tokio::select! {
            () = self.all_left() => return,
            () = self.clock.sleep_until(grace) => {}
            () = stop.requested() => {}
        }
        self.closing.set(true);
        self.cut.notify_waiters();
        let mut patience = self.program.longest_timeout() + Duration::from_secs(1);
        loop {
            let stopped = stop.reason().is_some();
            if stopped {
                patience = DRAIN;
            }
            let deadline = self.clock.now() + nanos(patience);
            tokio::select! {
                () = self.all_left() => return,
                () = self.clock.sleep_until(deadline) => return,
                () = stop.requested(), if !stopped => {}
            }
        }
    }

    async fn all_left(&self) {
        while self.active.get() > 0 {
            self.changed.notified().await;
        }
    }

    /// Waits for a think time to pass; `false` when the run ends first.
    pub(super) async fn think_until(&self, deadline: Nanos) -> bool {
        if self.stopping() {
            return false;
        }
        tokio::select! {
            () = self.clock.sleep_until(deadline) => !self.stopping(),
            () = self.cut.notified() => false,
        }
    }

    /// What is still in flight when the worker ends was cut off.
    fn abort_flights(&self, now: Nanos) {
        for flying in self.flights.borrow_mut().drain() {
            self.record(&Sample {
                step: flying.step,
                measured: flying.measured,
                intended: flying.intended,
                sent: flying.sent,
                first_byte: None,
                done: now,
                connect: None,
                tls: None,
                outcome: Outcome::Aborted,
                status: None,
                received: 0,
            });
        }
    }

    /// Hands over what happened in every second.
    async fn tick(self: Rc<Self>, windows: mpsc::Sender<WindowPart>) {
        for index in 0.. {
            self.clock.sleep_until((index + 1) * SECOND).await;
            let window = self.window(index * SECOND, (index + 1) * SECOND);
            // Nobody listens any more only when the run is over.
            windows
                .send(WindowPart {
                    index,
                    window,
                    last: false,
                })
                .ok();
            self.ticked.set(index + 1);
        }
    }

    fn window(&self, start: Nanos, end: Nanos) -> Window {
        let mut window = self.recorder.borrow_mut().take_window();
        window.start = start;
        window.length = end - start;
        window.in_flight = self.flights.borrow_mut().take_window_peak();
        window
    }

    pub(super) fn record(&self, sample: &Sample) {
        self.recorder.borrow_mut().record(sample);
        self.last_done.set(self.last_done.get().max(sample.done));
        let answered = matches!(sample.outcome, Outcome::Ok | Outcome::CheckFailed(_));
        if answered {
            let (within, in_time) = (
                self.measured(sample.done),
                sample.measured && self.in_time(sample.done),
            );
            self.count(|c| {
                c.ended_within += u64::from(within);
                c.in_time += u64::from(in_time);
            });
        }
    }

    /// Whether an instant is in the measured phase.
    fn measured(&self, at: Nanos) -> bool {
        match (&self.plan.load, self.plan.measured()) {
            (Load::Passes(_), _) => true,
            (_, Some(phase)) => (phase.start..phase.end).contains(&at),
            (_, None) => false,
        }
    }

    /// Whether an answer came by the end of the measured phase, or so little behind it (a second, or 5 % of the
    /// phase where that is less) that it was just on its way.
    fn in_time(&self, at: Nanos) -> bool {
        self.plan.measured().is_some_and(|phase| {
            let slack = SECOND.min((phase.end - phase.start) / 20);
            phase.end == phase.start || at <= phase.end + slack
        })
    }

    fn arrived(&self, flow: usize, measured: bool) {
        let requests = self.program.flows[flow].requests.len() as u64;
        self.recorder.borrow_mut().arrival(requests);
        if measured {
            self.count(|c| {
                c.arrivals += 1;
                c.offered += requests;
            });
        }
    }

    /// Counted before its journey is spawned: a stop may come before that is polled.
    fn started(&self, flow: usize, measured: bool) {
        self.recorder.borrow_mut().flow_started(flow, measured);
        if measured {
            self.count(|c| c.started += 1);
        }
    }

    fn dropped(&self, flow: usize, measured: bool, why: impl FnOnce(&mut Counts)) {
        self.recorder.borrow_mut().flow_dropped(flow, measured);
        if measured {
            self.count(why);
        }
    }

    fn left(&self) {
        self.active.set(self.active.get() - 1);
        self.changed.notify_one();
    }

    fn count(&self, change: impl FnOnce(&mut Counts)) {
        let mut counts = self.counts.get();
        change(&mut counts);
        self.counts.set(counts);
    }

    pub(super) fn stopping(&self) -> bool {
        self.closing.get() || self.stop.reason().is_some()
    }
}
