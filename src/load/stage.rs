//! Before and behind the load. In: the flows `setup` and `teardown`; out: what setup found out, which every user
//! begins with, and samples that are never measured. Invariant: one user does both, on a runtime of its own; where
//! setup fails there is no load and no teardown; setup was before the run, and teardown has the clock of the load.

use super::Clock;
use super::stop::Stop;
use super::user::{Captured, User};
use super::worker::{Orders, Worker, WorkerReport};
use crate::protocol::Protocol;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use tokio::runtime::Runtime;
use tokio::task::LocalSet;
use tokio::time::Instant;

/// Where setup and teardown are done.
pub(super) struct Stage<P> {
    runtime: Runtime,
    tasks: LocalSet,
    worker: Rc<Worker<P>>,
    user: Option<User>,
}

impl<P: Protocol> Stage<P> {
    /// A stage; `None` where the scenario has neither flow.
    ///
    /// # Errors
    /// When the system gives no runtime or timer.
    pub(super) fn new(
        orders: &Orders,
        make: impl Fn() -> P,
        stop: &Stop,
    ) -> io::Result<Option<Self>> {
        let outside = orders.program.outside;
        if outside.setup.is_none() && outside.teardown.is_none() {
            return Ok(None);
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let tasks = LocalSet::new();
        let worker = tasks.block_on(&runtime, async {
            let clock = Clock::precise(Instant::now())?;
            io::Result::Ok(Worker::new(orders, 0, make(), clock, stop.clone()))
        })?;
        Ok(Some(Self {
            runtime,
            tasks,
            worker,
            user: None,
        }))
    }

    /// Does the setup: what every user begins with, or `None` where there must be no load.
    pub(super) fn set_up(&mut self) -> Option<Arc<[Captured]>> {
        let work = self.worker.set_up_run();
        let user = self.tasks.block_on(&self.runtime, work);
        self.worker.recorder.borrow_mut().begin();
        let user = user?;
        let known = user.known(&self.worker.program);
        self.user = Some(user);
        Some(known)
    }

    /// Does the teardown of a run that began at `epoch`, where setup passed, and gives what was recorded.
    pub(super) fn end(mut self, epoch: Instant) -> WorkerReport {
        self.worker.clock.restart(epoch);
        if let Some(user) = self.user.take() {
            let work = self.worker.tear_down_run(user);
            self.tasks.block_on(&self.runtime, work);
        }
        WorkerReport {
            in_flight: 0,
            elapsed: 0,
            ..self.worker.report()
        }
    }
}
