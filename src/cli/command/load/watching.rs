//! Guards beside a run. In: a window a second; out: the same for the live line, and the end of the run where a guard
//! trips. Invariant: a guard that trips is told at once, and its run still drains and is reported.

use crate::budget::{BudgetFile, Watchman};
use crate::cli::output::live::Live;
use crate::cli::progress::Progress;
use crate::load::{Observer, Stopper};
use crate::record::{GuardRecord, Stop, Window};

/// Shows a run, and watches it.
pub(super) struct Watching {
    progress: Progress,
    watchman: Option<Watchman>,
    stopper: Stopper,
    live: Option<Live>,
}

impl Watching {
    pub(super) fn new(
        progress: Progress,
        (budgets, profile): (Option<&BudgetFile>, &str),
        stopper: Stopper,
        live: Option<Live>,
    ) -> Self {
        Self {
            progress,
            watchman: budgets.map(|budgets| Watchman::new(budgets, profile)),
            stopper,
            live,
        }
    }

    /// Removes the live line; what became of the guards.
    pub(super) fn finish(self) -> Vec<GuardRecord> {
        self.progress.finish();
        self.watchman.map_or_else(Vec::new, Watchman::records)
    }
}

impl Observer for Watching {
    fn window(&mut self, window: &Window) {
        self.progress.window(window);
        if let Some(live) = &mut self.live {
            live.window(window);
        }
        let Some(watchman) = &mut self.watchman else {
            return;
        };
        let span = (window.start, window.start + window.length);
        if watchman.second(span, &window.watched) {
            self.stopper.stop(Stop::Guard);
            for guard in watchman.tripped() {
                self.progress
                    .say(&format!("stopping: the guard `{guard}` tripped"));
            }
        }
    }
}
