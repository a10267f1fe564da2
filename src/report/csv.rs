//! Tables for spreadsheets and scripts. In: a view; out: `summary.csv`, one row a step and one for all, `windows.csv`,
//! one row a window, `steps.csv`, one row a step and slot, and, where there are any, `parts.csv`, one row a part of a load
//! that changes, and `server.csv`, one row a reading of a server. Invariant: units stand in the header, numbers are plain, an unknown value is an
//! empty cell, and no cell can be taken for a formula. Percentiles are of what was answered, failed checks among it. One among timed-out requests is the
//! timeout: it is that or more, and the column `timed_out` says so.

use super::{Latency, MessagesRow, PartRow, Point, Reporter, Slice, StepRow, View};
use crate::budget::Planned;
use std::io::{self, Write};

/// `summary.csv`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Summary;

/// `windows.csv`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Windows;

/// `steps.csv`: one row a step and slot of time; a second long, longer in long runs.
#[derive(Debug, Clone, Copy, Default)]
pub struct Steps;

const SUMMARY: [&str; 25] = [
    "flow",
    "step",
    "line",
    "sent",
    "ok",
    "check_failed",
    "failed",
    "timed_out",
    "aborted",
    "dropped",
    "skipped",
    "retried",
    "flaky",
    "not_taken",
    "cache_hit",
    "cache_stale",
    "cache_miss",
    "cache_bypass",
    "warmup_sent",
    "new_connections",
    "received_bytes",
    "decoded_bytes",
    "errors",
    "error_percent",
    "per_second",
];

const CLOCKS: [&str; 9] = [
    "response", "service", "ttfb", "connect", "tls", "wait", "dns", "write", "body",
];

const QUANTILES: [&str; 8] = ["mean", "min", "p50", "p90", "p95", "p99", "p99.9", "max"];

impl Reporter for Summary {
    fn render(&self, view: &View, out: &mut dyn Write) -> io::Result<()> {
        let mut table = ::csv::Writer::from_writer(out);
        let mut header: Vec<String> = SUMMARY.map(str::to_owned).into();
        for clock in CLOCKS {
            header.extend(QUANTILES.map(|q| format!("{clock}_{q}_ms")));
        }
        let messages = view.totals.all.messages.is_some();
        if messages {
            header.extend(["received", "sent", "missing"].map(|n| format!("messages_{n}")));
            for (name, _) in MessagesRow::default().latencies() {
                header.extend(QUANTILES.map(|q| format!("message_{name}_{q}_ms")));
            }
        }
        table.write_record(&header)?;
        for step in view.steps.iter().chain([&view.totals.all]) {
            let mut row = summary(step);
            if messages {
                row.extend(of_messages(step.messages.as_ref()));
            }
            table.write_record(row)?;
        }
        table.flush()
    }
}

fn summary(step: &StepRow) -> Vec<String> {
    let name = if step.name.is_empty() {
        &step.label
    } else {
        &step.name
    };
    let mut row = vec![guarded(&step.flow), guarded(name)];
    row.push(if step.line > 0 {
        step.line.to_string()
    } else {
        String::new()
    });
    row.extend(
        [
            step.sent,
            step.ok,
            step.check_failed,
            step.failed,
            step.timed_out,
            step.aborted,
            step.dropped,
            step.skipped,
            step.retried,
            step.flaky,
            step.not_taken,
            step.cache.hit,
            step.cache.stale,
            step.cache.miss,
            step.cache.bypass,
            step.warmup,
            step.new_connections,
            step.received,
        ]
        .map(|n| n.to_string()),
    );
    row.push(step.decoded.map_or_else(String::new, |n| n.to_string()));
    row.push(step.errors().to_string());
    row.push(
        step.error_share()
            .map_or_else(String::new, |s| decimals(s * 100.0, 4)),
    );
    row.push(decimals(step.throughput, 3));
    for latency in [
        &step.response,
        &step.service,
        &step.ttfb,
        &step.connect,
        &step.tls,
        &step.wait,
        &step.dns,
        &step.write,
        &step.body,
    ] {
        row.extend(quantiles(latency).map(|p| milliseconds(&p)));
    }
    row
}

/// Columns that only a run with messages has.
fn of_messages(messages: Option<&MessagesRow>) -> Vec<String> {
    let none = MessagesRow::default();
    let row = messages.unwrap_or(&none);
    let counts = [row.received, row.sent, row.missing].map(|n| n.to_string());
    let times = row.latencies().map(|(_, latency)| quantiles(latency));
    let times = times.iter().flatten().map(milliseconds);
    counts.into_iter().chain(times).collect()
}

fn quantiles(latency: &Latency) -> [Point; 8] {
    let [p50, p90, p95, p99, p999, max] = latency.columns();
    [latency.mean, latency.min, p50, p90, p95, p99, p999, max]
}

const WINDOWS: [&str; 23] = [
    "start_s",
    "length_s",
    "phase",
    "measured",
    "arrivals",
    "offered",
    "sent",
    "ok",
    "not_ok",
    "timed_out",
    "dropped",
    "offered_per_second",
    "sent_per_second",
    "ended_per_second",
    "received_bytes",
    "connections",
    "in_flight_max",
    "lag_max_ms",
    "response_p50_ms",
    "response_p95_ms",
    "response_p99_ms",
    "response_max_ms",
    "error_percent",
];

