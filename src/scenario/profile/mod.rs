//! How much load for how long. In: the `profiles:` map; out: [`Profile`]s. Invariant: a profile has exactly
//! one kind of load and only the keys that mean something beside it, so nothing in it is ignored.

mod history;
mod mix;
mod shape;

pub use history::History;
pub use shape::{Amount, Spike, Stage, Stairs};

use super::flow::Journeys;
use super::loading::Loading;
use super::vocabulary::{LOADS, PROFILE, STOP};
use crate::source::{Fields, Node, Span, Spanned};
use crate::units::Rate;
use std::time::Duration;

/// An amount of load, by name.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// As `--profile` names it.
    pub name: String,
    /// Where its name stands; empty for the implied `smoke`.
    pub span: Span,
    /// The flows that it starts, each with its weight; `None` where it starts all of the file, as the file weighs them.
    pub flows: Option<Vec<(String, f64)>>,
    /// How much.
    pub load: Load,
    /// From nothing to full load; zero when left out.
    pub ramp: Duration,
    /// Full load that is not judged; zero when left out.
    pub warmup: Duration,
    /// Full load that is judged; zero where the load itself says how long it is.
    pub duration: Duration,
    /// How the arrivals of an open model are spread.
    pub arrivals: Process,
    /// Unfinished flows beyond which arrivals of an open model are dropped; derived when left out.
    pub max_in_flight: Option<u64>,
    /// The run ends as soon as its budgets are decided.
    pub until_decided: bool,
    /// The history that its runs are judged by and enter.
    pub history: Option<History>,
}

/// The kind of load.
#[derive(Debug, Clone, PartialEq)]
pub enum Load {
    /// Every flow this many times, one after the other: a smoke test. At least 1.
    Passes(u64),
    /// Open model: arrivals come at this rate whatever the system does.
    Rate(Rate),
    /// Closed model: this many users, each starting anew when done. At least 1.
    Users(u64),
    /// Open model: constant rates, one after the other.
    Stairs(Stairs),
    /// Open model: a base rate with a peak.
    Spike(Spike),
    /// Either model: stretches, one after the other. At least one, all of them rates or all users.
    Stages(Vec<Stage>),
}

/// How arrivals are spread over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Process {
    /// Independent people: exponential gaps.
    #[default]
    Poisson,
    /// Equal gaps.
    Constant,
}

impl Profile {
    /// Whether it is a smoke test.
    pub fn is_smoke(&self) -> bool {
        matches!(self.load, Load::Passes(_))
    }

    /// What a scenario without profiles runs: every flow once.
    pub(super) fn smoke() -> Self {
        Self {
            name: "smoke".into(),
            span: Span::default(),
            flows: None,
            load: Load::Passes(1),
            ramp: Duration::ZERO,
            warmup: Duration::ZERO,
            duration: Duration::ZERO,
            arrivals: Process::default(),
            max_in_flight: None,
            until_decided: false,
            history: None,
        }
    }
}

/// Reads the `profiles:` map.
pub(super) fn read(loading: &mut Loading<'_>, node: &Node, journeys: &Journeys) -> Vec<Profile> {
    let entries = loading.reader.map(node, "profiles").unwrap_or_default();
    entries
        .into_iter()
        .filter_map(|(name, node)| {
            loading.label(&name.value, name.span, "a profile");
            one(loading, name, node, journeys)
        })
        .collect()
}

fn one(
    loading: &mut Loading<'_>,
    name: &Spanned<String>,
    node: &Node,
    journeys: &Journeys,
) -> Option<Profile> {
    let fields = loading.reader.object(node, &PROFILE)?;
    let (kind, value) = kind(loading, name, &fields)?;
    let load = match kind {
        "passes" => loading.count(value).map(Load::Passes),
        "users" => loading.count(value).map(Load::Users),
        "stairs" => shape::stairs(loading, value).map(Load::Stairs),
        "spike" => shape::spike(loading, value).map(Load::Spike),
        "stages" => shape::stages(loading, value).map(Load::Stages),
        _ => loading
            .reader
            .quantity(
                value,
                "a rate such as `500 req/s` or `50 flows/s`",
                Rate::parse,
            )
            .map(Load::Rate),
    };
    misfits(loading, kind, load.as_ref(), &fields);
    let flows = fields
        .entry("flows")
        .map(|entry| mix::read(loading, entry, kind, journeys));
    let mut time = |key: &str| {
        fields
            .get(key)
            .map_or(Some(Duration::ZERO), |n| loading.reader.duration(n))
    };
    let (ramp, warmup, duration) = (time("ramp"), time("warmup"), time("duration"));
    if matches!(kind, "rate" | "users" | "spike") {
        check_duration(loading, name, kind, &fields, duration);
    }
    if let (Some(Load::Spike(spike)), Some(duration)) = (&load, duration) {
        check_spike(loading, spike, value, duration)?;
    }
    let arrivals = fields
        .get("arrivals")
        .map_or(Some(Process::default()), |node| process(loading, node));
    let max_in_flight = match fields.get("max_in_flight") {
        Some(node) => Some(loading.count(node)?),
        None => None,
    };
    let stop = fields.get("stop");
    let until_decided = stop.is_some_and(|node| loading.reader.word(node, &STOP).is_some());
    let history = fields
        .get("history")
        .and_then(|node| history::read(loading, node, kind));
    Some(Profile {
        name: name.value.clone(),
        span: name.span,
        flows,
        load: load?,
        ramp: ramp?,
        warmup: warmup?,
        duration: duration?,
        arrivals: arrivals?,
        max_in_flight,
        until_decided,
        history,
    })
}

