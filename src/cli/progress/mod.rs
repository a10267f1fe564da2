//! A run while it goes. In: a window a second; out: live lines on a terminal, or a line every ten seconds
//! where nobody watches. Invariant: never a line per request, and nothing on standard output.

mod lines;

use crate::budget::{BudgetFile, Standing};
use crate::load::Observer;
use crate::plan::Plan;
use crate::record::{Watched, Window};
use crate::units::Nanos;
use indicatif::{ProgressBar, ProgressStyle};
use lines::{Lines, plain};
use std::io::IsTerminal as _;

const SECOND: Nanos = 1_000_000_000;
/// Seconds between lines where there is no terminal.
const EVERY: u64 = 10;
/// Columns of the bar and what stands beside it on its line.
const BAR: usize = 20;

/// Shows a run to whoever waits for it.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    total: Nanos,
    lines: Lines,
    /// Seconds since the last line, added up.
    since: Window,
    quiet: bool,
}

impl Progress {
    pub(super) fn new(plan: &Plan, budgets: Option<&BudgetFile>, quiet: bool) -> Self {
        let total = plan.duration().as_nanos() as Nanos;
        let watched = std::io::stderr().is_terminal() && std::env::var_os("CI").is_none();
        let bar = (watched && !quiet && total > 0).then(|| {
            let bar = ProgressBar::new(total / SECOND);
            let style = ProgressStyle::with_template("{bar:20} {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        let choice = anstream::AutoStream::choice(&std::io::stderr());
        let lines = Lines {
            // A schedule says how much is due.
            scheduled: plan.peak_requests().is_some(),
            phases: plan
                .phases
                .iter()
                .map(|p| (p.name.clone(), p.end))
                .collect(),
            standing: budgets.map(|budgets| Standing::new(budgets, &plan.profile)),
            colour: !matches!(choice, anstream::ColorChoice::Never),
            total,
            failed: 0,
        };
        Self {
            bar,
            total,
            lines,
            since: Window::default(),
            quiet,
        }
    }

    /// Somebody sees the budgets while the run goes: they are to be counted.
    pub(super) fn shows_budgets(&self) -> bool {
        let known = |s: &Standing| s.count() > 0;
        self.bar.is_some() && self.lines.standing.as_ref().is_some_and(known)
    }

    /// What the budgets saw of the second that [`Observer::window`] is told next.
    pub(super) fn judged(&mut self, watched: &[Watched]) {
        if let Some(standing) = &mut self.lines.standing {
            standing.second(watched);
        }
    }

    /// Removes the live lines.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// Says something that must not wait for the next line.
    pub(super) fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None => eprintln!("{text}"),
        }
    }
}

impl Observer for Progress {
    fn window(&mut self, window: &Window) {
        self.lines.failed += window.counts.not_ok + window.counts.dropped;
        let end = window.start + window.length;
        if let Some(bar) = &self.bar {
            bar.set_position((end / SECOND).min(self.total / SECOND));
            bar.set_message(self.lines.live(window, columns(), BAR));
            return;
        }
        self.since.merge(window);
        self.since.length += window.length;
        self.since.in_flight = self.since.in_flight.max(window.in_flight);
        if self.since.length >= EVERY * SECOND {
            if !self.quiet {
                let lines = &self.lines;
                let line = plain(&self.since, lines.scheduled, lines.failed);
                eprintln!("{:>5} s  {line}", end / SECOND);
            }
            self.since = Window::default();
        }
    }
}

/// Columns of the terminal on standard error.
fn columns() -> usize {
    rustix::termios::tcgetwinsize(std::io::stderr())
        .map_or(80, |size| usize::from(size.ws_col).clamp(40, 200))
}