impl Reporter for Windows {
    fn render(&self, view: &View, out: &mut dyn Write) -> io::Result<()> {
        let mut table = ::csv::Writer::from_writer(out);
        table.write_record(WINDOWS)?;
        for slice in &view.windows {
            table.write_record(window(slice))?;
        }
        table.flush()
    }
}

/// `server.csv`; nothing where nothing was observed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Servers;

impl Reporter for Servers {
    fn render(&self, view: &View, out: &mut dyn Write) -> io::Result<()> {
        if view.server.is_empty() {
            return Ok(());
        }
        let mut table = ::csv::Writer::from_writer(out);
        table.write_record(["name", "from", "at_s", "value"])?;
        for row in &view.server {
            for (at, value) in &row.points {
                let value = value.map_or_else(String::new, |value| value.to_string());
                table.write_record([&guarded(&row.name), row.from, &decimals(*at, 3), &value])?;
            }
        }
        table.flush()
    }
}

/// `parts.csv`; nothing where the load does not change while it is judged.
#[derive(Debug, Clone, Copy, Default)]
pub struct Parts;

const PARTS: [&str; 15] = [
    "part",
    "start_s",
    "end_s",
    "planned_per_second",
    "planned_users",
    "offered_per_second",
    "achieved_per_second",
    "requests",
    "errors",
    "error_percent",
    "response_p50_ms",
    "response_p95_ms",
    "response_p99_ms",
    "outcome",
    "budgets",
];

impl Reporter for Parts {
    fn render(&self, view: &View, out: &mut dyn Write) -> io::Result<()> {
        if view.parts.is_empty() {
            return Ok(());
        }
        let mut table = ::csv::Writer::from_writer(out);
        table.write_record(PARTS)?;
        for row in &view.parts {
            table.write_record(part(row))?;
        }
        table.flush()
    }
}

fn part(row: &PartRow) -> [String; 15] {
    let known = |value: Option<f64>| value.map_or_else(String::new, |v| decimals(v, 3));
    let (rate, users) = match row.planned {
        Some(Planned::Rate(rate)) => (Some(rate), None),
        Some(Planned::Users(users)) => (None, Some(users)),
        None => (None, None),
    };
    let share = row.failed_share.map(|share| decimals(share * 100.0, 4));
    [
        guarded(&row.name),
        decimals(row.start, 3),
        decimals(row.end, 3),
        known(rate),
        known(users),
        known(row.offered),
        known(row.achieved),
        row.n.to_string(),
        row.failed.to_string(),
        share.unwrap_or_default(),
        milliseconds(&row.p50),
        milliseconds(&row.p95),
        milliseconds(&row.p99),
        row.outcome.word().to_owned(),
        guarded(&row.outcome.text()),
    ]
}

fn window(slice: &Slice) -> [String; 23] {
    let error = if slice.ended() > 0 {
        decimals(slice.not_ok as f64 / slice.ended() as f64 * 100.0, 4)
    } else {
        String::new()
    };
    [
        decimals(slice.start, 3),
        decimals(slice.length, 3),
        guarded(&slice.phase),
        slice.measured.to_string(),
        slice.arrivals.to_string(),
        slice.offered.to_string(),
        slice.sent.to_string(),
        slice.ok.to_string(),
        slice.not_ok.to_string(),
        slice.timed_out.to_string(),
        slice.dropped.to_string(),
        decimals(slice.rate(slice.offered), 3),
        decimals(slice.rate(slice.sent), 3),
        decimals(slice.rate(slice.ended()), 3),
        slice.received.to_string(),
        slice.connections.to_string(),
        slice.in_flight.to_string(),
        decimals(slice.lag, 3),
        milliseconds(&slice.p50),
        milliseconds(&slice.p95),
        milliseconds(&slice.p99),
        milliseconds(&slice.max),
        error,
    ]
}

impl Reporter for Steps {
    fn render(&self, view: &View, out: &mut dyn Write) -> io::Result<()> {
        let mut table = ::csv::Writer::from_writer(out);
        table.write_record([
            "flow",
            "step",
            "start_s",
            "length_s",
            "measured",
            "ended",
            "not_ok",
            "check_failed",
        ])?;
        for step in &view.steps {
            for part in &step.over_time {
                let used = part.slots.iter().enumerate().filter(|(_, n)| n[0] > 0);
                for (index, counts) in used {
                    let [ended, not_ok, check_failed] = counts.map(|n| n.to_string());
                    table.write_record([
                        guarded(&step.flow),
                        guarded(&step.name),
                        decimals(index as f64 * part.length, 3),
                        decimals(part.length, 3),
                        part.measured.to_string(),
                        ended,
                        not_ok,
                        check_failed,
                    ])?;
                }
            }
        }
        table.flush()
    }
}

fn milliseconds(point: &Point) -> String {
    point.ms.map_or_else(String::new, |ms| decimals(ms, 3))
}

/// A plain number with at most so many decimals.
fn decimals(value: f64, most: usize) -> String {
    let text = format!("{value:.most$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Spreadsheets run what begins like a formula; an apostrophe makes it text.
fn guarded(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '␍', '⇥']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_no_formulas_and_numbers_are_plain() {
        assert_eq!(guarded("=HYPERLINK(\"x\")"), "'=HYPERLINK(\"x\")");
        assert_eq!(guarded("@sum"), "'@sum");
        assert_eq!(guarded("pay"), "pay");
        assert_eq!(decimals(100.0, 4), "100");
        assert_eq!(decimals(0.12, 4), "0.12");
        assert_eq!(decimals(0.0, 3), "0");
    }
}
