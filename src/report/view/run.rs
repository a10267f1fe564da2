//! What was run, and how the generator fared. In: the head of a record; out: facts in words and numbers.
//! Invariant: enough to run it again, and to judge whether the instrument could be trusted.

use super::Latency;
use crate::record::{Connections, Model, RunRecord, Stop};
use crate::report::text;
use crate::units::{format_nanos, significant};

/// Coordinated omission, for people who never heard of it.
const CLOSED: &str = "closed model: while the target stalls its users send nothing, so these percentiles leave out who would have \
    waited; use `rate:` for a promise about response time";

/// What was run, where and with what.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunView {
    /// Name of the scenario.
    pub scenario: String,
    /// Its file.
    pub file: String,
    /// Name of the profile.
    pub profile: String,
    /// The scenario's environment that was chosen with `--env`.
    pub env: Option<String>,
    /// Base URL of the target.
    pub target: String,
    /// What stood between the generator and the target.
    pub via: Vec<String>,
    /// When it began, RFC 3339.
    pub started: String,
    /// From the first arrival due to the last answer, in seconds.
    pub elapsed: f64,
    /// Length of the measured phase, in seconds.
    pub measured: f64,
    /// Seed of arrivals, data and choices.
    pub seed: u64,
    /// How load was offered, in words: `open model, 500 req/s (92.6 flows/s, poisson)`.
    pub load: String,
    /// A rate was offered or users kept busy; not a number of passes.
    pub under_load: bool,
    /// What became of connections: `shared`, `per user`, `none kept`.
    pub connections: Option<&'static str>,
    /// What readers of the percentiles must know of how load was offered.
    pub caution: Option<&'static str>,
    /// Planned requests a second of an open model.
    pub planned: Option<f64>,
    /// The phases.
    pub phases: Vec<PhaseRow>,
    /// Path of the budget file.
    pub budget_file: Option<String>,
    /// Version of tollgate.
    pub version: String,
    /// Git revision of the working directory.
    pub revision: Option<String>,
    /// The machine's name.
    pub host: String,
    /// System and architecture.
    pub system: String,
    /// Model of the processor.
    pub processor: String,
    /// Fingerprint of the resolved plan.
    pub plan: String,
    /// Why it ended before its plan: `interrupted`, `terminated`.
    pub stop: Option<&'static str>,
    /// Why the target could not be reached.
    pub unreachable: Option<String>,
    /// Who could not be told how it ended, and why.
    pub not_told: Vec<String>,
}

/// A phase of the plan.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PhaseRow {
    /// Its name.
    pub name: String,
    /// In seconds since the run began.
    pub start: f64,
    /// In seconds since the run began.
    pub end: f64,
    /// Judged by budgets.
    pub measured: bool,
}

impl RunView {
    pub(in crate::report) fn of(record: &RunRecord) -> Self {
        let environment = &record.environment;
        let phases = record.phases.iter().map(|phase| PhaseRow {
            name: text::line(&phase.name),
            start: phase.start as f64 / 1e9,
            end: phase.end as f64 / 1e9,
            measured: phase.measured,
        });
        Self {
            scenario: text::line(&record.scenario),
            file: text::line(&record.file),
            profile: text::line(&record.profile),
            env: record.env.as_deref().map(text::line),
            target: text::line(&record.target),
            via: record.via.iter().map(|part| text::line(part)).collect(),
            started: record.started.clone(),
            elapsed: record.elapsed as f64 / 1e9,
            measured: measured_seconds(record),
            seed: record.seed,
            load: load(record.model),
            under_load: matches!(record.model, Model::Open { .. } | Model::Closed { .. }),
            connections: record.connections.map(Connections::words),
            caution: matches!(record.model, Model::Closed { .. }).then_some(CLOSED),
            planned: match record.model {
                Model::Open { requests, .. } => Some(requests),
                _ => None,
            },
            phases: phases.collect(),
            budget_file: record.budgets.as_ref().map(|b| text::line(&b.file)),
            version: environment.version.clone(),
            revision: environment.revision.clone(),
            host: text::line(&environment.host.name),
            system: text::line(&environment.host.system),
            processor: text::line(&environment.host.processor),
            plan: environment.plan.clone(),
            stop: record.stop.map(|stop| match stop {
                Stop::Interrupted => "interrupted",
                Stop::Terminated => "terminated",
                Stop::Guard => "stopped by a guard",
                Stop::Decided => "ended early: decided",
            }),
            unreachable: record.unreachable.as_deref().map(text::line),
            not_told: record.not_told.iter().map(|who| text::line(who)).collect(),
        }
    }

    /// The profile and, where one was chosen, the environment: `launch, environment staging`.
    pub fn profile_text(&self) -> String {
        match &self.env {
            Some(env) => format!("{}, environment {env}", self.profile),
            None => self.profile.clone(),
        }
    }

