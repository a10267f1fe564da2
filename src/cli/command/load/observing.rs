//! What servers say of themselves, beside a run. In: the scenario's `observe:`, budgets that ask a Prometheus server, and
//! when the run began; out: series for the record, masked, and a warning for each that has gaps. Invariant: it changes
//! nothing of the load, and what cannot be read ends nothing.

use crate::budget::BudgetFile;
use crate::cli::inputs::Inputs;
use crate::observe::{self, Asked, Beside, Readings};
use crate::protocol::Blueprint;
use crate::record::{Masker, RunRecord, ServerSeries, ServerSource};
use crate::report::log_line;
use crate::scenario::Prometheus;
use std::io;
use std::time::SystemTime;
use tokio::time::Instant;

/// What reads beside a run.
pub(super) struct Observing<'a> {
    inputs: &'a Inputs,
    caller: Blueprint,
    beside: Option<Beside>,
}

impl<'a> Observing<'a> {
    /// Begins to read what is read while the load goes.
    pub(super) fn start(inputs: &'a Inputs, caller: Blueprint) -> io::Result<Self> {
        let observe = inputs.scenario.observe.as_ref();
        let pages = observe.filter(|observe| !observe.pages.is_empty());
        Ok(Self {
            inputs,
            beside: pages
                .map(|observe| observe::start(observe, &caller))
                .transpose()?,
            caller,
        })
    }

    /// What is read beside the run, to look at while it goes.
    pub(super) fn beside(&self) -> Seen {
        let observe = self.inputs.scenario.observe.as_ref();
        let asked = observe.and_then(|observe| observe.prometheus.as_ref());
        let later = asked.map_or_else(Vec::new, |server| asked_later(server, self.inputs));
        Seen {
            readings: self.beside.as_ref().map(|b| b.readings().clone()),
            later,
        }
    }

    /// Ends reading, and asks what is asked after the run. Phases and time of the record must be known.
    pub(super) fn finish(
        self,
        began: Option<Instant>,
        record: &RunRecord,
        masker: &Masker,
    ) -> io::Result<Vec<ServerSeries>> {
        let began = began.unwrap_or_else(Instant::now);
        let mut all = Vec::new();
        if let Some(beside) = self.beside {
            all.extend(beside.finish(began)?);
        }
        let observe = self.inputs.scenario.observe.as_ref();
        if let Some(server) = observe.and_then(|observe| observe.prometheus.as_ref()) {
            let asked = Asked {
                queries: queries(server, self.inputs),
                began: SystemTime::now() - began.elapsed(),
                span: span(record),
            };
            all.extend(observe::ask(server, &asked, &self.caller)?);
        }
        masked(&mut all, masker);
        all.iter().for_each(warn);
        Ok(all)
    }
}

/// What servers say while a run goes.
pub(super) struct Seen {
    readings: Option<Readings>,
    /// What a Prometheus server is asked when the run has ended.
    later: Vec<ServerSeries>,
}

impl Seen {
    /// So far, masked.
    pub(super) fn so_far(&self, began: Instant, masker: &Masker) -> Vec<ServerSeries> {
        let readings = self.readings.as_ref();
        let mut all = readings.map_or_else(Vec::new, |readings| readings.since(began));
        all.extend(self.later.iter().cloned());
        masked(&mut all, masker);
        all
    }
}

fn masked(all: &mut [ServerSeries], masker: &Masker) {
    for series in all {
        series.what = masker.text(&series.what, &[]);
        series.problem = series.problem.as_ref().map(|p| masker.text(p, &[]));
    }
}

/// What a Prometheus server is asked, by the scenario and by budgets: names and expressions.
fn queries(server: &Prometheus, inputs: &Inputs) -> Vec<(String, String)> {
    let mut queries = server.values.clone();
    let budgets = inputs.budgets.as_ref();
    let more = budgets.map_or_else(Vec::new, BudgetFile::queries);
    let new = |(_, asked): &(String, String)| server.values.iter().all(|(_, known)| known != asked);
    queries.extend(more.into_iter().filter(new));
    queries
}

/// The same before it is asked.
fn asked_later(server: &Prometheus, inputs: &Inputs) -> Vec<ServerSeries> {
    let queries = queries(server, inputs).into_iter();
    let series = queries.map(|(name, what)| ServerSeries {
        name,
        what,
        from: ServerSource::Prometheus,
        problem: Some("Prometheus is asked when the run has ended".into()),
        ..ServerSeries::default()
    });
    series.collect()
}

/// The measured time of a run that may have ended early.
fn span(record: &RunRecord) -> (u64, u64) {
    let measured = || record.phases.iter().filter(|phase| phase.measured);
    let from = measured().map(|phase| phase.start).min().unwrap_or(0);
    let to = measured().map(|phase| phase.end).max();
    let to = to.unwrap_or(record.elapsed).min(record.elapsed);
    (from, to.max(from))
}

/// Says on standard error what could not be read.
fn warn(series: &ServerSeries) {
    let missed: u64 = series.points.iter().map(|point| point.missed).sum();
    let read: u64 = series.points.iter().map(|point| point.read).sum();
    let why = series.problem.as_deref().unwrap_or("there was no reading");
    if missed > 0 || read == 0 {
        let (name, why) = (log_line(&series.name), log_line(why));
        let all = read + missed;
        eprintln!("warning: {missed} of {all} readings of `{name}` failed: {why}");
    }
}
