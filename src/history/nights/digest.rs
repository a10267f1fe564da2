//! One run as a history keeps it. In: a [`RunRecord`]; out: a [`Digest`]: the figures that nights are judged by, and
//! what decides which runs may be compared. Invariant: a figure has data behind it, or it is not there.

use super::limits::{Allowed, limits};
use crate::record::{Histogram, Metric, Model, Quantile, RunRecord, Tally, rank};
use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The name of everything together, beside those of steps and flows.
pub const ALL: &str = "all requests";
/// Requests beyond a percentile that make it worth judging.
const BEYOND: f64 = 10.0;

/// What is measured of a step or flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Median of the response time, in milliseconds.
    P50,
    /// 95th percentile of the response time, in milliseconds.
    P95,
    /// 99th percentile of the response time, in milliseconds.
    P99,
    /// Share that did not end well, dropped ones among them, of 1.
    ErrorShare,
    /// Passed a second of the measured phase.
    Throughput,
}

impl Measure {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::P50,
        Self::P95,
        Self::P99,
        Self::ErrorShare,
        Self::Throughput,
    ];

    /// In the words of reports.
    pub fn words(self) -> &'static str {
        match self {
            Self::P50 => "p50",
            Self::P95 => "p95",
            Self::P99 => "p99",
            Self::ErrorShare => "error rate",
            Self::Throughput => "throughput",
        }
    }

    /// The share below a percentile.
    pub fn quantile(self) -> Option<f64> {
        match self {
            Self::P50 => Some(0.5),
            Self::P95 => Some(0.95),
            Self::P99 => Some(0.99),
            Self::ErrorShare | Self::Throughput => None,
        }
    }
}

/// One number of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// `flow/step`, `flow NAME` or [`ALL`].
    pub part: String,
    /// What was measured.
    pub measure: Measure,
    /// In the unit of the measure.
    pub value: f64,
    /// Of so many requests, or runs through the flow.
    pub n: u64,
}

/// What has to be equal before runs are compared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Name of the scenario.
    pub scenario: String,
    /// Name of the profile.
    pub profile: String,
    /// The chosen one of the scenario's `environments:`.
    pub env: Option<String>,
    /// What the user calls this class of machines.
    pub runner: Option<String>,
    /// System, processor model and how many processors.
    pub machine: String,
    /// Version of tollgate.
    pub version: String,
    /// Fingerprint of the load: plan, flows, steps, connections.
    pub load: String,
}

impl Key {
    /// Twelve hexadecimal digits: equal keys, equal name.
    pub fn name(&self) -> String {
        let parts = [
            self.scenario.as_str(),
            &self.profile,
            self.env.as_deref().unwrap_or_default(),
            self.runner.as_deref().unwrap_or_default(),
            &self.machine,
            &self.version,
            &self.load,
        ];
        fingerprint(parts.into_iter(), 12)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.scenario, self.profile)?;
        if let Some(env) = &self.env {
            write!(f, " in {env}")?;
        }
        if let Some(runner) = &self.runner {
            write!(f, " on {runner}")?;
        }
        write!(f, ", {}, tollgate {}", self.machine, self.version)
    }
}

/// One run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Digest {
    /// When it began and a fingerprint: names sort by time, and no two runs have the same.
    pub id: String,
    /// When it began, RFC 3339, UTC.
    pub started: String,
    /// Git revision of the working directory, if it was one.
    pub revision: Option<String>,
    /// What has to be equal before runs are compared.
    pub key: Key,
    /// What the version is called, where it was released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Its numbers.
    pub figures: Vec<Figure>,
    /// What its budgets allow.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<Allowed>,
}

impl Digest {
    /// The digest of a run; `None` where the record does not say when it began.
    pub fn of(record: &RunRecord, runner: Option<&str>) -> Option<Self> {
        let started: jiff::Timestamp = record.started.parse().ok()?;
        let key = key(record, runner);
        let seed = record.seed.to_string();
        let print = fingerprint(
            [
                &key.name(),
                &record.started,
                &seed,
                &record.environment.host.name,
            ]
            .into_iter()
            .map(String::as_str),
            8,
        );
        Some(Self {
            id: format!("{}-{print}", started.strftime("%Y%m%dT%H%M%S.%6fZ")),
            started: record.started.clone(),
            revision: record.environment.revision.clone(),
            key,
            release: None,
            figures: figures(record),
            limits: limits(record),
        })
    }

