//! The lines of a run while it goes. In: a window and what budgets say so far; out: text. Invariant: no line is wider
//! than the terminal: what does not fit is left out, the least important first, never cut in the middle.

use crate::budget::Standing;
use crate::record::Window;
use crate::report::log_line;
use crate::units::{Nanos, format_count, format_nanos, format_share};
use anstyle::{AnsiColor, Style};

const SECOND: Nanos = 1_000_000_000;
const BAD: Style = AnsiColor::Red.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const DIM: Style = Style::new().dimmed();
/// Between two parts of a line.
const GAP: usize = 2;

/// What the lines are made of beside a window.
pub(super) struct Lines {
    pub(super) scheduled: bool,
    /// Names and ends.
    pub(super) phases: Vec<(String, Nanos)>,
    pub(super) standing: Option<Standing>,
    pub(super) colour: bool,
    pub(super) total: Nanos,
    pub(super) failed: u64,
}

/// A part of a line.
struct Part {
    text: String,
    style: Option<Style>,
}

fn part(text: String) -> Part {
    Part { text, style: None }
}

impl Lines {
    /// Two lines, or three with budgets; the first stands beside a bar of so many columns.
    pub(super) fn live(&self, window: &Window, columns: usize, bar: usize) -> String {
        let first = self.fit(self.load(window), columns.saturating_sub(bar + 2));
        let second = self.fit(self.latencies(window), columns.saturating_sub(1));
        let mut text = format!("{first}\n{second}");
        let budgets = self.fit(self.budgets(), columns.saturating_sub(1));
        if !budgets.is_empty() {
            text.push('\n');
            text.push_str(&budgets);
        }
        text
    }

    fn load(&self, window: &Window) -> Vec<Part> {
        let end = window.start + window.length;
        let phase = self.phases.iter().find(|phase| phase.1 >= end);
        let phase = phase.map_or("drain", |phase| phase.0.as_str());
        let late = window.lag > 3_000_000;
        vec![
            part(format!(
                "{}/{} s",
                end.min(self.total) / SECOND,
                self.total / SECOND
            )),
            part(rates(window, self.scheduled)),
            part(format!("in flight {}", format_count(window.in_flight))),
            Part {
                text: format!("lag {}", format_nanos(window.lag)),
                style: late.then_some(BAD),
            },
            Part {
                text: log_line(phase),
                style: Some(DIM),
            },
        ]
    }

    fn latencies(&self, window: &Window) -> Vec<Part> {
        let mut parts = Vec::new();
        for (name, q) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)] {
            let value = window.quantile(q);
            let limit = self.standing.as_ref().and_then(|s| s.limit(q));
            // Among requests that timed out a percentile has no value, and is over every limit.
            let over = limit.filter(|limit| match value {
                Some(value) => value >= *limit,
                None => window.timed_out > 0,
            });
            let value = value.map_or_else(|| "-".into(), format_nanos);
            let of = limit.map_or_else(String::new, |limit| format!(" of {}", format_nanos(limit)));
            parts.push(Part {
                text: format!("{name} {value}{of}"),
                style: over.map(|_| BAD),
            });
        }
        let ended = window.counts.ok + window.counts.not_ok;
        let share = window.counts.not_ok as f64 / ended.max(1) as f64;
        let limit = self.standing.as_ref().and_then(Standing::errors);
        let of = limit.map_or_else(String::new, |limit| format!(" of {}", format_share(limit)));
        parts.push(Part {
            text: format!("errors {}{of}", format_share(share)),
            style: limit.filter(|limit| share > *limit).map(|_| BAD),
        });
        parts.push(Part {
            text: format!("failed {}", format_count(self.failed)),
            style: None,
        });
        parts
    }

    fn budgets(&self) -> Vec<Part> {
        let Some(standing) = self.standing.as_ref().filter(|s| s.count() > 0) else {
            return Vec::new();
        };
        let broken: Vec<&str> = standing.broken().collect();
        let hold = standing.count() - broken.len();
        let mut parts = vec![Part {
            text: format!("budgets so far: {hold} of {} hold", standing.count()),
            style: Some(if broken.is_empty() { GOOD } else { BAD }),
        }];
        parts.extend(broken.iter().map(|text| Part {
            text: format!("✗ {}", log_line(text)),
            style: Some(BAD),
        }));
        parts
    }

    /// As many parts as there is room for; what has none is counted where it is a list.
    fn fit(&self, parts: Vec<Part>, columns: usize) -> String {
        let mut line = String::new();
        let mut used = 0;
        for part in parts {
            let wide = part.text.chars().count() + if used == 0 { 0 } else { GAP };
            if used + wide > columns {
                break;
            }
            if used > 0 {
                line.push_str("  ");
            }
            used += wide;
            match part.style.filter(|_| self.colour) {
                Some(style) => {
                    let text = part.text;
                    line = format!("{line}{style}{text}{style:#}");
                }
                None => line.push_str(&part.text),
            }
        }
        line
    }
}

