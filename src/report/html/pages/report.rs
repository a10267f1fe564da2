//! The report of one run. In: a view; out: one HTML page. Invariant: self-contained, readable without script, and smaller than
//! 500 KB whatever the run: what is too much for a page is cut here, said so, and whole in the other files.

use super::{outcome, tone};
use crate::budget::{Judgement, Reason};
use crate::report::html::parts::{self, BODIES, Failure, History, Kept, Part, Phases, Room};
use crate::report::html::{assets, charts};
use crate::report::text::{counted, figure};
use crate::report::{
    ExhibitRow, FailureRow, GuardRow, PolicyRow, Reporter, ServerRow, Slice, StepRow, View, seconds,
};
use crate::units::{format_bytes, format_count, format_share, significant};
use askama::Template;
use std::borrow::Borrow;
use std::io::{self, Write};

/// Steps shown; of more, the slowest.
const STEPS: usize = 150;
/// More steps than these scroll in a frame of their own, so that the charts stay near.
const LONG: usize = 20;
/// Policies of steps shown; those with findings first.
const POLICIES: usize = 150;
/// Values of servers shown, and those that get a chart.
const SERVERS: usize = 100;
const DRAWN: usize = 8;
/// Bytes of a page that has room for long bodies.
const MOST: usize = 480_000;
/// Budgets shown.
const BUDGETS: usize = 100;

/// `report.html`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Html;

impl Reporter for Html {
    fn render(&self, view: &View, out: &mut dyn Write) -> io::Result<()> {
        let page = Page::new(view, BODIES);
        let mut text = page.render().map_err(io::Error::other)?;
        if text.len() > MOST {
            text = Page::new(view, 0).render().map_err(io::Error::other)?;
        }
        out.write_all(text.as_bytes())
    }
}

/// The same page of a run that still goes; it asks the server that it came from for its next state.
#[derive(Debug, Clone)]
pub struct LiveHtml {
    /// What stands in the verdict's place.
    pub sentence: String,
}

impl Reporter for LiveHtml {
    fn render(&self, view: &View, out: &mut dyn Write) -> io::Result<()> {
        let page = Page {
            running: Some(&self.sentence),
            policy: assets::live_policy(),
            ..Page::new(view, 0)
        };
        page.write_into(out).map_err(io::Error::other)
    }
}

#[derive(Template)]
#[template(path = "pages/report.html", config = "src/report/html/askama.toml")]
struct Page<'a> {
    view: &'a View,
    /// The run still goes: what is to be said instead of the verdict.
    running: Option<&'a str>,
    live: &'static str,
    css: &'static str,
    policy: String,
    script: &'static str,
    budgets: Vec<&'a Judgement>,
    steps: Vec<&'a StepRow>,
    phases: Vec<Phases<'a>>,
    policies: Vec<&'a PolicyRow>,
    failures: Vec<Failure<'a>>,
    kept: Vec<Kept<'a>>,
    heatmap: Option<String>,
    moments: &'a [Slice],
    lanes: Option<String>,
    throughput: Option<String>,
    latency: Option<String>,
    curve: Option<String>,
    in_flight: Option<String>,
    opened: Option<String>,
    lag: Option<String>,
    servers: Vec<Server<'a>>,
    history: Option<History<'a>>,
}

/// A value of a server, with its chart.
struct Server<'a> {
    row: &'a ServerRow,
    /// Those that speak of it.
    budgets: Vec<&'a Judgement>,
    chart: Option<String>,
}

impl Server<'_> {
    /// `max < 90 %` of `server cpu max < 90%`: its name stands beside it.
    fn bound<'b>(&self, budget: &'b Judgement) -> &'b str {
        let rest = budget.text.strip_prefix("server ");
        let rest = rest.and_then(|rest| rest.trim_start().strip_prefix(self.row.name.as_str()));
        rest.unwrap_or(&budget.text).trim_start()
    }
}

