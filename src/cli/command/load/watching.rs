//! Guards beside a run. In: a window a second; out: the same for the live line, and the end of the run where a guard
//! trips. Invariant: a guard that trips is told at once, and its run still drains and is reported.

use super::showing::Showing;
use crate::budget::{BudgetFile, Decider, Watchman};
use crate::cli::output::live::Live;
use crate::cli::progress::Progress;
use crate::load::{Observer, RunParts, Stopper};
use crate::plan::{Load, Plan};
use crate::record::{Decided, GuardRecord, Stop, Window};
use crate::units::{Nanos, nanos};
use tokio::time::Instant;

/// Shows a run, and watches it.
pub(super) struct Watching {
    progress: Progress,
    watchman: Option<Watchman>,
    decider: Option<Decider>,
    decided: Option<Decided>,
    stopper: Stopper,
    /// When the last arrival is due: behind it only what hangs is left, and says nothing of the rest.
    scheduled: Nanos,
    /// When the run began.
    pub(super) began: Option<Instant>,
    live: Option<Live>,
    showing: Option<Showing>,
}

impl Watching {
    pub(super) fn new(
        progress: Progress,
        (budgets, plan): (Option<&BudgetFile>, &Plan),
        stopper: Stopper,
        live: Option<Live>,
    ) -> Self {
        Self {
            progress,
            watchman: budgets.map(|budgets| Watchman::new(budgets, &plan.profile)),
            decider: budgets
                .filter(|_| plan.until_decided)
                .map(|budgets| Decider::new(budgets, &plan.profile, plan.measured.clone())),
            decided: None,
            stopper,
            scheduled: match plan.load {
                Load::Passes(_) => Nanos::MAX,
                Load::Open(_) | Load::Closed(_) => nanos(plan.duration()),
            },
            began: None,
            live,
            showing: None,
        }
    }

    /// Shows all of it, too.
    pub(super) fn showing(self, showing: Option<Showing>) -> Self {
        Self { showing, ..self }
    }

    /// Removes the live line; what became of the guards, and how the run was decided.
    pub(super) fn finish(self) -> (Vec<GuardRecord>, Option<Decided>) {
        self.progress.finish();
        let guards = self.watchman.map_or_else(Vec::new, Watchman::records);
        (guards, self.decided)
    }
}

impl Observer for Watching {
    fn begin(&mut self, at: Instant) {
        self.began = Some(at);
    }

    fn wants_all(&self) -> bool {
        self.showing.is_some()
    }

    fn so_far(&mut self, parts: RunParts) {
        if let (Some(showing), Some(began)) = (&self.showing, self.began) {
            let guards = self.watchman.as_ref();
            let guards = guards.map_or_else(Vec::new, Watchman::standing);
            showing.so_far(parts, guards, began);
        }
    }

    fn window(&mut self, window: &Window) {
        let guards = self.watchman.as_ref().map_or(0, Watchman::guards);
        let (guarded, judged) = window.watched.split_at(guards.min(window.watched.len()));
        self.progress.judged(judged);
        self.progress.window(window);
        if let Some(live) = &mut self.live {
            live.window(window);
        }
        let Some(watchman) = &mut self.watchman else {
            return;
        };
        if window.start >= self.scheduled {
            return;
        }
        let span = (window.start, window.start + window.length);
        if watchman.second(span, guarded) {
            self.stopper.stop(Stop::Guard);
            for guard in watchman.tripped() {
                self.progress
                    .say(&format!("stopping: the guard `{guard}` tripped"));
            }
        }
        if let (Some(decider), None) = (&mut self.decider, &self.decided) {
            self.decided = decider.second(span, judged);
        }
        if let Some(decided) = self.decided.as_ref().filter(|d| d.at == span.1) {
            self.stopper.stop(Stop::Decided);
            self.progress.say(&match &decided.broken {
                Some(budget) => format!("stopping: decided, `{budget}` is broken"),
                None => "stopping: decided, every budget holds".to_owned(),
            });
        }
    }
}
