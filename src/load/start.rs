//! The beginning of a run. In: workers that open their connections; out: one instant at which all of them begin.
//! Invariant: no worker begins before every other one is ready, so the first second measures no handshake.

use super::worker::Orders;
use crate::plan::Load;
use std::io;
use std::sync::mpsc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Answers are expected within this time: so many requests are under way at the peak that connections are ready for.
const EXPECTED: f64 = 0.05;
/// Connections that one worker of the open model opens ahead.
const MOST: u64 = 256;
/// From the agreement to the beginning: long enough for every thread to wake up and start its timer.
const AHEAD: Duration = Duration::from_millis(5);

/// The side of the thread that starts the workers.
pub(super) struct Gate {
    ready: mpsc::Receiver<()>,
    epoch: watch::Sender<Option<Instant>>,
}

/// The side of a worker.
#[derive(Clone)]
pub(super) struct Start {
    ready: mpsc::Sender<()>,
    epoch: watch::Receiver<Option<Instant>>,
}

/// Both sides.
pub(super) fn gate() -> (Gate, Start) {
    let (ready_sender, ready) = mpsc::channel();
    let (epoch, epoch_receiver) = watch::channel(None);
    let start = Start {
        ready: ready_sender,
        epoch: epoch_receiver,
    };
    (Gate { ready, epoch }, start)
}

impl Gate {
    /// Waits for the workers, except those that have failed, and tells them, and whoever asked, when the run begins.
    pub(super) fn open(self, workers: u64) -> Instant {
        let ready = (0..workers).all(|_| self.ready.recv().is_ok());
        let ahead = if workers > 1 || !ready {
            AHEAD
        } else {
            Duration::from_millis(1)
        };
        let epoch = Instant::now() + ahead;
        self.epoch.send_replace(Some(epoch));
        epoch
    }
}

impl Start {
    /// Says that this worker is ready and waits for the others.
    ///
    /// # Errors
    /// When there will be no run.
    pub(super) async fn agreed(self) -> io::Result<Instant> {
        let Self { ready, mut epoch } = self;
        ready.send(()).ok();
        // The other side learns of failed workers when nobody holds a sender any more.
        drop(ready);
        let agreed = epoch.wait_for(Option::is_some).await;
        agreed
            .ok()
            .and_then(|epoch| *epoch)
            .ok_or_else(|| io::Error::other("the run was given up before it began"))
    }
}

/// How many connections a worker opens before the run.
pub(super) fn connections(orders: &Orders, id: u64) -> u64 {
    let share = |all: u64| all / orders.workers + u64::from(id < all % orders.workers);
    if !orders.program.uses_target() {
        return 0;
    }
    let wanted = match &orders.plan.load {
        Load::Passes(_) => 0,
        Load::Closed(_) => share(orders.plan.users().unwrap_or_default()),
        Load::Open(_) => {
            let under_way = orders.plan.peak_requests().unwrap_or(0.0) * EXPECTED;
            share(under_way.ceil() as u64).clamp(1, MOST)
        }
    };
    wanted.min(orders.max_in_flight)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    fn wait(start: Start) -> io::Result<Instant> {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        runtime.block_on(start.agreed())
    }

    #[test]
    fn all_begin_at_the_same_instant_after_the_last_is_ready() {
        let (gate, start) = gate();
        let early = thread::spawn({
            let start = start.clone();
            move || wait(start).unwrap()
        });
        let (go, held) = mpsc::channel::<()>();
        let late = thread::spawn(move || {
            held.recv().unwrap();
            (Instant::now(), wait(start).unwrap())
        });
        let opening = thread::spawn(move || gate.open(2));
        go.send(()).unwrap();
        let (ready, epoch) = late.join().unwrap();
        opening.join().unwrap();
        assert_eq!(early.join().unwrap(), epoch);
        assert!(epoch > ready);
    }

    #[test]
    fn a_failed_worker_holds_nobody_up_and_without_a_gate_nobody_begins() {
        let (gate, start) = gate();
        let alive = start.clone();
        drop(start);
        let worker = thread::spawn(move || wait(alive));
        gate.open(2);
        assert!(worker.join().unwrap().is_ok());
        let (gate, start) = super::gate();
        drop(gate);
        assert!(wait(start).is_err());
    }
}
