//! Ending a run early. In: a signal; out: every worker stops starting things. Invariant: the first request to
//! stop lets requests in flight end for [`DRAIN`]; nothing is lost, everything is reported.

use crate::record;
use std::time::Duration;
use tokio::sync::watch;

/// How long requests in flight may still take once a run is stopped.
pub(super) const DRAIN: Duration = Duration::from_secs(5);

/// The end of whoever may stop a run.
#[derive(Debug, Clone)]
pub struct Stopper(watch::Sender<Option<record::Stop>>);

/// The end of those who must hear of it.
#[derive(Debug, Clone)]
pub struct Stop {
    heard: watch::Receiver<Option<record::Stop>>,
    stopper: Stopper,
    /// That of all runs of the process, beside the one of a single run.
    all: Option<watch::Receiver<Option<record::Stop>>>,
}

/// A pair of ends.
pub fn stop() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(None);
    let stopper = Stopper(sender);
    let stop = Stop {
        heard: receiver,
        stopper: stopper.clone(),
        all: None,
    };
    (stopper, stop)
}

impl Stopper {
    /// Stops the run; the first reason stays.
    pub fn stop(&self, reason: record::Stop) {
        self.0.send_if_modified(|current| {
            let first = current.is_none();
            *current = current.or(Some(reason));
            first
        });
    }
}

impl Stop {
    /// The other end.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// The same for one run of several: it ends with all of them, and alone where its own stopper says so.
    #[must_use]
    pub fn of_one_run(&self) -> Self {
        let (_, stop) = stop();
        Self {
            all: Some(self.heard.clone()),
            ..stop
        }
    }

    /// Why the run was stopped, if it was.
    pub fn reason(&self) -> Option<record::Stop> {
        let all = self.all.as_ref().and_then(|all| *all.borrow());
        all.or(*self.heard.borrow())
    }

    /// Waits for the request to stop; for ever when nobody can make it any more.
    pub async fn requested(&mut self) {
        let Some(all) = &mut self.all else {
            return heard(&mut self.heard).await;
        };
        tokio::select! {
            () = heard(all) => {}
            () = heard(&mut self.heard) => {}
        }
    }
}

async fn heard(receiver: &mut watch::Receiver<Option<record::Stop>>) {
    if receiver.wait_for(Option::is_some).await.is_err() {
        std::future::pending::<()>().await;
    }
}
