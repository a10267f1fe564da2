//! The journeys. In: the `flows:` map; out: [`Flow`]s of compiled steps. Invariant: a flow sends at least
//! one request, its step names are fixed and differ, and each of its templates reads only what an earlier
//! step captured or a feeder has.

mod auth;
mod body;
mod control;
mod headers;
mod request;
mod response;
mod step;
mod url;

pub use auth::{Auth, OAuth2, bearer};
pub use body::{Body, Part, PartValue};
pub use control::{Assignment, Block, BlockKind, Retry, Until};
pub use request::Request;
pub use response::Capture;
pub(super) use step::Defaults;
pub use step::{Step, Think};

use super::feeder::Feeder;
use super::loading::Loading;
use super::names::Planned;
use super::vocabulary::{FLOW, METHODS};
use crate::source::{Diagnostic, Kind, Node, Span, Spanned};
use std::collections::HashMap;

/// A user journey.
#[derive(Debug, Clone)]
pub struct Flow {
    /// As reports and budgets name it; without `/`.
    pub name: String,
    /// How often it starts, in proportion to the other flows: above zero, finite.
    pub weight: f64,
    /// What happens, one after the other; at least one request.
    pub steps: Vec<Step>,
    /// The feeders whose columns it reads: places in `Scenario::data`.
    pub feeders: Vec<usize>,
    /// Names for parts of budgets; those of its steps are beside them.
    pub tags: Vec<String>,
    /// Where its name stands.
    pub span: Span,
}

impl Flow {
    /// Its requests, in the order of the file, each once.
    pub fn requests(&self) -> impl Iterator<Item = &Request> {
        let mut found = Vec::new();
        collect(&self.steps, &mut found);
        found.into_iter()
    }

    /// Requests that one pass is expected to send: conditions are taken to hold, a list of unknown length to have
    /// one item, polling to succeed at once.
    pub fn expected_requests(&self) -> f64 {
        expected(&self.steps)
    }
}

fn collect<'s>(steps: &'s [Step], found: &mut Vec<&'s Request>) {
    for step in steps {
        match step {
            Step::Request(request) => found.push(request),
            Step::Block(block) => collect(&block.steps, found),
            Step::Think(_) | Step::Set(_) => {}
        }
    }
}

fn expected(steps: &[Step]) -> f64 {
    let of = |step: &Step| match step {
        Step::Request(_) => 1.0,
        Step::Block(block) => {
            let times = match block.kind {
                BlockKind::Repeat(times) => times as f64,
                _ => 1.0,
            };
            times * expected(&block.steps)
        }
        Step::Think(_) | Step::Set(_) => 0.0,
    };
    steps.iter().map(of).sum()
}

/// Reads the `flows:` map.
pub(super) fn read(
    loading: &mut Loading<'_>,
    node: &Node,
    defaults: &Defaults<'_>,
    data: &[Feeder],
) -> Vec<Flow> {
    let entries = if node.is_null() {
        Vec::new()
    } else {
        let Some(entries) = loading.reader.map(node, "flows") else {
            return Vec::new();
        };
        entries
    };
    if entries.is_empty() {
        let help = "add one: `browse: { steps: [{ get: / }] }`";
        loading.reader.error(
            "T0401",
            node.span,
            "a scenario needs at least one flow",
            help,
        );
    }
    loading.names.plan(planned(&entries));
    entries
        .into_iter()
        .filter_map(|(name, node)| {
            loading.label(&name.value, name.span, "a flow");
            one(loading, name, node, defaults, data)
        })
        .collect()
}

fn one(
    loading: &mut Loading<'_>,
    name: &Spanned<String>,
    node: &Node,
    defaults: &Defaults<'_>,
    data: &[Feeder],
) -> Option<Flow> {
    loading.names.enter(&name.value);
    let fields = loading.reader.object(node, &FLOW)?;
    let weight = fields
        .get("weight")
        .map_or(Some(1.0), |node| weight(loading, node));
    let listed = fields.get("steps")?;
    let steps = steps(loading, listed, defaults);
    if !has_request(loading, listed) {
        let message = format!("the flow `{}` sends no request", name.value);
        let help = "add a step with a method: `- get: /`";
        loading.reader.error("T0402", name.span, message, help);
    }
    unused_captures(loading, &name.value);
    let read = loading.names.slots_read();
    let reads = |feeder: &Feeder| feeder.columns.iter().any(|(_, slot)| read.contains(slot));
    let feeders = (0..data.len())
        .filter(|index| reads(&data[*index]))
        .collect();
    Some(Flow {
        name: name.value.clone(),
        weight: weight?,
        steps,
        feeders,
        tags: Vec::new(),
        span: name.span,
    })
}