impl<'a> Page<'a> {
    fn new(view: &'a View, bodies: usize) -> Self {
        let mut steps: Vec<&StepRow> = view.steps.iter().collect();
        if steps.len() > STEPS {
            let slow = |s: &StepRow| s.response.p95.ms.unwrap_or(-1.0);
            steps.sort_by(|a, b| slow(b).total_cmp(&slow(a)));
            steps.truncate(STEPS);
        }
        let mut room = Room::with(bodies);
        let failures = parts::failures(view, &mut room);
        let kept = parts::kept(view, &mut room);
        Self {
            view,
            running: None,
            live: assets::LIVE,
            css: assets::CSS,
            policy: assets::policy(),
            script: assets::SORT,
            budgets: view.ranked().into_iter().take(BUDGETS).collect(),
            phases: parts::phases(&steps),
            steps,
            policies: policies(view),
            failures,
            kept,
            heatmap: charts::heatmap(view),
            moments: if charts::enough(view) {
                &view.hover
            } else {
                &[]
            },
            lanes: charts::lanes(view),
            throughput: charts::throughput(view),
            latency: charts::latency(view),
            curve: charts::curve(view),
            in_flight: charts::in_flight(view),
            opened: charts::opened(view),
            lag: charts::lag(view),
            servers: servers(view),
            history: view.history.as_ref().map(History::of),
        }
    }

    /// Markup: each bound is kept whole, the line may break between them.
    fn bounds(budget: &Judgement) -> String {
        match &budget.interval {
            Some((low, high)) => format!(
                "<span class=whole>{}</span> … <span class=whole>{}</span>",
                charts::escaped(low),
                charts::escaped(high)
            ),
            None => "–".into(),
        }
    }

    /// Whether there are bounds to be explained.
    fn bounded(&self) -> bool {
        self.budgets.iter().any(|budget| budget.interval.is_some())
    }

    /// Whether some requests are said to depend on each other.
    fn dependent(&self) -> bool {
        self.budgets.iter().any(|budget| budget.effective.is_some())
    }

    // Templates pass some numbers by value and others by reference: `Borrow` takes both.

    fn word(&self) -> &'static str {
        self.running.map_or(self.view.word.text(), |_| "RUNNING")
    }

    fn sentence(&self) -> &str {
        self.running.unwrap_or(&self.view.sentence)
    }

    /// The class that colours the verdict.
    fn tone(&self) -> &'static str {
        if self.running.is_some() {
            let broken = self.view.budgets.iter().any(Judgement::breaks);
            return if broken { "fail" } else { "off" };
        }
        tone(self.view.word)
    }

    /// The class that colours a budget; of an invalid run it says nothing.
    fn outcome(&self, budget: &Judgement) -> &'static str {
        if self.invalid() {
            return "off";
        }
        outcome(budget)
    }

    /// The class that colours a guard.
    fn guard(guard: &GuardRow) -> &'static str {
        match (guard.tripped, guard.since) {
            (Some(_), _) => "fail",
            (None, Some(_)) => "unsure",
            _ if guard.unwatched => "",
            _ => "pass",
        }
    }

    fn guard_word(&self, guard: &GuardRow) -> &'static str {
        match guard.word() {
            "HELD" if self.running.is_some() => "HOLDS",
            word => word,
        }
    }

    /// The last reading: of the measured phase, or of a run that still goes.
    fn newest(&self, row: &ServerRow) -> String {
        let last = row.summary.map(|summary| summary.last);
        let value = self.running.map_or(last, |_| row.newest);
        value.map_or_else(|| "–".into(), significant)
    }

    /// The class that colours a policy.
    fn found(policy: &PolicyRow) -> &'static str {
        match policy.word() {
            "FAIL" => "fail",
            "WARN" => "unsure",
            "ok" => "pass",
            _ => "off",
        }
    }

    fn bar(budget: &Judgement) -> String {
        let Some(left) = budget.headroom else {
            return String::new();
        };
        let holds = !budget.outcome.broken();
        charts::bar((1.0 - left).max(0.0), holds, &budget.headroom_text())
    }

    fn count(count: impl Borrow<u64>) -> String {
        format_count(*count.borrow())
    }

    fn budget_place(&self, line: impl Borrow<usize>) -> String {
        self.view.budget_place(*line.borrow())
    }

    fn bytes(bytes: impl Borrow<u64>) -> String {
        format_bytes(*bytes.borrow())
    }

    fn share(share: impl Borrow<f64>) -> String {
        format_share(*share.borrow())
    }

    fn counted(count: impl Borrow<u64>, noun: &str) -> String {
        counted(*count.borrow(), noun)
    }

    /// What was never sent, below a count.
    fn unsent(step: &StepRow) -> String {
        let parts = [(step.dropped, "dropped"), (step.skipped, "skipped")];
        let parts = parts.into_iter().filter(|p| p.0 > 0);
        let parts = parts.chain(step.asides());
        let texts = parts.map(|(n, what)| format!("{} {what}", format_count(n)));
        texts.collect::<Vec<_>>().join(", ")
    }

    fn invalid(&self) -> bool {
        self.running.is_none() && self.view.exit.reason == Reason::InvalidInstrument
    }

    fn number(value: impl Borrow<f64>) -> String {
        significant(*value.borrow())
    }

    fn figure(value: impl Borrow<f64>) -> String {
        figure(*value.borrow())
    }

    /// A count of a slice, a second.
    fn rate(slice: &Slice, count: impl Borrow<u64>) -> String {
        figure(slice.rate(*count.borrow()))
    }

    fn seconds(value: impl Borrow<f64>) -> String {
        seconds(*value.borrow())
    }

    fn statuses(step: &StepRow) -> String {
        let texts = step
            .statuses
            .iter()
            .map(|(status, n)| format!("{status} × {}", format_count(*n)));
        texts.collect::<Vec<_>>().join(", ")
    }

    fn when(failure: &FailureRow) -> String {
        if failure.last <= 0.0 {
            "before the load".to_owned()
        } else if failure.last > failure.first {
            let (first, last) = (seconds(failure.first), seconds(failure.last));
            format!("{first} to {last} into the run")
        } else {
            format!("{} into the run", seconds(failure.first))
        }
    }

    /// When an exchange was sent: setup is before the run's clock.
    fn sent(exchange: &ExhibitRow) -> String {
        if exchange.at > 0.0 {
            format!("at {}", seconds(exchange.at))
        } else {
            "before the load".to_owned()
        }
    }

    /// Share of answers over HTTP/2, where there are some.
    fn over_http2(&self) -> Option<String> {
        let share = self.view.health.http2_share?;
        (share > 0.0).then(|| format_share(share))
    }

    /// A part of a mean: what is too little to be seen says so.
    fn part(ms: impl Borrow<f64>) -> String {
        match *ms.borrow() {
            ms if ms <= 0.0 => "–".into(),
            ms if ms < 0.01 => "< 0.01".into(),
            ms => figure(ms),
        }
    }

    fn parts() -> [Part; 5] {
        parts::PARTS_OF_A_BAR
    }

    /// Whether servers say where their time went.
    fn timed(&self) -> bool {
        self.steps.iter().any(|step| !step.timings.is_empty())
    }

    /// Whether there are traces to look at.
    fn traced(&self) -> bool {
        self.steps.iter().any(|step| !step.slowest.is_empty())
    }

    /// Share of requests that found a connection.
    fn reuse(&self) -> String {
        let health = &self.view.health;
        let all = health.connections + health.reused;
        if all == 0 {
            return "–".into();
        }
        format_share(health.reused as f64 / all as f64)
    }
}