/// `498 of 500 req/s`
fn rates(window: &Window, scheduled: bool) -> String {
    let rate = window.rate(window.counts.ok + window.counts.not_ok).round() as u64;
    let offered = if scheduled {
        let offered = window.rate(window.counts.offered).round() as u64;
        format!(" of {}", format_count(offered))
    } else {
        String::new()
    };
    format!("{}{offered} req/s", format_count(rate))
}

/// One line, for logs.
pub(super) fn plain(window: &Window, scheduled: bool, failed: u64) -> String {
    let percentile = |q| window.quantile(q).map_or_else(|| "-".into(), format_nanos);
    format!(
        "{}  p50 {}  p95 {}  p99 {}  in flight {}  failed {}  lag {}",
        rates(window, scheduled),
        percentile(0.5),
        percentile(0.95),
        percentile(0.99),
        window.in_flight,
        format_count(failed),
        format_nanos(window.lag)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget;
    use crate::record::Watched;
    use crate::source::Source;
    use std::sync::Arc;

    fn lines(colour: bool) -> Lines {
        let text = "budgets: [p95 < 250ms, error_rate < 1%, p99 of purchase/pay < 800ms]\n";
        let file = budget::parse(Arc::new(Source::new("b.yaml", text))).unwrap();
        let mut standing = Standing::new(&file, "launch");
        let broken = |broken| Watched { ended: 500, broken };
        standing.second(&[broken(100), broken(0), broken(100)]);
        Lines {
            scheduled: true,
            phases: vec![
                ("warm-up".into(), 5 * SECOND),
                ("launch".into(), 65 * SECOND),
            ],
            standing: Some(standing),
            colour,
            total: 65 * SECOND,
            failed: 12,
        }
    }

    fn window() -> Window {
        let mut window = Window {
            start: 33 * SECOND,
            length: SECOND,
            in_flight: 17,
            lag: 110_000,
            ..Window::default()
        };
        (1..=100).for_each(|i| window.response.record(i * 4_000_000));
        window.counts.ok = 498;
        window.counts.not_ok = 2;
        window.counts.offered = 503;
        window
    }

    #[test]
    fn lines_keep_the_width_and_turn_red_where_limits_are_broken() {
        let text = lines(false).live(&window(), 120, 20);
        assert_eq!(
            text,
            "34/65 s  500 of 503 req/s  in flight 17  lag 110 µs  launch\n\
             p50 200 ms  p95 380 ms of 250 ms  p99 396 ms  errors 0.4 % of 1 %  failed 12\n\
             budgets so far: 1 of 3 hold  ✗ p95 < 250ms  ✗ p99 of purchase/pay < 800ms"
        );
        for columns in [40, 60, 80, 120] {
            let text = lines(false).live(&window(), columns, 20);
            for (index, line) in text.lines().enumerate() {
                let bar = if index == 0 { 21 } else { 0 };
                assert!(line.chars().count() + bar < columns, "{columns}: {line}");
            }
        }
        let coloured = lines(true).live(&window(), 120, 20);
        assert!(coloured.contains(&format!("{BAD}p95 380 ms of 250 ms{BAD:#}")));
        assert!(!coloured.contains(&format!("{BAD}errors")));
    }
}
