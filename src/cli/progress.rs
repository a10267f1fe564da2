//! A run while it goes. In: a window a second; out: one live line on a terminal, or a line every ten seconds
//! where nobody watches. Invariant: never a line per request, and nothing on standard output.

use crate::load::Observer;
use crate::plan::Plan;
use crate::record::Window;
use crate::units::{Nanos, format_count, format_nanos};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal as _;

const SECOND: Nanos = 1_000_000_000;
/// Seconds between lines where there is no terminal.
const EVERY: u64 = 10;

/// Shows a run to whoever waits for it.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    total: Nanos,
    /// A schedule says how much is due.
    scheduled: bool,
    /// Seconds since the last line, added up.
    since: Window,
    failed: u64,
    quiet: bool,
}

impl Progress {
    pub(super) fn new(plan: &Plan, quiet: bool) -> Self {
        let total = plan.duration().as_nanos() as Nanos;
        let watched = std::io::stderr().is_terminal() && std::env::var_os("CI").is_none();
        let bar = (watched && !quiet && total > 0).then(|| {
            let bar = ProgressBar::new(total / SECOND);
            let style = ProgressStyle::with_template("{bar:20} {pos}/{len} s  {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        let scheduled = plan.peak_requests().is_some();
        Self {
            bar,
            total,
            scheduled,
            since: Window::default(),
            failed: 0,
            quiet,
        }
    }

    /// Removes the live line.
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

    fn line(&self, window: &Window) -> String {
        let percentile = |q| window.quantile(q).map_or_else(|| "-".into(), format_nanos);
        let rate = window.rate(window.counts.ok + window.counts.not_ok).round() as u64;
        let offered = if self.scheduled {
            let offered = window.rate(window.counts.offered).round() as u64;
            format!(" of {}", format_count(offered))
        } else {
            String::new()
        };
        format!(
            "{}{offered} req/s  p50 {}  p95 {}  p99 {}  in flight {}  failed {}  lag {}",
            format_count(rate),
            percentile(0.5),
            percentile(0.95),
            percentile(0.99),
            window.in_flight,
            format_count(self.failed),
            format_nanos(window.lag)
        )
    }
}

impl Observer for Progress {
    fn window(&mut self, window: &Window) {
        self.failed += window.counts.not_ok + window.counts.dropped;
        let end = window.start + window.length;
        if let Some(bar) = &self.bar {
            bar.set_position((end / SECOND).min(self.total / SECOND));
            bar.set_message(self.line(window));
            return;
        }
        self.since.merge(window);
        self.since.length += window.length;
        self.since.in_flight = self.since.in_flight.max(window.in_flight);
        if self.since.length >= EVERY * SECOND {
            if !self.quiet {
                eprintln!("{:>5} s  {}", end / SECOND, self.line(&self.since));
            }
            self.since = Window::default();
        }
    }
}