fn unused_captures(loading: &mut Loading<'_>, flow: &str) {
    // Where a step is broken, nobody knows what it would have read.
    if loading.reader.failed() {
        return;
    }
    for (variable, span) in loading.names.unread() {
        let message = format!("no later step of `{flow}` reads `{variable}`");
        let warning = Diagnostic::warning("T0418", loading.reader.source(), span, message).help(
            format!("use it as `{{{{ {variable} }}}}`, or remove the capture"),
        );
        loading.reader.push(warning);
    }
}

fn steps(loading: &mut Loading<'_>, listed: &Node, defaults: &Defaults<'_>) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut named: HashMap<String, Span> = HashMap::new();
    for (index, node) in loading.reader.list(listed).into_iter().enumerate() {
        loading.names.begin(index);
        let Some(step) = step::read(loading, node, defaults) else {
            continue;
        };
        if let Step::Request(request) = &step {
            let first = named.insert(request.name.clone(), request.name_span);
            if let Some(first) = first {
                let (line, _) = loading.reader.source().position(first.start);
                let message = format!("a second step of this flow is named `{}`", request.name);
                let help = format!("the first is on line {line}; give each its own `name:`");
                loading
                    .reader
                    .error("T0410", request.name_span, message, help);
            }
        }
        steps.push(step);
    }
    steps
}

/// As written: a request that is wrong is told as that, not as a missing one.
fn has_request(loading: &mut Loading<'_>, listed: &Node) -> bool {
    loading
        .reader
        .list(listed)
        .into_iter()
        .any(|node| match &node.kind {
            Kind::Map(entries) => entries.iter().any(|(key, _)| key.value != "think"),
            Kind::Scalar(_) | Kind::List(_) => true,
        })
}

fn weight(loading: &mut Loading<'_>, node: &Node) -> Option<f64> {
    if !loading.plain_digits(node) {
        return None;
    }
    let weight = node
        .scalar()
        .and_then(|scalar| scalar.text.parse::<f64>().ok());
    let weight = weight.filter(|weight| weight.is_finite() && *weight > 0.0);
    if weight.is_none() {
        let help = "write how often it starts beside the others, e.g. `3`; remove a flow that should not run";
        loading
            .reader
            .error("T0406", node.span, "a weight is a number above zero", help);
    }
    weight
}

/// Every capture of the file, for messages about names that are used too early or elsewhere.
fn planned(flows: &[(&Spanned<String>, &Node)]) -> Vec<Planned> {
    let mut captures = Vec::new();
    for (flow, node) in flows {
        let Some(Kind::List(steps)) = child(node, "steps").map(|steps| &steps.kind) else {
            continue;
        };
        for (index, step) in steps.iter().enumerate() {
            let Some(Kind::Map(entries)) = child(step, "capture").map(|c| &c.kind) else {
                continue;
            };
            for (name, _) in entries {
                captures.push(Planned {
                    flow: flow.value.clone(),
                    step: index,
                    label: label(step, index),
                    name: name.value.clone(),
                });
            }
        }
    }
    captures
}

fn label(step: &Node, index: usize) -> String {
    let text = |key: &str| child(step, key)?.scalar().map(|scalar| scalar.text.clone());
    let verb = || {
        METHODS
            .iter()
            .find_map(|verb| Some(format!("{verb}: {}", text(verb)?)))
    };
    text("name")
        .or_else(verb)
        .unwrap_or_else(|| format!("step {}", index + 1))
}

fn child<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    match &node.kind {
        Kind::Map(entries) => entries
            .iter()
            .find(|(k, _)| k.value == key)
            .map(|(_, node)| node),
        Kind::Scalar(_) | Kind::List(_) => None,
    }
}