    /// The phases in words: `ramp 30 s, warm-up 30 s, launch 5 min (measured)`.
    pub fn phases_text(&self) -> String {
        let (judged, before): (Vec<_>, Vec<_>) = self.phases.iter().partition(|p| p.measured);
        let mut spoken: Vec<String> = before
            .iter()
            .map(|p| format!("{} {}", p.name, seconds(p.end - p.start)))
            .collect();
        if let (Some(first), Some(last)) = (judged.first(), judged.last()) {
            let names = match judged.len() {
                1 => first.name.clone(),
                n => format!("{}, {n} parts,", self.profile),
            };
            let length = seconds(last.end - first.start);
            spoken.push(format!("{names} {length} (measured)"));
        }
        spoken.join(", ")
    }
}

/// The measured phase; a smoke pass has none of fixed length and is as long as it took.
pub(super) fn measured_seconds(record: &RunRecord) -> f64 {
    let planned = record.counts.duration;
    let nanos = if planned > 0 { planned } else { record.elapsed };
    nanos as f64 / 1e9
}

/// Seconds in words.
pub(in crate::report) fn seconds(seconds: f64) -> String {
    format_nanos((seconds.max(0.0) * 1e9).round() as u64)
}

fn load(model: Model) -> String {
    match model {
        Model::Passes { passes: 1 } => "every flow once".into(),
        Model::Passes { passes } => format!("every flow {passes} times"),
        Model::Open {
            requests,
            flows,
            peak,
            poisson,
        } => {
            let process = if poisson { "poisson" } else { "constant" };
            let most = peak.map_or_else(String::new, |peak| {
                format!(" on average, at most {} req/s", significant(peak))
            });
            format!(
                "open model, {} req/s{most} ({} flows/s, {process} arrivals)",
                significant(requests),
                significant(flows)
            )
        }
        Model::Closed { users } => format!("closed model, {users} users"),
        Model::None => "nothing was run".into(),
    }
}

/// The generator about itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HealthView {
    /// Lateness of sends.
    pub lag: Latency,
    /// Processor time, in seconds.
    pub cpu_seconds: f64,
    /// As a share of the processors it may use.
    pub cpu_share: f64,
    /// Processors it may use.
    pub processors: f64,
    /// Times a cgroup's quota stopped it.
    pub throttled: u64,
    /// Most memory resident, in bytes.
    pub peak_memory: u64,
    /// Worker threads.
    pub workers: u64,
    /// Connections opened.
    pub connections: u64,
    /// Requests on connections that were there already.
    pub reused: u64,
    /// Kept connections that turned out closed; their requests went out on new ones.
    pub reconnects: u64,
    /// Share of answers that came over HTTP/2; `None` without an answer.
    pub http2_share: Option<f64>,
    /// Most requests in flight.
    pub in_flight: u64,
    /// The limit on them.
    pub in_flight_limit: u64,
    /// Open files that the system allows.
    pub descriptor_limit: u64,
    /// Every count adds up.
    pub conserved: bool,
}

impl HealthView {
    pub(super) fn of(record: &RunRecord) -> Self {
        let health = &record.health;
        Self {
            lag: Latency::plain(&health.lag),
            cpu_seconds: health.cpu_seconds,
            cpu_share: health.cpu_share,
            processors: health.processors,
            throttled: health.throttled,
            peak_memory: health.peak_memory,
            workers: health.workers,
            connections: health.connections,
            reused: health.reused,
            reconnects: health.reconnects,
            http2_share: (health.answers > 0)
                .then(|| health.over_http2 as f64 / health.answers as f64),
            in_flight: health.in_flight,
            in_flight_limit: health.in_flight_limit,
            descriptor_limit: health.descriptor_limit,
            conserved: health.conserved,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::PhaseRecord;

    #[test]
    fn load_and_phases_are_said_in_words() {
        let open = Model::Open {
            requests: 500.0,
            flows: 92.593,
            peak: None,
            poisson: true,
        };
        assert_eq!(
            load(open),
            "open model, 500 req/s (92.6 flows/s, poisson arrivals)"
        );
        assert_eq!(load(Model::Passes { passes: 1 }), "every flow once");
        let record = RunRecord {
            phases: vec![
                PhaseRecord {
                    name: "warm-up".into(),
                    start: 0,
                    end: 2_000_000_000,
                    measured: false,
                },
                PhaseRecord {
                    name: "launch".into(),
                    start: 2_000_000_000,
                    end: 302_000_000_000,
                    measured: true,
                },
            ],
            ..RunRecord::default()
        };
        assert_eq!(
            RunView::of(&record).phases_text(),
            "warm-up 2 s, launch 5 min (measured)"
        );
    }
}