    /// The same, of a version with a name.
    #[must_use]
    pub fn released(mut self, name: Option<&str>) -> Self {
        self.release = name.map(str::to_owned);
        self
    }

    /// One number of it.
    pub fn figure(&self, part: &str, measure: Measure) -> Option<&Figure> {
        self.figures
            .iter()
            .find(|f| f.measure == measure && f.part == part)
    }
}

fn key(record: &RunRecord, runner: Option<&str>) -> Key {
    let host = &record.environment.host;
    let plan = record.environment.plan.as_str();
    let connections = record.connections.map_or("", |c| c.words());
    let flows = record.flows.iter().map(|f| f.name.as_str());
    let steps = record.steps.iter().map(|s| s.label.as_str());
    let parts = [plan, connections].into_iter().chain(flows).chain(steps);
    Key {
        scenario: record.scenario.clone(),
        profile: record.profile.clone(),
        env: record.env.clone(),
        runner: runner.map(str::to_owned),
        machine: format!(
            "{}, {} × {}",
            host.system, record.health.processors, host.processor
        ),
        version: record.environment.version.clone(),
        load: fingerprint(parts, 12),
    }
}

/// The first digits of the SHA-256 of these texts.
fn fingerprint<'a>(parts: impl Iterator<Item = &'a str>, digits: usize) -> String {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    let hash = digest(&SHA256, &bytes);
    let hex = hash.as_ref().iter().flat_map(|b| [b >> 4, b & 15]);
    hex.take(digits)
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// The numbers of a run, measured phase only, setup and teardown left out.
pub fn figures(record: &RunRecord) -> Vec<Figure> {
    let outside = |flow: usize| record.flows.get(flow).is_some_and(|f| f.outside);
    let seconds = match record.counts.duration {
        0 if matches!(record.model, Model::Passes { .. }) => 0.0,
        0 => record.elapsed as f64 / 1e9,
        measured => measured as f64 / 1e9,
    };
    let mut figures = Vec::new();
    let mut all = Tally::default();
    for step in record.steps.iter().filter(|s| !outside(s.flow)) {
        all.merge(&step.measured);
        of_step(&mut figures, &step.label, &step.measured, seconds);
    }
    for flow in record.flows.iter().filter(|f| !f.outside) {
        let part = format!("flow {}", flow.name);
        let n = flow.completed + flow.stopped + flow.dropped;
        let bad = flow.stopped + flow.dropped;
        let times = |q| of_flow(&flow.duration, q);
        of_part(
            &mut figures,
            &part,
            (n, bad, flow.completed),
            seconds,
            times,
        );
    }
    of_step(&mut figures, ALL, &all, seconds);
    figures
}

fn of_step(figures: &mut Vec<Figure>, part: &str, tally: &Tally, seconds: f64) {
    let n = tally.ended() + tally.dropped;
    let times = |q| match tally.quantile(Metric::Response, q) {
        // A timeout counts with its limit: a night of timeouts is slow, not quick.
        Quantile::Value(nanos) | Quantile::AtLeast(nanos) => {
            let answered = tally.ok + tally.check_failed + tally.timed_out;
            Some((nanos as f64 / 1e6, answered))
        }
        Quantile::Nothing | Quantile::Failed => None,
    };
    of_part(
        figures,
        part,
        (n, tally.violations(), tally.ok),
        seconds,
        times,
    );
}

fn of_flow(duration: &Histogram, q: f64) -> Option<(f64, u64)> {
    let n = duration.count();
    let nanos = duration.at_rank(rank(q, n))?;
    Some((nanos as f64 / 1e6, n))
}

fn of_part(
    figures: &mut Vec<Figure>,
    part: &str,
    (n, bad, passed): (u64, u64, u64),
    seconds: f64,
    times: impl Fn(f64) -> Option<(f64, u64)>,
) {
    if n == 0 {
        return;
    }
    for measure in Measure::ALL {
        let found = match (measure, measure.quantile()) {
            (_, Some(q)) => times(q).filter(|(_, n)| *n as f64 * (1.0 - q) >= BEYOND - 1e-6),
            (Measure::ErrorShare, _) => Some((bad as f64 / n as f64, n)),
            _ => (seconds > 0.0).then(|| (passed as f64 / seconds, n)),
        };
        figures.extend(found.map(|(value, n)| Figure {
            part: part.to_owned(),
            measure,
            value,
            n,
        }));
    }
}