fn process(loading: &mut Loading<'_>, node: &Node) -> Option<Process> {
    let word = loading.reader.word(node, &["poisson", "constant"])?;
    Some(match word {
        "constant" => Process::Constant,
        _ => Process::Poisson,
    })
}

/// The one key that says how much.
fn kind<'n>(
    loading: &mut Loading<'_>,
    name: &Spanned<String>,
    fields: &Fields<'n>,
) -> Option<(&'static str, &'n Node)> {
    let found: Vec<(&'static str, Span, &'n Node)> = LOADS
        .iter()
        .filter_map(|key| fields.entry(key).map(|(span, node)| (*key, span, node)))
        .collect();
    match found.as_slice() {
        [(key, _, node)] => return Some((key, node)),
        [] => loading.reader.error(
            "T0601",
            name.span,
            format!("the profile `{}` does not say how much load", name.value),
            "add one of `passes: 1`, `rate: 100 req/s`, `users: 10`, `stairs`, `spike`, `stages`",
        ),
        [(first, ..), (second, span, _), ..] => loading.reader.error(
            "T0601",
            *span,
            format!("`{second}` beside `{first}`: a profile has one kind of load"),
            "keep one of them; a second profile can have the other",
        ),
    }
    None
}

fn misfits(loading: &mut Loading<'_>, kind: &str, load: Option<&Load>, fields: &Fields<'_>) {
    let of_users = |load: Option<&Load>| matches!(load, Some(Load::Stages(stages)) if matches!(stages[0].amount, Amount::Users(_)));
    let (keys, why): (&[&str], _) = match kind {
        "passes" => (
            &[
                "ramp",
                "warmup",
                "duration",
                "arrivals",
                "max_in_flight",
                "stop",
            ],
            "passes run one after the other and end when they are done; remove it, or use `rate` or `users`",
        ),
        "users" => (
            &["arrivals", "max_in_flight"],
            "users start anew when they are done, nothing arrives; remove it, or use `rate`",
        ),
        "stairs" => (
            &["duration"],
            "stairs end when each of their rates was held for `every`; remove it",
        ),
        "stages" if of_users(load) => (
            &["ramp", "warmup", "duration", "arrivals", "max_in_flight"],
            "stages of users say all of it themselves, and nothing arrives; remove it",
        ),
        "stages" => (
            &["ramp", "warmup", "duration"],
            "stages say it themselves: `{ to: 100 req/s, for: 30s, warmup: true }` is a ramp that is not judged",
        ),
        _ => return,
    };
    for key in keys {
        if let Some((span, _)) = fields.entry(key) {
            loading.reader.error(
                "T0603",
                span,
                format!("`{key}` means nothing beside `{kind}`"),
                why,
            );
        }
    }
}

fn check_spike(
    loading: &mut Loading<'_>,
    spike: &Spike,
    node: &Node,
    duration: Duration,
) -> Option<()> {
    // A missing duration has its own message.
    let misfit = (!duration.is_zero()).then(|| spike.misfit(duration));
    let Some(misfit) = misfit.flatten() else {
        return Some(());
    };
    let help = "make `duration` or `every` longer, or the spike shorter";
    loading.reader.error("T0608", node.span, misfit, help);
    None
}

fn check_duration(
    loading: &mut Loading<'_>,
    name: &Spanned<String>,
    kind: &str,
    fields: &Fields<'_>,
    duration: Option<Duration>,
) {
    match fields.get("duration") {
        None => loading.reader.error(
            "T0602",
            name.span,
            format!(
                "the profile `{}` has `{kind}` and no `duration`",
                name.value
            ),
            "say how long it runs: `duration: 5m`",
        ),
        Some(node) if duration == Some(Duration::ZERO) => {
            loading.reader.error(
                "T0604",
                node.span,
                "a duration of nothing judges nothing",
                "write `duration: 5m`",
            );
        }
        Some(_) => {}
    }
}