fn servers(view: &View) -> Vec<Server<'_>> {
    let rows = view.server.iter().take(SERVERS).enumerate();
    rows.map(|(index, row)| {
        let scope = format!("server {}", row.name);
        let budgets = view.budgets.iter().filter(|b| b.scope == scope);
        let budgets: Vec<&Judgement> = budgets.collect();
        let draw = || charts::server(view, row, &budgets);
        Server {
            row,
            chart: (index < DRAWN).then(draw).flatten(),
            budgets,
        }
    })
    .collect()
}

fn policies(view: &View) -> Vec<&PolicyRow> {
    let mut rows: Vec<&PolicyRow> = view.policies.iter().collect();
    if rows.len() > POLICIES {
        rows.sort_by_key(|row| std::cmp::Reverse((row.count.failed, row.count.warned)));
        rows.truncate(POLICIES);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::judge;
    use crate::record::{RunRecord, ServerSeries};

    #[test]
    fn many_servers_of_a_long_run_fit_into_a_page() {
        let series = (0..120).map(|index| {
            let mut series = ServerSeries {
                name: format!("value_{index}"),
                what: "<b>x</b>".repeat(20),
                ..ServerSeries::default()
            };
            for second in 0..7_200_u64 {
                let value = (second % 50 > 0).then_some(second as f64 * 123.456);
                series.push(second * 1_000_000_000, value);
            }
            series
        });
        let record = RunRecord {
            server: series.collect(),
            ..RunRecord::default()
        };
        let mut page = Vec::new();
        let view = View::new(&record, &judge(&record, None));
        Html.render(&view, &mut page).unwrap();
        assert!(page.len() < 300_000, "{}", page.len());
        let page = String::from_utf8(page).unwrap();
        assert!(page.contains("20 more in result.json") && !page.contains("<b>x"));
    }
}
